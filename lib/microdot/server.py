"""The HTTP server: connections with their bounds, from the listening socket to the last byte.

A ``Connection`` reads heads and hands requests to the application; one watcher task for all of
them looks after deadlines and clients that have gone, so a request sets a deadline by storing a
number instead of making a timer. This is the only module that touches a socket.
"""

import asyncio

from .compat import (
    BACKLOG,
    MAX_CONNECTIONS,
    accept_cancel,
    call_soon_threadsafe,
    close_stream,
    half_close,
    hang_up,
    iscoroutine,
    peer_is_gone,
    print_exception,
    running_loop,
    ticks_diff,
    ticks_ms,
    tls_options,
    until_closed,
    write_out,
)
from .errors import ClientError
from .framing import prepare
from .http1 import CHUNKED, chunk, parse_head, split_head
from .request import Request
from .response import Response

# What a connection is doing, which says what its deadline means.
_IDLE = 0  # waiting for a request; closed silently
_CLOSING = 1  # the answer is out, what still arrives is thrown away
_HEAD = 2  # a part of a head has come; 408
_BODY = 3  # waiting for more of a body; 408
_WRITING = 4  # waiting for the client to take more of a response
_HANDLING = 5  # the handler runs, as long as the client stays
_UPGRADED = 6  # the handler reads the connection itself

_UNAVAILABLE = b'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
_SMALL = 2048  # bytes of a body that leaves together with its head
_PIECE = 16384  # bytes written, and waited for, at once


