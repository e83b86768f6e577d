"""``Response``: what a handler's result becomes, and how it is written."""

from .compat import MUTED_SOCKET_ERRORS, invoke_handler, iscoroutine, json
from .datastructures import NoCaseDict


class BodyIterator:
    """An asynchronous iterator over a body that is neither bytes nor one itself.

    :param body: a file-like object, an iterable, or a single value.
    :param size: how many bytes to read of a file-like object at once.
    """

    def __init__(self, body, size):
        self.body = body
        self.size = size
        self.iterable = True
        if hasattr(body, 'read'):
            self.advance = self._read
        elif isinstance(body, (bytes, bytearray, memoryview, str)) or not _is_iterable(body):
            self.iterable = False
            self.advance = self._once
        else:
            self.items = iter(body)
            self.advance = self._next

    def __aiter__(self):
        return self

    async def __anext__(self):
        return await self.advance()

    async def _read(self):
        data = self.body.read(self.size)
        if iscoroutine(data):
            data = await data
        if not data:
            raise StopAsyncIteration
        return data

    async def _next(self):
        item = await invoke_handler(next, self.items, StopAsyncIteration)
        if item is StopAsyncIteration:
            raise StopAsyncIteration
        return item

    async def _once(self):
        body, self.body = self.body, b''
        if body is None or body == b'':
            raise StopAsyncIteration
        return body

    async def aclose(self):
        close = getattr(self.body, 'close', None)
        if close:
            result = close()
            if iscoroutine(result):
                await result


def _is_iterable(body):
    try:
        iter(body)
    except TypeError:
        return False
    return True


