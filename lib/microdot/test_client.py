"""``TestClient``: requests to an application without a network, as tests make them."""

from .after import finish
from .compat import dumps, loads
from .compat_rare import now
from .http1 import ClientError, refuse
from .request import AsyncBytesIO, Request
from .response import Response, prepared
from .streaming import OutgoingBody, close

__all__ = ('TestClient', 'TestResponse')


class TestResponse:
    """What an application answered.

    All attributes are ``None`` (``headers`` an empty dictionary) where the response has no such
    part: ``status_code``, ``reason``, ``headers``, ``body`` (bytes), ``text`` (if it is UTF-8),
    ``json`` (of a JSON response) and ``events`` (of ``text/event-stream``: a list of dictionaries
    with ``data``, ``data_json``, ``event``, ``event_id`` and ``retry``). ``history`` has the
    responses that redirected here, the first one first.
    """

    __test__ = False
    history = ()

    def __init__(self):
        self.status_code = None
        self.reason = None
        self.headers = {}
        self.body = None
        self.text = None
        self.json = None
        self.events = None

    @classmethod
    async def create(cls, response, length=None):
        """Read a ``Response`` to its end and return the ``TestResponse`` of it.

        :param response: the response.
        :param length: how many bytes of its body are sent, ``None`` for all.
        """
        test_response = cls()
        if response is Response.already_handled:
            return test_response
        test_response.status_code = response.status_code
        test_response.reason = response.reason
        test_response.headers = response.headers
        if response.is_head:
            await close(response.body)
        else:
            stream = response.body_iter()
            body = OutgoingBody(None, b'', length)
            try:
                while body.left != 0:
                    body.add(await stream.__anext__())
            except StopAsyncIteration:
                pass
            finally:
                await close(stream)
            test_response.body = b''.join(body.pieces)
            test_response._interpret()
        return test_response

    def _interpret(self):
        try:
            self.text = self.body.decode()
        except ValueError:
            return
        media_type = self.headers.get('Content-Type', '').split(';')[0].strip().lower()
        if media_type == 'application/json':
            try:
                self.json = loads(self.text)
            except ValueError:
                pass  # ``text`` shows why
        elif media_type == 'text/event-stream':
            from .test_client_stream import parse_events

            self.events = parse_events(self.body)


