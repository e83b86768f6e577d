"""WebSocket (RFC 6455) for routes::

    @app.get('/echo')
    @with_websocket
    async def echo(request, ws):
        while True:
            await ws.send(await ws.receive())

When the client leaves, ``receive()`` raises ``WebSocketError``, which the decorator takes for the
normal end; elsewhere the server cancels the handler. Options are class attributes of ``WebSocket``,
or for one route ``@with_websocket(subprotocols=('chat',))``.

A handler may send in one task and receive in another. Frames are parsed out of the connection's
buffer without waiting, so a cancelled ``receive()`` loses nothing.
"""

import asyncio

from .compat import const, invoke_handler, is_cancelled, print_exception, ticks_diff, ticks_ms
from .helpers import wraps
from .request import Request
from .response import Response, is_muted
from .websocket_handshake import START, WebSocketError, accept, check_utf8, unmask

_TEXT = const(1)
_CLOSE = const(8)
_PING = const(9)
_FIN = const(0x80)
_LINGER = const(1)  # the phase of a connection that gives way at once
_PIECE = const(1024)  # bytes of a payload unmasked, or copied, at once
_TURN = const(5)  # milliseconds that a sender may keep the others from running
_OPTIONS = (
    'max_message_length', 'subprotocols', 'allowed_origins', 'ping_interval', 'ping_timeout',
    'close_timeout',
)  # fmt: skip


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
    #: Seconds between two pings of the client; 0: none.
    ping_interval = 0
    #: Seconds after a ping in which something has to come, or the handler is cancelled.
    ping_timeout = 20
    #: Seconds to wait for the client's close frame before the connection is closed.
    close_timeout = 1

    subprotocol = close_code = close_reason = None
    _kind = 0  # opcode of the message that has begun
    _pieces = 0  # how many have come
    _left = -1  # bytes still to come of its frame, -1 between frames

    def __init__(self, request):
        self.request = request
        # The connection, or what has its ``buffer``, ``fill()``, ``reading`` and ``awrite()``.
        self._stream = request and request.sock[1]
        # Here, as they may be assigned when there is no memory for a new attribute.
        self.closed = False
        self._ended = False  # whether the client sends nothing more
        self._broken = False  # whether half a frame may be out
        self._writing = False
        self._lock = None  # for the tasks that wait to send
        self._turn = ticks_ms()

    async def handshake(self):
        """Accept the upgrade.

        Raises ``HTTPException``: 400 for what is no handshake, 403 for an origin that is not
        allowed, 426 for another version than 13.
        """
        request = self.request
        head = accept(self, request)
        stream = self._stream
        self._pinged = ticks_ms()
        if request.connection:
            stream.upgraded = self
            stream.ping = self._notify
        await stream.awrite(head)

    async def receive(self):
        """Return the next message: str for a text, bytes otherwise.

        Raises ``WebSocketError`` at the end of the connection. Cancelling it loses nothing.
        """
        self._check_open()
        stream = self._stream
        if stream.buffer:
            await asyncio.sleep(0)  # a turn for the others, however much has come
        try:
            while True:
                frame = self._take()
                if frame:
                    opcode, data = self._process_websocket_frame(*frame)
                    if opcode:
                        await WebSocket.send(self, data, opcode)
                        await asyncio.sleep(0)  # a client may ping without end
                    elif data is not None:
                        return data
                    else:
                        await asyncio.sleep(0)  # or send fragments
                elif stream.reading:
                    await asyncio.sleep(0.05)  # another task receives, too
                elif not await stream.fill():
                    self._ended = True
                    raise WebSocketError('client gone')
        except WebSocketError as exc:
            await self.close(exc.code)
            raise

    def _check_open(self):
        if self.closed:
            raise WebSocketError('closed', self.close_code or 1006)

    async def send(self, data, opcode=None):  # noqa: C901 - a function more costs a board memory
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
        n = len(data)
        if opcode not in (1, 2, 9, 10, _FIN | _CLOSE) or (n > 125 and opcode > _CLOSE):
            raise ValueError('bad frame')
        if self._writing and not self._lock:
            lock = asyncio.Lock()
            await lock.acquire()  # on behalf of the task that is writing
            self._lock = lock
        lock = self._lock
        if lock:
            await lock.acquire()
        try:
            if self._broken or opcode < _FIN:
                self._check_open()
            self._writing = True
            if n > _PIECE and self.request.connection:  # there may be no room for a copy
                await self._stream.awrite(self._encode_websocket_frame(opcode, b'', n))
            else:
                data = self._encode_websocket_frame(opcode, data)
            await self._stream.awrite(data)
            self._writing = False
        finally:
            if self._writing:
                self.closed = self._ended = self._broken = True
                self._writing = False
            if self._lock:
                self._lock.release()
        now = ticks_ms()
        if ticks_diff(now, self._turn) >= _TURN:
            self._turn = now
            await asyncio.sleep(0)  # a turn for the others, however fast this client reads

    async def close(self, code=None, reason=''):
        """Send a close frame, if none has been sent; nothing more can be sent or received then.

        :param code: the close code, 1000, 1001, 1011, 3000 to 4999...; ``None`` for none.
        :param reason: a text for the client, at most 123 bytes.

        Raises ``ValueError`` for a reason that is too long.
        """
        payload = b''
        if code and code != 1005:
            payload = code.to_bytes(2, 'big') + reason.encode()
        if len(payload) > 125:
            raise ValueError('bad frame')
        if not self.closed:
            self.closed = True
            if code != 1006:
                await self._notify(payload, _FIN | _CLOSE)

    async def _notify(self, payload=b'', opcode=_PING):
        """Send a control frame, a ping unless told otherwise."""
        try:
            await WebSocket.send(self, payload, opcode)
        except (OSError, WebSocketError):
            pass  # the client has gone

    @classmethod
    def _parse_frame_header(cls, header):
        """Return (fin, opcode, masked, length); length is -2 or -8 if it has as many bytes."""
        length = header[1] & 0x7F
        if length >= 126:
            length = -2 if length == 126 else -8
        return header[0] >= _FIN, header[0] & 0x0F, header[1] >= 0x80, length

    @classmethod
    def _encode_websocket_frame(cls, opcode, payload, n=None):
        """Return a frame, or what goes before n bytes of payload that are sent apart from it."""
        if isinstance(payload, str):
            payload = payload.encode()
        if n is None:
            n = len(payload)
        if n < 126:
            return bytes((_FIN | opcode, n)) + payload
        size = 2 if n < 65536 else 8
        return bytes((_FIN | opcode, 126 + size // 8)) + n.to_bytes(size, 'big') + payload

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
                raise WebSocketError('bad code', 1002)
            check_utf8(START, payload[2:], True)
            self.close_code = code
            self.close_reason = payload[2:].decode()
            raise WebSocketError('closed', code)
        if opcode == _PING:
            return self.PONG, payload
        return None, (None if opcode == self.PONG else bytes(payload))

    def _take(self):
        """Take the next control frame, or whole message, out of the buffer.

        Returns (opcode, payload), ``None`` if more has to come. What is there of a long message is
        kept here meanwhile.
        """
        stream = self._stream
        while True:
            if self._left < 0:
                frame = self._take_frame(stream, stream.buffer)
                if frame or self._left < 0:
                    return frame
            while self._left:
                data = stream.buffer[: min(self._left, _PIECE)]
                if not data:
                    return None
                n = len(data)
                stream.buffer = stream.buffer[n:]
                self._left -= n
                mask = self._mask
                data = unmask(data, mask)
                self._mask = mask[n & 3 :] + mask[: n & 3]
                if self._kind == _TEXT:
                    self._utf8 = check_utf8(self._utf8, data)
                self._payload.extend(data)
            self._left = -1
            if self._fin:
                kind, self._kind = self._kind, 0
                if kind == _TEXT:
                    check_utf8(self._utf8, b'', True)
                return kind, self._payload
            self._pieces += 1
            if self._pieces % 4 == 0:
                return self.PONG, b''  # nothing yet

    def _take_frame(self, stream, buffer):
        """Take a frame that is short and whole, and return it; else begin a longer one."""
        size = len(buffer)
        if size < 2:
            return None
        fin, opcode, masked, length = self._parse_frame_header(buffer)
        if (
            not masked
            or buffer[0] & 0x70
            or opcode & 7 > 2
            or (opcode >= _CLOSE and not (fin and 0 <= length < 126))
            or (opcode < _CLOSE and (opcode > 0) == (self._kind > 0))
        ):
            raise WebSocketError('bad frame', 1002)
        start = 6 - min(length, 0)
        if size < start:
            return None
        mask = buffer[start - 4 : start]
        if length < 0:
            length = int.from_bytes(buffer[2 : start - 4], 'big')
        whole = size >= start + length
        if opcode >= _CLOSE and not whole:
            return None
        limit = self.max_message_length
        limit = Request.max_body_length if limit < 0 else limit
        if opcode < _CLOSE and 0 < limit < length + (0 if opcode else len(self._payload)):
            raise WebSocketError('too long', 1009)
        if whole and (opcode >= _CLOSE or (fin and opcode and length <= _PIECE)):
            stream.buffer = buffer[start + length :]
            data = unmask(buffer[start : start + length], mask)
            if opcode == _TEXT:
                check_utf8(START, data, True)
            return opcode, data
        stream.buffer = buffer[start:]
        self._left, self._mask, self._fin = length, mask, fin
        if opcode:
            self._kind, self._payload, self._utf8 = opcode, bytearray(), START
        return None

    def watch(self, now):
        """Answer what has come while nobody receives, and ping; the server calls it every tick.

        :param now: ``ticks_ms()``.
        """
        c = self._stream
        try:
            while not c.reading and self._left < 0 and c.buffer and c.buffer[0] & _CLOSE:
                frame = self._take()
                if not frame:
                    break
                opcode, data = self._process_websocket_frame(*frame)
                if opcode:
                    asyncio.create_task(self._notify(data, opcode))
                    break  # one at a tick
        except WebSocketError as exc:
            asyncio.create_task(self.finish(None, exc.code))
        if len(c.buffer) >= c.max_head_size:
            c.pinged = None  # an answer would not be seen
        elif c.pinged is None:
            if self.ping_interval and ticks_diff(now, self._pinged) >= self.ping_interval * 1000:
                asyncio.create_task(c.ping())
                c.pinged = self._pinged = now
        elif self.ping_interval and ticks_diff(now, c.pinged) >= self.ping_timeout * 1000:
            c.end()

    async def finish(self, response, code=1011):
        """End the connection, with a close frame each way.

        :param response: what the route would be answered with; a close frame goes out instead.
        :param code: the close code, for another end than ``Response.already_handled``.
        """
        await self.close(None if response is Response.already_handled else code)
        c = self._stream
        # The server ends it when that time is over.
        c.wait(_LINGER, 0 if self._ended else self.close_timeout)
        try:
            while not self._ended and not c.reading:
                try:
                    frame = self._take()
                    self._ended = frame and frame[0] == _CLOSE
                except WebSocketError:
                    frame = c.buffer = b''
                if not frame and not await c.fill():
                    break
        except asyncio.CancelledError:
            if c.ended is None:
                raise

    async def _handled(self, request, response):
        await self.close()
        return Response.already_handled


def _check_options(options):
    for name in options:
        if name not in _OPTIONS:
            raise TypeError('unexpected option ' + name)


async def websocket_upgrade(request, **options):
    """Accept a request as a WebSocket and return the ``WebSocket``.

    The response of the route is not sent; when it returns, the connection is closed.

    :param request: the request.
    :param options: values for the attributes of ``WebSocket``.

    Raises what ``WebSocket.handshake`` raises, ``TypeError`` for an unknown option, and
    ``HTTPException`` (501) under a server that does not speak WebSocket.
    """
    _check_options(options)
    # Requests that came by another server than ours bring along how that server speaks it.
    ws = getattr(request, 'websocket_class', WebSocket)(request)
    for name in options:
        setattr(ws, name, options[name])
    await ws.handshake()
    request.after_request(ws._handled)
    return ws


def websocket_wrapper(f, upgrade_function):
    """Return the route that upgrades a request and calls a function with the WebSocket.

    :param f: the function, called with the request, the WebSocket and the arguments of the path.
    :param upgrade_function: a coroutine function that makes the WebSocket of a request.
    """

    @wraps(f)
    async def wrapper(request, *args, **kwargs):
        ws = await upgrade_function(request)
        code = None
        try:
            await invoke_handler(f, request, ws, *args, **kwargs)
        except WebSocketError:
            pass
        except asyncio.CancelledError:
            # Going away; or nobody cancelled this task, and the server answers for the handler.
            c = request.connection
            await ws.close(1011 if c and c.ended is None and not is_cancelled() else 1001)
            raise
        except Exception as exc:
            if not is_muted(exc):
                print_exception(exc)
                code = 1011
        await ws.close(code)
        return ''

    return wrapper


def with_websocket(f=None, **options):
    """Decorate a route that speaks WebSocket; it gets the ``WebSocket`` after the request.

    An exception of the route is printed and ends the connection with 1011.

    :param f: the route.
    :param options: values for the attributes of ``WebSocket``, if there are any.

    Raises ``TypeError`` for an unknown option.
    """
    _check_options(options)
    if f is None:
        return lambda f: with_websocket(f, **options)
    return websocket_wrapper(f, lambda request: websocket_upgrade(request, **options))
