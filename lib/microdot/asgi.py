"""Applications for ASGI servers, on CPython.

    from microdot.asgi import Microdot

    app = Microdot()  # then: uvicorn module:app

Handlers, requests and responses are the same as with the framework's own server.
"""

import asyncio
import os  # noqa: F401 (programs that replace ``os.kill`` look for it here)

from . import websocket
from .compat import accept_cancel, invoke_handler
from .errors import ClientError, abort
from .gateway import Hosted, PartStream, answer, body_length, encoded, make_url, prepare
from .microdot import AsyncBytesIO, Request, Response, URLPattern, iscoroutine, redirect, send_file
from .responding import close, how_to_advance
from .websocket import WebSocketError, websocket_upgrade, with_websocket
from .websocket_handshake import accept, check_origin

__all__ = (
    'AsyncBytesIO',
    'Microdot',
    'Request',
    'Response',
    'URLPattern',
    'WebSocket',
    'abort',
    'iscoroutine',
    'redirect',
    'send_file',
    'websocket_upgrade',
    'with_websocket',
)

_PATIENCE = 0.5  # seconds that a handler may run before its client is watched
_SCHEMES = {'ws': 'http', 'wss': 'https'}


class Microdot(Hosted):
    """An application that an ASGI server runs; ``run()`` serves it without one.

    :param lifespan_startup: a function, called with the scope when the server starts; an exception
        keeps it from starting.
    :param lifespan_shutdown: a function, called with the scope when the server ends.

    Both may be coroutine functions.
    """

    def __init__(self, lifespan_startup=None, lifespan_shutdown=None):
        super().__init__()
        self.lifespan_startup = lifespan_startup
        self.lifespan_shutdown = lifespan_shutdown

    async def __call__(self, scope, receive, send):
        await self.asgi_app(scope, receive, send)

    async def asgi_app(self, scope, receive, send):
        """Serve one connection of an ASGI server; the parameters are those of ASGI 3."""
        if scope['type'] == 'lifespan':
            await self.handle_lifespan(scope, receive, send)
        elif scope['type'] in ('http', 'websocket'):
            await Exchange(receive, send).run(self, scope)

    async def handle_lifespan(self, scope, receive, send):
        """Call the functions for the start and the end of the server."""
        calls = {
            'lifespan.startup': self.lifespan_startup,
            'lifespan.shutdown': self.lifespan_shutdown,
        }
        kind = ''
        while kind != 'lifespan.shutdown':
            kind = (await receive())['type']
            if kind not in calls:
                continue
            try:
                if calls[kind]:
                    await invoke_handler(calls[kind], scope)
                message = {'type': kind + '.complete'}
            except Exception as exc:
                message = {'type': kind + '.failed', 'message': repr(exc)}
            await send(message)