class Connection:
    """One client. Its bounds are class attributes; assign to them before the server starts."""

    #: Longest head of a request, in bytes; a longer one is answered with 431.
    max_head_size = 4096
    #: Most header lines of a request; more are answered with 431.
    max_headers = 64
    #: Seconds for a head to arrive once it has begun; then 408.
    head_timeout = 10
    #: Seconds without any progress of a body being received; then 408.
    body_timeout = 10
    #: Seconds that a connection may stay open without a request.
    idle_timeout = 15
    #: Seconds without any progress of a response being sent.
    write_timeout = 10
    #: Seconds of silence after which a refused client's connection is closed.
    linger_timeout = 1
    #: Most bytes of an unread body that are thrown away to keep the connection.
    max_discard = 65536
    #: Most connections open at once; beyond, the one that has waited longest gives way.
    max_connections = MAX_CONNECTIONS
    #: Connections that the system may hold before they are accepted.
    backlog = BACKLOG
    #: Seconds that ``shutdown()`` waits for running requests.
    shutdown_timeout = 5
    #: Seconds between two looks at deadlines and clients that have gone.
    tick = 0.5
    #: Bytes asked of the socket at once.
    read_size = 1024

    def __init__(self, connections, reader, writer):
        self.connections = connections
        self.app = connections.app
        self.reader = reader
        self.writer = writer
        self.buffer = b''
        self.task = asyncio.current_task()
        self.dropped = False  # to be closed at once: there is nobody to answer
        self.failed = False  # writing to the client has failed
        self.timed_out = False  # cancelled by the watcher, to answer with 408
        self.enter(_IDLE, self.idle_timeout)

    def enter(self, phase, seconds):
        self.phase = phase
        self.since = ticks_ms()
        self.allowed = int(seconds * 1000)

    # Called by the watcher

    def check(self, now):
        """Cancel the task if its deadline has passed or its client has gone."""
        if self.phase == _HANDLING:
            self.buffer, over = peer_is_gone(self.reader, self.buffer, self.max_head_size)
        else:
            over = self.phase != _UPGRADED and ticks_diff(now, self.since) > self.allowed
        if over:
            self.timed_out = self.phase in (_HEAD, _BODY)
            self.drop()

    def drop(self):
        self.dropped = not self.timed_out
        self.task.cancel()

    # Reading

    async def receive(self, n):
        """Return at most n bytes that the client sent next, ``b''`` at the end."""
        if self.buffer:
            data = self.buffer[:n]
            self.buffer = self.buffer[n:]
            return data
        try:
            return await self.reader.read(n)
        except OSError:
            return b''
        except asyncio.CancelledError:
            if not self.timed_out:
                raise
            accept_cancel()
            self.timed_out = False
            raise ClientError(408) from None

    async def receive_body(self, n):
        self.enter(_BODY, self.body_timeout)
        data = await self.receive(n)
        self.phase = _HANDLING
        return data

    async def _read_head(self):
        """Return the lines of the next head, ``None`` at the end of the connection."""
        self.enter(_IDLE, self.idle_timeout)
        data = await self.receive(self.read_size)
        self.enter(_HEAD, self.head_timeout)
        scanned = 0
        while True:
            if data[:1] in b'\r\n':  # empty lines before a request line, or nothing
                data = data.lstrip(b'\r\n')
            found = split_head(data, scanned)
            if found:
                self.buffer = found[1] + self.buffer
                if len(data) - len(found[1]) > self.max_head_size:
                    raise ClientError(431)
                return found[0]
            scanned = len(data)
            if scanned > self.max_head_size:
                raise ClientError(431 if b'\n' in data else 414)
            more = await self.receive(self.read_size)
            if not more:
                if data:
                    raise ClientError(400)
                return None
            data += more

    # The stream of an upgraded connection

    async def read(self, n):
        """Return at most n bytes, ``b''`` at the end."""
        self.phase = _UPGRADED
        data = await self.receive(n)
        self.phase = _HANDLING
        return data

    async def readexactly(self, n):
        """Return n bytes. Raises ``EOFError`` if the connection ends before."""
        data = b''
        while len(data) < n:
            more = await self.read(n - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    async def readline(self):
        """Return the bytes up to the next line feed, or to the end."""
        data = b''
        while data[-1:] != b'\n':
            more = await self.read(1)
            if not more:
                break
            data += more
        return data

    async def awrite(self, data):
        """Write bytes. Raises ``OSError`` if the client has gone."""
        phase = self.phase
        for start in range(0, len(data), _PIECE):
            self.enter(_WRITING, self.write_timeout)
            piece = data if len(data) <= _PIECE else memoryview(data)[start : start + _PIECE]
            try:
                await write_out(self.writer, piece)
            except OSError:
                self.failed = True
                raise
        self.phase = phase

    async def aclose(self):
        """Do nothing: the server closes the connection when the handler has returned."""

    # Serving

    async def serve(self):
        """Serve requests until the connection ends."""
        self.body = None
        self.started = False
        persistent = True
        while persistent:
            try:
                persistent = await self._serve_request()
            except ClientError as exc:
                await self._send(await self.app.dispatch_request(None, exc.status_code), '1.1', False)
                return await self._linger(None)
            except MemoryError:
                if not self.started:
                    await self.awrite(_UNAVAILABLE)
                return await self._linger(None)

    async def _serve_request(self):
        """Serve one request; return whether the connection stays open."""
        self.body = None
        self.started = False
        lines = await self._read_head()
        if lines is None:
            return False
        request, persistent = self._make_request(lines)
        self.phase = _HANDLING
        response = await self.app.dispatch_request(request)
        if response is Response.already_handled:
            self._log(request, 200)
            return False
        body = self.body
        if self.connections.stopping or (body and not body.may_discard()):
            persistent = False
        persistent = await self._send(response, request.http_version, persistent)
        self._log(request, response.status_code)
        if body and not body.ended and not (persistent and await body.discard()):
            await self._linger(body)
            return False
        return persistent

    def _make_request(self, lines):
        method, target, version, headers, length, persistent, expects = parse_head(
            lines, Request.max_readline, self.max_headers
        )
        request = Request(
            self.app,
            self.writer.get_extra_info('peername'),
            method,
            target,
            version,
            headers,
            sock=(self, self),
            scheme='https' if self.app.ssl else None,
        )
        request.content_length = max(length, 0)
        if length:
            from .body import BodyStream

            self.body = BodyStream(self, length, expects, request.max_content_length)
            request._unread = request._stream = self.body
        return request, persistent

    def _log(self, request, status_code):
        if self.app.debug:
            path = ''.join([c if ' ' <= c != '\x7f' else '\\x%02x' % ord(c) for c in request.path])
            print(request.method, path, status_code)

    async def _send(self, response, version, persistent):
        """Write a response; return whether the connection stays open."""
        try:
            head, body, stream, length, persistent = prepare(response, version, persistent)
        except (TypeError, ValueError) as exc:
            print_exception(exc)
            failure = Response(b'Internal server error', 500)
            failure.is_head = response.is_head
            await _close(response.body)
            head, body, stream, length, persistent = prepare(failure, version, persistent)
        self.started = True
        if stream is None:
            if len(body) <= _SMALL:
                await self.awrite(head + body)
            else:
                await self.awrite(head)
                await self.awrite(body)
            return persistent
        try:
            await self.awrite(head)
            return (response.is_head or await self._send_stream(stream, length)) and persistent
        finally:
            await _close(stream)

    async def _send_stream(self, stream, left):
        """Write what a stream yields; return whether that was all there should be."""
        try:
            while left != 0:
                try:
                    data = await stream.__anext__()
                except StopAsyncIteration:
                    break
                if isinstance(data, str):
                    data = data.encode()
                if left is not None and left > 0:
                    data = data[:left]
                    left -= len(data)
                if data:
                    await self.awrite(chunk(data) if left == CHUNKED else data)
                await asyncio.sleep(0)  # let others run, however fast this client reads
            if left == CHUNKED:
                await self.awrite(b'0\r\n\r\n')
            return not left or left == CHUNKED
        except Exception as exc:
            # The missing end tells the client; this tells the developer, unless the client has gone.
            if not self.failed:
                print_exception(exc)
                self.dropped = True
            return False

    async def _linger(self, body):
        """Read what the client still sends, or closing would reset the answer on its way.

        :param body: the unread body, ``None`` if it is not known what is to come.
        """
        if self.dropped or self.failed:
            return
        half_close(self.writer)
        left = body.left if body and not body.chunked and not body.expects else None
        while left is None or left > 0:
            self.enter(_CLOSING, self.linger_timeout)
            data = await self.receive(self.read_size)
            if not data:
                break
            if left is not None:
                left -= len(data)


async def _close(body):
    """Close a generator, an asynchronous one, or a file-like object."""
    close = getattr(body, 'aclose', None) or getattr(body, 'close', None)
    if close:
        result = close()
        if hasattr(result, '__await__') or iscoroutine(result):
            await result


class Connections:
    """The open connections of an application, the watcher over them, and the way to end them.

    :param app: the application.
    """

    def __init__(self, app):
        self.app = app
        self.open = []
        self.watching = False
        self.server = None
        self.stopping = False
        self.stopped = asyncio.Event()
        self.loop = running_loop()

    async def serve(self, reader, writer):
        """Serve a new connection until it ends, and close it whatever happens."""
        connection = Connection(self, reader, writer)
        try:
            if self._admit(connection):
                await connection.serve()
            else:
                await connection.awrite(_UNAVAILABLE)
                await connection.receive(Connection.read_size)
            if not connection.dropped:
                connection.enter(_WRITING, connection.write_timeout)
                await close_stream(writer)
        except (OSError, asyncio.CancelledError):
            connection.dropped = True  # gone, overdue, or the loop is being closed
        except Exception as exc:
            print_exception(exc)
            connection.dropped = True
        finally:
            if connection.dropped:
                hang_up(writer)
            self.open.remove(connection)

    def _admit(self, connection):
        """Add a connection, in place of the one that has waited longest if all slots are taken."""
        self.open.append(connection)
        if not self.watching:
            self.watching = True
            asyncio.create_task(self._watch())
        busy = 0
        waiting = None
        for other in self.open:
            if other is connection or other.dropped:
                continue
            busy += 1
            if other.phase <= _HEAD and (waiting is None or _before(other, waiting)):
                waiting = other
        if busy < connection.max_connections:
            return True
        if waiting is None:
            connection.enter(_CLOSING, connection.linger_timeout)
            return False
        waiting.drop()
        return True

    async def _watch(self):
        while self.open:
            await asyncio.sleep(Connection.tick)
            now = ticks_ms()
            for connection in self.open:
                connection.check(now)
        self.watching = False

    def shut_down(self):
        """Stop listening and close the connections that wait for a request."""
        call_soon_threadsafe(self.loop, self._shut_down)

    def _shut_down(self):
        if not self.stopping:
            self.stopping = True
            self.server.close()
            self.stopped.set()
            self._drop_all(_HEAD)

    def _drop_all(self, phase):
        for connection in self.open:
            if connection.phase <= phase and connection.task is not asyncio.current_task():
                connection.drop()

    async def run(self):
        """Serve until ``shut_down()``, then let the running requests end."""
        try:
            await until_closed(self.server, self.stopped)
            patience = int(Connection.shutdown_timeout / 0.02)
            while self.open and patience:
                patience -= 1
                await asyncio.sleep(0.02)
        finally:
            self.server.close()
            self._drop_all(_UPGRADED)


def _before(a, b):
    """Tell whether a has waited longer than b, and for less."""
    return a.phase < b.phase or (a.phase == b.phase and ticks_diff(a.since, b.since) < 0)


async def listen(app, host, port, debug, ssl, start_serving):
    """Start the server of an application; see ``Microdot.start_server``."""
    for route in app.url_map:
        route[1].compile()
    connections = Connections(app)
    options = tls_options(ssl, Connection.head_timeout) if ssl else {}
    if not start_serving:
        options['start_serving'] = False
    try:
        server = await asyncio.start_server(
            connections.serve, host, port, backlog=Connection.backlog, **options
        )
    except TypeError:
        if not start_serving:
            raise ValueError('start_serving must be True') from None
        if ssl:
            raise RuntimeError('this runtime cannot serve TLS') from None
        raise
    connections.server = app.server = server
    app.ssl, app.debug, app._connections = ssl or False, debug, connections
    if debug:
        print('Starting async server on %s:%d...' % (host, port))
    if not start_serving:
        return server
    await connections.run()
