"""``TestClient``: requests to an application without a network, as tests make them."""

from .compat import json
from .parsing import AsyncBytesIO
from .request import Request
from .response import Response

__all__ = ('TestClient', 'TestResponse')


class TestResponse:
    """What an application answered.

    All attributes are ``None`` (``headers`` an empty dictionary) where the response has no such
    part: ``status_code``, ``reason``, ``headers``, ``body`` (bytes), ``text`` (if it is UTF-8),
    ``json`` (of a JSON response) and ``events`` (of ``text/event-stream``: a list of dictionaries
    with ``data``, ``data_json``, ``event``, ``event_id`` and ``retry``).
    """

    __test__ = False

    def __init__(self):
        self.status_code = None
        self.reason = None
        self.headers = {}
        self.body = None
        self.text = None
        self.json = None
        self.events = None

    @classmethod
    async def create(cls, response):
        """Read a ``Response`` to its end and return the ``TestResponse`` of it."""
        test_response = cls()
        if response is Response.already_handled:
            return test_response
        test_response.status_code = response.status_code
        test_response.reason = response.reason
        test_response.headers = response.headers
        await test_response._read_body(response)
        return test_response

    async def _read_body(self, response):
        stream = response.body_iter()
        try:
            if response.is_head:
                return
            parts = []
            while True:
                try:
                    part = await stream.__anext__()
                except StopAsyncIteration:
                    break
                parts.append(part.encode() if isinstance(part, str) else bytes(part))
            self.body = b''.join(parts)
        finally:
            if hasattr(stream, 'aclose'):
                await stream.aclose()
        self._interpret()

    def _interpret(self):
        try:
            self.text = self.body.decode()
        except ValueError:
            return
        media_type = self.headers.get('Content-Type', '').split(';')[0].strip().lower()
        if media_type == 'application/json':
            self.json = json.loads(self.text)
        elif media_type == 'text/event-stream':
            self.events = [e for e in map(_parse_event, self.body.split(b'\n\n')) if e]


def _parse_event(block):
    event = {'data': None, 'data_json': None, 'event': None, 'event_id': None, 'retry': None}
    for line in block.split(b'\n'):
        name, _, value = line.partition(b':')
        value = value[1:] if value[:1] == b' ' else value
        if name == b'data':
            event['data'] = value if event['data'] is None else event['data'] + b'\n' + value
        elif name == b'event':
            event['event'] = value.decode()
        elif name == b'id':
            event['event_id'] = value.decode()
        elif name == b'retry':
            event['retry'] = int(value) / 1000
    if event['data'] is None:
        return None  # a comment
    try:
        event['data_json'] = json.loads(event['data'].decode())
    except ValueError:
        pass
    return event


class TestClient:
    """Sends requests to an application and keeps its cookies.

    :param app: the application.
    :param cookies: a dictionary of cookies to begin with.
    :param scheme: the scheme of the requests, ``'http'`` by default.
    :param host: the value of ``Host``, ``'example.com:1234'`` by default.
    """

    __test__ = False

    def __init__(self, app, cookies=None, scheme=None, host=None):
        self.app = app
        self.cookies = {} if cookies is None else cookies
        self.scheme = scheme
        self.host = host or 'example.com:1234'

    async def request(self, method, path, headers=None, body=None, sock=None):
        """Send a request and return the ``TestResponse``.

        :param method: the method.
        :param path: the target: the path, with a query string if there is one.
        :param headers: a dictionary of header fields.
        :param body: bytes, str, or a dict or list to send as JSON.
        :param sock: a pair (reader, writer) that stands for the connection.

        Raises ``ValueError`` for a request that a server would refuse.
        """
        headers, body = self._complete(path, headers, body)
        head = '%s %s HTTP/1.0\n' % (method, path)
        for name in headers:
            head += '%s: %s\n' % (name, headers[name])
        data = head.encode() + b'\n' + body
        if sock:
            sock[0].buffer = data
            reader, writer = sock
        else:
            reader = writer = AsyncBytesIO(data)
        request = await Request.create(
            self.app, reader, writer, ('127.0.0.1', 1234), scheme=self.scheme
        )
        if sock:
            request.sock = sock
        response = await self.app.dispatch_request(request)
        if response is not Response.already_handled:
            response.complete()
            self._update_cookies(response)
        return await TestResponse.create(response)

    async def get(self, path, headers=None):
        """Send a GET request; see ``request``."""
        return await self.request('GET', path, headers)

    async def post(self, path, headers=None, body=None):
        """Send a POST request; see ``request``."""
        return await self.request('POST', path, headers, body)

    async def put(self, path, headers=None, body=None):
        """Send a PUT request; see ``request``."""
        return await self.request('PUT', path, headers, body)

    async def patch(self, path, headers=None, body=None):
        """Send a PATCH request; see ``request``."""
        return await self.request('PATCH', path, headers, body)

    async def delete(self, path, headers=None):
        """Send a DELETE request; see ``request``."""
        return await self.request('DELETE', path, headers)

    async def query(self, path, headers=None, body=None):
        """Send a QUERY request; see ``request``."""
        return await self.request('QUERY', path, headers, body)

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

    def _complete(self, path, headers, body):
        """Return (headers, body) with what the request lacks; the caller's dictionary is kept."""
        names = {}
        for name in headers or {}:
            names[name.lower()] = name
        result = {} if 'host' in names else {'Host': self.host}
        for name in headers or {}:
            result[name] = headers[name]
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            if 'content-type' not in names:
                result['Content-Type'] = 'application/json'
        if isinstance(body, str):
            body = body.encode()
        if body and 'content-length' not in names:
            result['Content-Length'] = str(len(body))
        cookies = self._cookies_for(path.split('?')[0])
        if cookies:
            name = names.get('cookie', 'Cookie')
            if name in result:
                cookies = result[name] + '; ' + cookies
            result[name] = cookies
        return result, body or b''

    def _cookies_for(self, path):
        pairs = []
        for name in self.cookies:
            value = self.cookies[name]
            if isinstance(value, tuple):
                value, prefix = value
                if not path.startswith(prefix):
                    continue
            pairs.append(name + '=' + value)
        return '; '.join(pairs)

    def _update_cookies(self, response):
        cookies = response.headers.get('Set-Cookie') or ()
        for cookie in (cookies,) if isinstance(cookies, str) else cookies:
            self._update_cookie(cookie)

    def _update_cookie(self, cookie):
        pair, _, options = cookie.partition(';')
        name, _, value = pair.partition('=')
        path = '/'
        expired = False
        for option in options.split(';'):
            attribute, _, setting = option.strip().partition('=')
            attribute = attribute.lower()
            if attribute == 'path':
                path = setting
            elif attribute == 'max-age':
                expired = expired or not setting.isdigit() or int(setting) == 0
            elif attribute == 'expires':
                expired = expired or '1 jan 1970' in setting.lower()
        stored = self.cookies.get(name)
        stored_path = stored[1] if isinstance(stored, tuple) else '/'
        if not expired:
            self.cookies[name] = value if path == '/' else (value, path)
        elif stored is not None and stored_path == path:
            del self.cookies[name]
