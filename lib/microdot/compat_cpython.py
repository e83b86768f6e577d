"""CPython's half of ``compat``: the same names as there."""

import asyncio
import contextvars
import functools
import inspect
import re
import time
import traceback

try:
    import orjson as json
except ImportError:
    import json

iscoroutine = inspect.iscoroutine

PIECE = 4096
BLOCK = 16384
STRETCH = 4096
COPIES = False
FILE_BLOCK = 65536  # a thread for each write is expensive
MAX_CONNECTIONS = 1000
BACKLOG = 100
_AHEAD = 4096  # bytes: a thread for each piece of a stream is expensive, too
_SOON = 0.02  # seconds that a piece may wait for the next one


def const(value):
    return value


def collect():
    pass


class ServedByItself:
    """Base of ``Server``: says what to do when another server calls the application."""

    def __call__(self, *args):
        raise TypeError(
            'take Microdot from microdot.asgi for an ASGI server (uvicorn, hypercorn), from '
            'microdot.wsgi for a WSGI server (gunicorn, waitress); from microdot it serves itself, '
            'by run()'
        )


def _is_async(handler):
    code = getattr(handler, '__code__', None)
    if code:  # of a function or a method: most handlers, so the short way
        return code.co_flags & inspect.CO_COROUTINE != 0
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(
        getattr(handler, '__call__', None)  # noqa: B004
    )


def _call(handler, args, kwargs):
    try:
        return handler(*args, **kwargs)
    except (StopIteration, GeneratorExit) as exc:
        # As out of a coroutine: a future would never end with it, or close who waits for it.
        raise RuntimeError('handler raised ' + type(exc).__name__) from exc


def in_thread(call):
    """Return an awaitable of what a function that may block returns."""
    loop = asyncio.get_running_loop()
    if getattr(loop, 'lent', False):  # by ``wsgi``, to a thread that may block
        return loop.call_in_place(call)
    return loop.run_in_executor(None, call)


async def invoke_handler(handler, *args, **kwargs):
    """Call a handler and return its result; one that is not a coroutine runs in a thread."""
    if _is_async(handler):
        return await handler(*args, **kwargs)
    call = functools.partial(contextvars.copy_context().run, _call, handler, args, kwargs)
    result = await in_thread(call)
    # A lambda or a wrapper may well return the coroutine of something else.
    return await result if iscoroutine(result) else result


def mro(cls):
    return cls.__mro__


def print_exception(exc):
    traceback.print_exception(type(exc), exc, exc.__traceback__)


if json.__name__ == 'json':
    _encode = json.JSONEncoder(allow_nan=False).encode

    def _refuse(name):
        raise ValueError(name + ' is not JSON')

    _decode = json.JSONDecoder(parse_constant=_refuse).decode

    def dumps(value):
        try:
            return _encode(value)
        except ValueError:
            from .jsontext import plain

            return json.dumps(plain(value))
else:
    dumps = json.dumps
    _decode = json.loads


def loads(text):
    try:
        return _decode(text)
    except RecursionError:
        raise ValueError('JSON is nested too deeply')


# What stands for itself, a set of characters, and what means the end.
_PARTS = re.compile(r'\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\$', re.DOTALL)


@functools.lru_cache(64)
def _compiled(pattern):
    return re.compile(_PARTS.sub(lambda m: r'\Z' if m.group() == '$' else m.group(), pattern))


def search(pattern, text):
    """Return the match of a pattern, in which ``$`` is the end, not what a line feed follows."""
    return _compiled(pattern).search(text)


def now():
    return int(time.time())


def signing():
    from . import jwt_pyjwt

    return jwt_pyjwt


def ticks_ms():
    return int(time.monotonic() * 1000)


def ticks_diff(a, b):
    return a - b


async def next_of(items):
    """Return what an iterator yields next. Raises ``StopAsyncIteration`` at the end."""
    item = await invoke_handler(next, items, StopAsyncIteration)
    if item is StopAsyncIteration:
        raise StopAsyncIteration
    return item


class Ahead:
    """Takes what an iterator yields, in a thread: all that has come while nobody asked for it.

    :param items: the iterator.
    """

    def __init__(self, items):
        self.items = items
        self.pieces = []
        self.running = None  # the future of the thread: whether the iterator is exhausted
        self.some = asyncio.Event()  # set when the thread ends; when it has a piece, if it is slow
        self.slow = False

    async def take(self):
        """Return all that has come, as bytes, or what comes next: ``b''`` if that takes long.

        Raises ``StopAsyncIteration`` at the end.
        """
        while True:
            if not self.running:
                await self._start()
            elif not self.pieces and not self.running.done():
                self.some.clear()
                if not self.pieces:
                    await self.some.wait()
            done = self.running.done()  # there are no more pieces then
            count = len(self.pieces)
            if count or not done:
                data = b''.join(self.pieces[:count])
                del self.pieces[:count]
                return data
            if self.running.result():
                raise StopAsyncIteration
            self.running = None

    def ended(self):
        """Return whether nothing more is going to come."""
        return self.running.done() and not self.pieces and self.running.result()

    async def _start(self):
        """Have the thread go on, and wait until it ends: most are quick, and need no more."""
        loop = asyncio.get_running_loop()
        call = functools.partial(contextvars.copy_context().run, self._advance, loop)
        self.slow = False
        self.some.clear()
        self.running = loop.run_in_executor(None, call)
        self.running.add_done_callback(lambda future: self.some.set())
        timer = loop.call_later(_SOON, self.some.set)
        await self.some.wait()
        timer.cancel()
        self.slow = not self.running.done()

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
            if self.slow and len(self.pieces) == 1:
                loop.call_soon_threadsafe(self.some.set)
        return True


def is_ahead(reader):
    return bool(reader._buffer)  # asyncio would return at once, and give nobody a turn


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


def half_close(writer):
    if writer.can_write_eof():
        writer.write_eof()


def peek(reader):
    if reader._eof or reader.exception() is not None:
        return b''
    if not reader._buffer:
        return None
    taking = reader.read(PIECE)
    try:
        taking.send(None)
    except StopIteration as exc:  # it need not wait
        return exc.value


def start_stream(writer, context):
    # Each stretch of a response is to be seen to move.
    writer.transport.set_write_buffer_limits(high=STRETCH)


def client_of(writer):
    addr = writer.get_extra_info('peername')
    return addr[:2] if isinstance(addr, tuple) else addr  # of IPv6 it has two more


def is_cancelled():
    task = asyncio.current_task()
    return bool(task.cancelling()) if hasattr(task, 'cancelling') else True


def accept_cancel():
    # The cancellation was the server's own and ends here; Python 3.11 keeps count.
    task = asyncio.current_task()
    if hasattr(task, 'uncancel'):
        task.uncancel()


async def open_server(app, host, port, backlog, context, timeout, start_serving):
    options = {'ssl': context, 'ssl_handshake_timeout': timeout} if context else {}
    if not start_serving:
        options['start_serving'] = False
    return await asyncio.start_server(app._serve_client, host, port, backlog=backlog, **options)


async def until_closed(app):
    app._closed = asyncio.Event()
    await app._closed.wait()


def close_server(app):
    # ``shutdown()`` may be called by a handler in a thread, or when the loop is closed already.
    def close():
        app.server.close()
        if app._closed:
            app._closed.set()
        app._drop()

    loop = app.server.get_loop()
    if not loop.is_closed():
        loop.call_soon_threadsafe(close)
