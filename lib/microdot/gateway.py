"""What ``asgi`` and ``wsgi`` have in common: requests and responses of servers that are not ours.

Such a server speaks HTTP itself. It hands over requests in parts, and takes responses in parts.
"""

import os
import re
import signal
import urllib.parse

from .application import Microdot
from .http1 import ClientError, refuse
from .request import BodyStream
from .response import raise_end
from .urlencoded import quote

PIECE = 16384  # bytes of a file that are read at once

_PLAIN_PATH = re.compile(r"[A-Za-z0-9\-._~/:@!$'()*,+;=&]*").fullmatch


class Hosted(Microdot):
    """An application that a server other than ours runs; ``run()`` serves it without one."""

    #: Whether the framework's own server runs the application.
    embedded_server = False

    def run(self, host='0.0.0.0', port=5000, debug=False, ssl=None):
        """Serve the application by the framework's own server.

        The parameters are those of ``start_server``.
        """
        self.embedded_server = True
        super().run(host, port, debug, ssl)

    def shutdown(self):
        """End the server: the own one, or by SIGTERM the one that runs the process group."""
        if self.embedded_server or self.server:
            super().shutdown()
        else:
            os.kill(os.getpgrp() if hasattr(os, 'getpgrp') else os.getpid(), signal.SIGTERM)


def make_url(path, query_string, raw_path=b'', prefix=''):
    """Return the target of a request as it was sent, or one that stands for the same.

    :param path: the decoded path.
    :param query_string: the query string, bytes.
    :param raw_path: the path as it was sent, bytes, if the server tells.
    :param prefix: the decoded path that the application is served below; a server may have left it
        out of the path.

    Raises ``ValueError`` for a query that is not UTF-8.
    """
    url = path
    if b'%' in raw_path or not _PLAIN_PATH(path):
        url = raw_path.partition(b'?')[0].decode('latin-1')
        # What changes the path on the way here does not always know of the raw one.
        if not url.isascii() or urllib.parse.unquote(url) != path:
            url = quote(path)
    if prefix and not (path + '/').startswith(prefix.rstrip('/') + '/'):
        url = quote(prefix.rstrip('/')) + url
    return url + '?' + query_string.decode() if query_string else url


def body_length(value):
    """Return the number that a ``Content-Length`` says. Raises ``ClientError`` for another value.

    :param value: str or bytes.
    """
    if not (value.isascii() and value.isdigit() and len(value) <= 18):
        refuse(400)
    return int(value)


class PartStream(BodyStream):
    """A body that comes in parts of any size, the framing taken off.

    A subclass has the coroutine method ``next_part()``, which returns the next part as bytes, and
    ``b''`` at the end.

    :param request: the request, which gets the stream.
    :param length: how long the body is, in bytes; ``None`` if nobody knows.
    """

    part = b''
    ended = False

    def __init__(self, request, length):
        self.left = request.content_length = length or 0
        self.allowed = request.max_content_length if length is None else length
        request._stream = self
        if self.left <= request.max_body_length:
            request.unread = self

    async def read_some(self, n):
        if not self.part and not self.ended:
            self.part = memoryview(await self.next_part())
            self.ended = not self.part
            self.allowed -= len(self.part)
            if self.allowed < 0:
                refuse(413)
        data, self.part = bytes(self.part[:n]), self.part[n:]
        return data


def encoded(data, left):
    """Return the bytes of a part of a body, cut to what is left of the length it is to have.

    Raises ``TypeError`` for what is neither bytes nor str.
    """
    if not isinstance(data, bytes):
        data = data.encode() if isinstance(data, str) else bytes(memoryview(data))
    return data if left is None or left >= len(data) else data[:left]


def body_of(response, length):
    """Return (body, stream, left) of a response that has been prepared.

    The body is bytes. If it is ``None``, there is a stream instead: an asynchronous iterator that
    has to be closed whatever becomes of it. Of it ``left`` bytes are sent, or all for ``None``.

    :param response: the ``Response``.
    :param length: its length, as ``prepare`` returns it.
    """
    left = 0 if response.is_head else length
    body = b'' if response.body is None else response.body
    if isinstance(body, (bytes, bytearray)):
        return encoded(body, left), None, 0
    stream = response.body_iter()
    if response.is_file:
        stream.size = max(stream.size, PIECE)
    return None, stream, left


async def next_of(stream):
    """Return what a stream yields next. Raises ``StopAsyncIteration`` at the end.

    Raises ``RuntimeError`` for ``SystemExit`` and the like: these are of one response alone, and
    would end the server.
    """
    try:
        return await stream.__anext__()
    except (Exception, GeneratorExit):  # the latter ends this coroutine, too
        raise
    except BaseException as exc:
        raise_end(exc)
        raise RuntimeError('a response raised ' + type(exc).__name__) from exc


def begin(app, make_request, *args):
    """Make a request; return it and the coroutine that handles it and returns the response.

    For one that is malformed the request is ``None``.

    :param app: the application.
    :param make_request: a function that returns the ``Request``, called with the application and
        the other arguments. Raises ``ValueError`` for a malformed one.
    """
    try:
        request = make_request(app, *args)
    except ValueError as exc:
        return None, app.recover(None, ClientError(getattr(exc, 'status_code', 400)))
    return request, app.dispatch_request(request)