class TestClient:
    """Sends requests to an application and keeps its cookies.

    :param app: the application.
    :param cookies: a dictionary of cookies to begin with: by name the value, or (value, path).
    :param scheme: the scheme of the requests, ``'http'`` by default.
    :param host: the value of ``Host``, ``'example.com:1234'`` by default.

    ``clock`` may be replaced by another function that returns the seconds since 1970, such as one
    that lets cookies expire.
    """

    __test__ = False
    _jar = None

    def __init__(self, app, cookies=None, scheme=None, host=None):
        self.app = app
        self.cookies = {} if cookies is None else cookies
        self.scheme = scheme
        self.host = host or 'example.com:1234'

    async def __aenter__(self):
        """Start what the application has beside its requests: for the block, that runs, too."""
        from .lifespan import put

        await put(self.app, 'start')
        return self

    async def __aexit__(self, *exc):
        await self.app._life.close()

    async def request(self, method, path, headers=None, body=None, sock=None, **options):
        """Send a request and return the ``TestResponse``.

        :param method: the method.
        :param path: the target: the path, with a query string if there is one.
        :param headers: a dictionary of header fields.
        :param body: bytes, str, or a dict or list to send as JSON.
        :param sock: a pair (reader, writer) that stands for the connection.
        :param json: anything to send as JSON, in place of a body.
        :param form: the fields of a form to send, a dictionary, in which lists stand for several
            values, or a list of pairs.
        :param files: the files of a form: in place of a value the content (bytes, str or a file),
            or a tuple (file name, content) or (file name, content, media type).
        :param query: what to add to the query string, like ``form``.
        :param auth: a tuple (user name, password) for basic authentication.
        :param follow_redirects: whether to go on to where redirects lead.

        What a server would refuse is answered as a server would. Raises ``TypeError`` for an
        unknown option or more than one body, ``ValueError`` after 20 redirects.
        """
        if options:
            from .test_client_options import follow, prepare

            path, headers, body = prepare(path, headers, body, options)
        response = await self._answer(method, path, headers, body, sock)
        if options.get('follow_redirects'):
            return await follow(self, response, method, path, headers, body)
        return response

    async def get(self, path, headers=None, **options):
        """Send a GET request; see ``request``."""
        return await self.request('GET', path, headers, **options)

    async def head(self, path, headers=None, **options):
        """Send a HEAD request; see ``request``."""
        return await self.request('HEAD', path, headers, **options)

    async def options(self, path, headers=None, **options):
        """Send an OPTIONS request; see ``request``."""
        return await self.request('OPTIONS', path, headers, **options)

    async def post(self, path, headers=None, body=None, **options):
        """Send a POST request; see ``request``."""
        return await self.request('POST', path, headers, body, **options)

    async def put(self, path, headers=None, body=None, **options):
        """Send a PUT request; see ``request``."""
        return await self.request('PUT', path, headers, body, **options)

    async def patch(self, path, headers=None, body=None, **options):
        """Send a PATCH request; see ``request``."""
        return await self.request('PATCH', path, headers, body, **options)

    async def delete(self, path, headers=None, **options):
        """Send a DELETE request; see ``request``."""
        return await self.request('DELETE', path, headers, **options)

    async def query(self, path, headers=None, body=None, **options):
        """Send a QUERY request; see ``request``."""
        return await self.request('QUERY', path, headers, body, **options)

    def stream(self, method, path, headers=None, body=None, timeout=5, **options):
        """Send a request whose response is read while it comes, as it may have no end.

            async with client.stream('GET', '/events') as stream:
                async for event in stream.events(limit=3):
                    ...

        Returns a ``Stream``, see ``test_client_stream``; at the end of the block the application
        finds its client gone.

        :param timeout: the most seconds to wait for the next piece.

        The other parameters are those of ``request``, without ``follow_redirects``.
        """
        from .test_client_stream import Stream

        return Stream(self, method, path, headers, body, timeout, options)

    async def websocket(self, path, client, headers=None):
        """Talk to a WebSocket and return the ``TestResponse``, an empty one unless it is refused.

        :param path: the target.
        :param client: a function that returns a generator, which yields the client's messages and
            gets the application's next message (``None`` if there is none) from each ``yield``. A
            message ``None`` is not sent.
        :param headers: a dictionary of header fields, beside or in place of the usual ones.
        """
        from .test_client_websocket import converse

        return await converse(self, path, client, headers)

    def connect(self, path, headers=None, timeout=5):
        """Talk to a WebSocket step by step.

            async with client.connect('/echo') as ws:
                await ws.send('hello')
                assert await ws.receive() == 'hello'

        Returns a ``Connection``, see ``test_client_connection``.

        :param path: the target.
        :param headers: a dictionary of header fields, beside or in place of the usual ones.
        :param timeout: the most seconds to wait for a message.
        """
        from .test_client_connection import Connection

        return Connection(self, path, headers, timeout)

    def clock(self):
        return now()

    async def _answer(self, *args, **kwargs):
        request, response, length = await self._send(*args, **kwargs)
        test_response = await TestResponse.create(response, length)
        await finish(request, response)
        return test_response

    async def _send(self, method, path, headers, body, sock=None, scheme=None):
        """Send a request; return it, the ``Response``, and how many bytes of that body are sent.

        The request is ``None`` if it was malformed.
        """
        scheme = scheme or self.scheme
        headers, body = self._complete(path, headers, body, scheme)
        head = '%s %s HTTP/1.0\n' % (method, path)
        for name in headers:
            head += '%s: %s\n' % (name, headers[name])
        data = head.encode() + b'\n' + body
        if sock:
            sock[0].buffer = data
            reader, writer = sock
        else:
            reader = writer = AsyncBytesIO(data)
        request = length = None
        try:
            request = await Request.create(
                self.app, reader, writer, ('127.0.0.1', 1234), scheme=scheme
            )
            if request.body and len(request.body) < request.content_length:
                refuse(400)
        except ValueError as exc:
            # Only that a line is too long has no status of its own.
            too_long = 414 if head.find('\n') > Request.max_readline else 431
            status_code = getattr(exc, 'status_code', too_long)
            response = await self.app.recover(None, ClientError(status_code))
            request = None
        else:
            if sock:
                request.sock = sock
            response = await self.app.dispatch_request(request)
        if response is not Response.already_handled:
            response, _, length = await prepared(response)
            response.complete()
            self._update_cookies(response, _value(headers, 'host'))
        return request, response, length

    def _complete(self, path, headers, body, scheme):
        """Return (headers, body) with what the request lacks; the caller's dictionary is kept."""
        names = {}
        for name in headers or {}:
            names[name.lower()] = name
        result = {} if 'host' in names else {'Host': self.host}
        for name in headers or {}:
            result[name] = headers[name]
        if isinstance(body, (dict, list)):
            body = dumps(body)
            if 'content-type' not in names:
                result['Content-Type'] = 'application/json'
        if isinstance(body, str):
            body = body.encode()
        if body and 'content-length' not in names:
            result['Content-Length'] = str(len(body))
        if self.cookies:
            path = path.split('?')[0]
            cookies = self._cookies().header(_value(result, 'host'), path, scheme == 'https')
            if cookies:
                name = names.get('cookie', 'Cookie')
                if name in result:
                    cookies = result[name] + '; ' + cookies
                result[name] = cookies
        return result, body or b''

    def _cookies(self):
        if not self._jar:
            from .test_client_cookies import Jar

            self._jar = Jar(self)
        return self._jar

    def _update_cookies(self, response, host):
        cookies = response.headers.get('Set-Cookie') or ()
        for cookie in (cookies,) if isinstance(cookies, str) else cookies:
            self._cookies().store(cookie, host)


def _value(headers, wanted):
    for name in headers:
        if name.lower() == wanted:
            return str(headers[name]).strip()
