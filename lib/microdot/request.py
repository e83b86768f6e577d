"""``Request``: a thin view of what a client sent. What costs is made when it is asked for.

Its body is a ``BodyStream``; where that comes from is up to subclasses.
"""

from io import BytesIO

from .compat import loads
from .http1 import parse_fields, refuse

BODY_PIECE = 1024  # bytes received, and held, at once


class BodyStream:
    """A stream of bytes that ends.

    A subclass has the coroutine method ``read_some(n)``, which returns at least one and at most n
    bytes, ``b''`` at the end, and ``left``, the bytes that are known to be still to come.

    All methods raise ``ClientError``: 400 for a malformed body or one that ends early, 408 if it
    stalls, 413 if one of unknown length grows beyond the limit.
    """

    held = ()  # pieces that were read to see whether the body is short
    max_line = 16384  # bytes that ``readuntil`` and ``readline`` return at most
    left = 0

    async def read(self, n=-1):
        """Return at most n bytes, what is there first; all up to the end if n is negative."""
        if n < 0:
            return b''.join(await self._pieces(None))
        if self.held:
            data = self.held.pop(0)
            if len(data) > n:
                self.held.insert(0, data[n:])
                data = data[:n]
            return bytes(data)
        return await self.read_some(n) if n else b''

    async def _pieces(self, n):
        """Return the pieces of the next n bytes, or of all up to the end."""
        # Not one block that grows, which would have to find room again and again; and not one for
        # each chunk, of which there may be thousands.
        pieces = []
        while n is None or n > 0:
            data = await self.read(BODY_PIECE if n is None else min(n, BODY_PIECE))
            if not data:
                break
            if n is not None:
                n -= len(data)
            if pieces and len(pieces[-1]) + len(data) <= BODY_PIECE:
                pieces[-1].extend(data)
            else:
                pieces.append(bytearray(data))
        return pieces

    async def readexactly(self, n):
        """Return n bytes. Raises ``ClientError`` (400) if there are fewer."""
        data = b''.join(await self._pieces(n))
        if len(data) < n:
            refuse(400)
        return data

    def readuntil(self, separator=b'\n'):
        """Return the bytes up to a separator, included, or up to the end: a coroutine.

        Raises ``ClientError`` (413) if they are more than ``max_line``.
        """
        from .lines import read_until

        return read_until(self, separator)

    readline = readuntil

    async def load(self, request):
        """Keep a body that fits for ``request.body``; leave a longer one to the stream."""
        limit = request.max_body_length
        if self.left <= limit:
            pieces = await self._pieces(limit + 1)
            if sum(map(len, pieces)) > limit:
                self.held = pieces
            else:
                request._pieces = pieces
                request._stream = None

    async def aclose(self):
        """Do nothing: who made the stream closes it."""


