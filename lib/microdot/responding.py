"""The methods of ``Response`` beyond a plain body: headers, cookies, streams, redirects."""

from .compat import invoke_handler, iscoroutine, json, print_exception
from .datastructures import NoCaseDict

# A broken pipe, two kinds of connection reset, and a socket that is closed already.
MUTED_SOCKET_ERRORS = [32, 54, 104, 128]

_BYTES = (bytes, bytearray, memoryview)
_END = ()  # what an exhausted iterator gives; no chunk of a body is a tuple


def redirect(cls, location, status_code=302):
    """Return a response that sends the client elsewhere.

    :param location: the URL; what is not ASCII, and blanks, are percent-encoded.
    :param status_code: the status, 302 (Found) by default.

    Raises ``ValueError`` for a line break in the location.
    """
    if '\r' in location or '\n' in location:
        raise ValueError('invalid redirect URL')
    from .urlcoding import quote

    return cls(b'', status_code, {'Location': quote(location, b"-._~/:@!$'()*,?#[]&+;=%")})


class Methods:
    attributes = ('headers',)

    is_file = False  # whether the body is a file that ``send_file`` has opened

    redirect = classmethod(redirect)

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
        from .files import send_file

        return send_file(
            cls, filename, status_code, content_type, stream, max_age, compressed, file_extension
        )

    def describe(self, headers):
        """Set the headers, and the content type of a body that becomes JSON."""
        self.headers = NoCaseDict(headers)
        self.has_headers = True
        if isinstance(self.body, (dict, list)):
            body = json.dumps(self.body)
            self.body = body.encode() if isinstance(body, str) else body
            if 'Content-Type' not in self.headers:
                self.headers['Content-Type'] = 'application/json; charset=UTF-8'

    def headers(self):
        """The header fields, a ``NoCaseDict``; a list as value gives several lines."""
        if self is self.already_handled:
            return NoCaseDict()  # it serves all requests: nothing may stay with it
        self.describe(None)
        return self.headers

    def add_vary(self, g):
        """Add the names that the application has collected in ``request.g._vary``."""
        names = getattr(g, '_vary', None)
        if names:
            value = self.headers.get('Vary')
            vary = [name.strip() for name in value.split(',')] if value else []
            known = [name.lower() for name in vary]
            vary.extend([name for name in names if name.lower() not in known])
            self.headers['Vary'] = ', '.join(vary)

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
        self.set_cookie(cookie, '', expires='Thu, 01 Jan 1970 00:00:01 GMT', max_age=0, **kwargs)

    def content_type(self):
        """Return the content type of a response whose handler gave none."""
        content_type = self.default_content_type
        return content_type if 'charset=' in content_type else content_type + '; charset=UTF-8'

    def complete(self):
        """Add the headers that describe the body, unless the handler gave them."""
        if isinstance(self.body, _BYTES) and 'Content-Length' not in self.headers:
            self.headers['Content-Length'] = str(len(self.body))
        if 'Content-Type' not in self.headers:
            self.headers['Content-Type'] = self.content_type()

    async def write(self, stream):
        """Write the response as HTTP/1.0 does: until the end of the connection.

        The framework's own server frames bodies by the version of the request instead.

        :param stream: an object with a coroutine method ``awrite(data)``.
        """
        from .framing import header_lines, status_line

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
            await close(body)

    def body_iter(self):
        """Return an asynchronous iterator over the parts of the body."""
        if hasattr(self.body, '__anext__'):
            return self.body
        if hasattr(self.body, '__aiter__'):
            return self.body.__aiter__()
        return BodyIterator(self.body, self.send_file_buffer_size, self.is_file)


class BodyIterator:
    """An asynchronous iterator over a body that is neither bytes nor one itself.

    ``take()`` gives what comes next in larger parts, and ``waits`` tells whether others may have
    their turn before it does.

    :param body: a file-like object, an iterable, or a single value.
    :param size: how many bytes to read of a file-like object at once.
    :param is_file: whether the body is a file of the system.

    A file-like object whose ``read`` never waits may say so by an attribute ``waits``.
    """

    def __init__(self, body, size, is_file=False):
        self.body = body
        self.size = size
        self.waits = not is_file and getattr(body, 'waits', True)
        if is_file:
            self.advance = self.take = self._read_file
        elif hasattr(body, 'read'):
            self.advance = self.take = self._read
        elif is_stream(body):
            from .compat import Ahead

            self.items = iter(body)
            self.advance = self._next
            self.take = Ahead(self.items).take
            self.waits = Ahead.waits
        else:
            self.advance = self.take = self._once

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

    async def _read_file(self):
        from .files import read_some

        data = read_some(self.body, self.size)
        if not data:
            raise StopAsyncIteration
        return data

    async def _next(self):
        item = await invoke_handler(_next_of, self.items)
        if item is _END:
            raise StopAsyncIteration
        return item

    async def _once(self):
        body, self.body = self.body, b''
        if body is None or body == b'':
            raise StopAsyncIteration
        return body

    async def aclose(self):
        await close(self.body)


def how_to_advance(stream):
    """Return the coroutine function for what comes next of a stream, and whether it may wait."""
    if isinstance(stream, BodyIterator):
        return stream.take, stream.waits
    return stream.__anext__, True


def is_stream(body):
    """Tell whether a body is read or iterated, rather than sent as it is."""
    if isinstance(body, _BYTES + (str,)):
        return False
    for name in ('read', '__anext__', '__aiter__'):
        if hasattr(body, name):
            return True
    try:
        iter(body)
    except TypeError:
        return False
    return True


def _next_of(items):
    # A StopIteration could not leave a coroutine.
    for item in items:
        return item
    return _END


async def close(body):
    """Close a file-like object or a generator, an asynchronous one too, that is to end early."""
    f = getattr(body, 'aclose', None) or getattr(body, 'close', None)
    try:
        result = f and f()
        if iscoroutine(result) or hasattr(result, '__await__'):
            await result
    except ValueError:
        pass  # a generator still running in its thread ends by itself
    except Exception as exc:
        print_exception(exc)  # the response is complete


def response_of(value):
    """Return the ``Response`` of a result that is neither one nor plain text."""
    from .response import Response

    if not isinstance(value, tuple):
        value = (value,)
    if not value:
        raise TypeError('a handler returned an empty tuple')
    body, options = value[0], value[1:]
    if body is True or body is False:
        raise TypeError('a handler returned a bool')
    if isinstance(body, int):
        options = (body,) + options
        body = b''
    elif options and not isinstance(options[0], int):
        options = (200,) + options
    response = Response(body, *options[:2])
    check_body(response.body)
    return response


def check_body(body):
    """Raise ``TypeError`` for a body that cannot be sent."""
    if not (body is None or isinstance(body, _BYTES) or is_stream(body)):
        raise TypeError('a response body cannot be of ' + str(type(body)))
