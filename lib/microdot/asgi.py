"""Applications for ASGI servers, on CPython.

    from microdot.asgi import Microdot

    app = Microdot()  # then: uvicorn module:app

Handlers, requests and responses are the same as with the framework's own server.
"""

import asyncio
import functools
import os  # noqa: F401 (programs that replace ``os.kill`` look for it here)
import types

from . import websocket
from .after import finish
from .compat import accept_cancel, invoke_handler
from .gateway import Hosted, PartStream, begin, body_length, body_of, encoded, make_url, next_of
from .http1 import abort, refuse
from .lifespan import put
from .microdot import Request, Response, URLPattern, iscoroutine, redirect, send_file
from .request import AsyncBytesIO
from .response import prepared
from .streaming import close
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

_PATIENCE = 0.5  # seconds that a handler may wait for something before its client is watched
_SCHEMES = {'ws': 'http', 'wss': 'https'}
_GONE = {'type': 'http.disconnect'}


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
        # Servers look here whether it is a coroutine function. What they call is the class's, which
        # can tell at once, not when it is awaited, that a WSGI server is calling.
        self.__call__ = self.asgi_app

    def __call__(self, scope, receive=None, send=None):
        if send is None:
            super().__call__()
        return self.asgi_app(scope, receive, send)

    async def asgi_app(self, scope, receive, send):
        """Serve one connection of an ASGI server; the parameters are those of ASGI 3."""
        kind = scope['type']
        if kind == 'lifespan':
            await self.handle_lifespan(scope, receive, send)
        elif kind in ('http', 'websocket'):
            exchange = Exchange(receive, send)
            try:
                answered = await _noticing(exchange.run(self, scope), exchange.watch)
            except asyncio.CancelledError:
                if not exchange.gone:
                    raise
                accept_cancel()
            else:
                await finish(*answered)  # whether the client is still there or not

    async def handle_lifespan(self, scope, receive, send):
        """Call the functions for the start and the end of the server."""
        kind = ''
        while kind != 'lifespan.shutdown':
            kind = (await receive())['type']
            try:
                if kind == 'lifespan.startup':
                    if self.lifespan_startup:
                        await invoke_handler(self.lifespan_startup, scope)
                    await put(self, 'start')
                elif kind == 'lifespan.shutdown':
                    error = await put(self, 'close')
                    if self.lifespan_shutdown:
                        await invoke_handler(self.lifespan_shutdown, scope)
                    if error:
                        raise error
                else:
                    continue
                message = {'type': kind + '.complete'}
            except Exception as exc:
                message = {'type': kind + '.failed', 'message': repr(exc)}
            await send(message)


@types.coroutine
def _noticing(coro, wait):
    """Await a coroutine, and call ``wait()`` when it has to wait for the first time."""
    step, value = coro.send, None
    while True:
        try:
            future = step(value)
        except StopIteration as end:
            return end.value
        if wait:
            wait()
            wait = None
        try:
            step, value = coro.send, (yield future)
        except BaseException as exc:
            step, value = coro.throw, exc


