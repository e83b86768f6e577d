"""What a ``Request`` works out when a handler asks for it: headers, query, form, JSON, cookies."""

from .compat import client_of, json, latin1
from .datastructures import NoCaseDict
from .errors import ClientError, client_error
from .urlcoding import parse_urlencoded, unquote


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


def _media_type(request):
    return (request.content_type or '').split(';')[0].strip().lower()


def _urlencoded(text):
    try:
        return parse_urlencoded(text)
    except ValueError as exc:
        raise client_error(exc) from None


class Methods:
    attributes = (
        'after_request_handlers',
        'args',
        'client_addr',
        'content_type',
        'cookies',
        'files',
        'form',
        'g',
        'headers',
        'json',
        'scheme',
        'sock',
        'stream',
        'url',
        'url_args',
    )

    body_used = False
    query_string = None
    subapp = None
    url_prefix = ''

    class G:
        """The type of ``g``; another may be assigned to ``Request.G``."""

    def split_url(self, url):
        """Set ``url``, ``path`` and ``query_string``. Raises ``ValueError`` for a bad path."""
        self.url = url
        path, mark, query_string = url.partition('?')
        if mark:
            self.query_string = query_string
        if '%' in path:
            path = unquote(path.encode())
            if b'\0' in path:
                raise ClientError(400)
            try:
                path = path.decode()
            except ValueError as exc:
                raise client_error(exc) from None
        self.path = path

    def url(self):
        """The target as sent, the path and the query string."""
        return self.path

    def url_args(self):
        """The dictionary of the path's arguments."""
        self.url_args = args = {}
        return args

    def client_addr(self):
        """The address of the client, a tuple (host, port) where the platform has it."""
        self.client_addr = addr = self.connection and client_of(self.connection.writer)
        return addr

    def scheme(self):
        """``'http'`` or ``'https'``."""
        return 'https' if self.connection and self.app.ssl else 'http'

    def sock(self):
        """The pair (reader, writer) of the connection."""
        return (self.connection, self.connection) if self.connection else None

    def headers(self):
        """The header fields, a ``NoCaseDict``; those sent several times are joined."""
        headers = NoCaseDict()
        for line in self.header_lines:
            name, _, value = line.partition(b':')
            name, value = name.decode(), _text(value.strip(b' \t'))
            if name in headers:
                # RFC 9110, section 5.3; cookies have a separator of their own.
                value = headers[name] + ('; ' if name.lower() == 'cookie' else ', ') + value
            headers[name] = value
        self.header_lines = None  # a request may last as long as its WebSocket
        self.headers = headers
        return headers

    def content_type(self):
        """The value of the ``Content-Type`` header, or ``None``."""
        return self.headers.get('Content-Type')

    def cookies(self):
        """The dictionary of cookies."""
        from .cookies import parse_cookies

        self.cookies = cookies = parse_cookies(self.headers.get('Cookie'))
        return cookies

    def args(self):
        """The ``MultiDict`` of the query string. Raises ``ValueError`` (400) if it is malformed."""
        self.args = args = _urlencoded(self.query_string or '')
        return args

    def json(self):
        """The parsed JSON body, ``None`` if the content type is another.

        Raises ``ValueError``, answered with 400 if nobody handles it, for malformed JSON.
        """
        media_type = _media_type(self)
        if media_type != 'application/json' and not (
            media_type.startswith('application/') and media_type.endswith('+json')
        ):
            return None
        try:
            self.json = value = json.loads(self.body.decode())
        except ValueError as exc:
            raise client_error(exc) from None
        return value

    def form(self):
        """The ``MultiDict`` of a form, ``None`` if the content type is another."""
        form = self.__dict__.get('_form')
        if form is None and _media_type(self) == 'application/x-www-form-urlencoded':
            form = _urlencoded(self.body)
        if form is not None:
            self.form = form
        return form

    def files(self):
        """The dictionary of uploaded files, ``None`` without ``with_form_data``."""
        return self.__dict__.get('_files')

    def stream(self):
        """The body as a stream: the connection's for a large body, else one over ``body``."""
        self.stream = stream = AsyncBytesIO(self.body)
        return stream

    def g(self):
        """An object for the application's own data about the request."""
        self.g = g = self.G()
        self.has_g = True
        return g

    def after_request_handlers(self):
        """The functions registered by ``after_request``."""
        self.after_request_handlers = handlers = []
        self.has_after = True
        return handlers

    def after_request(self, f):
        """Register ``f(request, response)`` to run after the handler of this request alone.

        It runs after the application's own after-request handlers, and not for error responses.
        """
        self.after_request_handlers.append(f)
        return f

    def vary(self, name):
        """Note that the response depends on a header of the request, for its own ``Vary``.

        :param name: the name of the header.
        """
        g = self.g
        if not hasattr(g, '_vary'):
            g._vary = set()
        g._vary.add(name)

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
        from .request import Request

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
        method, url, version, headers, length, _, _ = parse_head(lines, Request.max_readline, 1000)
        sock = (client_reader, client_writer)
        request = Request(
            app, client_addr, method, url, version, headers, None, None, sock, '', None, scheme
        )
        request.content_length = max(length, 0)
        if 0 < length <= Request.max_body_length:
            request.body = await client_reader.readexactly(length)
        else:
            request.stream = client_reader
        return request
