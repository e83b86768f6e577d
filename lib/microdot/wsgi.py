"""Applications for WSGI servers (PEP 3333), on CPython.

    from microdot.wsgi import Microdot

    app = Microdot()  # then: gunicorn --threads 8 module:app

Handlers, requests and responses are the same as with the framework's own server. All coroutines of
a process run on one event loop, made for the first request, whatever thread of the server asks for
them: tasks that they start go on between requests. Plain functions run in the server's thread.
"""

import asyncio
import os
import threading
import weakref

from .after import finish
from .compat import in_thread, is_cancelled, iscoroutine, print_exception
from .gateway import (
    PIECE,
    Hosted,
    PartStream,
    begin,
    body_length,
    body_of,
    encoded,
    make_url,
    next_of,
)
from .http1 import ClientError, abort, reason_phrase, refuse
from .lifespan import put
from .microdot import AsyncBytesIO, Request, Response, URLPattern, redirect, send_file
from .response import prepared
from .streaming import close
from .websocket import WebSocket, websocket_upgrade, with_websocket
from .wsgi_loop import Loop

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

    _loop = None

    def __call__(self, environ, start_response=_END, *more):
        if start_response is _END or more:
            super().__call__()
        return self.wsgi_app(environ, start_response)

    @property
    def loop(self):
        """The event loop that the handlers of this process run on."""
        loop = self._loop
        if not loop or loop.pid != os.getpid():
            with _making:
                loop = self._loop
                if not loop or loop.pid != os.getpid():
                    loop = self._begin()
        return loop

    def _begin(self):
        """Make the loop, and start what the application has beside its requests."""
        loop = Loop()
        if self._life:
            self._life.started = False  # in this process, whatever it was forked from has done
        try:
            loop.run(put(self, 'start'))
        except BaseException:
            loop.end()
            raise
        loop.at_end = self._life.close
        weakref.finalize(self, loop.end)
        self._loop = loop
        return loop

    def wsgi_app(self, environ, start_response):
        """Serve a request of a WSGI server; the parameters are those of PEP 3333."""
        loop = self.loop
        sock = _socket_to_upgrade(environ)
        if sock:
            from .wsgi_websocket import serve

            loop.run(serve(self, environ, make_request, sock))
            raise StopIteration  # gunicorn closes the connection without a response then
        request, response, fields, parts = loop.run(self._answer(environ))
        if response is Response.already_handled and 'gunicorn.socket' in environ:
            raise StopIteration
        body = Parts(loop, request, response, *parts)
        try:
            start_response(*_head(response, fields))
        except BaseException:
            body.close()
            raise
        # Mostly there is nothing to do but to send it.
        return body if body.stream or (request and request._after_response) else list(body)

    async def _answer(self, environ):
        request, coro = begin(self, make_request, environ)
        try:
            response = await coro
        except asyncio.CancelledError as exc:  # servers know of none
            if is_cancelled():
                raise
            print_exception(exc)
            response = await self.recover(None, ClientError(500))
        response, fields, length = await prepared(response)
        return request, response, fields, body_of(response, length)


_making = threading.Lock()


# Requests


def _socket_to_upgrade(environ):
    if environ.get('HTTP_UPGRADE', '').lower() != 'websocket':
        return None
    try:
        return environ['gunicorn.socket'].dup()
    except (KeyError, NotImplementedError):
        return None  # another server, or an SSLSocket of gunicorn's, of which there is no copy


def make_request(app, environ):
    """Return the ``Request`` for an environ. Raises ``ValueError`` for a malformed one."""
    path = _recoded(environ.get('SCRIPT_NAME', '') + environ.get('PATH_INFO', ''))
    query_string = environ.get('QUERY_STRING', '').encode('latin-1')
    raw_path = environ.get('RAW_URI') or environ.get('REQUEST_URI') or ''
    url = make_url(path, query_string, raw_path.encode('latin-1'))
    client = None
    if 'REMOTE_ADDR' in environ:
        client = environ['REMOTE_ADDR'], int(environ.get('REMOTE_PORT') or 0)
    version = environ.get('SERVER_PROTOCOL', 'HTTP/1.1')
    method = environ['REQUEST_METHOD']
    request = Request(app, client, method, url, version, [])
    request._lines = _lines(environ)  # looked at when somebody asks for the headers
    request.sock = None, None
    request.scheme = environ.get('wsgi.url_scheme', 'http')
    request.environ = environ
    request.websocket_class = NoWebSocket
    length = environ.get('CONTENT_LENGTH')
    if length:
        length = body_length(length)
        if length:
            Body(request, length, environ['wsgi.input'])
    elif environ.get('HTTP_TRANSFER_ENCODING'):
        if not environ.get('wsgi.input_terminated'):
            refuse(411)
        Body(request, None, environ['wsgi.input'])
    return request


def _recoded(text):
    # PEP 3333: each character stands for a byte.
    return text.encode('latin-1').decode()


def _lines(environ):
    """Yield the header lines of an environ."""
    for key, value in environ.items():
        if key[:5] == 'HTTP_':
            key = key[5:]
        elif key not in ('CONTENT_TYPE', 'CONTENT_LENGTH') or value == '':
            continue
        yield (key.replace('_', '-').title() + ':' + value).encode('latin-1')


class Body(PartStream):
    """The body of a request, which a WSGI server gives as a file."""

    def __init__(self, request, length, file):
        super().__init__(request, length)
        self.file = file
        self.to_read = length  # ``None`` for all up to its end

    async def next_part(self):
        """Wait for the next part and return it, ``b''`` at the end.

        Raises ``ClientError`` if the body ends early.
        """
        n = PIECE if self.to_read is None else min(self.to_read, PIECE)
        if not n:
            return b''
        try:
            data = await in_thread(lambda: self.file.read(n))
        except Exception:  # gunicorn has its own for chunks that are malformed
            refuse(400)
        if self.to_read is not None:
            if not data:
                refuse(400)
            self.to_read -= len(data)
        return data


# Responses


def _head(response, fields):
    """Return (status, headers) as ``start_response`` takes them."""
    reason = reason_phrase(response.status_code) if response.reason is None else response.reason
    headers = []
    for name, value in fields:
        if name.lower() not in _HOP_BY_HOP:
            headers.append((name, value.encode().decode('latin-1')))
    return '%d %s' % (response.status_code, reason), headers


class Parts:
    """The body of a response, to be iterated over by any one thread.

    :param loop: the ``Loop`` of the application.
    :param request: the request, ``None`` for one that was malformed.
    :param response: the ``Response``.

    The others are what ``body_of`` returns.
    """

    def __init__(self, loop, request, response, body, stream, left):
        self.loop = loop
        self.answered = request, response
        self.body, self.stream, self.left = body, stream, left
        # What does not need the loop is not taken there.
        self.items = getattr(stream, 'items', None)
        if response.is_file and stream:
            self.items = iter(lambda: response.body.read(stream.size), b'')

    def __iter__(self):
        return self

    def __next__(self):
        try:
            return self._next()
        except (Exception, KeyboardInterrupt):
            raise
        except BaseException as exc:  # servers would leave the connection open
            raise RuntimeError('a response raised ' + type(exc).__name__) from exc

    def _next(self):
        data, self.body = self.body, None
        while not data:
            if self.left == 0:
                raise StopIteration
            if self.items:
                data = next(self.items, _END)
            else:
                data = self.loop.run(_next_of(self.stream))
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
            self.loop.run(close(stream))
        answered, self.answered = self.answered, None
        if answered:
            self.loop.run(finish(*answered))


async def _next_of(stream):
    try:
        return await next_of(stream)
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