class Response:
    """An HTTP response.

    :param body: str, bytes, a dict or list (sent as JSON), a file-like object, a generator or any
        other (asynchronous) iterable of str or bytes. ``None`` with status 200 makes it 204.
    :param status_code: the status.
    :param headers: a mapping of header fields; a list as value gives several lines.
    :param reason: the reason phrase, ``None`` for the standard one.
    """

    #: Media types by file extension, for ``send_file``.
    types_map = {
        'css': 'text/css',
        'gif': 'image/gif',
        'html': 'text/html',
        'jpg': 'image/jpeg',
        'js': 'application/javascript',
        'json': 'application/json',
        'png': 'image/png',
        'txt': 'text/plain',
        'svg': 'image/svg+xml',
    }
    #: How many bytes of a file are read and sent at once.
    send_file_buffer_size = 1024
    #: The content type of a response that names none.
    default_content_type = 'text/plain'
    #: The ``max_age`` of ``send_file``, in seconds, when it is given none.
    default_send_file_max_age = None
    #: A response that needs no writing, as the handler has used the connection itself.
    already_handled = None

    is_head = False
    is_file = False

    def __init__(self, body=b'', status_code=200, headers=None, reason=None):
        if body is None and status_code == 200:
            body = b''
            status_code = 204
        self.status_code = status_code
        self.reason = reason
        self.headers = NoCaseDict(headers)
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            if 'Content-Type' not in self.headers:
                self.headers['Content-Type'] = 'application/json; charset=UTF-8'
        self.body = body.encode() if isinstance(body, str) else body

    def set_cookie(
        self,
        cookie,
        value,
        path=None,
        domain=None,
        expires=None,
        max_age=None,
        secure=False,
        http_only=False,
        partitioned=False,
        same_site=None,
    ):
        """Add a ``Set-Cookie`` header (RFC 6265).

        :param cookie: the name, a token.
        :param value: the value, a str.
        :param path: the path the cookie is sent to.
        :param domain: the domain the cookie is sent to.
        :param expires: a ``datetime`` (UTC unless it has a time zone) or a date as str.
        :param max_age: the lifetime in seconds.
        :param secure: send it over TLS alone.
        :param http_only: hide it from scripts.
        :param partitioned: keep it apart for each top-level site.
        :param same_site: ``'Strict'``, ``'Lax'`` or ``'None'``.

        Raises ``ValueError`` for anything that would end the value or an attribute early.
        """
        from .cookies import cookie_date, format_cookie

        text = format_cookie(
            cookie,
            value,
            (
                ('Path', path or None),
                ('Domain', domain or None),
                ('Expires', cookie_date(expires) if expires else None),
                ('Max-Age', max_age),
                ('Secure', bool(secure)),
                ('HttpOnly', bool(http_only)),
                ('Partitioned', bool(partitioned)),
                ('SameSite', same_site or None),
            ),
        )
        cookies = self.headers.get('Set-Cookie') or []
        if not isinstance(cookies, list):
            cookies = [cookies]
        self.headers['Set-Cookie'] = cookies + [text]

    def delete_cookie(self, cookie, **kwargs):
        """Add a ``Set-Cookie`` header that makes the client forget a cookie.

        :param cookie: the name.
        :param kwargs: the options that the cookie was set with; its lifetime is left out.
        """
        kwargs.pop('expires', None)
        kwargs.pop('max_age', None)
        self.set_cookie(
            cookie, '', expires='Thu, 01 Jan 1970 00:00:01 GMT', max_age=0, **kwargs
        )

    def complete(self):
        """Add the headers that describe the body, unless the handler gave them."""
        if isinstance(self.body, (bytes, bytearray)) and 'Content-Length' not in self.headers:
            self.headers['Content-Length'] = str(len(self.body))
        if 'Content-Type' not in self.headers:
            self.headers['Content-Type'] = self.content_type()

    def content_type(self):
        """Return the content type of a response whose handler gave none."""
        content_type = self.default_content_type
        return content_type if 'charset=' in content_type else content_type + '; charset=UTF-8'

    async def write(self, stream):
        """Write the response as HTTP/1.0 does: until the end of the connection.

        The framework's own server frames bodies by the version of the request instead.

        :param stream: an object with a coroutine method ``awrite(data)``.
        """
        from .http1 import header_lines, status_line

        self.complete()
        reason = self.reason
        if reason is None:
            reason = 'OK' if self.status_code == 200 else 'N/A'
        head = status_line('1.0', self.status_code, reason) + header_lines(self.headers) + '\r\n'
        body = self.body_iter()
        try:
            await stream.awrite(head.encode())
            if not self.is_head:
                async for data in body:
                    await stream.awrite(data.encode() if isinstance(data, str) else data)
        except OSError as exc:
            if exc.errno not in MUTED_SOCKET_ERRORS and exc.args[:1] != ('Connection lost',):
                raise
        finally:
            if hasattr(body, 'aclose'):
                await body.aclose()

    def body_iter(self):
        """Return an asynchronous iterator over the parts of the body."""
        if hasattr(self.body, '__anext__'):
            return self.body
        if hasattr(self.body, '__aiter__'):
            return self.body.__aiter__()
        return BodyIterator(self.body, self.send_file_buffer_size)

    @classmethod
    def redirect(cls, location, status_code=302):
        """Return a response that sends the client elsewhere.

        :param location: the URL; what is not ASCII, and blanks, are percent-encoded.
        :param status_code: the status, 302 (Found) by default.

        Raises ``ValueError`` for a line break in the location.
        """
        if '\r' in location or '\n' in location:
            raise ValueError('invalid redirect URL')
        from .datastructures import quote

        return cls(b'', status_code, {'Location': quote(location, b"-._~/:@!$'()*,?#[]&+;=%")})

    @classmethod
    def send_file(
        cls,
        filename,
        status_code=200,
        content_type=None,
        stream=None,
        max_age=None,
        compressed=False,
        file_extension='',
    ):
        """Return a response with the content of a file.

        The name is trusted: a handler that makes it out of a URL has to check it first.

        :param filename: the path of the file.
        :param status_code: the status.
        :param content_type: the content type; ``None`` derives it from the extension.
        :param stream: a file-like object to send instead of opening the file.
        :param max_age: seconds that caches may keep it; ``None`` for the class's default.
        :param compressed: true if the file is compressed with gzip, or the name of its encoding.
        :param file_extension: appended to the name of the file that is opened, as ``'.gz'``.

        Raises ``OSError``; a missing file, if nobody handles that, is answered with 404.
        """
        from .files import content_type_of, open_file

        if content_type is None:
            named = filename[:-3] if compressed and filename.endswith('.gz') else filename
            content_type = content_type_of(named, cls.types_map)
        headers = {'Content-Type': content_type}
        if max_age is None:
            max_age = cls.default_send_file_max_age
        if max_age is not None:
            headers['Cache-Control'] = 'max-age=%s' % max_age
        if compressed:
            headers['Content-Encoding'] = compressed if isinstance(compressed, str) else 'gzip'
        response = cls(stream or open_file(filename + file_extension), status_code, headers)
        response.is_file = stream is None
        return response


class _AlreadyHandled(Response):
    """The one object for all requests: what a handler does to its headers has no effect."""

    def __init__(self):
        self.status_code = 200
        self.reason = None
        self.body = b''

    @property
    def headers(self):
        return NoCaseDict()


Response.already_handled = _AlreadyHandled()


def to_response(value):
    """Return the ``Response`` that a handler's result stands for.

    Raises ``TypeError`` for what is no result, such as an empty tuple or a ``bool``.
    """
    if isinstance(value, Response):
        return value
    if not isinstance(value, tuple):
        value = (value,)
    body = value[0] if value else True
    options = value[1:]
    if isinstance(body, int):
        if isinstance(body, bool) or (options and isinstance(options[0], int)):
            raise TypeError('invalid result of a handler')
        options = (body,) + options
        body = b''
    elif options and not isinstance(options[0], int):
        options = (200,) + options
    return Response(body, *options[:3])
