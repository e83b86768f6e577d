"""What ``asgi`` and ``wsgi`` have in common: requests and responses of servers that are not ours.

Such a server speaks HTTP itself. It hands over requests in parts, and takes responses in parts.
"""

import os
import re
import signal
import urllib.parse

from .application import Microdot
from .body import BodyStream
from .compat import print_exception
from .errors import ClientError, recover
from .framing import given_length, is_bodyless, status_line
from .heads import has_control, is_token
from .http1 import CHUNKED
from .responding import check_body
from .response import Response
from .urlcoding import quote

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
    """Return the number that a ``Content-Length`` says. Raises ``ValueError`` for another value."""
    if not (value.isascii() and value.isdigit() and len(value) <= 18):
        raise ClientError(400)
    return int(value)


class PartStream(BodyStream):
    """A body that comes in parts of any size, the framing taken off.

    :param source: an object with the coroutine methods ``next_size()``, which waits for a part and
        returns its length, 0 after the last one, and ``receive_body(n)``, which returns at most n
        bytes of it.
    :param limit: how long the body may become, in bytes.
    """

    def __init__(self, source, limit):
        super().__init__(source, CHUNKED, False, limit)

    async def _next_chunk(self):
        self.left = await self.connection.next_size()
        if self.left > self.limit:
            raise ClientError(413)
        self.limit -= self.left
        self.ended = not self.left


class Prepared:
    """A response, checked and ready to be handed to a server.

    ``headers`` is a list of pairs of str. The body is either ``body`` (bytes) or, if that is not
    ``None``, ``stream``, an asynchronous iterator that has to be closed whatever becomes of it;
    without ``sends_body`` none of it is sent. ``length`` is how long it is to be, or ``None``, and
    ``is_file`` tells whether the body is a file.

    :param response: the ``Response``.

    Raises ``ValueError`` or ``TypeError`` for what cannot be sent.
    """

    def __init__(self, response):
        self.status_code = status_code = response.status_code
        self.reason = reason = response.reason
        if reason is not None or not 200 <= status_code <= 599:
            status_line('1.1', status_code, reason or '')
        self.is_file = response.is_file
        bodyless = is_bodyless(status_code)
        self.sends_body = not (bodyless or response.is_head)
        self.stream = None
        headers = response.headers
        # How a connection is used is the server's business.
        headers.pop('Connection', None)
        headers.pop('Transfer-Encoding', None)
        if bodyless and status_code != 304:
            headers.pop('Content-Length', None)
        size = self._measure(response)
        if not bodyless:
            if size is not None and headers.get('Content-Length') is None:
                headers['Content-Length'] = str(size)
            if 'Content-Type' not in headers:
                headers['Content-Type'] = response.content_type()
        self.length = given_length(headers)
        self.headers = header_pairs(headers)

    def _measure(self, response):
        """Set the body and return its size, ``None`` if that is not known."""
        body = response.body
        self.body = b''
        if isinstance(body, bytes):
            self.body = body
        elif isinstance(body, (bytearray, memoryview)):
            self.body = bytes(body)
        elif body is not None:
            check_body(body)
            self.stream = response.body_iter()
            if not response.is_file:
                return None
            from .files import file_size

            return file_size(body)
        return len(self.body)


def header_pairs(headers):
    """Return a list of pairs of str; a list as value gives a pair for each of its items.

    Raises ``ValueError`` for a name or value that would break the head (RFC 9110, section 5.5).
    """
    pairs = []
    for name, values in headers.items():
        if not is_token(name.encode()):
            raise ValueError('invalid header name')
        for value in values if isinstance(values, list) else (values,):
            value = str(value)
            if has_control(value.encode()):
                raise ValueError('invalid header value')
            pairs.append((name, value))
    return pairs


async def prepare(response):
    """Return the ``Prepared`` response, or a 500 in place of one that cannot be sent."""
    try:
        return Prepared(response)
    except (TypeError, ValueError) as exc:
        from .responding import close

        print_exception(exc)
        await close(response.body)
        failure = Response(b'Internal server error', 500)
        failure.is_head = response.is_head
        return Prepared(failure)


def encoded(data, left):
    """Return the bytes of a part of a body, cut to what is left of the length it is to have.

    Raises ``TypeError`` for what is neither bytes nor str.
    """
    if isinstance(data, str):
        data = data.encode()
    elif not isinstance(data, bytes):
        data = bytes(memoryview(data))
    return data if left is None else data[:left]


async def answer(app, make_request, *args):
    """Make a request, handle it and return both; for one that is malformed the request is ``None``.

    :param app: the application.
    :param make_request: a function that returns the ``Request``, called with the application and
        the other arguments. Raises ``ValueError`` for a malformed one.
    """
    try:
        request = make_request(app, *args)
    except ValueError as exc:
        status_code = getattr(exc, 'status_code', 400)
        return None, await recover(app, None, ClientError(status_code))
    return request, await app.dispatch_request(request)
