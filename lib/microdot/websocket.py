"""WebSocket (RFC 6455) for routes::

    @app.get('/echo')
    @with_websocket
    async def echo(request, ws):
        while True:
            await ws.send(await ws.receive())

The client's leaving ends ``receive()`` with ``WebSocketError``, which the decorator takes for the
normal end; elsewhere the server cancels the handler. Options are class attributes of ``WebSocket``,
or for one route ``@with_websocket(subprotocols=('chat',))``.

Reading and writing each have a lock: a handler may send in one task and receive in another, and the
task that sends pings (``websocket_pings``) reads along while the handler does not.
"""

import asyncio

from .compat import const, invoke_handler, print_exception
from .helpers import wraps
from .request import Request
from .response import Response

_TEXT = const(1)
_CLOSE = const(8)
_PIECE = const(1024)  # bytes of a payload read and unmasked at once


class WebSocketError(Exception):
    """The connection has ended, or has to.

    :param message: why.
    :param code: the close code (RFC 6455, 7.4): the client's, 1005 if it sent none, 1006 if it
        left without a word, or the one it is sent because of its mistake.
    """

    def __init__(self, message='', code=1006):
        super().__init__(message)
        self.code = code


def unmask(data, mask):
    """Return bytes masked, or unmasked, with a key of 4 bytes."""
    n = len(data)
    key = int.from_bytes((mask * (n // 4 + 1))[:n], 'little')
    return (int.from_bytes(data, 'little') ^ key).to_bytes(n, 'little')


def check_utf8(state, data):
    """Check the next bytes of a text and return the state to check those after them with.

    :param state: ``(0, 0, 0)`` at the beginning; its first item is how many bytes are missing.
    :param data: the bytes.

    Raises ``WebSocketError`` at the first byte that cannot be a part of UTF-8 (RFC 3629).
    """
    need, low, high = state
    if not need and data and max(data) < 0x80:
        return state
    for c in data:
        if need:
            if not low <= c <= high:
                raise WebSocketError('invalid UTF-8', 1007)
            need -= 1
            low, high = 0x80, 0xBF
        elif c >= 0x80:
            if not 0xC2 <= c <= 0xF4:
                raise WebSocketError('invalid UTF-8', 1007)
            need = 1 + (c >= 0xE0) + (c >= 0xF0)
            low = 0xA0 if c == 0xE0 else 0x90 if c == 0xF0 else 0x80
            high = 0x9F if c == 0xED else 0x8F if c == 0xF4 else 0xBF
    return need, low, high


def _frame_head(opcode, n):
    if n < 126:
        return bytes((0x80 | opcode, n))
    if n < 65536:
        return bytes((0x80 | opcode, 126)) + n.to_bytes(2, 'big')
    return bytes((0x80 | opcode, 127)) + n.to_bytes(8, 'big')


class WebSocket:
    """The server's end of a connection.

    ``subprotocol`` is the one agreed on, ``close_code`` and ``close_reason`` (str) are what the
    client ended the connection with; all are ``None`` before.

    :param request: the request to upgrade.
    """

    CONT = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10

    #: Longest message, in bytes, that is received; a longer one ends the connection with 1009.
    #: -1 stands for ``Request.max_body_length``, 0 for no limit.
    max_message_length = -1
    #: The subprotocols that the route speaks, the preferred one first.
    subprotocols = ()
    #: The origins that pages may connect from, such as ``('https://example.com',)``, or a single
    #: one; ``True`` for the server's own alone, ``None`` for all. Others get 403. Only browsers
    #: send an origin.
    allowed_origins = None
    #: Seconds of silence after which the client is pinged; 0: never.
    ping_interval = 0
    #: Seconds after a ping in which something has to come, or the handler is cancelled. While a
    #: message of the client waits for ``receive()``, the client is taken to be there.
    ping_timeout = 20
    #: Seconds to wait for the client's close frame before the connection is closed.
    close_timeout = 1

    # The usual values: an instance holds what differs.
    closed = False
    subprotocol = close_code = close_reason = None
    _buffer = b''  # what has come of a frame's header
    _left = 0  # how many bytes of a frame's payload are still to come
    _frame = None  # (opcode, fin, kind, payload) of a frame that has begun
    _message = None  # (kind, payload) of a message that has begun
    _ahead = None  # a message that was read while nobody waited for it
    _ended = False  # whether nothing more is to come from the client
    _heard = False  # whether anything has come lately
    _waiting = False  # whether the handler waits for a message
    _pings = None  # the task that sends them

    def __init__(self, request):
        self.request = request
        # The test client does not mask.
        self._connection = getattr(request, 'connection', None)
        self._reading = asyncio.Lock()
        self._writing = asyncio.Lock()

    async def handshake(self):
        """Accept the upgrade.

        Raises ``HTTPException``: 400 for what is no handshake, 403 for an origin that is not
        allowed, 426 for another version than 13.
        """
        from .websocket_handshake import accept

        lines = [
            'HTTP/1.1 101 Switching Protocols',
            'Upgrade: websocket',
            'Connection: Upgrade',
            'Sec-WebSocket-Accept: ' + accept(self, self.request),
        ]
        offered = self.request.headers.get('Sec-WebSocket-Protocol', '').split(',')
        offered = [name.strip() for name in offered]
        for name in self.subprotocols:
            if name in offered:
                self.subprotocol = name
                lines.append('Sec-WebSocket-Protocol: ' + name)
                break
        await self.request.sock[1].awrite(('\r\n'.join(lines) + '\r\n\r\n').encode())
        if self.ping_interval and self._connection:
            from .websocket_pings import keep_alive

            self._pings = asyncio.create_task(keep_alive(self))

    async def receive(self):
        """Return the next message: str for a text, bytes otherwise.

        Raises ``WebSocketError`` at the end of the connection. Cancelling it loses nothing.
        """
        self._waiting = True
        try:
            return await self._next_message()
        finally:
            self._waiting = False

    async def _next_message(self):
        """Return the next message, of which one may have been read ahead; ``receive`` has more."""
        async with self._reading:
            self._check_open()
            message, self._ahead = self._ahead, None
            try:
                while message is None:
                    opcode, data = self._process_websocket_frame(*await self._read_frame())
                    if opcode:
                        await self._write(opcode, data)
                    else:
                        message = data
            except WebSocketError as exc:
                if exc.code == 1006:
                    self._ended = True
                if not self._waiting:
                    self._pings = None  # it is that task which reads here: let it go on
                await self.close(exc.code)
                raise
        return message

    def _check_open(self):
        if self.closed:
            raise WebSocketError('closed', self.close_code or 1006)

    async def send(self, data, opcode=None):
        """Send a message, once the client has taken what was sent before.

        Cancelling it amid a message ends the connection, as nothing can follow half a message.

        :param data: str or bytes.
        :param opcode: ``TEXT``, ``BINARY``, ``PING`` or ``PONG``; by default what suits the data.

        Raises ``WebSocketError`` if the connection is closed, ``OSError`` if the client has gone,
        ``ValueError`` for another opcode or a ping longer than 125 bytes.
        """
        if opcode is None:
            opcode = _TEXT if isinstance(data, str) else self.BINARY
        if isinstance(data, str):
            data = data.encode()
        if opcode not in (1, 2, 9, 10) or (opcode > _CLOSE and len(data) > 125):
            raise ValueError('invalid frame')
        await self._write(opcode, data)

    async def close(self, code=None, reason=''):
        """Send a close frame, if none has been sent; nothing more can be sent or received then.

        :param code: the close code, 1000, 1001, 1011, 3000 to 4999...; ``None`` for none.
        :param reason: a text for the client, at most 123 bytes.

        Raises ``ValueError`` for a reason that is too long, ``OSError`` if the client has gone.
        """
        payload = b''
        if code and code != 1005:
            payload = code.to_bytes(2, 'big') + reason.encode()
        if len(payload) > 125:
            raise ValueError('invalid frame')
        if self.closed:
            return
        self.closed = True
        pings, self._pings = self._pings, None
        try:
            if code != 1006:
                await self._write(_CLOSE, payload)
        finally:
            if pings:
                pings.cancel()

    async def _write(self, opcode, payload):
        async with self._writing:
            if opcode != _CLOSE:
                self._check_open()
            write = self.request.sock[1].awrite
            try:
                if self._connection and len(payload) > _PIECE:
                    # There may be no room for a copy.
                    await write(_frame_head(opcode, len(payload)))
                    await write(payload)
                else:
                    await write(self._encode_websocket_frame(opcode, payload))
            except BaseException:
                # Half a frame may be out, which nothing can follow.
                self.closed = self._ended = True
                raise

    @classmethod
    def _parse_frame_header(cls, header):
        """Return (fin, opcode, masked, length); length is -2 or -8 if it has as many bytes."""
        length = header[1] & 0x7F
        if length >= 126:
            length = -2 if length == 126 else -8
        return header[0] & 0x80 > 0, header[0] & 0x0F, header[1] & 0x80 > 0, length

    @classmethod
    def _encode_websocket_frame(cls, opcode, payload):
        if isinstance(payload, str):
            payload = payload.encode()
        return _frame_head(opcode, len(payload)) + payload

    def _process_websocket_frame(self, opcode, payload):
        """Return (opcode, payload) of a frame to answer with, or (None, message)."""
        if opcode == _TEXT:
            return None, payload.decode()
        if opcode == _CLOSE:
            self._ended = True
            code = int.from_bytes(payload[:2], 'big') if payload else 1005
            if payload and not (
                1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999
            ):
                raise WebSocketError('invalid close code', 1002)
            if check_utf8((0, 0, 0), payload[2:])[0]:
                raise WebSocketError('invalid UTF-8', 1007)
            self.close_code = code
            self.close_reason = payload[2:].decode()
            raise WebSocketError('closed by the client', code)
        if opcode == self.PING:
            return self.PONG, payload
        return None, (None if opcode == self.PONG else bytes(payload))

    async def _read_frame(self):
        """Return (opcode, payload) of the next control frame or whole message.

        What has been read stays with the object, so that a cancelled call can be repeated.
        """
        while True:
            if not self._frame:
                await self._begin_frame()
            opcode, fin, kind, payload = self._frame
            while self._left:
                await self._read_piece(payload, kind == _TEXT)
            self._frame = None
            if opcode < _CLOSE:
                if not fin:
                    continue
                self._message = None
                if kind == _TEXT and self._utf8[0]:
                    raise WebSocketError('invalid UTF-8', 1007)
            return kind, payload

    async def _begin_frame(self):
        first, length = await self._read_header()
        fin, opcode = first & 0x80, first & 0x0F
        payload = bytearray()
        if (
            first & 0x70
            or opcode not in (0, 1, 2, 8, 9, 10)
            or (opcode >= _CLOSE and (length > 125 or not fin))
            or (opcode < _CLOSE and (opcode == 0) != (self._message is not None))
            or (self._connection and not self._mask)
            or length >> 63
        ):
            raise WebSocketError('invalid frame', 1002)
        kind = opcode
        if opcode < _CLOSE:
            if opcode:
                self._message = opcode, payload
                self._utf8 = (0, 0, 0)
            kind, payload = self._message
            limit = self.max_message_length
            if limit < 0:
                limit = Request.max_body_length
            if limit and len(payload) + length > limit:
                raise WebSocketError('message too long', 1009)
        self._frame = opcode, fin, kind, payload

    async def _read_header(self):
        """Return (first byte, length of the payload) of the next frame."""
        await self._fill(2)
        _, _, masked, length = self._parse_frame_header(self._buffer)
        size = 2
        if length < 0:
            size -= length
            await self._fill(size)
            length = int.from_bytes(self._buffer[2:size], 'big')
        if masked:
            await self._fill(size + 4)
        self._mask = self._buffer[size:]
        self._left = length
        first = self._buffer[0]
        self._buffer = b''
        return first, length

    async def _fill(self, n):
        while len(self._buffer) < n:
            self._buffer += await self._receive(n - len(self._buffer))

    async def _read_piece(self, payload, is_text):
        data = await self._receive(min(self._left, _PIECE))
        self._left -= len(data)
        mask = self._mask
        if mask:
            i = len(data) & 3
            data = unmask(data, mask)
            self._mask = mask[i:] + mask[:i]
        if is_text:
            self._utf8 = check_utf8(self._utf8, data)
        payload.extend(data)

    async def _receive(self, n):
        data = await self.request.sock[0].read(n)
        if not data:
            raise WebSocketError('the client has gone')
        self._heard = True
        return data

    async def _finish(self, request, response, *code):
        """End the connection, with a close frame each way; an after-request handler."""
        try:
            await self.close(*code)
            if self._connection and not self._ended:
                self._ended = True
                await asyncio.wait_for(self._await_close(), self.close_timeout)
        except (asyncio.TimeoutError, OSError, WebSocketError):
            pass
        return Response.already_handled

    async def _respond(self, request, response, persistent):
        # In place of the connection's method: a response to an exception has no place here.
        if response is not Response.already_handled:
            await self._finish(request, response, 1011)
        self._connection.log(request, 200)
        return False

    async def _await_close(self):
        """Read on to the end of the client's close frame."""
        async with self._reading:
            opcode = self._frame[0] if self._frame else 0
            while True:
                while self._left:
                    self._left -= len(await self._receive(min(self._left, _PIECE)))
                if opcode == _CLOSE:
                    return
                opcode = (await self._read_header())[0] & 0x0F


async def websocket_upgrade(request, **options):
    """Accept a request as a WebSocket and return the ``WebSocket``.

    The response of the route is not sent; when it returns, the connection is closed.

    :param request: the request.
    :param options: values for the attributes of ``WebSocket``.

    Raises what ``WebSocket.handshake`` raises, and ``HTTPException`` (501) under a server that does
    not speak WebSocket.
    """
    # Requests that came by another server than ours bring along how that server speaks it.
    ws = getattr(request, 'websocket_class', WebSocket)(request)
    for name in options:
        setattr(ws, name, options[name])
    await ws.handshake()
    if request.connection:
        request.connection.respond = ws._respond
        # A response with a header goes that way, whatever an error handler makes of an exception.
        request.vary('Upgrade')
    request.after_request(ws._finish)
    return ws


def websocket_wrapper(f, upgrade_function):
    """Return the route that upgrades a request and calls a function with the WebSocket.

    :param f: the function, called with the request, the WebSocket and the arguments of the path.
    :param upgrade_function: a coroutine function that makes the WebSocket of a request.
    """

    @wraps(f)
    async def wrapper(request, *args, **kwargs):
        ws = await upgrade_function(request)
        code = ()
        try:
            await invoke_handler(f, request, ws, *args, **kwargs)
        except WebSocketError:
            pass
        except asyncio.CancelledError:
            code = (1001,)
            raise
        except Exception as exc:
            if not _is_muted(exc):
                print_exception(exc)
                code = (1011,)
        finally:
            try:
                await ws.close(*code)
            except Exception:
                pass  # there is nobody to tell
        return ''

    return wrapper


def _is_muted(exc):
    from .responding import MUTED_SOCKET_ERRORS

    return isinstance(exc, OSError) and (
        exc.errno in MUTED_SOCKET_ERRORS or exc.args[:1] == ('Connection lost',)
    )


def with_websocket(f=None, **options):
    """Decorate a route that speaks WebSocket; it gets the ``WebSocket`` after the request.

    An exception of the route is printed and ends the connection with 1011.

    :param f: the route.
    :param options: values for the attributes of ``WebSocket``, if there are any.
    """
    if f is None:
        return lambda f: with_websocket(f, **options)
    return websocket_wrapper(f, lambda request: websocket_upgrade(request, **options))
