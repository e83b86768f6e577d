"""``Server``: what runs an application. It accepts connections, watches them, and shuts down.

One watcher looks after deadlines and clients that have gone, for all connections. ``make_room`` is
the policy for places: who gives way to a new client.
"""

import asyncio

from .compat import (
    ServedByItself,
    close_server,
    close_stream,
    collect,
    const,
    open_server,
    peek,
    print_exception,
    start_stream,
    ticks_diff,
    ticks_ms,
    until_closed,
)
from .connection import BODY, HANDLE, HEAD, UPGRADED, WRITE, Connection

# For want of memory or of a free connection.
_UNAVAILABLE = const(
    b'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
)
_PAUSE = const(20)  # milliseconds between two looks at the requests that still run
_SLOW = const(1000)  # milliseconds without the least progress that make a client slow


class Server(ServedByItself):
    """The base of ``Microdot``."""

    #: The ``ssl.SSLContext``, ``False`` if the server does not speak TLS.
    ssl = False
    #: Whether a line is printed for each request, and exceptions are shown to browsers.
    debug = False
    #: The listening server, while the application runs.
    server = None
    _connections = ()
    _closed = None  # the event of the server's end, on CPython
    _stopping = False
    _watched = False  # whether the watcher runs
    _memory_is_short = False  # whether it has been

    async def start_server(
        self, host='0.0.0.0', port=5000, debug=False, ssl=None, start_serving=True
    ):
        """Serve the application until ``shutdown()`` is called.

        :param host: the address to listen on; ``''`` for all.
        :param port: the port to listen on.
        :param debug: print a line for the start and for each request, and show exceptions to
            browsers on this machine; ``'network'`` shows them to those at private addresses, too.
        :param ssl: an ``ssl.SSLContext``; with one the server speaks TLS alone.
        :param start_serving: ``False`` (CPython only) returns the asyncio server at once, for the
            caller to await its ``serve_forever()``.

        Raises ``OSError`` if it cannot listen, ``ValueError`` for a bad route or an argument that
        the platform does not support. Cancelling it closes every connection.
        """
        if self._life and not self._life.started:
            return await self._life.serve(
                Server.start_server, self, host, port, debug, ssl, start_serving
            )
        for route in self._routes:
            if not isinstance(route[1], str):
                route[1].compile()
        if self.server:
            await self._end()  # of a run that was interrupted
        collect()  # what imports have left behind lies between what stays
        timeout = Connection.head_timeout
        server = await open_server(
            self, host, port, Connection.backlog, ssl, timeout, start_serving
        )
        self.server = server
        self.ssl, self.debug = ssl or False, debug
        self._connections = []
        self._stopping = self._watched = self._memory_is_short = False
        self._closed = None
        if debug:
            print('Starting async server on %s:%d...' % (host, port))
        if not start_serving:
            return server
        try:
            await until_closed(self)
            patience = Connection.shutdown_timeout * 1000
            while self._connections and patience > 0:
                patience -= _PAUSE
                await asyncio.sleep(_PAUSE / 1000)
        finally:
            if self.server is server:  # not one of another run
                await self._end()
            if self._life:
                await self._life.close()

    def run(self, host='0.0.0.0', port=5000, debug=False, ssl=None):
        """Serve the application from a new event loop until ``shutdown()`` is called.

        The parameters are those of ``start_server``. Nothing of it is left open, however it ends.

        Raises what ``start_server`` raises, but for a port that is taken: in a program that a shell
        has started, that is a line and the exit status 1.
        """
        try:
            asyncio.run(self.start_server(host, port, debug, ssl))
        except OSError as exc:
            from .compat_rare import exit_if_taken

            exit_if_taken(exc, port)
            raise
        finally:
            if self.server:  # MicroPython leaves interrupted tasks as they are
                asyncio.run(self._end())
            if self._life and self._life.started:
                asyncio.run(self._life.close())

    def shutdown(self):
        """Stop serving: running requests are answered, then ``start_server`` returns.

        Callable from a handler. Does nothing when the application does not run.
        """
        if self.server and not self._stopping:
            self._stopping = True
            close_server(self)

    def _drop(self, last_phase=HEAD):
        """Close the connections that have not come beyond a phase."""
        for connection in self._connections:
            if connection.phase <= last_phase:
                connection.end()

    async def _end(self):
        """Close all that is still open, at once.

        In a task: MicroPython takes the one that ran last for the present one, and ends all others.
        """
        self.server.close()
        self.server = None
        self._drop(HANDLE)
        await asyncio.sleep(_PAUSE / 1000)  # for their tasks, which close them

    async def _serve_client(self, reader, writer):
        """Serve a new connection, and close it whatever happens."""
        try:
            await self.handle_request(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # the client has gone, or had to
        except Exception as exc:
            print_exception(exc)
        finally:
            close_stream(writer, True)

    async def handle_request(self, reader, writer):  # noqa: C901 - what is open is closed here
        """Serve one connection until it ends.

        An application that overrides it, to do something before or after, serves one request a
        connection.

        :param reader: the stream of the client.
        :param writer: the stream to the client.
        """
        connections = self._connections
        connection = Connection(self, reader, writer)
        once = type(self).handle_request is not Server.handle_request
        if len(connections) >= connection.max_connections and not self.make_room():
            try:
                return await self._turn_away(connection)
            except asyncio.TimeoutError:
                return None
        connections.append(connection)
        try:
            if not self._watched:
                asyncio.create_task(self._watch(connections))
                self._watched = True
            start_stream(writer, self.ssl)
            keep = True
            while keep and not self._stopping:
                try:
                    keep = await connection.serve(once)
                except MemoryError:
                    if connection.phase > HEAD or connection.left or not self.make_room(True):
                        raise
                    await asyncio.sleep(_PAUSE / 1000)  # nothing of the request is lost
                if connection.buffer:
                    await asyncio.sleep(0)  # a turn for the others, before the next request
            connection.wait(WRITE, connection.write_timeout)
            closing = close_stream(writer, connection.ended == 0)
            if closing:
                await closing
        except MemoryError as exc:
            print_exception(exc)
            self._memory_is_short = True
            if not connection.started:
                writer.write(_UNAVAILABLE)
                await connection.linger()
        finally:
            connection.closed = True
            connections.remove(connection)

    async def _turn_away(self, connection):
        """Answer 503, and read on for a moment so that the answer is not lost.

        Raises ``TimeoutError`` when nothing comes: the watcher does not know this connection.
        """
        print('503: all %d connections are in use' % connection.max_connections)
        start_stream(connection.writer, self.ssl)
        bound = asyncio.wait_for
        if await bound(connection.fill(), connection.linger_timeout):
            connection.writer.write(_UNAVAILABLE)
            await connection.linger(bound)

    def make_room(self, memory=False):
        """Let a connection give way to a new one; return whether there is a place.

        :param memory: whether it is memory that is wanted, not a place.

        In this order, of several the one that has waited longest: kept alive and idle; a head that
        is not complete; a body, or a response being read, that comes below the least rate; a
        WebSocket that has not answered a ping. Never a request whose handler runs. When there is
        none, silent WebSockets are pinged, for the next client to find a place.
        """
        now = ticks_ms()
        found = None
        order = 4
        places = Connection.max_connections
        for c in self._connections:
            if c.ended is None and c.task is not asyncio.current_task():
                places -= 1
                rank = _rank(c, now)
                if rank < order or (rank == order < 4 and c.overdue(now) > found.overdue(now)):
                    found = c
                    order = rank
        if places > 0 and not memory:
            return True
        if found:
            if memory:
                print('503: no memory, a connection gives way')
            found.end()
            return True
        for c in self._connections:
            if c.ping and c.pinged is None:
                asyncio.create_task(c.ping())
                c.pinged = now
        return False

    async def _watch(self, connections):
        """End what has outlived its deadline or its client, while there are connections."""
        try:
            while connections:
                try:
                    await asyncio.sleep(Connection.tick)
                    now = ticks_ms()
                    for c in connections:
                        if c.phase < UPGRADED and c.overdue(now) > 0:
                            c.end(408 if c.phase in (HEAD, BODY) else 0)
                        elif (
                            c.phase >= UPGRADED
                            and not c.reading
                            and len(c.buffer) < c.max_head_size
                        ):
                            data = peek(c.reader)
                            if data:
                                c.pinged = None
                                try:
                                    c.buffer += data
                                except MemoryError:
                                    data = b''  # it is lost
                            if data == b'':
                                c.end()  # the client has gone while its handler runs
                        if c.phase == UPGRADED:
                            c.upgraded.watch(now)
                except MemoryError:
                    await asyncio.sleep(1)  # takes none, unlike a fraction of a second
        finally:
            self._watched = False


def _rank(c, now):
    """Return how soon a connection gives way: 0 first, 4 never."""
    if c.phase < BODY:
        # A connection from which nothing has come yet is to bring a head.
        return 0 if c.phase < HEAD and c.started else 1
    if c.phase <= WRITE:
        seconds = c.body_timeout if c.phase == BODY else c.write_timeout
        return 2 if c.overdue(now) > _SLOW - seconds * 1000 else 4
    if c.pinged is not None and ticks_diff(now, c.pinged) > c.ping_patience * 1000:
        return 3
    return 4
