"""The HTTP server's connections: from the first byte of a request to the last of its response.

A ``Connection`` reads heads and hands requests to the application. One watcher for all of them
looks after deadlines and clients that have gone, so a request sets a deadline by storing a number
instead of making a timer. Streams, refusals and the rest that a plain request can do without are in
``exchange``, what comes before and after in ``lifecycle``.
"""

import asyncio

from .compat import (
    Late,
    close_stream,
    collect,
    const,
    print_exception,
    receive,
    received,
    ticks_diff,
    ticks_ms,
    until_closed,
    write_out,
)
from .http1 import parse_head, plain_response, split_head
from .request import Request

# What a connection is doing, which says what its deadline means. Up to _HEAD it may give way to
# another. Constants with an underscore take no memory, but cannot be imported: ``exchange`` and
# ``lifecycle`` repeat those they use.
_IDLE = const(0)  # waiting for a request; closed silently
_CLOSING = const(1)  # the answer is out, what still arrives is thrown away
_HEAD = const(2)  # a part of a head has come; 408
_BODY = const(3)  # waiting for more of a body; 408
_WRITING = const(4)  # waiting for the client to take more of a response
_HANDLING = const(5)  # the handler runs, as long as the client stays
_UPGRADED = const(6)  # the handler reads the connection itself

_BOUNDS = ('idle_timeout', 'linger_timeout', 'head_timeout', 'body_timeout', 'write_timeout')

# For want of memory or of a free connection.
UNAVAILABLE = b'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n'


class Connection(Late):
    """One client. Its bounds are class attributes; assign to them before the server starts."""

    _late = 'exchange'

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
    #: Seconds of silence after which a refused client's connection is closed, ten times as long
    #: if it goes on sending.
    linger_timeout = 1
    #: Most connections open at once; beyond, the one that has waited longest gives way. 1000 on
    #: CPython.
    max_connections = 16
    #: Connections that the system may hold before they are accepted. 100 on CPython.
    backlog = 8
    #: Seconds that ``shutdown()`` waits for running requests.
    shutdown_timeout = 5
    #: Seconds between two looks at deadlines and clients that have gone.
    tick = 0.5

    # The usual values: an instance holds what differs; see also ``exchange``.
    buffer = b''
    phase = _IDLE
    dropped = False  # to be closed at once: there is nobody to answer

    def __init__(self, app, reader, writer):
        self.app = app
        self.reader = reader
        self.writer = writer
        self.task = asyncio.current_task()
        self.since = ticks_ms()

    async def serve(self):
        """Serve one request; return whether the connection stays open."""
        # A call for each, so that nothing of a request is held while the next one is waited for.
        app = self.app
        self.phase = _IDLE
        self.since = ticks_ms()
        try:
            data = self.buffer
            lines = self.take_head(data) if data else None
            while not lines:
                more = received(await receive(self.reader))
                if more == b'':
                    return False
                if more:
                    data = data + more if data else more
                    lines = self.take_head(data)
            method, target, version, lines, length, persistent, expects = parse_head(
                lines, Request.max_readline, self.max_headers
            )
            request = Request(app, None, method, target, version, lines)
            request.connection = self
            if length:
                self.expect_body(request, length, expects)
            self.phase = _HANDLING
            response = await app.dispatch_request(request)
            data = None
            if not (length or app.debug or app._stopping):
                data = plain_response(response, version, persistent)
            if not data:
                return await self.respond(request, response, persistent)
            self.phase = _WRITING
            self.since = ticks_ms()
            rest = write_out(self.writer, data)
            if rest:
                await rest
            return persistent
        except (Exception, asyncio.CancelledError) as exc:
            if self.dropped:
                raise
            return await self.refuse(exc)

    def take_head(self, data):
        """Return the lines of the head that data begins with, ``None`` while it is incomplete."""
        if self.phase == _IDLE:
            self.phase = _HEAD
            self.since = ticks_ms()
        head = split_head(data.lstrip(b'\r\n'))  # there may be empty lines before it
        rest = head[1] if head else b''
        if len(data) - len(rest) > self.max_head_size:
            self.refuse_head(data)
        if rest or self.buffer:
            self.buffer = rest
        return head and head[0]


async def serve_client(app, reader, writer):
    """Serve a new connection until it ends, and close it whatever happens."""
    connection = Connection(app, reader, writer)
    if app._connections is None:
        app._connections = []
    app._connections.append(connection)
    try:
        if app.ssl:
            from .compat import start_tls

            start_tls(app.ssl, writer)
        if not app._watched:
            app._watched = True
            asyncio.create_task(watch(app))
        if len(app._connections) <= connection.max_connections or make_room(connection):
            while await connection.serve() and not app._stopping:
                pass
        else:
            await receive(reader)  # what is left unread would reset the answer on its way
            writer.write(UNAVAILABLE)
        connection.phase = _WRITING
        connection.since = ticks_ms()
        closing = close_stream(writer, connection.dropped)
        if closing:
            await closing
    except (OSError, asyncio.CancelledError):
        pass  # the client has gone, or had to
    except Exception as exc:
        print_exception(exc)
        if isinstance(exc, MemoryError):
            writer.write(UNAVAILABLE)
    finally:
        close_stream(writer, True)
        app._connections.remove(connection)


def make_room(connection):
    """Drop the connection that has waited longest for a request; return whether there is one."""
    waiting = connection  # the newest, which comes first
    for other in reversed(connection.app._connections):
        if other.phase <= _HEAD and not other.dropped:
            if ticks_diff(other.since, waiting.since) <= 0:
                waiting = other
    if waiting is not connection:
        waiting.dropped = True
        waiting.task.cancel()
    return waiting is not connection


async def watch(app):
    """Cancel what has outlived its deadline or its client, while there are connections."""
    try:
        while app._connections:
            await asyncio.sleep(Connection.tick)
            now = ticks_ms()
            for connection in app._connections:
                phase = connection.phase
                if phase == _HANDLING:
                    connection.check_peer()
                elif phase <= _WRITING:
                    seconds = getattr(connection, _BOUNDS[phase])
                    if ticks_diff(now, connection.since) > seconds * 1000:
                        connection.timed_out = phase in (_HEAD, _BODY)
                        connection.dropped = not connection.timed_out
                        connection.task.cancel()
    except MemoryError:
        pass  # the next connection starts another watch
    finally:
        app._watched = False


async def start_server(app, host='0.0.0.0', port=5000, debug=False, ssl=None, start_serving=True):
    """Serve an application; see ``Microdot.start_server``."""
    collect()  # what imports have left behind lies between what stays
    options = {}
    if ssl or debug or app._with_arguments or not start_serving:
        from .lifecycle import check

        options = check(app, host, port, debug, ssl, start_serving)
    app.server = await asyncio.start_server(
        lambda reader, writer: serve_client(app, reader, writer),
        host,
        port,
        backlog=Connection.backlog,
        **options,
    )
    app.ssl, app.debug = ssl or False, debug
    app._connections = []
    app._stopping = app._watched = False
    if not start_serving:
        return app.server
    lost = False  # whether the server has ended for want of memory
    try:
        while lost is not None:
            try:
                if lost:
                    await asyncio.sleep(Connection.tick)
                    from .compat import accept_again

                    accept_again(app)
                lost = True
                await until_closed(app)
                lost = None
            except MemoryError:
                pass
    finally:
        from .lifecycle import drain

        await drain(app)
