"""``Connection``: one client of the server, from the head of a request to the end of its answer.

It is the one stream of a client: the server reads heads from it, the handler the body, an upgraded
protocol everything, and all write to it. Whoever waits for the client stores what for, since when
and with how much patience; ``server`` looks at that to end what takes too long.
"""

import asyncio

# The larger modules are compiled first.
from .response import Response
from .request import BodyStream, Request
from .compat import (
    BACKLOG,
    MAX_CONNECTIONS,
    PIECE,
    STRETCH,
    accept_cancel,
    collect,
    const,
    half_close,
    is_ahead,
    is_cancelled,
    print_exception,
    ticks_diff,
    ticks_ms,
    write_out,
)
from .http1 import CHUNKED, ClientError, parse_head, refuse, split_head

# What a connection is doing, in the order in which it gives way to a new client. The first four
# wait for the client.
_IDLE = const(0)  # waits for a request; closed silently
_LINGER = const(1)  # the answer is out, what still arrives is thrown away; closed silently
HEAD = const(2)  # a part of a head has come; 408
BODY = const(3)  # waits for more of a body; 408
WRITE = const(4)  # waits for the client to take more of a response; closed
UPGRADED = const(5)  # the handler reads and writes the connection as it likes
HANDLE = const(6)  # the handler runs, as long as the client stays


