"""CPython's half of ``compat``: the same names as there, all at once."""

import asyncio
import contextvars
import functools
import importlib
import inspect
import time
import traceback

try:
    import orjson as json
except ImportError:
    import json


def load(module, name):
    """Return a name of another module of the package."""
    return getattr(importlib.import_module('microdot.' + module), name)


class Late:
    """Takes over what the class ``Methods`` of the module named ``_late`` has, at once.

    That includes the full signatures of methods for which MicroPython has a stand-in, and values
    that suit a larger machine.
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if '_late' in vars(cls):
            methods = load(cls._late, 'Methods')
            for name, f in vars(methods).items():
                if not name.startswith('__'):
                    setattr(cls, name, _Computed(f) if name in methods.attributes else f)


class _Computed:
    """An attribute that its function computes until it assigns the value to the instance."""

    def __init__(self, f):
        self.f = f
        self.__doc__ = f.__doc__

    def __get__(self, obj, cls=None):
        return self if obj is None else self.f(obj)


FILE_BLOCK = 16384  # a thread for each write has its price
_AHEAD = 4096  # and so has one for each piece of a stream


def const(value):
    return value


def collect():
    pass


iscoroutine = inspect.iscoroutine


def _is_async(handler):
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(
        getattr(handler, '__call__', None)  # noqa: B004
    )


def _call(handler, args, kwargs):
    try:
        return handler(*args, **kwargs)
    except StopIteration as exc:
        # As out of a coroutine: a future would never end with it.
        raise RuntimeError('handler raised StopIteration') from exc


async def invoke_handler(handler, *args, **kwargs):
    """Call a handler and return its result; one that is not a coroutine runs in a thread."""
    if _is_async(handler):
        return await handler(*args, **kwargs)
    call = functools.partial(contextvars.copy_context().run, _call, handler, args, kwargs)
    result = await asyncio.get_running_loop().run_in_executor(None, call)
    # A lambda or a wrapper may well return the coroutine of something else.
    return await result if iscoroutine(result) else result


class Ahead:
    """Takes what an iterator yields, in a thread: all that has come while nobody asked for it.

    :param items: the iterator.
    """

    waits = True  # whether other tasks run meanwhile

    def __init__(self, items):
        self.items = items
        self.pieces = []
        self.some = asyncio.Event()  # set when the thread has a piece, and when it ends
        self.running = None  # the future of the thread: whether the iterator is exhausted

    async def take(self):
        """Return what comes next, as bytes. Raises ``StopAsyncIteration`` at the end."""
        while not self.pieces:
            if not self.running:
                loop = asyncio.get_running_loop()
                call = functools.partial(contextvars.copy_context().run, self._advance, loop)
                self.running = loop.run_in_executor(None, call)
                self.running.add_done_callback(lambda future: self.some.set())
            self.some.clear()
            if not self.pieces and not self.running.done():
                await self.some.wait()
            if not self.pieces and self.running.done():
                running, self.running = self.running, None
                if running.result():
                    raise StopAsyncIteration
        count = len(self.pieces)
        data = b''.join(self.pieces[:count])
        del self.pieces[:count]
        return data

    def _advance(self, loop):
        size = 0
        for piece in self.items:
            if isinstance(piece, str):
                piece = piece.encode()
            elif not isinstance(piece, bytes):
                piece = bytes(memoryview(piece))  # a buffer, which its owner may use again
            self.pieces.append(piece)
            size += len(piece)
            if size >= _AHEAD:
                return False
            if len(self.pieces) == 1:
                loop.call_soon_threadsafe(self.some.set)
        return True


def bound(handler):
    """Return a function that calls a handler with ``invoke_handler``."""
    return functools.partial(invoke_handler, handler)


def mro(cls):
    return cls.__mro__


def print_exception(exc):
    traceback.print_exception(type(exc), exc, exc.__traceback__)


def now():
    return int(time.time())


def signing():
    from . import jwt_pyjwt

    return jwt_pyjwt


def latin1(data):
    return data.decode('latin-1')


def ticks_ms():
    return int(time.monotonic() * 1000)


def ticks_diff(a, b):
    return a - b


def receive(reader):
    return reader.read(16384)


def received(data):
    return data


def receive_some(reader, n):
    return reader.read(n)


def write_out(writer, data):
    writer.write(data)
    transport = writer.transport
    try:
        waits = transport.is_closing() or transport.get_write_buffer_size()
    except AttributeError:  # from TLS before Python 3.11, when the client has reset the connection
        raise ConnectionResetError('Connection lost')
    return writer.drain() if waits else None


def close_stream(writer, at_once):
    if at_once:
        writer.transport.abort()
        return None
    writer.close()
    # TLS says good-bye, and has a buffer below the one that can be asked.
    try:
        waits = writer.transport.get_write_buffer_size() or writer.get_extra_info('sslcontext')
    except AttributeError:  # from TLS, when the client has reset the connection
        return None
    return writer.wait_closed() if waits else None


def client_of(writer):
    return writer.get_extra_info('peername')


def send_at_once(writer):
    pass  # asyncio has seen to that


def half_close(writer):
    if writer.can_write_eof():
        writer.write_eof()


def peer_is_gone(reader, held, limit):
    # at_eof() waits until all is read: a close frame or another request may still lie there.
    return held, reader._eof or reader.exception() is not None


def accept_cancel():
    # The cancellation was the server's own and ends here; Python 3.11 keeps count.
    task = asyncio.current_task()
    if hasattr(task, 'uncancel'):
        task.uncancel()


def is_cancelled():
    task = asyncio.current_task()
    return bool(task.cancelling()) if hasattr(task, 'cancelling') else True


def server_options(context, timeout, start_serving):
    options = {'ssl': context, 'ssl_handshake_timeout': timeout} if context else {}
    return options if start_serving else dict(options, start_serving=False)


def start_tls(context, stream):
    pass  # asyncio has done it


async def until_closed(app):
    app._closed = asyncio.Event()
    await app._closed.wait()


def close_server(app, then):
    # ``shutdown()`` may be called by a handler in a thread; there is no event if the caller serves.
    def close():
        app.server.close()
        if app._closed:
            app._closed.set()
        then()

    app.server.get_loop().call_soon_threadsafe(close)