class Exchange:
    """One request and its response, or one WebSocket.

    Messages of the client are received as they are asked for, and after a while in the background
    too, one ahead: when the client leaves and nobody is waiting for it, the handler is cancelled.

    :param receive: the function of the server that returns the next message.
    :param send: the function of the server to send one with.
    """

    buffer = b''  # what has come of the body, but is not yet read
    ended = True  # whether nothing of a body is to come
    gone = False  # whether the handler was cancelled as the client has left
    pending = None  # the message that was received ahead
    readers = 0  # how many wait for a message
    watcher = None

    def __init__(self, receive, send):
        self._receive = receive
        self.send = send
        self.task = asyncio.current_task()
        self.lock = asyncio.Lock()
        self.loop = asyncio.get_running_loop()
        self.timer = self.loop.call_later(_PATIENCE, self._watch)

    async def run(self, app, scope):
        """Answer the request that the scope describes."""
        try:
            request, response = await answer(app, self.make_request, scope)
            if scope['type'] == 'websocket':
                await self.finish(request and request.websocket, response, scope)
            elif response is not Response.already_handled:
                await self.respond(response, 'http.response')
        except asyncio.CancelledError:
            if not self.gone:
                raise
            accept_cancel()
        finally:
            self.timer.cancel()
            if self.watcher:
                self.watcher.cancel()

    # Requests

    def make_request(self, app, scope):
        """Return the ``Request`` for a scope. Raises ``ValueError`` for a malformed one."""
        lines = []
        length = None
        chunked = upgraded = False
        for name, value in scope.get('headers') or ():
            name = name.lower()
            if name == b'content-length':
                length = body_length(value.decode())
            elif name == b'transfer-encoding':
                chunked = True
            elif name == b'upgrade':
                upgraded = True
            lines.append(name.title() + b':' + value)
        method = scope.get('method', 'GET')
        is_websocket = scope['type'] == 'websocket'
        if is_websocket and not upgraded:
            lines += [b'Upgrade:websocket', b'Connection:Upgrade']
        path = scope['path']
        query_string, raw_path = scope.get('query_string') or b'', scope.get('raw_path') or b''
        url = make_url(path, query_string, raw_path, scope.get('root_path') or '')
        version = scope.get('http_version', '1.1')
        client, scheme = scope.get('client'), scope.get('scheme')
        client = tuple(client[:2]) if client else None
        sock = self.receive, self.send
        request = Request(app, client, method, url, 'HTTP/' + version, lines, sock=sock)
        request.scheme = _SCHEMES.get(scheme, scheme) or 'http'
        request.asgi_scope = scope
        request.websocket_class = WebSocket
        request.websocket = None
        if length is None and not chunked and version[:1] != '1' and not is_websocket:
            chunked = method not in ('GET', 'HEAD')  # HTTP/2 need not announce a body
        if length or chunked:
            self.expect_body(request, length or 0)
        return request

    def expect_body(self, request, length):
        """Give a request the stream of its body."""
        request.content_length = length
        request.stream = body = PartStream(self, max(length, request.max_content_length))
        self.ended = False
        if length <= request.max_body_length:
            request.unread = body

    async def receive(self):
        """Return the next message of the client."""
        self.readers += 1
        try:
            async with self.lock:
                message, self.pending = self.pending, None
                return message if message is not None else await self._receive()
        finally:
            self.readers -= 1

    async def next_size(self):
        """Wait for a part of the body and return its length, 0 at the end.

        Raises ``ClientError`` if the client has gone before.
        """
        while not self.ended:
            message = await self.receive()
            if _is_end(message):
                raise ClientError(400)
            self.ended = not message.get('more_body')
            self.buffer = message.get('body') or b''
            if self.buffer:
                return len(self.buffer)
        return 0

    async def receive_body(self, n):
        """Return at most n bytes of the present part."""
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    # The client's leaving

    def _watch(self):
        if self.pending is None:
            self.watcher = self.loop.create_task(self._look_ahead())
        else:
            self.timer = self.loop.call_later(_PATIENCE, self._watch)

    async def _look_ahead(self):
        async with self.lock:
            if self.pending is None:
                message = await self._receive()
                while self.ended and message and message['type'] == 'http.request':
                    message = await self._receive()
                if _is_end(message) and not self.readers:
                    self.gone = True
                    self.task.cancel()
                    return
                self.pending = message if message is not None else {'type': 'http.disconnect'}
        self.timer = self.loop.call_later(_PATIENCE, self._watch)

    # Responses

    async def respond(self, response, kind):
        """Send a response.

        :param response: the ``Response``.
        :param kind: what the types of its messages begin with.
        """
        prepared = await prepare(response)
        stream = prepared.stream
        try:
            headers = [(n.lower().encode(), v.encode()) for n, v in prepared.headers]
            status_code = prepared.status_code
            await self.send({'type': kind + '.start', 'status': status_code, 'headers': headers})
            kind += '.body'
            if not prepared.sends_body:
                pass
            elif stream:
                await self.send_stream(stream, prepared.length, kind)
            elif prepared.body:
                body = encoded(prepared.body, prepared.length)
                await self.send({'type': kind, 'body': body, 'more_body': True})
            await self.send({'type': kind, 'body': b'', 'more_body': False})
        finally:
            if stream:
                await close(stream)

    async def send_stream(self, stream, left, kind):
        """Send what a stream yields, up to the given number of bytes if it is not ``None``."""
        advance, _ = how_to_advance(stream)
        while left != 0:
            try:
                data = encoded(await advance(), left)
            except StopAsyncIteration:
                break
            if left is not None:
                left -= len(data)
            if data:
                await self.send({'type': kind, 'body': data, 'more_body': True})
            await asyncio.sleep(0)  # let others run, however fast this client reads

    async def finish(self, ws, response, scope):
        """End a WebSocket, or refuse it with a response if it has not been accepted."""
        if ws:
            await ws.close(*(() if response is Response.already_handled else (1011,)))
        elif response is Response.already_handled:
            pass
        elif 'websocket.http.response' in (scope.get('extensions') or {}):
            await self.respond(response, 'websocket.http.response')
        else:
            await self.send({'type': 'websocket.close'})