class Exchange:
    """One request and its response, or one WebSocket.

    Messages of the client are received as they are asked for, and after a while in the background
    too, one ahead: when the client leaves and nobody is waiting for it, the handler is cancelled.

    :param receive: the function of the server that returns the next message.
    :param send: the function of the server to send one with.
    """

    body = None  # the ``Body`` of the request, if it has one
    gone = False  # whether the handler was cancelled as the client has left
    lock = None  # held by whoever receives a message, once the client is watched
    pending = None  # the message that was received ahead
    readers = 0  # how many wait for a message
    timer = watcher = None
    websocket = None  # the ``WebSocket``, once it is accepted

    def __init__(self, receive, send):
        self._receive = receive
        self.send = send

    async def run(self, app, scope):
        """Answer the request that the scope describes; return it and its response."""
        try:
            request, coro = begin(app, self.make_request, scope)
            response = await coro
            if scope['type'] == 'websocket':
                await self.finish(response, scope)
            elif response is not Response.already_handled:
                await self.respond(response, 'http.response')
            return request, response
        finally:
            if self.timer:
                self.unwatch()

    # Requests

    def make_request(self, app, scope):
        """Return the ``Request`` for a scope. Raises ``ValueError`` for a malformed one."""
        headers = scope.get('headers') or ()
        fields = {name.lower(): value for name, value in headers}
        lines = map(_line, headers)
        method = scope.get('method', 'GET')
        is_websocket = scope['type'] == 'websocket'
        if is_websocket and b'upgrade' not in fields:
            lines = list(lines) + [b'Upgrade:websocket', b'Connection:Upgrade']
        path = scope['path']
        query_string, raw_path = scope.get('query_string') or b'', scope.get('raw_path') or b''
        url = make_url(path, query_string, raw_path, scope.get('root_path') or '')
        version = scope.get('http_version', '1.1')
        client, scheme = scope.get('client'), scope.get('scheme')
        client = tuple(client[:2]) if client else None
        request = Request(app, client, method, url, 'HTTP/' + version, [])
        request._lines = lines  # looked at when somebody asks for the headers
        request.sock = self.receive, self.send
        request.scheme = _SCHEMES.get(scheme, scheme) or 'http'
        request.asgi_scope = scope
        request.asgi_exchange = self
        request.websocket_class = WebSocket
        if b'content-length' in fields:
            length = body_length(fields[b'content-length'])
        elif b'transfer-encoding' in fields:
            length = None
        else:  # HTTP/2 need not announce a body
            announced = version[:1] == '1' or is_websocket or method in ('GET', 'HEAD')
            length = 0 if announced else None
        if length != 0:
            self.body = Body(request, length, self)
        return request

    async def receive(self):
        """Return the next message of the client."""
        self.readers += 1
        try:
            if not self.lock:
                return await self._receive()
            async with self.lock:
                message, self.pending = self.pending, None
                return message if message is not None else await self._receive()
        finally:
            self.readers -= 1

    # The client's leaving

    def watch(self):
        """Begin to watch the client after a while."""
        self.lock = asyncio.Lock()
        self.task = asyncio.current_task()
        self.loop = asyncio.get_running_loop()
        self.timer = self.loop.call_later(_PATIENCE, self._watch)

    def unwatch(self):
        """Watch the client no more."""
        self.timer.cancel()
        if self.watcher:
            self.watcher.cancel()

    def _watch(self):
        if self.pending is None and not self.readers:
            self.watcher = self.loop.create_task(self._look_ahead())
        else:
            self.timer = self.loop.call_later(_PATIENCE, self._watch)

    async def _look_ahead(self):
        async with self.lock:
            if self.pending is None:
                message = await self._receive()
                while not self._awaits_body() and message and message['type'] == 'http.request':
                    message = await self._receive()
                if _is_end(message) and not self.readers:
                    self.gone = True
                    self.task.cancel()
                    return
                self.pending = message if message is not None else _GONE
        self.timer = self.loop.call_later(_PATIENCE, self._watch)

    def _awaits_body(self):
        return self.body and not self.body.ended

    # Responses

    async def respond(self, response, kind):
        """Send a response.

        :param response: the ``Response``.
        :param kind: what the types of its messages begin with.
        """
        response, fields, length = await prepared(response)
        body, stream, left = body_of(response, length)
        try:
            headers = [(_encoded_name(name), value.encode()) for name, value in fields]
            status_code = response.status_code
            await self.send({'type': kind + '.start', 'status': status_code, 'headers': headers})
            kind += '.body'
            if stream:
                await self.send_stream(stream, left, kind)
            await self.send({'type': kind, 'body': body or b'', 'more_body': False})
        finally:
            if stream:
                await close(stream)

    async def send_stream(self, stream, left, kind):
        """Send what a stream yields, up to the given number of bytes if it is not ``None``."""
        while left != 0:
            try:
                data = encoded(await next_of(stream), left)
            except StopAsyncIteration:
                break
            if left is not None:
                left -= len(data)
            if data:
                await self.send({'type': kind, 'body': data, 'more_body': True})
            await asyncio.sleep(0)  # let others run, however fast this client reads

    async def finish(self, response, scope):
        """End a WebSocket, or refuse it with a response if it has not been accepted."""
        if self.websocket:
            await self.websocket.finish(response)
        elif response is Response.already_handled:
            pass
        elif 'websocket.http.response' in (scope.get('extensions') or {}):
            await self.respond(response, 'websocket.http.response')
        else:
            await self.send({'type': 'websocket.close'})


class Body(PartStream):
    """The body of a request, in messages of the server."""

    def __init__(self, request, length, exchange):
        super().__init__(request, length)
        self.exchange = exchange
        self.more = True

    async def next_part(self):
        """Return the next part, ``b''`` at the end.

        Raises ``ClientError`` if the client has gone before.
        """
        while self.more:
            message = await self.exchange.receive()
            if _is_end(message):
                refuse(400)
            self.more = message.get('more_body', False)
            if message.get('body'):
                return message['body']
        return b''


def _is_end(message):
    return message is None or message['type'].endswith('.disconnect')


def _line(field):
    name, value = field
    return name.title() + b':' + value


@functools.lru_cache(256)
def _encoded_name(name):
    return name.lower().encode()


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
        request.asgi_exchange.websocket = self

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
        await asyncio.sleep(0)  # let others run, however fast this client reads

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

    async def finish(self, response):
        """End the connection: a response to an exception has no place here."""
        await self.close(None if response is Response.already_handled else 1011)
