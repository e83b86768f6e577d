"""Every difference between MicroPython and CPython that the framework meets, and nothing else.

This is MicroPython's half: what each request needs here, the rest in ``compat_late``. CPython's,
with the same names, is ``compat_cpython``, which a board never loads. The modules that use the
names do not ask which runtime they are on.

- ``Late``: the base of classes whose rarely used methods load on first use.
- ``bound(handler)``: what to call in place of a handler; the result is awaited if ``iscoroutine``.
- ``Ahead(items)``: advances the iterator of a stream.
- ``invoke_handler``, ``const``, ``collect``, ``json``, ``print_exception``, ``mro``.
- ``ticks_ms``, ``ticks_diff``: a monotonic clock in milliseconds.
- ``received(await receive(reader))``: the next bytes of a stream, ``None`` to try again;
  ``receive_some(reader, n)`` the same at leisure.
- ``write_out``, ``close_stream``: what they return is awaited, unless it is ``None``.
- ``client_of``, ``half_close``, ``peer_is_gone``, ``send_at_once``: more about asyncio's streams.
- ``FILE_BLOCK``: fewest bytes to write to a file at once.
- ``signing()``: the module that signs and verifies tokens; ``now()``: the seconds since 1970.
- ``is_cancelled()``: whether somebody has cancelled the present task, as far as one can tell.
- ``accept_cancel``, ``server_options``, ``start_tls``, ``until_closed``, ``close_server``: its
  tasks and servers.
"""

import sys

if sys.implementation.name not in ('micropython', 'circuitpython'):
    from .compat_cpython import *
else:
    import asyncio
    import gc
    from gc import collect
    from sys import print_exception
    from time import ticks_diff, ticks_ms

    from micropython import const

    # A heap collected only when it is full goes to pieces, too small to compile a module in.
    if hasattr(gc, 'threshold') and gc.threshold() < 0:  # unless the application has set one
        gc.threshold(max(16384, gc.mem_free() // 6))  # bytes allocated between two collections

    _HEAD_SIZE = const(256)

    def load(module, name):
        module = 'microdot.' + module
        if module not in sys.modules:
            collect()  # so that what stays lies low, and leaves the rest of the heap in one piece
        return getattr(__import__(module, None, None, (name,)), name)

    class Late:
        """Takes what it lacks from the class ``Methods`` of the module named ``_late``.

        Names in ``Methods.attributes`` are computed by their function, which may keep the value by
        assigning it to the instance. Other functions are methods, anything else is a value.
        """

        def __getattr__(self, name):
            methods = load(self._late, 'Methods')
            f = getattr(methods, name)
            if name in methods.attributes:
                return f(self)
            if not callable(f) or isinstance(f, type):
                return f
            return lambda *args, **kwargs: f(self, *args, **kwargs)

    def iscoroutine(obj):
        return hasattr(obj, 'send') and hasattr(obj, 'throw')

    def bound(handler):
        return handler

    # Heads come by way of one buffer for all connections, so that a full heap need not have that
    # much in one piece; what is in it is copied before anything else can run.
    _head = None

    def receive(reader):
        global _head
        _head = _head or bytearray(_HEAD_SIZE)
        return reader.readinto(_head)

    def received(n):
        return None if n is None else bytes(memoryview(_head)[:n])

    def write_out(writer, data):
        writer.write(data)
        return writer.drain() if writer.out_buf else None

    def close_stream(writer, at_once):
        writer.s.close()
        if hasattr(writer, 'raw'):
            writer.raw.close()  # which a TLS socket leaves open after a failed handshake

    def until_closed(app):
        # The task that accepts ends when the server is closed, but also when there is no memory
        # for a connection. Its socket, which only the poller knows, goes on listening.
        for waiting in asyncio.core._io_queue.map.values():
            if waiting[0] is app.server.task:
                app._listener = waiting[-1]
        return app.server.wait_closed()

    def __getattr__(name):
        return load('compat_late', name)