def _is_end(message):
    return message is None or message['type'].endswith('.disconnect')


class Disconnected(WebSocketError, OSError):
    """The client has ended the connection; also the ``OSError`` that Microdot raises then."""

    errno = 32


class WebSocket(websocket.WebSocket):
    """The server's end of a connection, by way of the ASGI server.

    Pings, and waiting for the client's close frame, are up to the server: the options for them do
    nothing here, and neither does sending a ping.
    """

    async def handshake(self):
        """Accept the upgrade.

        Raises ``HTTPException``: 403 for an origin that is not allowed, 400 (or 426) for what is no
        handshake, 501 for one that the server takes for a plain request.
        """
        request = self.request
        scope = request.asgi_scope
        if scope['type'] != 'websocket':
            accept(self, request)
            abort(501, 'This server does not support WebSocket')
        message = await request.sock[0]()
        if message is None or message['type'] != 'websocket.connect':
            abort(400)
        check_origin(self, request)
        message = {'type': 'websocket.accept'}
        for name in self.subprotocols:
            if name in (scope.get('subprotocols') or ()):
                self.subprotocol = message['subprotocol'] = name
                break
        await request.sock[1](message)
        request.websocket = self

    async def receive(self):
        """Return the next message: str for a text, bytes otherwise.

        Raises ``WebSocketError`` at the end of the connection. Cancelling it loses nothing.
        """
        self._check_open()
        message = await self.request.sock[0]()
        if message is None or message['type'] != 'websocket.receive':
            self.closed = True
            message = message or {}
            self.close_code = message.get('code') or 1005
            self.close_reason = message.get('reason') or ''
            raise Disconnected('closed by the client', self.close_code)
        data = message.get('bytes')
        if data is None:
            data = message.get('text') or ''
        limit = self.max_message_length
        if limit < 0:
            limit = Request.max_body_length
        if 0 < limit < len(data if isinstance(data, bytes) else data.encode()):
            await self.close(1009)
            raise WebSocketError('message too long', 1009)
        return data

    async def send(self, data, opcode=None):
        """Send a message.

        :param data: str or bytes.
        :param opcode: ``TEXT`` or ``BINARY``; by default what suits the data.

        Raises ``WebSocketError`` if the connection is closed, ``ValueError`` for another opcode.
        """
        if opcode is None:
            opcode = self.TEXT if isinstance(data, str) else self.BINARY
        if opcode not in (self.TEXT, self.BINARY, self.PING, self.PONG):
            raise ValueError('invalid frame')
        self._check_open()
        message = {'type': 'websocket.send'}
        if opcode == self.TEXT:
            message['text'] = data if isinstance(data, str) else bytes(data).decode()
        elif opcode == self.BINARY:
            message['bytes'] = data.encode() if isinstance(data, str) else bytes(data)
        else:
            return
        await self.request.sock[1](message)

    async def close(self, code=None, reason=''):
        """End the connection, unless it has ended.

        :param code: the close code, 1000, 1001, 1011, 3000 to 4999...; ``None`` for the server's.
        :param reason: a text for the client, at most 123 bytes.

        Raises ``ValueError`` for a reason that is too long.
        """
        if len(reason.encode()) > 123:
            raise ValueError('invalid frame')
        if self.closed:
            return
        self.closed = True
        message = {'type': 'websocket.close'}
        if code and code not in (1005, 1006):
            message.update({'code': code, 'reason': reason})
        try:
            await self.request.sock[1](message)
        except Exception:
            pass  # servers raise whatever they like when the client has gone

    async def _finish(self, request, response, *code):
        await self.close(*code)
        return Response.already_handled
