"""Every difference between MicroPython and CPython that the framework meets, and nothing else.

This is MicroPython's half, but for what few applications need, which is in ``compat_rare``;
CPython's, with the same names, is ``compat_cpython``, which a board never loads. The modules that
use the names do not ask which runtime they are on.

- ``invoke_handler``, ``iscoroutine``, ``mro``, ``print_exception``, ``const``, ``collect``.
- ``dumps``, ``loads``: JSON as RFC 8259 has it, whatever the runtime's own module makes of it.
- ``ServedByItself``: the base of ``Server``.
- ``ticks_ms``, ``ticks_diff``: a monotonic clock in milliseconds.
- ``next_of``, ``Ahead``: take what an iterator yields; ``PIECE``, ``BLOCK``, ``STRETCH``: sizes;
  ``COPIES``.
- ``is_ahead``, ``write_out``, ``close_stream``, ``half_close``, ``peek``, ``start_stream``:
  asyncio's streams. What ``write_out`` and ``close_stream`` return is awaited,
  unless it is ``None``.
- ``is_cancelled``, ``accept_cancel``, ``open_server``, ``until_closed``, ``close_server``:
  asyncio's tasks and servers.
"""

import sys

if sys.implementation.name not in ('micropython', 'circuitpython'):
    from .compat_cpython import *
