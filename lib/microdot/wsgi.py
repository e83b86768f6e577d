"""Applications for WSGI servers (PEP 3333), on CPython.

    from microdot.wsgi import Microdot

    app = Microdot()  # then: gunicorn --threads 8 module:app

Handlers, requests and responses are the same as with the framework's own server. All handlers of a
process run on one event loop in a thread of its own, made for the first request, whatever thread
of the server asks for them: tasks that they start go on between requests.
"""

import asyncio
import concurrent.futures
import os
import threading
import weakref

from .compat import iscoroutine
from .errors import ClientError, abort
from .gateway import Hosted, PartStream, answer, body_length, encoded, make_url, prepare
from .microdot import AsyncBytesIO, Request, Response, URLPattern, redirect, send_file
from .responding import close
from .status import reason_phrase
from .websocket import WebSocket, websocket_upgrade, with_websocket

__all__ = (
    'AsyncBytesIO',
    'Microdot',
    'Request',
    'Response',
    'URLPattern',
    'WebSocket',
    'abort',
    'iscoroutine',
    'redirect',
    'send_file',
    'websocket_upgrade',
    'with_websocket',
)

_PIECE = 16384  # bytes of a body read at once
_END = object()
_HOP_BY_HOP = (  # not for applications to send, as PEP 3333 has it
    'keep-alive',
    'proxy-authenticate',
    'proxy-authorization',
    'te',
    'trailers',
    'upgrade',
)


class Microdot(Hosted):
    """An application that a WSGI server runs; ``run()`` serves it without one."""

    _runner = None

    def __call__(self, environ, start_response):
        return self.wsgi_app(environ, start_response)

    @property
    def loop(self):
        """The event loop that the handlers of this process run on."""
        return self._run_on().loop

    def _run_on(self):
        runner = self._runner
        if not runner or runner.pid != os.getpid():
            with _making:
                runner = self._runner
                if not runner or runner.pid != os.getpid():
                    self._runner = runner = Runner()
                    weakref.finalize(self, runner.stop)
        return runner

    def wsgi_app(self, environ, start_response):
        """Serve a request of a WSGI server; the parameters are those of PEP 3333."""
        runner = self._run_on()
        sock = _socket_to_upgrade(environ)
        if sock:
            from .wsgi_websocket import serve

            runner.run(serve(self, environ, make_request, sock))
            raise StopIteration  # gunicorn closes the connection without a response then
        response, prepared = runner.run(self._answer(environ))
        if response is Response.already_handled and 'gunicorn.socket' in environ:
            raise StopIteration
        return respond(runner, prepared, start_response)

    async def _answer(self, environ):
        _, response = await answer(self, make_request, environ)
        return response, await prepare(response)


_making = threading.Lock()


class Runner:
    """An event loop in a thread of its own, until ``stop()`` is called."""

    def __init__(self):
        self.pid = os.getpid()
        started = concurrent.futures.Future()
        self.thread = threading.Thread(
            target=lambda: asyncio.run(self._main(started)), name='microdot', daemon=True
        )
        self.thread.start()
        self.loop, self.stopping = started.result()

    @staticmethod
    async def _main(started):
        stopping = asyncio.Event()
        started.set_result((asyncio.get_running_loop(), stopping))
        await stopping.wait()

    def run(self, coro):
        """Run a coroutine on the loop, wait for it and return its result."""
        # Futures that threads can share would take twice as long.
        call = Call(coro)
        self.loop.call_soon_threadsafe(call.start)
        try:
            call.ended.acquire()
        except BaseException:  # this thread was interrupted
            self.loop.call_soon_threadsafe(call.cancel)
            raise
        return call.task.result()

    def stop(self):
        """Cancel what still runs and close the loop. A forked process leaves it alone."""
        if self.pid == os.getpid() and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.stopping.set)
            if threading.current_thread() is not self.thread:
                self.thread.join(5)


class Call:
    """A coroutine that one thread waits for, and the loop of another one runs.

    :param coro: the coroutine.
    """

    task = None

    def __init__(self, coro):
        self.coro = coro
        self.ended = threading.Lock()
        self.ended.acquire()

    def start(self):
        """Start it; called by the loop."""
        self.task = asyncio.ensure_future(self.coro)
        self.task.add_done_callback(lambda task: self.ended.release())

    def cancel(self):
        """Cancel it; called by the loop."""
        self.task.cancel()


# Requests


def _socket_to_upgrade(environ):
    if environ.get('HTTP_UPGRADE', '').lower() != 'websocket':
        return None
    try:
        return environ['gunicorn.socket'].dup()
    except (KeyError, NotImplementedError):
        return None  # another server, or gunicorn itself speaks TLS


