"""``Request``: a thin view of what a client sent; its parts are parsed when first asked for."""

from .compat import json, latin1
from .datastructures import NoCaseDict, parse_urlencoded, unquote
from .errors import ClientError, client_error


class AsyncBytesIO:
    """An asynchronous view of bytes, with the methods of a stream.

    :param data: the bytes to read.
    """

    def __init__(self, data):
        import io

        self.stream = io.BytesIO(data)

    async def read(self, n=-1):
        return self.stream.read(n)

    async def readline(self):
        return self.stream.readline()

    async def readexactly(self, n):
        return self.stream.read(n)

    async def readuntil(self, separator=b'\n'):
        start = self.stream.tell()
        data = self.stream.read()
        end = data.find(separator)
        if end >= 0:
            data = data[: end + len(separator)]
            self.stream.seek(start + len(data))
        return data

    async def awrite(self, data):
        return self.stream.write(data)

    async def aclose(self):
        pass


def _text(data):
    try:
        return data.decode()
    except ValueError:
        return latin1(data)


def _headers(request):
    headers = NoCaseDict()
    for line in request._header_lines:
        name, _, value = line.partition(b':')
        name, value = name.decode(), _text(value.strip(b' \t'))
        if name in headers:
            # RFC 9110, section 5.3; cookies have a separator of their own.
            value = headers[name] + ('; ' if name.lower() == 'cookie' else ', ') + value
        headers[name] = value
    return headers


def _cookies(request):
    from .cookies import parse_cookies

    return parse_cookies(request.headers.get('Cookie'))


def _args(request):
    return _urlencoded(request.query_string or '')


def _json(request):
    media_type = _media_type(request)
    if media_type != 'application/json' and not (
        media_type.startswith('application/') and media_type.endswith('+json')
    ):
        return None
    try:
        return json.loads(request.body.decode())
    except ValueError as exc:
        raise client_error(exc) from None


def _parsed_form(request):
    if _media_type(request) != 'application/x-www-form-urlencoded':
        return None
    return _urlencoded(request.body)


def _urlencoded(text):
    try:
        return parse_urlencoded(text)
    except ValueError as exc:
        raise client_error(exc) from None


def _media_type(request):
    return (request.content_type or '').split(';')[0].strip().lower()


# What a request works out on first use, and then keeps as an ordinary attribute.
_PARSED = {
    'headers': _headers,
    'args': _args,
    'cookies': _cookies,
    'json': _json,
    '_parsed_form': _parsed_form,
    'content_type': lambda request: request.headers.get('Content-Type'),
    'content_length': lambda request: int(request.headers.get('Content-Length') or 0),
    'g': lambda request: request.G(),
    'after_request_handlers': lambda request: [],
}


class Request:
    """An HTTP request.

    :param app: the application that handles the request.
    :param client_addr: the address of the client, a tuple (host, port) where the platform has it.
    :param method: the method, as sent.
    :param url: the target, path and query string, as sent.
    :param http_version: the version, such as ``'1.1'``.
    :param headers: a ``NoCaseDict``, or the list of raw header lines.
    :param body: the whole body as bytes, or ``None``.
    :param stream: the stream to read the body from, if it is not given whole.
    :param sock: the pair (reader, writer) of the connection.
    :param url_prefix: the prefix that the route's sub-application is mounted at.
    :param subapp: the innermost mounted application of the route, or ``None``.
    :param scheme: ``'http'`` (the default) or ``'https'``.
    :param route: the route function, once it is known.

    Raises ``ValueError`` for a path that does not decode to UTF-8 without NUL.
    """

    #: Longest body, in bytes, that is accepted; a longer one is answered with 413.
    max_content_length = 16 * 1024
    #: Longest body, in bytes, that is loaded into ``body``; a longer one is read by ``stream``.
    max_body_length = 16 * 1024
    #: Longest request line or header line, in bytes.
    max_readline = 2048

    body_used = False
    _form = None
    _files = None
    _unread = None
    _subapps = ()

    class G:
        pass

    def __init__(
        self,
        app,
        client_addr,
        method,
        url,
        http_version,
        headers,
        body=None,
        stream=None,
        sock=None,
        url_prefix='',
        subapp=None,
        scheme=None,
        route=None,
    ):
        self.app = app
        self.client_addr = client_addr
        self.method = method
        self.scheme = scheme or 'http'
        self.url = url
        self.url_prefix = url_prefix
        self.subapp = subapp
        self.route = route
        self.url_args = None
        self.http_version = http_version
        if isinstance(headers, list):
            self._header_lines = headers
        else:
            self.headers = headers
        self.body = body or b''
        self._stream = stream
        self.sock = sock
        path, mark, query_string = url.partition('?')
        self.path = _decoded(path) if '%' in path else path
        self.query_string = query_string if mark else None

    def __getattr__(self, name):
        parse = _PARSED.get(name)
        if parse is None:
            raise AttributeError(name)
        value = parse(self)
        setattr(self, name, value)
        return value

    @staticmethod
    async def create(app, client_reader, client_writer, client_addr, scheme=None):
        """Read a request from a stream.

        :param app: the application.
        :param client_reader: a stream with ``readline()`` and ``readexactly(n)``.
        :param client_writer: the stream to write to; it is only kept.
        :param client_addr: the address of the client.
        :param scheme: ``'http'`` or ``'https'``.

        Returns ``None`` at the end of the stream. Raises ``ValueError`` for a malformed head.
        """
        from .http1 import parse_head

        lines = []
        while True:
            line = await client_reader.readline()
            if len(line) > Request.max_readline:
                raise ValueError('line too long')
            if not line.strip():
                break
            lines.append(line.rstrip(b'\r\n'))
        if not lines:
            return None
        method, url, version, headers, length, _, _ = parse_head(lines, Request.max_readline)
        request = Request(
            app,
            client_addr,
            method,
            url,
            version,
            headers,
            stream=client_reader,
            sock=(client_reader, client_writer),
            scheme=scheme,
        )
        if 0 < length <= Request.max_body_length:
            request.body = await client_reader.readexactly(length)
            request._stream = None
        return request

    @property
    def stream(self):
        """The body as a stream: the connection's for a large body, else one over ``body``."""
        if self._stream is None:
            self._stream = AsyncBytesIO(self.body)
        return self._stream

    @property
    def form(self):
        """The ``MultiDict`` of a form, or ``None`` if the body is none."""
        return self._parsed_form if self._form is None else self._form

    @property
    def files(self):
        """The dictionary of uploaded files, or ``None`` without ``with_form_data``."""
        return self._files

    def after_request(self, f):
        """Register ``f(request, response)`` to run after the handler of this request alone.

        It runs after the application's own after-request handlers, and not for error responses.
        """
        self.after_request_handlers.append(f)
        return f


def _decoded(path):
    data = unquote(path.encode())
    if b'\0' in data:
        raise ClientError(400)
    try:
        return data.decode()
    except ValueError as exc:
        raise client_error(exc) from None