else:
    import asyncio
    import gc
    import json
    from gc import collect
    from sys import print_exception
    from time import ticks_diff, ticks_ms

    from micropython import const

    if sys.platform != 'webassembly':  # which has no network, but can be measured
        import socket

        # The unix port has no name for it, and others warn of what they do not know.
        _NODELAY = getattr(socket, 'TCP_NODELAY', 1 if hasattr(socket, 'sockaddr') else None)

    # A heap collected only when it is full fragments. While an application is imported it is
    # collected often; then after half of what that leaves, as a collection takes longer than most
    # requests. In bytes, and unless the application has set a threshold of its own.
    _threshold = None
    if hasattr(gc, 'threshold') and gc.threshold() < 0:
        gc.threshold(max(16384, gc.mem_free() // 5))
        _threshold = gc.threshold()

    Ahead = None  # there are no threads for generators
    ServedByItself = object  # base of ``Server``, which on CPython refuses to be called
    PIECE = 512  # bytes received at once
    BLOCK = 1280  # bytes joined to be written at once
    COPIES = True  # whether what has to wait to be written is copied
    STRETCH = 4096  # bytes written, and waited for, at once
    MAX_CONNECTIONS = 16
    BACKLOG = 8

    # The poller gives everybody a turn, sockets have no shutdown(), and who cancels a connection's
    # task leaves word in the connection.
    def is_ahead(*args):
        pass

    half_close = is_cancelled = accept_cancel = is_ahead

    def iscoroutine(obj):
        return hasattr(obj, 'send') and hasattr(obj, 'throw')

    async def invoke_handler(handler, *args, **kwargs):
        """Call a handler, sync or async, and return its result."""
        result = handler(*args, **kwargs)
        return (await result) if iscoroutine(result) else result

    def mro(cls):
        """Return the classes of an inheritance depth first, of one met twice the last one."""
        classes = [cls]
        for base in cls.__bases__:
            for c in mro(base):
                if c in classes:
                    classes.remove(c)
                classes.append(c)
        return classes

    # A built-in name is looked for among those of the module first, and a hash table that is full
    # is searched to its end for what is not in it. So a name that is asked for often is put into
    # those that would be full, and they grow: here, in ``sse``, ``Request`` and ``asyncio.core``.
    isinstance = isinstance
    hasattr = hasattr
    _PLAIN = (str, int, bool, type(None))

    def is_plain(value):
        """Tell whether MicroPython's own module makes JSON of a value. Raises ``TypeError``."""
        if isinstance(value, dict):
            for key in value:
                if not isinstance(key, str):
                    return False
            value = value.values()
        elif isinstance(value, float):
            return value - value == 0  # neither of NaN nor of an infinity
        elif not isinstance(value, (list, tuple)):
            if isinstance(value, _PLAIN):
                return True
            raise TypeError('not JSON serializable: ' + str(type(value)))
        for item in value:
            if not isinstance(item, _PLAIN) and not is_plain(item):
                return False
        return True

    def dumps(value):
        """Return the JSON of a value as a str. Raises ``TypeError`` for what JSON does not know."""
        if not is_plain(value):
            from .jsontext import plain

            value = plain(value)
        return json.dumps(value)

    def loads(text):
        """Return the value of JSON. Raises ``ValueError`` for what is malformed."""
        if '\\u' in text:
            from .jsontext import join_surrogates

            text = join_surrogates(text)
        value = json.loads(text)
        if sys.implementation.version < (1, 26):  # they take what has come for the whole
            from .jsontext import check_end

            check_end(text)
        return value

    async def next_of(items):
        """Return what an iterator yields next. Raises ``StopAsyncIteration`` at the end."""
        for item in items:
            return item
        raise StopAsyncIteration

    def write_out(writer, data):
        writer.write(data)
        return writer.drain() if writer.out_buf else None

    def _forget(queue, task):
        """Take a cancelled task off the poller.

        asyncio's own method drops whoever waits for the other direction of the socket as well: a
        task that sends would wait for ever once the one that receives was cancelled.
        """
        for key in queue.map:  # without allocating: there may be no memory
            reading, writing, s = queue.map[key]
            if task is reading or task is writing:
                queue._dequeue(s)
                other = writing if task is reading else reading
                if other:
                    asyncio.core._task_queue.push(other)  # it looks at the socket again
                return

    def _add(queue, s, kind):
        """Let the present task wait for a socket, or leave no trace of it in the poller.

        Without memory for all of an entry, the poller keeps one that makes it crash.
        """
        try:
            _enqueue(queue, s, kind)
        except MemoryError:
            if queue.map.pop(id(s), None):
                collect()
                queue.poller.register(s, 1)  # what there is of the entry is made whole
                queue.poller.unregister(s)
            raise

    if sys.platform != 'webassembly':
        _enqueue = asyncio.core.IOQueue._enqueue
        asyncio.core.max = max  # see ``isinstance``
        asyncio.core.IOQueue._enqueue = _add
        asyncio.core.IOQueue.remove = _forget

    def _close(s):
        # The poller never reports a closed socket: who waits for it is woken, to find it closed.
        queue = asyncio.core._io_queue
        if id(s) in queue.map:
            for task in queue.map[id(s)]:
                if task and task is not s and task is not asyncio.core.cur_task:
                    asyncio.core._task_queue.push(task)
            queue._dequeue(s)
        s.close()

    def close_stream(writer, at_once):
        _close(writer.s)
        if hasattr(writer, 'raw'):
            writer.raw.close()  # which a TLS socket leaves open after a failed handshake

    def peek(reader):
        """Return what has come while nobody reads: ``None`` if nothing, ``b''`` at the end."""
        try:
            return reader.s.read(64)
        except OSError:
            return b''

    def start_stream(writer, context):
        """Make a new connection ready: TLS, or no delays by Nagle's algorithm.

        Clients acknowledge late what looks unfinished, and a response written in parts does.
        """
        if context:
            # Not left to asyncio, which would lose the socket below. The handshake is a part of the
            # first read, which has a bound of its own.
            writer.raw = writer.s
            writer.s = context.wrap_socket(
                writer.raw, server_side=True, do_handshake_on_connect=False
            )
            return
        if _NODELAY is not None:
            writer.s.setsockopt(6, _NODELAY, 1)  # IPPROTO_TCP

    class _Listener:
        """A listening socket. Unlike asyncio's server it outlives a ``MemoryError``."""

        def __init__(self, host, port, backlog):
            self.closed = False
            family, _, _, _, address = socket.getaddrinfo(host or '0.0.0.0', port)[0]
            self.socket = s = socket.socket(family)
            try:
                s.setblocking(False)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(address)
                s.listen(backlog)
            except OSError:
                s.close()
                raise

        def close(self):
            if not self.closed:
                self.closed = True
                _close(self.socket)

    def until_closed(app):
        """Start a task for each connection, until the server is closed; to be awaited."""
        server = app.server
        queue = asyncio.core._io_queue
        blocks = 2
        while not server.closed:
            s = None
            try:
                # One that is accepted without memory for its object would stay open for ever.
                # Once memory has been short, there is to be as much as a request needs.
                list(map(bytearray, (1024,) * blocks))
                blocks = 8 if app._memory_is_short else 2
                yield queue.queue_read(server.socket)
                if not server.closed:
                    s, address = server.socket.accept()
                    s.setblocking(False)
                    stream = asyncio.StreamReader(s, {'peername': address})
                    asyncio.create_task(app._serve_client(stream, stream))
            except MemoryError:
                app._memory_is_short = True
                collect()
                if s:
                    print('503: no memory for a connection')
                    s.close()  # accepted, and nobody serves it
                try:
                    if not app.make_room(True):
                        blocks = blocks // 2  # as there will not be more
                except MemoryError:
                    pass
                yield from asyncio.sleep_ms(20)
            except OSError:
                pass  # the client has gone

    async def open_server(app, host, port, backlog, context, timeout, start_serving):
        """Return the listening server of an application."""
        if not start_serving:
            raise ValueError('start_serving must be True')
        if context and not hasattr(context, 'wrap_socket'):
            raise TypeError('ssl must be an SSLContext')
        if _threshold and gc.threshold() == _threshold:
            gc.threshold(max(8192, gc.mem_free() // 2))
        return _Listener(host, port, backlog)

    def close_server(app):
        app.server.close()
        app._drop()
