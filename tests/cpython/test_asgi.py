"""HTTP of `microdot.asgi`, by scopes and messages made here."""

import asyncio
import os

import pytest
import shims

from microdot import asgi, websocket
from microdot.asgi import Microdot, Request, Response

SCOPE = {
    'type': 'http',
    'http_version': '1.1',
    'method': 'GET',
    'path': '/',
    'query_string': b'',
    'headers': [],
    'client': ('1.2.3.4', 5678),
}


class Client:
    """What an application is called with: messages to receive, and those it sends.

    After the given messages `receive()` waits until `leave()` is called.
    """

    def __init__(self, *messages):
        self.messages = list(messages)
        self.sent = []
        self.left = asyncio.Event()

    async def receive(self):
        if self.messages:
            return self.messages.pop(0)
        await self.left.wait()
        return {'type': 'http.disconnect'}

    async def send(self, message):
        self.sent.append(message)

    def leave(self):
        self.left.set()

    @property
    def head(self):
        """The status and the list of headers."""
        assert self.sent[0]['type'] == 'http.response.start'
        return self.sent[0]['status'], self.sent[0]['headers']

    @property
    def body(self):
        assert all(message['type'] == 'http.response.body' for message in self.sent[1:])
        assert [message['more_body'] for message in self.sent[1:]].count(False) == 1
        assert self.sent[-1]['more_body'] is False
        return b''.join(message['body'] for message in self.sent[1:])


def parts(*bodies):
    """The messages of a body."""
    last = len(bodies) - 1
    return [
        {'type': 'http.request', 'body': body, 'more_body': i < last}
        for i, body in enumerate(bodies)
    ]


async def ask(app, *messages, **scope):
    """Send a request and return the Client."""
    client = Client(*messages)
    await app({**SCOPE, **scope}, client.receive, client.send)
    return client


def echo_app(result):
    return shims.echo_app(Microdot, result)


def test_names():
    shims.check_names(asgi)
    assert asgi.os is os
    assert issubclass(asgi.WebSocket, websocket.WebSocket)


async def test_request():
    app, seen = shims.app_for_request(Microdot)
    scope = {
        'path': '/foo/bar',
        'query_string': b'a=1',
        'headers': [
            [b'Authorization', b'Bearer x'],
            [b'cookie', b'a=b'],
            [b'cookie', b'c=d'],
            [b'x-list', b'1'],
            [b'x-list', b'caf\xc3\xa9'],
            [b'Content-Length', b'6'],
            [b'etag', b'\xff'],
        ],
        'client': ['1.2.3.4', 5678, 'more'],
        'method': 'POST',
        'scheme': 'https',
    }
    client = await ask(app, *parts(b're', b'qu', b'', b'st'), **scope)
    request, name = seen[0]
    shims.check_request(app, request, name)
    assert request.headers == {
        'Authorization': 'Bearer x',
        'Cookie': 'a=b; c=d',
        'X-List': '1, caf\u00e9',
        'Content-Length': '6',
        'Etag': '\u00ff',
    }
    assert (request.body, request.content_length) == (b'requst', 6)
    assert await request.stream.read() == b'requst'
    assert request.asgi_scope['path'] == '/foo/bar'
    assert request.sock[1] == client.send and callable(request.sock[0])
    assert client.head[0] == 200
    wanted = [(name.lower().encode(), value.encode()) for name, value in shims.REQUEST_HEADERS]
    assert sorted(client.head[1]) == wanted
    assert client.body == b'response'


TARGETS = [
    # path, raw_path, root_path, query -> path, url
    ('/a', b'/a', '', b'', '/a', '/a'),
    ('/a', None, None, b'x=%20', '/a', '/a?x=%20'),
    ('/a?b', b'/a%3Fb', '', b'c', '/a?b', '/a%3Fb?c'),
    ('/a?b', None, '', b'', '/a?b', '/a%3Fb'),
    ('/a%20', None, '', b'', '/a%20', '/a%2520'),
    ('/a%20', b'/a%2520', '', b'', '/a%20', '/a%2520'),
    ('/a/b', b'/a%2Fb', '', b'', '/a/b', '/a%2Fb'),
    ('/\u00e9', b'/%C3%A9', '', b'', '/\u00e9', '/%C3%A9'),
    ('/\u00e9', b'/%c3%a9?x', '', b'x', '/\u00e9', '/%c3%a9?x'),
    ('/\u00e9', None, '', b'', '/\u00e9', '/%C3%A9'),
    # A raw path that has not followed a change of the path
    ('/b c', b'/a/b%20c', '', b'', '/b c', '/b%20c'),
    ('/a#b', b'', '', b'', '/a#b', '/a%23b'),
    # The prefix, in the path (as ASGI has it) or not
    ('/app/a', b'/app/a', '/app', b'', '/app/a', '/app/a'),
    ('/a', b'/a', '/app', b'', '/app/a', '/app/a'),
    ('/a', b'/a', '/app/', b'x', '/app/a', '/app/a?x'),
    ('/apple', b'/apple', '/app', b'', '/app/apple', '/app/apple'),
    ('/app', b'/app', '/app', b'', '/app', '/app'),
    ('/a', b'/a', '/\u00e9', b'', '/\u00e9/a', '/%C3%A9/a'),
]