class Connection(BodyStream):
    """One client. Its bounds are class attributes; assign to those of ``Connection``."""

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
    #: Bytes a second that a client has to send of a body, or take of a response: fewer use up the
    #: seconds of ``body_timeout`` or ``write_timeout``. 0 for any progress.
    least_rate = 100
    #: Seconds of silence after which a refused client's connection is closed, ten times as long
    #: if it goes on sending.
    linger_timeout = 1
    #: Seconds that a silent WebSocket has to answer a ping when its place is wanted.
    ping_patience = 2
    #: Most connections open at once; beyond, one gives way. 1000 on CPython.
    max_connections = MAX_CONNECTIONS
    #: Connections that the system may hold before they are accepted. 100 on CPython.
    backlog = BACKLOG
    #: Seconds that ``shutdown()`` waits for running requests.
    shutdown_timeout = 5
    #: Seconds between two looks at deadlines and clients that have gone.
    tick = 0.5

    limit = -1  # bytes that may come in further chunks; -1 if there are none
    first_chunk = False  # whether no chunk has come yet
    expects = False  # whether the client waits for 100 (Continue)
    failed = False  # whether writing has failed
    started = False  # whether a response is on its way, or has been before this request
    reading = False  # whether somebody waits for the client to send
    # What speaks another protocol over it: has ``watch(now)``, called every tick, and the coroutine
    # method ``finish(response)``.
    upgraded = None
    ping = None  # a coroutine function that pings the client of an upgraded connection

    def __init__(self, app, reader, writer):
        self.app = app
        self.reader = reader
        self.writer = writer
        self.task = asyncio.current_task()
        # What is assigned when memory is short has its place from the start: on MicroPython a new
        # attribute may ask for memory.
        self.buffer = b''  # received, but not yet asked for
        self.left = 0  # bytes of a body, or its present chunk, still to come; -1 after a fault
        self.ended = None  # why the task is cancelled: 408 to answer, 0 as nobody is there
        self.closed = False
        self.pinged = None  # since when a ping has to be answered, in milliseconds
        self.wait(_IDLE, self.idle_timeout)

    def wait(self, phase, seconds=0):
        """Note what is waited for, and for how long at most."""
        self.phase = phase
        self.since = ticks_ms()
        self.patience = seconds * 1000

    def progress(self, n, seconds):
        """Note that n bytes have moved: the wait begins anew, with the time that they earn."""
        now = ticks_ms()
        waited = ticks_diff(now, self.since)
        self.since = now
        most = seconds * 1000
        if self.least_rate:
            most = min(most, self.patience - waited + n * 1000 // self.least_rate)
        self.patience = most

    def overdue(self, now):
        """Return by how many milliseconds the present wait is longer than it may be."""
        return ticks_diff(now, self.since) - self.patience

    def end(self, status_code=0):
        """Cancel the task, to answer with 408, or for 0 not at all."""
        if not self.ended:
            self.ended = status_code
            self.task.cancel()

    # Receiving

    async def _receive(self, n):
        """Return at most n bytes from the socket, ``b''`` at the end.

        Raises ``ClientError`` (408) if the time for it is over.
        """
        while n > 64 and self.app._memory_is_short:
            try:
                bytearray(n + 64)  # what reading takes
                break
            except MemoryError:
                n //= 2
        self.reading = True
        try:
            if is_ahead(self.reader):
                await asyncio.sleep(0)  # a turn for the others: a client may send without end
            data = await self.reader.read(n)
        except OSError:
            return b''
        except MemoryError:
            self.left = -1  # what has been read may be lost
            raise
        except asyncio.CancelledError:
            lingered = self.ended == 0 and self.phase == _LINGER
            if not self.ended and not lingered:
                raise
            accept_cancel()
            if lingered:
                return b''  # an overridden handle_request goes on
            self.ended = None
            raise ClientError(408) from None
        finally:
            self.reading = False
        if self.pinged is not None:
            self.pinged = None
        # TLS has to do with more than data.
        return data if data is not None else await self._receive(n)

    async def receive(self, n):
        """Return at most n bytes that the client sent next; see ``_receive``."""
        data = self.buffer
        if data:
            self.buffer = data[n:]
            return data[:n] if len(data) > n else data
        return await self._receive(n)

    async def fill(self):
        """Add what the client sends next to the buffer; return whether there was something.

        Cancelling it loses nothing.
        """
        more = await self._receive(PIECE)
        self.buffer = self.buffer + more if self.buffer else more
        return more != b''

    # The body of a request; see also ``BodyStream``

    async def read_some(self, n):
        if self.upgraded:
            return await self.receive(n)
        if self.left < 0:
            refuse(400)
        if self.expects:
            self.expects = False
            await self.awrite(b'HTTP/1.1 100 Continue\r\n\r\n')
            self.started = False
        left, self.left = self.left, -1  # a fault, until this step has gone well
        self.wait(BODY)
        self.patience = self.earned  # what is left of it since the body began
        if not left and self.limit >= 0:
            from .chunked import next_chunk

            left = await next_chunk(self)
        data = b''
        if left:
            data = await self.receive(min(n, left))
            if not data:
                refuse(400)
            self.progress(len(data), self.body_timeout)
            self.earned = self.patience
            left -= len(data)
        self.left = left
        self.phase = HANDLE
        return data

    async def awrite(self, data):
        """Write bytes. Raises ``OSError`` if the client has gone."""
        if self.closed:
            raise OSError(104)
        phase = self.phase
        self.started = True
        try:
            self.wait(WRITE, self.write_timeout)
            for start in range(0, len(data) or 1, STRETCH):
                piece = data
                if len(data) > STRETCH:
                    piece = memoryview(data)[start : start + STRETCH]
                rest = write_out(self.writer, piece)
                if rest:
                    await rest
                    self.progress(len(piece), self.write_timeout)
        except OSError:
            self.failed = True
            raise
        finally:
            self.phase = UPGRADED if self.upgraded else phase
        if self.closed:
            raise OSError(104)

    # Requests

    async def read_head(self):
        """Return the bytes of the next head, ``None`` if the client leaves before."""
        while True:
            if self.buffer:
                if self.phase == _IDLE:
                    self.wait(HEAD, self.head_timeout)
                if self.buffer[0] < 32:
                    from .targets import skip_empty_lines

                    self.buffer = skip_empty_lines(self.buffer)
                found = split_head(self.buffer)
                # The verdict stays the same when the rest of the head comes, a byte at least.
                if (len(found[0]) + 3 if found else len(self.buffer)) >= self.max_head_size:
                    refuse(414 if b'\n' not in self.buffer[: Request.max_readline + 2] else 431)
                if found:
                    head, self.buffer = found
                    return head
            more = await self._receive(PIECE)
            if not more:
                return None
            if self.buffer:
                self.left = -1  # it is lost if there is no memory for both
                more = self.buffer + more
                self.left = 0
            self.buffer = more

    async def serve(self, once=False):  # noqa: C901 - a request from its beginning to its end
        """Serve one request, and return whether the connection stays open.

        :param once: close it in any case.
        """
        # A call for each, so that nothing of a request is held while the next one is waited for.
        self.wait(_IDLE, self.idle_timeout)
        request = None
        persistent = False
        try:
            head = await self.read_head()
            if head is None:
                return False
            self.phase = HANDLE  # the head is taken: a MemoryError from here on is answered
            self.started = False
            while not request:
                try:
                    request, persistent = self._parse(head)
                except MemoryError:
                    if not await self._get_memory():
                        raise
            head = None  # a handler may take its time
            response = await self.app.dispatch_request(request)
        except ClientError as exc:
            self.left = -1
            response = await self.app.recover(None, exc)
        except asyncio.CancelledError as exc:
            # Cancelled, or the handler leaked what ended something that it waited for?
            if self.ended is not None or is_cancelled() or (self.started and not self.upgraded):
                raise
            print_exception(exc)
            self.left = -1
            response = await self.app.recover(None, ClientError(500))
        while True:
            try:
                return await self.respond(request, response, persistent and not once)
            except MemoryError:
                if self.started or not await self._get_memory():
                    raise

    async def _get_memory(self):
        """Let another connection give way, for its memory; return whether there is one to do so."""
        if not self.app.make_room(True):
            return False
        await asyncio.sleep(0.02)
        collect()
        return True

    def _parse(self, head):
        """Return (request, persistent) of the bytes of a head."""
        method, target, version, lines, length, persistent, expects = parse_head(
            head, Request.max_readline, self.max_headers
        )
        scheme = 'https' if self.app.ssl else None
        sock = (self, self)
        request = Request(
            self.app, None, method, target, version, lines, None, None, sock, '', None, scheme
        )
        request.connection = self
        self.limit = -1
        self.expects = False
        if length:
            request.content_length = max(length, 0)
            if 0 < length <= min(len(self.buffer), request.max_body_length):
                request._pieces = (self.buffer[:length],)  # all of it has come
                self.buffer = self.buffer[length:]
            else:
                request.unread = request._stream = self
                self.expects = expects
                self.earned = self.body_timeout * 1000
                self.left = length
                if length == CHUNKED:
                    self.left = 0
                    self.limit = request.max_content_length
                    self.first_chunk = True
        return request, persistent

    async def respond(self, request, response, persistent):
        """Write a response; return whether the connection stays open."""
        keep = False
        done = self.upgraded or response is Response.already_handled
        if self.upgraded:
            await self.upgraded.finish(response)
        if not done:
            # What may still come of the body, if all of it can be thrown away.
            discards = 0 <= self.left <= Request.max_content_length and not self.expects
            keep = persistent and discards and not self.app._stopping
            try:
                version = request.http_version if request else '1.1'
                keep = await response.write(self, version, keep)
            except OSError:
                return False
        if request and (self.app.debug or request._after_response):
            from .after import finish

            await finish(request, response)
        if done or self.failed:
            return False
        if self.held:
            self.held = ()
        unread = self.left or self.limit >= 0
        try:
            while keep and (self.left or self.limit >= 0):
                await self.read_some(PIECE)
        except ClientError:
            keep = False
        if not keep and (persistent or unread or self.buffer):
            await self.linger()
        return keep

    async def linger(self, bound=None):
        """Read what the client still sends, or closing would reset the answer on its way.

        :param bound: ``asyncio.wait_for`` where the watcher does not end what takes too long.
        """
        half_close(self.writer)
        begun = ticks_ms()
        while ticks_diff(ticks_ms(), begun) <= self.linger_timeout * 10000:
            self.wait(_LINGER, self.linger_timeout)
            receiving = self.receive(PIECE)
            if not await (bound(receiving, self.linger_timeout) if bound else receiving):
                break
