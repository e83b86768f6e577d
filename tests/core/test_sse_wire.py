"""`microdot.sse` over real connections: framing, slow clients, clients that go away."""

import asyncio

from microdot import Microdot
from microdot.sse import with_sse
from wire import get, serve, until


def make_app():
    app = Microdot()
    app.began = []
    app.ended = []

    @app.get('/three')
    @with_sse
    async def three(request, sse):
        for i in range(3):
            await sse.send(i)
            await asyncio.sleep(0)

    @app.get('/idle')
    @with_sse
    async def idle(request, sse):
        app.began.append(1)
        try:
            await sse.send('hello')
            await asyncio.sleep(60)
        finally:
            app.ended.append(1)

    @app.get('/flood')
    @with_sse
    async def flood(request, sse):
        app.sent = 0
        try:
            while True:
                await sse.send('x' * 1000)
                app.sent += 1
        finally:
            app.ended.append(1)

    @app.get('/fails')
    @with_sse
    async def fails(request, sse):
        await sse.send('one')
        raise ValueError('expected by this test')

    return app


async def test_stream():
    async with serve(make_app()) as server:
        client = await server.open()
        for _ in range(2):  # the connection persists
            await client.send(get('/three'))
            reply = await client.response()
            assert reply.header('Content-Type') == 'text/event-stream'
            assert reply.header('Cache-Control') == 'no-cache'
            assert reply.header('Content-Length') is None
            assert reply.body == b'data: 0\n\ndata: 1\n\ndata: 2\n\n'


async def test_gone_while_idle():
    app = make_app()
    async with serve(app) as server:
        client = await server.open()
        await client.send(get('/idle'))
        await client.head()
        assert b'hello' in await client.read(18)
        await client.close()
        server.clients.remove(client)
        await until(lambda: app.ended)
        await until(lambda: not app._connections)


async def test_gone_or_stuck_while_flooded():
    app = make_app()
    async with serve(app, write_timeout=0.3) as server:
        client = await server.open()
        await client.send(get('/flood'))
        await client.head()
        await until(lambda: app.ended)  # it reads nothing
        await client.close()
        server.clients.remove(client)
        client = await server.open()
        await client.send(get('/flood'))
        await client.head()
        await client.close()
        server.clients.remove(client)
        await until(lambda: len(app.ended) == 2)


async def test_head():
    app = make_app()
    async with serve(app) as server:
        client = await server.open()
        await client.send(get('/idle', method='HEAD'))
        reply = await client.response(head=True)
        assert (reply.status, reply.header('Content-Type')) == (200, 'text/event-stream')
        await client.send(get('/three'))
        assert (await client.response()).status == 200
        assert not app.began


async def test_exception_cuts_the_stream():
    async with serve(make_app()) as server:
        data = await server.exchange(get('/fails'))
        assert b'data: one\n\n' in data
        assert not data.endswith(b'0\r\n\r\n')


async def test_shutdown_does_not_wait_for_streams_for_ever():
    app = make_app()
    async with serve(app, shutdown_timeout=0.2) as server:
        client = await server.open()
        await client.send(get('/idle'))
        await client.head()
        await until(lambda: app.began)
    assert app.ended