@pytest.mark.parametrize('row', TARGETS)
async def test_targets(row):
    path, raw_path, root_path, query_string, wanted_path, wanted_url = row
    seen = []
    app = echo_app(lambda request: seen.append((request.path, request.url)))
    scope = {'path': path, 'raw_path': raw_path, 'root_path': root_path}
    if raw_path is None:
        del scope['raw_path']
    client = await ask(app, query_string=query_string, **scope)
    assert client.head[0] == 204
    assert seen == [(wanted_path, wanted_url)]


MALFORMED = [
    {'query_string': b'a=\xff'},
    {'path': '/\ufffd', 'raw_path': b'/%ff'},
    {'path': '/a\0b'},
    {'headers': [(b'content-length', b'x')]},
    {'headers': [(b'content-length', b'-1')]},
    {'headers': [(b'content-length', b'5'), (b'content-length', b'\xb2')]},
]


@pytest.mark.parametrize('scope', MALFORMED)
async def test_malformed(scope):
    app = echo_app(lambda request: 'never')
    given = []

    @app.errorhandler(400)
    async def bad_request(request):
        given.append(request)
        return 'no', 400

    client = await ask(app, **scope)
    assert (client.head[0], client.body, given) == (400, b'no', [None])


async def test_little_known():
    """No headers, no query, no client, a type of scope that is not known."""
    app = echo_app(lambda request: str(request.client_addr) + request.scheme)
    client = Client()
    scope = {'type': 'http', 'http_version': '1.1', 'path': '/', 'client': None}
    await app(scope, client.receive, client.send)
    assert client.body == b'Nonehttp'
    client = Client()
    await app({**SCOPE, 'type': 'other'}, client.receive, client.send)
    assert client.sent == []


@pytest.mark.parametrize('limit', [5, 16384])
@pytest.mark.parametrize('length', [b'13', None])
@pytest.mark.parametrize('call, result', shims.STREAMS)
async def test_streams(call, result, length, limit, monkeypatch):
    monkeypatch.setattr(Request, 'max_body_length', limit)
    bodies = []

    async def handler(request):
        bodies.append(request.body)
        return await call(request.stream)

    app = echo_app(handler)
    headers = [(b'content-length', length)] if length else [(b'transfer-encoding', b'chunked')]
    body = parts(b'on', b'e\nt', b'wo', b';', b'', b'three')
    client = await ask(app, *body, method='POST', headers=headers)
    assert client.body == result
    assert bodies == [b'' if limit == 5 else shims.BODY]


@pytest.mark.parametrize(
    'version, method, body',
    [
        ('2', 'POST', b'abc'),
        ('2', 'GET', b''),
        ('1.1', 'POST', b''),
    ],
)
async def test_body_without_length(version, method, body):
    app = echo_app(lambda request: request.body)
    client = await ask(app, *parts(b'a', b'bc'), method=method, http_version=version)
    assert client.body == body


@pytest.mark.parametrize('headers', [[(b'content-length', b'17')], [(b'transfer-encoding', b'x')]])
async def test_too_large(headers, monkeypatch):
    monkeypatch.setattr(Request, 'max_content_length', 16)
    app = echo_app(lambda request: 'never')
    client = await ask(app, *parts(b'x' * 17), method='POST', headers=headers, path='/unknown')
    assert (client.head[0], client.body) == (413, b'Payload too large')


@pytest.mark.parametrize('end', [None, {'type': 'http.disconnect'}])
async def test_body_ends_early(end):
    app = echo_app(lambda request: 'never')
    headers = [(b'content-length', b'6')]
    client = await ask(app, *parts(b'abc', b'')[:1], end, method='POST', headers=headers)
    assert client.head[0] == 400


class Pieces:
    def __init__(self, *pieces):
        self.pieces = list(pieces)
        self.closed = 0

    async def read(self, n):
        return self.pieces.pop(0) if self.pieces else b''

    async def aclose(self):
        self.closed += 1


async def test_body_object():
    body = Pieces(b'foo', 'b\u00e4r')
    client = await ask(echo_app(lambda request: body))
    assert [m['body'] for m in client.sent[1:]] == [b'foo', 'b\u00e4r'.encode(), b'']
    assert [m['more_body'] for m in client.sent[1:]] == [True, True, False]
    assert body.closed == 1


