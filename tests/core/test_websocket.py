"""`microdot.websocket` under the test client: messages, handshakes, how routes end."""

from microdot import Microdot, Request
from microdot.test_client import TestClient
from microdot.websocket import WebSocket, WebSocketError, websocket_upgrade, with_websocket
from support import MICROPYTHON, araises, skip

KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
GOOD = {
    'Upgrade': 'websocket',
    'Connection': 'keep-alive, Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': KEY,
}


def echo_app(**options):
    app = Microdot()

    @app.get('/echo')
    @with_websocket(**options)
    async def echo(request, ws):
        while True:
            await ws.send(await ws.receive())

    return app


async def talk(app, messages, path='/echo'):
    """Send the messages one by one; return (answers, response)."""
    answers = []

    def client():
        for message in messages:
            answers.append((yield message))

    response = await TestClient(app).websocket(path, client)
    return answers, response


async def test_echo():
    messages = ['hello', b'bytes', 'x' * 300, b'\xff' * 300, '', b'', 'žluť \U0001f600']
    answers, response = await talk(echo_app(), messages)
    assert answers == messages, answers
    assert [type(answer) for answer in answers] == [type(message) for message in messages]
    assert response.status_code is None
    assert response.body is None


async def test_limits():
    usual = Request.max_body_length
    Request.max_body_length = 1500
    try:
        for limit, sizes, lost in (
            (10, (9, 10), 11),
            (-1, (1500,), 1501),
            (2000, (2000,), 2001),
            (0, (0, 2500), None),
        ):
            app = echo_app(max_message_length=limit)
            messages = ['x' * size for size in sizes]
            answers, _ = await talk(app, messages)
            assert answers == messages
            if lost:
                answers, response = await talk(app, ['x' * lost, 'more'])
                assert answers == []
                assert response.status_code is None
    finally:
        Request.max_body_length = usual


async def test_long_message_with_eight_bytes_of_length():
    if MICROPYTHON:
        skip('takes more memory than the test has; see tests/http/test_websocket_suite.py')
    answers, _ = await talk(echo_app(max_message_length=65537), [b'x' * 65537])
    assert len(answers[0]) == 65537


async def test_application_speaks_first_and_twice():
    app = Microdot()

    @app.get('/echo')
    @with_websocket
    async def greet(request, ws):
        await ws.send('one')
        await ws.send(b'two')
        request.app.got = []
        for _ in range(3):
            request.app.got.append(await ws.receive())
        await ws.send('three')

    answers, _ = await talk(app, ['a', b'b', 'c', None])
    assert answers == ['one', b'two', 'three'], answers
    assert app.got == ['a', b'b', 'c'], app.got


async def test_end_of_the_client_is_an_error_of_the_application():
    app = Microdot()
    errors = []

    @app.get('/echo')
    @with_websocket
    async def route(request, ws):
        try:
            await ws.receive()
            await ws.receive()
        except OSError as exc:
            errors.append(exc.errno)
            raise

    await talk(app, ['a'])
    assert errors == [32]


async def test_bad_handshakes():
    client = TestClient(echo_app())
    bad = [{}]
    for name in GOOD:
        headers = dict(GOOD)
        del headers[name]
        bad.append(headers)
    for name, value in (('Upgrade', 'h2c'), ('Connection', 'close'), ('Sec-WebSocket-Key', 'x')):
        headers = dict(GOOD)
        headers[name] = value
        bad.append(headers)
    for headers in bad:
        response = await client.get('/echo', headers=headers)
        assert (response.status_code, response.text) == (400, '400 error'), headers
    headers = dict(GOOD)
    headers['Sec-WebSocket-Version'] = '8'
    response = await client.get('/echo', headers=headers)
    assert response.status_code == 426
    assert response.headers['Sec-WebSocket-Version'] == '13'
    assert response.headers['Upgrade'] == 'websocket'


async def test_origins():
    def client():
        yield 'a'

    cases = (
        (None, 'http://evil', None),
        (('https://a',), 'https://a', None),
        (('https://a',), 'https://b', 403),
        ('https://a.b', 'https://a.b', None),
        ('https://a.b', 'https://a', 403),
        (('https://a',), None, None),
        (True, 'http://example.com:1234', None),
        (True, 'https://example.com:1234', None),  # by a proxy with TLS
        (True, 'http://example.com', 403),
        (True, 'null', 403),
    )
    for allowed, origin, status in cases:
        app = echo_app(allowed_origins=allowed)
        headers = {'Origin': origin} if origin else {}
        response = await TestClient(app).websocket('/echo', client, headers=headers)
        assert response.status_code == status, (allowed, origin)


async def test_exceptions_end_the_connection_without_a_response():
    for exc in (ZeroDivisionError(), OSError(5), OSError(32), WebSocketError('x'), ValueError()):
        app = Microdot()

        @app.get('/echo')
        @with_websocket
        async def route(request, ws, exc=exc):
            request.app.ws = ws
            raise exc

        _, response = await talk(app, ['a'])
        assert response.status_code is None
        assert app.ws.closed


async def test_arguments_of_the_path_and_direct_upgrade():
    app = Microdot()

    @app.get('/<name>')
    async def route(request, name):
        ws = await websocket_upgrade(request)
        await ws.send(name)
        request.app.ws = ws
        return 'ignored'

    answers, response = await talk(app, ['a', None], '/me')
    assert answers == ['me']
    assert response.status_code is None
    assert app.ws.closed


async def test_send_checks():
    ws = WebSocket(None)
    for data, opcode in (('a', 0), ('a', 3), ('a', 8), ('a', 16), (b'x' * 126, 9)):
        await araises(ValueError, ws.send(data, opcode))
    await araises(ValueError, ws.close(1000, 'x' * 124))
    assert not ws.closed
    ws.closed = True
    await araises(WebSocketError, ws.send('a'))
    await araises(WebSocketError, ws.receive())
    await ws.close()
