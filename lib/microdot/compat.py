"""Every difference between CPython and MicroPython that the framework meets, and nothing else.

Both halves define the same names; the modules that import them never ask which runtime they are on.

- ``json``: the JSON module (``orjson`` where CPython has it).
- ``iscoroutine(obj)``, ``invoke_handler(handler, *args, **kwargs)``: run a sync or async handler.
- ``print_exception(exc)``, ``mro(cls)``.
- ``ticks_ms()``, ``ticks_diff(a, b)``: a monotonic clock in milliseconds, and its differences.
- ``latin1(data)``: bytes as str, one character a byte.
- ``incomplete(data, missing)``: the exception of a stream that ended early.
- ``MAX_CONNECTIONS``, ``BACKLOG``: what the platform's memory allows by default.
- ``write_out``, ``half_close``, ``close_stream``, ``hang_up``, ``peer_is_gone``: asyncio's streams.
- ``accept_cancel``, ``tls_options``, ``until_closed``, ``running_loop``, ``call_soon_threadsafe``:
  asyncio's tasks, servers and loop.
"""

import asyncio
import sys

MICROPYTHON = sys.implementation.name in ('micropython', 'circuitpython')

# A broken pipe, two kinds of connection reset, and a socket that is closed already.
MUTED_SOCKET_ERRORS = [32, 54, 104, 128]


if MICROPYTHON:
    import json
    from sys import print_exception
    from time import ticks_diff, ticks_ms

    MAX_CONNECTIONS = 16
    BACKLOG = 8

    def iscoroutine(obj):
        return hasattr(obj, 'send') and hasattr(obj, 'throw')

    async def invoke_handler(handler, *args, **kwargs):
        result = handler(*args, **kwargs)
        if iscoroutine(result):
            result = await result
        return result

    def mro(cls):
        # Depth first; of a class met twice only the last occurrence counts.
        classes = [cls]
        for base in cls.__bases__:
            for c in mro(base):
                if c in classes:
                    classes.remove(c)
                classes.append(c)
        return classes

    def latin1(data):
        return ''.join([chr(c) for c in data])

    def incomplete(data, missing):
        return EOFError()

    async def write_out(writer, data):
        writer.write(data)
        if writer.out_buf:
            await writer.drain()

    async def close_stream(writer):
        writer.s.close()

    def hang_up(writer):
        writer.s.close()

    def half_close(writer):
        return False

    def peer_is_gone(reader, held, limit):
        # Nothing tells of a closed peer but reading; what comes instead belongs to the next request.
        if len(held) >= limit:
            return held, False
        try:
            data = reader.s.read(limit - len(held))
        except OSError:
            return held, True
        return (held, False) if data is None else (held + data, not data)

    def accept_cancel():
        pass

    def tls_options(context, timeout):
        return {'ssl': context}

    async def until_closed(server, stopped):
        # The task that accepts ends when the server is closed, or with an exception of its own.
        await server.wait_closed()

    def running_loop():
        return None

    def call_soon_threadsafe(loop, callback):
        callback()
else:
    import contextvars
    import functools
    import inspect
    import time
    import traceback

    try:
        import orjson as json
    except ImportError:
        import json

    MAX_CONNECTIONS = 1000
    BACKLOG = 100

    iscoroutine = inspect.iscoroutine

    def _is_async(handler):
        return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(
            getattr(handler, '__call__', None)  # noqa: B004
        )

    async def invoke_handler(handler, *args, **kwargs):
        if _is_async(handler):
            return await handler(*args, **kwargs)
        call = functools.partial(contextvars.copy_context().run, handler, *args, **kwargs)
        result = await asyncio.get_running_loop().run_in_executor(None, call)
        # A lambda or a wrapper may well return the coroutine of something else.
        return await result if iscoroutine(result) else result

    def mro(cls):
        return cls.__mro__

    def print_exception(exc):
        traceback.print_exception(type(exc), exc, exc.__traceback__)

    def latin1(data):
        return data.decode('latin-1')

    def incomplete(data, missing):
        return asyncio.IncompleteReadError(data, len(data) + missing)

    def ticks_ms():
        return int(time.monotonic() * 1000)

    def ticks_diff(a, b):
        return a - b

    async def write_out(writer, data):
        writer.write(data)
        await writer.drain()

    async def close_stream(writer):
        writer.close()
        if writer.transport.get_write_buffer_size():
            await writer.wait_closed()

    def hang_up(writer):
        writer.transport.abort()

    def half_close(writer):
        if writer.can_write_eof():
            writer.write_eof()
            return True
        return False

    def peer_is_gone(reader, held, limit):
        return held, reader.at_eof() or reader.exception() is not None

    def accept_cancel():
        # The cancellation was ours and ends here (Python 3.11 keeps count).
        task = asyncio.current_task()
        if hasattr(task, 'uncancel'):
            task.uncancel()

    def tls_options(context, timeout):
        return {'ssl': context, 'ssl_handshake_timeout': timeout}

    async def until_closed(server, stopped):
        await stopped.wait()

    def running_loop():
        return asyncio.get_running_loop()

    def call_soon_threadsafe(loop, callback):
        loop.call_soon_threadsafe(callback)
