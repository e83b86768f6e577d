"""TestClient.connect: WebSockets step by step; TestClient.websocket: nothing said is lost."""

import asyncio

from microdot import Microdot, abort
from microdot.test_client import TestClient
from microdot.websocket import WebSocketError, with_websocket
from support import araises


def create_app():
    app = Microdot()
    app.ends = []

    @app.get('/echo')
    @with_websocket(subprotocols=('chat',), allowed_origins=('https://a.b',))
    async def echo(request, ws):
        try:
            while True:
                await ws.send(await ws.receive())
        finally:
            app.ends.append((ws.close_code, ws.close_reason))

    @app.get('/first')
    @with_websocket
    async def first(request, ws):
        await ws.send('one')
        await ws.send(b'two')
        await ws.send('got ' + await ws.receive() + ' and ' + await ws.receive())
        await ws.close(3000, 'enough')

    @app.get('/idle')
    @with_websocket
    async def idle(request, ws):
        try:
            await asyncio.sleep(100)
        finally:
            app.ends.append('cancelled')

    @app.get('/session')
    @with_websocket
    async def session(request, ws):
        await ws.send(request.headers.get('Cookie', '') + request.headers.get('X-Foo', ''))

    @app.get('/refused')
    async def refused(request):
        abort(403)

    return app


async def test_echo():
    app = create_app()
    async with TestClient(app).connect('/echo') as ws:
        assert ws.accepted is True and ws.response is None and ws.subprotocol is None
        for message in ('hello', b'bytes', 'x' * 300, b'\xff' * 300, '', b'', 'žluť'):
            await ws.send(message)
            answer = await ws.receive()
            assert answer == message and type(answer) is type(message), message
        for message in ('a', 'b', 'c'):
            await ws.send(message)
        assert [await ws.receive(), await ws.receive(), await ws.receive()] == ['a', 'b', 'c']
    assert app.ends == [(1000, '')]


async def test_application_speaks_first_and_ends_it():
    async with TestClient(create_app()).connect('/first') as ws:
        assert await ws.receive() == 'one'
        assert await ws.receive() == b'two'
        await ws.send('x')
        await ws.send('y')
        assert await ws.receive() == 'got x and y'
        exc = await araises(WebSocketError, ws.receive())
        assert (exc.code, ws.close_code, ws.close_reason) == (3000, 3000, 'enough')
        await araises(WebSocketError, ws.send('more'))


async def test_closing():
    app = create_app()
    async with TestClient(app).connect('/echo') as ws:
        await ws.close(4000, 'bye')
        await araises(WebSocketError, ws.receive())
    assert app.ends == [(4000, 'bye')]


async def test_a_route_that_does_not_listen():
    app = create_app()
    async with TestClient(app).connect('/idle', timeout=0.05) as ws:
        await araises(asyncio.TimeoutError, ws.receive())
    assert app.ends == ['cancelled']


async def test_refused():
    client = TestClient(create_app())
    for path, headers, status in (
        ('/refused', None, 403),
        ('/nothing', None, 404),
        ('/echo', {'Sec-WebSocket-Version': '8'}, 426),
        ('/echo', {'Origin': 'https://evil.example'}, 403),
    ):
        async with client.connect(path, headers) as ws:
            assert ws.accepted is False
            assert ws.response.status_code == status, path
            await araises(WebSocketError, ws.send('x'))
            await araises(WebSocketError, ws.receive())


async def test_headers_and_cookies():
    client = TestClient(create_app(), cookies={'a': '1'})
    async with client.connect('/session', {'X-Foo': 'bar'}) as ws:
        assert await ws.receive() == 'a=1bar'
    headers = {'Sec-WebSocket-Protocol': 'other, chat', 'Origin': 'https://a.b'}
    async with client.connect('/echo', headers) as ws:
        assert ws.subprotocol == 'chat'


async def test_two_at_once():
    client = TestClient(create_app())
    async with client.connect('/echo') as one:
        async with client.connect('/echo') as two:
            await one.send('1')
            await two.send('2')
            assert (await two.receive(), await one.receive()) == ('2', '1')


async def test_generator_whose_messages_wait_for_each_other():
    """The application sends twice: what the client answers to the first has to wait, not to go."""
    heard = []

    def client():
        heard.append((yield 'x'))
        heard.append((yield 'y'))
        heard.append((yield None))

    await TestClient(create_app()).websocket('/first', client)
    assert heard == ['one', b'two', 'got x and y'], heard
