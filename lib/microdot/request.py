"""``Request``: a thin view of what a client sent. What few handlers ask for is in ``parsing``."""

from .compat import Late


class Request(Late):
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
    """

    _late = 'parsing'

    #: Longest body, in bytes, that is accepted; a longer one is answered with 413.
    max_content_length = 16384
    #: Longest body, in bytes, that is loaded into ``body``; a longer one is read by ``stream``.
    max_body_length = 16384
    #: Longest request line or header line, in bytes.
    max_readline = 2048

    # The usual values: an instance holds what differs; see also ``parsing``.
    body = b''
    connection = None
    content_length = 0
    http_version = '1.1'
    route = None
    subapps = ()
    unread = None  # the ``BodyStream`` of a body still to be loaded
    has_g = has_after = False  # whether the attributes have been made

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
        self.path = url
        if '?' in url or '%' in url:
            self.split_url(url)
        if isinstance(headers, list):
            self.header_lines = headers
        else:
            self.headers = headers
            length = headers.get('Content-Length')
            if length:
                self.content_length = int(length)
        if http_version != '1.1':
            self.http_version = http_version
        if client_addr or sock:
            self.client_addr = client_addr
            self.sock = sock
        if body:
            self.body = body
        if stream:
            self.stream = stream
        if scheme:
            self.scheme = scheme
        if url_prefix or subapp or route:
            self.url_prefix, self.subapp, self.route = url_prefix, subapp, route

    @staticmethod
    def create(*args, **kwargs):
        from .parsing import Methods

        return Methods.create(*args, **kwargs)