class AsyncBytesIO(BodyStream):
    """An asynchronous view of bytes, with the methods of a stream.

    :param data: the bytes to read.
    """

    def __init__(self, data):
        self.stream = BytesIO(data)

    async def read_some(self, n):
        return self.stream.read(n)

    async def readexactly(self, n):
        """Return the next n bytes, or as many as there are."""
        return b''.join(await self._pieces(n))

    async def awrite(self, data):
        return self.stream.write(data)


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

    Raises ``ValueError`` for a path that does not decode to UTF-8 without NUL, and for a
    ``Content-Length`` that is no number.

    ``headers``, ``args``, ``cookies``, ``content_type`` and ``client_addr`` are worked out when
    they are first asked for, and may be assigned.
    """

    #: Longest body, in bytes, that is accepted; a longer one is answered with 413.
    max_content_length = 16384
    #: Longest body, in bytes, that is loaded into ``body``; a longer one is read by ``stream``.
    max_body_length = 16384
    #: Longest request line or header line, in bytes.
    max_readline = 2048

    class G:
        """The type of ``g``; another may be assigned to ``Request.G``."""

    # The usual values: an instance holds what differs.
    body_used = False
    http_version = '1.1'
    scheme = 'http'
    app = route = subapp = None  # ``app``: see ``compat.isinstance``
    url_prefix = ''
    url_args = {}
    connection = None  # the server's ``Connection``, where that is what serves
    content_length = 0
    query_string = None
    subapps = ()  # the mounted applications of the route, the innermost last
    unread = None  # the stream of a body that is still to be loaded
    _body = b''
    _pieces = ()  # of a body that nobody has wanted whole yet
    #: The dictionary of uploaded files, ``None`` without ``with_form_data``.
    files = None
    _form = _json = _malformed = _stream = None
    _after_response = ()

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
        self.method = method
        self.url = self.path = url
        self.g = self.G()
        self.after_request_handlers = []
        self.sock = sock
        if http_version != '1.1':
            self.http_version = http_version
        if client_addr:
            self.client_addr = client_addr
        if scheme:
            self.scheme = scheme
        if url_prefix or subapp or route:
            self.url_prefix, self.subapp, self.route = url_prefix, subapp, route
        if body:
            self._body = body
        if stream:
            self._stream = stream
        if '?' in url:
            self.path, _, self.query_string = url.partition('?')
        if '%' in self.path:
            from .urlencoded import decode_path

            self.path = decode_path(self.path)
        if isinstance(headers, list):
            self._lines = headers
        else:
            self.headers = headers
            self.content_length = int(headers.get('Content-Length') or 0)

    def __getattr__(self, name):
        if name == 'headers':
            value = parse_fields(self._lines)
            self._lines = None  # a request may last as long as its WebSocket
        elif name == 'args':
            from .urlencoded import parse_urlencoded

            value = self._parsed(parse_urlencoded, self.query_string or '')
        elif name == 'cookies' or name == 'content_type':
            field = 'Cookie' if name == 'cookies' else 'Content-Type'
            if 'headers' in self.__dict__ or not self.connection:
                fields = self.headers
            else:  # a dictionary of all takes a tenth of a request
                fields = parse_fields(self._lines, field.lower().encode())
            value = fields.get(field)
            if name == 'cookies':
                from .cookies import parse_cookies

                value = parse_cookies(value)
        elif name == 'client_addr':
            from .compat_rare import client_of

            value = self.connection and client_of(self.connection.writer)
        else:
            raise AttributeError(name)
        setattr(self, name, value)
        return value

    @property
    def body(self):
        """The body as bytes; ``b''`` if it is left to ``stream``."""
        if self._pieces:
            self._body = b''.join(self._pieces)
            self._pieces = ()
        return self._body

    @property
    def stream(self):
        """The body as a stream: the connection's for a large body, else one over ``body``."""
        if self._stream is None:
            self._stream = AsyncBytesIO(self._body)
            self._stream.held = list(self._pieces)
        return self._stream

    def _parsed(self, parse, data):
        try:
            return parse(data if isinstance(data, str) else data.decode())
        except ValueError as exc:
            self._malformed = exc  # answered with 400, unless somebody handles it
            raise

    @property
    def json(self):
        """The parsed JSON body, ``None`` if the content type is another.

        Raises ``ValueError``, answered with 400 if nobody handles it, for malformed JSON.
        """
        if self._json is None:
            sent = (self.content_type or '').split(';')[0].strip().lower()
            if sent[:12] == 'application/' and (sent[12:] == 'json' or sent[-5:] == '+json'):
                self._json = self._parsed(loads, self.body)
        return self._json

    @property
    def form(self):
        """The ``MultiDict`` of a form, ``None`` if the content type is another.

        ``with_form_data`` makes it the plain dictionary of a multipart form.
        """
        if self._form is None:
            sent = (self.content_type or '').split(';')[0].strip().lower()
            if sent == 'application/x-www-form-urlencoded':
                from .urlencoded import parse_urlencoded

                self._form = self._parsed(parse_urlencoded, self.body)
        return self._form

    def after_request(self, f):
        """Register ``f(request, response)`` to run after the handler of this request alone.

        It runs after the application's own after-request handlers, and not for error responses.
        """
        self.after_request_handlers.append(f)
        return f

    def after_response(self, f):
        """Register ``f(request, response)`` to run when the response to this request has left.

        To restart the board, say, or to leave the Wi-Fi. Under ASGI and WSGI it runs when the
        server has been given all of the response.
        """
        self._after_response += (f,)
        return f

    def vary(self, name):
        """Note that the response depends on a header of the request, for its own ``Vary``.

        :param name: the name of the header.
        """
        g = self.g
        if not hasattr(g, '_vary'):
            g._vary = set()
        g._vary.add(name)

    @classmethod
    def create(cls, *args, **kwargs):
        """Read a request from a stream: a coroutine.

        :param app: the application.
        :param client_reader: a stream with ``readline()`` and ``readexactly(n)``.
        :param client_writer: the stream to write to; it is only kept.
        :param client_addr: the address of the client.
        :param scheme: ``'http'`` or ``'https'``.

        Its parameters are these, the last one optional. Returns ``None`` at the end of the stream.
        Raises ``ValueError`` for a malformed head.
        """
        from .lines import read_request

        return read_request(cls, *args, **kwargs)