def make_request(app, environ):
    """Return the ``Request`` for an environ. Raises ``ValueError`` for a malformed one."""
    lines = []
    for key, value in environ.items():
        if key[:5] == 'HTTP_':
            key = key[5:]
        elif key not in ('CONTENT_TYPE', 'CONTENT_LENGTH') or value == '':
            continue
        lines.append((key.replace('_', '-').title() + ':' + value).encode('latin-1'))
    path = _recoded(environ.get('SCRIPT_NAME', '') + environ.get('PATH_INFO', ''))
    query_string = environ.get('QUERY_STRING', '').encode('latin-1')
    raw_path = environ.get('RAW_URI') or environ.get('REQUEST_URI') or ''
    url = make_url(path, query_string, raw_path.encode('latin-1'))
    client = None
    if 'REMOTE_ADDR' in environ:
        client = environ['REMOTE_ADDR'], int(environ.get('REMOTE_PORT') or 0)
    version = environ.get('SERVER_PROTOCOL', 'HTTP/1.1')
    method = environ['REQUEST_METHOD']
    request = Request(app, client, method, url, version, lines, sock=(None, None))
    request.scheme = environ.get('wsgi.url_scheme', 'http')
    request.environ = environ
    request.websocket_class = NoWebSocket
    length = environ.get('CONTENT_LENGTH')
    if length:
        _expect_body(request, environ['wsgi.input'], body_length(length))
    elif environ.get('HTTP_TRANSFER_ENCODING'):
        if not environ.get('wsgi.input_terminated'):
            raise ClientError(411)
        _expect_body(request, environ['wsgi.input'], None)
    return request


def _recoded(text):
    # PEP 3333: each character stands for a byte.
    return text.encode('latin-1').decode()


def _expect_body(request, file, length):
    request.content_length = length or 0
    if length == 0:
        return
    source = Input(file, length)
    limit = request.max_content_length if length is None else length
    request.stream = body = PartStream(source, limit)
    if not request.content_length > request.max_body_length:
        request.unread = body


class Input:
    """The parts of a body that a WSGI server gives by reading a file.

    :param file: the file.
    :param length: how many bytes there are to read, ``None`` for all to its end.
    """

    def __init__(self, file, length):
        self.file = file
        self.left = length
        self.buffer = b''

    async def next_size(self):
        """Wait for a part and return its length, 0 at the end.

        Raises ``ClientError`` if the body ends early.
        """
        n = _PIECE if self.left is None else min(self.left, _PIECE)
        if not n:
            return 0
        try:
            data = await asyncio.get_running_loop().run_in_executor(None, self.file.read, n)
        except OSError:
            raise ClientError(400) from None
        if self.left is not None:
            if not data:
                raise ClientError(400)
            self.left -= len(data)
        self.buffer = data
        return len(data)

    async def receive_body(self, n):
        """Return at most n bytes of the present part."""
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data


# Responses


def respond(runner, prepared, start_response):
    """Start a ``Prepared`` response and return the iterable of its body."""
    reason = prepared.reason
    if reason is None:
        reason = reason_phrase(prepared.status_code)
    headers = [
        (name, value.encode().decode('latin-1'))
        for name, value in prepared.headers
        if name.lower() not in _HOP_BY_HOP
    ]
    stream = prepared.stream
    try:
        start_response('%d %s' % (prepared.status_code, reason), headers)
    except BaseException:
        if stream:
            runner.run(close(stream))
        raise
    if stream:
        return Parts(runner, prepared)
    body = encoded(prepared.body, prepared.length) if prepared.sends_body else b''
    return [body] if body else []


class Parts:
    """The body of a response that is streamed, to be iterated over by any one thread.

    :param runner: the ``Runner`` of the application.
    :param prepared: the ``Prepared`` response.
    """

    def __init__(self, runner, prepared):
        self.runner = runner
        self.stream = prepared.stream
        self.left = prepared.length if prepared.sends_body else 0
        # What does not need the loop is not taken there.
        self.items = getattr(self.stream, 'items', None)
        if prepared.is_file:
            self.items = iter(lambda: self.stream.body.read(_PIECE), b'')

    def __iter__(self):
        return self

    def __next__(self):
        data = b''
        while not data:
            if self.left == 0:
                raise StopIteration
            if self.items:
                data = next(self.items, _END)
            else:
                data = self.runner.run(_next_of(self.stream))
            if data is _END:
                raise StopIteration
            data = encoded(data, self.left)
        if self.left is not None:
            self.left -= len(data)
        return data

    def close(self):
        """Close the stream; servers call it at the end, and when the client has gone."""
        stream, self.stream = self.stream, None
        self.left = 0
        if stream:
            self.runner.run(close(stream))


async def _next_of(stream):
    try:
        return await stream.__anext__()
    except StopAsyncIteration:
        return _END


# WebSocket


class NoWebSocket(WebSocket):
    """What there is of a WebSocket under a server that does not hand over its sockets."""

    async def handshake(self):
        """Refuse the upgrade.

        Raises ``HTTPException``: 501, or what ``WebSocket.handshake`` raises for a bad one.
        """
        from .websocket_handshake import accept

        accept(self, self.request)
        abort(501, 'This server does not support WebSocket')
