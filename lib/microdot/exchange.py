"""The methods of ``Connection`` that a plain request can do without.

Bodies, streamed and refused responses, connections that an upgraded protocol reads itself, and the
ways a connection ends early.
"""

import asyncio

from .compat import (
    accept_cancel,
    const,
    half_close,
    is_cancelled,
    peer_is_gone,
    print_exception,
    receive_some,
    send_at_once,
    ticks_diff,
    ticks_ms,
    write_out,
)
from .errors import ClientError, recover
from .framing import Gathering, prepare
from .responding import close, how_to_advance
from .response import Response
from .server import UNAVAILABLE

# The phases of ``server``.
_CLOSING = const(1)
_BODY = const(3)
_WRITING = const(4)
_HANDLING = const(5)
_UPGRADED = const(6)

_PIECE = const(1024)  # bytes read at once
_STRETCH = const(16384)  # bytes written, and waited for, at once
_BLINK = const(20)  # milliseconds that a piece of a stream may wait for the next one


class Methods:
    attributes = ()

    # Of two values for a name, a board takes the one of ``server``, CPython this.
    max_connections = 1000
    backlog = 100

    body = None  # the ``BodyStream`` of the present request
    delays = True  # what is written may wait for the client's acknowledgment of what came before
    failed = False  # writing to the client has failed
    resting = None  # the phase that a write ends in, once the connection is read by a handler
    started = False  # a response is on its way
    timed_out = False  # cancelled by the watcher, to answer with 408

    # Ending early

    def drop(self):
        """Close the connection at once, wherever its task is."""
        self.dropped = True
        self.task.cancel()

    def check_peer(self):
        """Cancel the handler if its client has gone."""
        self.buffer, gone = peer_is_gone(self.reader, self.buffer, self.max_head_size)
        if gone:
            self.drop()

    async def refuse(self, exc):
        """Answer a request that could not be read; the connection does not stay open."""
        status_code = getattr(exc, 'status_code', 0)
        if self.timed_out:
            accept_cancel()
            self.timed_out = False
            status_code = 408
        elif isinstance(exc, asyncio.CancelledError) and not is_cancelled():
            # A handler has let out what ended something that it waited for.
            print_exception(exc)
            status_code = 500
        if not isinstance(exc, MemoryError) and (self.started or not status_code):
            raise exc
        if not self.started:  # or there is an answer already, or a part of one
            if status_code:
                response = await recover(self.app, None, ClientError(status_code))
                await self.send(response, '1.1', False)
            else:
                await self.awrite(UNAVAILABLE)
        await self.linger(None)
        return False

    def refuse_head(self, data):
        """Raise ``ClientError`` for a head that is too long."""
        raise ClientError(431 if b'\n' in data else 414)

    async def linger(self, body):
        """Read what the client still sends, or closing would reset the answer on its way.

        :param body: the unread body, ``None`` if it is not known what is to come.
        """
        if self.failed:
            return
        half_close(self.writer)
        begun = ticks_ms()
        left = body.left if body and not body.chunked and not body.expects else None
        while left is None or left > 0:
            data = await self.receive(_PIECE, _CLOSING)
            if not data or ticks_diff(ticks_ms(), begun) > self.linger_timeout * 10000:
                break
            if left is not None:
                left -= len(data)

    # Receiving

    async def receive(self, n, phase):
        """Return at most n bytes that the client sent next, ``b''`` at the end.

        Raises ``ClientError`` if the time for it is over.
        """
        if phase != _UPGRADED or self.phase != _WRITING:  # a write keeps its deadline
            self.phase = phase
            self.since = ticks_ms()
        if self.buffer:
            data = self.buffer[:n]
            self.buffer = self.buffer[n:]
            return data
        try:
            return await receive_some(self.reader, n)
        except OSError:
            return b''
        except asyncio.CancelledError:
            if not self.timed_out:
                raise
            accept_cancel()
            self.timed_out = False
            raise ClientError(408) from None

    async def receive_body(self, n):
        """Return at most n bytes of a body as it was sent."""
        data = await self.receive(n, _BODY)
        self.phase = _HANDLING
        return data

    def expect_body(self, request, length, expects):
        """Give a request the stream of its body."""
        from .body import BodyStream

        request.content_length = max(length, 0)
        body = BodyStream(self, length, expects, request.max_content_length)
        self.body = request.unread = request.stream = body

    # The stream of an upgraded connection

    async def read(self, n):
        """Return at most n bytes, ``b''`` at the end; another task may write meanwhile."""
        self.resting = _UPGRADED
        try:
            return await self.receive(n, _UPGRADED)
        finally:
            self.resting = _HANDLING
            if self.phase == _UPGRADED:
                self.phase = _HANDLING

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
        end = 0
        while not end:
            more = await self.read(_PIECE)
            data += more
            end = data.find(b'\n') + 1
            if not more:
                return data
        self.buffer = data[end:] + self.buffer
        return data[:end]

    async def awrite(self, data):
        """Write bytes. Raises ``OSError`` if the client has gone."""
        phase = self.phase
        if self.delays:
            self.delays = False
            send_at_once(self.writer)
        try:
            for start in range(0, len(data), _STRETCH):
                self.phase = _WRITING
                self.since = ticks_ms()
                whole = len(data) <= _STRETCH
                piece = data if whole else memoryview(data)[start : start + _STRETCH]
                rest = write_out(self.writer, piece)
                if rest:
                    await rest
        except OSError:
            self.failed = True
            raise
        self.phase = self.resting or phase

    async def aclose(self):
        """Do nothing: the server closes the connection when the handler has returned."""

    # Responding

    async def respond(self, request, response, persistent):
        """Send a response of any kind; return whether the connection stays open."""
        body = self.body
        self.body = None
        if response is Response.already_handled:
            self.log(request, 200)
            return False
        if self.app._stopping or (body and not body.may_discard()):
            persistent = False
        persistent = await self.send(response, request.http_version, persistent)
        self.started = False
        self.log(request, response.status_code)
        if body and not body.ended and not (persistent and await body.discard()):
            await self.linger(body)
            return False
        return persistent

    def log(self, request, status_code):
        """Print the line of a request, in debug mode."""
        if self.app.debug:
            path = ''.join([c if ' ' <= c != '\x7f' else '\\x%02x' % ord(c) for c in request.path])
            print(request.method, path, status_code)

    async def send(self, response, version, persistent):
        """Write a response; return whether the connection stays open."""
        try:
            head, body, stream, length, persistent = prepare(response, version, persistent)
        except (TypeError, ValueError) as exc:
            print_exception(exc)
            await close(response.body)
            failure = Response(b'Internal server error', 500)
            failure.is_head = response.is_head
            head, body, stream, length, persistent = prepare(failure, version, persistent)
        self.started = True
        if stream is None:
            if len(body) <= 2048:
                await self.awrite(head + body)
            else:
                await self.awrite(head)
                await self.awrite(body)
            return persistent
        try:
            if response.is_head:
                await self.awrite(head)
                return persistent
            self.phase = _HANDLING
            return await self.send_stream(stream, Gathering(head, length)) and persistent
        finally:
            await close(stream)

    async def send_stream(self, stream, gathering):
        """Write a head and what a stream yields; return whether that was all there should be."""
        complete = False
        try:
            try:
                await self.gather(stream, gathering)
                complete = gathering.end()
            except Exception as exc:
                # The missing end tells the client, this the developer; unless the client has gone.
                if not self.failed:
                    print_exception(exc)
            if gathering.writing:
                await gathering.writing
            await self.write_gathered(gathering)
        finally:
            if gathering.writing:
                gathering.writing.cancel()
        self.failed = self.failed or not complete
        return not self.failed

    async def gather(self, stream, gathering):
        """Write together what a stream yields without waiting in between, except for the last."""
        advance, waits = how_to_advance(stream)
        begun = None
        while gathering.left != 0 and not self.failed:
            if begun is None:
                begun = ticks_ms()
                if waits:
                    # It has its turn as soon as this task waits: nothing is held back then.
                    gathering.writing = asyncio.create_task(self.write_gathered(gathering))
            try:
                gathering.add(await advance())
            except StopAsyncIteration:
                break
            writing = gathering.writing
            # What does not wait but block, as a generator may, gives nobody a turn.
            late = ticks_diff(ticks_ms(), begun) >= _BLINK
            if late or gathering.size >= _PIECE or (writing and writing.done()):
                begun = gathering.writing = None
                await (writing or self.write_gathered(gathering))
                if not writing:
                    await asyncio.sleep(0)  # let others run, however fast this client reads

    async def write_gathered(self, gathering):
        """Write what has been gathered, unless the client has gone."""
        try:
            for data in gathering.take():
                if not self.failed:
                    await self.awrite(data)
        except OSError:
            pass  # ``failed`` tells