@pytest.mark.parametrize('method', ['GET', 'HEAD'])
@pytest.mark.parametrize('row', shims.RESPONSES)
async def test_responses(row, method):
    client = await ask(echo_app(lambda request: row[0]()), method=method)
    status, headers = client.head
    assert all(type(item) is bytes for pair in headers for item in pair)
    assert all(name == name.lower() for name, _ in headers)
    pairs = [(name.decode(), value.decode()) for name, value in headers]
    shims.check_response(row, method, status, pairs, client.body)


async def test_already_handled():
    client = await ask(echo_app(lambda request: Response.already_handled))
    assert client.sent == []
    assert Response.already_handled.headers == {}


async def test_bad_head_of_a_stream():
    body = Pieces(b'never')
    client = await ask(echo_app(lambda request: (body, {'X': 'a\n'})))
    assert (client.head[0], body.closed) == (500, 1)


async def test_broken_stream():
    """The server learns of it, so that the client can see that something is missing."""
    body = Pieces('a', 5)
    client = Client()
    with pytest.raises(TypeError):
        await echo_app(lambda request: body)(SCOPE, client.receive, client.send)
    assert body.closed == 1
    assert client.sent[-1]['more_body'] is True


class Endless:
    """A body that goes on until it is closed."""

    def __init__(self):
        self.started, self.closed = asyncio.Event(), False

    def __aiter__(self):
        return self

    async def __anext__(self):
        self.started.set()
        return b'x'

    async def aclose(self):
        self.closed = True


@pytest.mark.parametrize('messages', [[], parts(b''), [None]])
async def test_client_leaves_stream(messages):
    body = Endless()
    client = Client(*messages)
    call = asyncio.create_task(echo_app(lambda request: body)(SCOPE, client.receive, client.send))
    await body.started.wait()
    client.leave()
    await call
    assert body.closed


async def test_client_leaves_handler():
    events = []
    client = Client(*parts(b''))

    async def handler(request):
        client.leave()
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            events.append('cancelled')
            raise

    await echo_app(handler)(SCOPE, client.receive, client.send)
    assert (events, client.sent) == (['cancelled'], [])
    # Since Python 3.11 a task keeps count of what it has not yet accepted.
    assert getattr(asyncio.current_task(), 'cancelling', int)() == 0


@pytest.mark.parametrize('waits', [0, 0.05])
async def test_client_leaves_after_the_response(waits, monkeypatch):
    """What comes after the response does not depend on the client."""
    monkeypatch.setattr(asgi, '_PATIENCE', 0.01)
    events = []

    async def handler(request):
        if waits:
            await asyncio.sleep(waits)

        @request.after_response
        async def after(request, response):
            client.leave()
            await asyncio.sleep(0.05)
            events.append('done')

        return 'x'

    client = Client(*parts(b''))
    await echo_app(handler)(SCOPE, client.receive, client.send)
    assert (events, client.body) == (['done'], b'x')


async def test_nothing_is_left(monkeypatch):
    monkeypatch.setattr(asgi, '_PATIENCE', 0.01)
    tasks = asyncio.all_tasks()

    async def handler(request):
        await asyncio.sleep(0.05 if request.path == '/slow' else 0)
        return 'done'

    for path in ('/', '/slow'):
        client = await ask(echo_app(handler), path=path)
        assert client.body == b'done'
    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() == tasks


async def test_client_is_watched_amid_a_body(monkeypatch):
    """What is received while the handler is busy is not lost to it."""
    monkeypatch.setattr(asgi, '_PATIENCE', 0.01)
    monkeypatch.setattr(Request, 'max_body_length', 1)

    async def handler(request):
        data = await request.stream.readexactly(1)
        await asyncio.sleep(0.1)
        return data + await request.stream.read()

    app = echo_app(handler)
    headers = [(b'content-length', b'6')]
    client = await ask(app, *parts(b'a', b'bc', b'def'), method='POST', headers=headers)
    assert client.body == b'abcdef'


async def test_server_cancels():
    """A cancellation by the server is not taken for the client's leaving."""
    tasks = asyncio.all_tasks()
    body = Endless()
    client = Client()
    call = asyncio.create_task(echo_app(lambda request: body)(SCOPE, client.receive, client.send))
    await body.started.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert body.closed
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == tasks


async def test_back_pressure():
    """The next piece is made when the server has taken the last one."""
    body = Endless()
    taken = asyncio.Semaphore(0)
    client = Client()

    async def send(message):
        client.sent.append(message)
        await taken.acquire()

    call = asyncio.create_task(echo_app(lambda request: body)(SCOPE, client.receive, send))
    for i in range(1, 6):
        for _ in range(10):
            await asyncio.sleep(0)
        assert len(client.sent) == i
        taken.release()
    call.cancel()
    await asyncio.wait([call])
