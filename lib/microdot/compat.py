"""Every difference between MicroPython and CPython that the framework meets, and nothing else.

This is MicroPython's half: what each request needs here, the rest in ``compat_late``. CPython's,
with the same names, is ``compat_cpython``, which a board never loads. The modules that use the
names do not ask which runtime they are on.

- ``Late``: the base of classes whose rarely used methods load on first use.
- ``const``, ``collect``, ``json``, ``iscoroutine``, ``invoke_handler``, ``print_exception``, ``mro``.
- ``ticks_ms``, ``ticks_diff``: a monotonic clock in milliseconds.
- ``receive``, ``write_out``, ``half_close``, ``close_stream``, ``peer_is_gone``: its streams.
- ``accept_cancel``, ``server_options``, ``start_tls``, ``until_closed``, ``close_server``: its tasks and servers.
- ``MAX_CONNECTIONS``, ``BACKLOG``, ``READ_SIZE``: what the memory of the platform allows.
"""

import sys

if sys.implementation.name not in ('micropython', 'circuitpython'):
    from .compat_cpython import *  # noqa: F403
else:
    from gc import collect
    from sys import print_exception
    from time import ticks_diff, ticks_ms

    from micropython import const

    MAX_CONNECTIONS = const(16)
    BACKLOG = const(8)
    READ_SIZE = const(512)

    def load(module, name):
        return getattr(__import__('microdot.' + module, None, None, (name,)), name)

    class Late:
        """Takes what it lacks from the class ``Methods`` of the module named ``_late``.

        Names in ``Methods.attributes`` are computed by their function, which may keep the value by
        assigning it to the instance; all others are methods.
        """

        def __getattr__(self, name):
            methods = load(self._late, 'Methods')
            f = getattr(methods, name)
            if name in methods.attributes:
                return f(self)
            return lambda *args, **kwargs: f(self, *args, **kwargs)

    def iscoroutine(obj):
        return hasattr(obj, 'send') and hasattr(obj, 'throw')

    async def invoke_handler(handler, *args, **kwargs):
        result = handler(*args, **kwargs)
        return (await result) if iscoroutine(result) else result

    # One for all connections: what arrives is copied before anything else can run.
    _received = bytearray(READ_SIZE)

    async def receive(reader, n=READ_SIZE):
        count = None
        while count is None:
            count = await reader.readinto(_received if n >= READ_SIZE else memoryview(_received)[:n])
        return bytes(_received[:count])

    async def write_out(writer, data):
        writer.write(data)
        if writer.out_buf:
            await writer.drain()

    def close_stream(writer, at_once):
        writer.s.close()
        if hasattr(writer, 'raw'):
            writer.raw.close()  # which a TLS socket leaves open after a failed handshake

    def until_closed(app):
        # The task that accepts ends when the server is closed, or with an exception of its own.
        return app.server.wait_closed()

    def __getattr__(name):
        return load('compat_late', name)
