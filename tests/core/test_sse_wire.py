"""`microdot.sse` over real connections: framing, slow clients, clients that go away."""

import asyncio

from microdot import Microdot
from microdot.compat import collect
from microdot.sse import with_sse
from wire import get, hold_little, serve, until


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

    @app.get('/brief')
    @with_sse
    async def brief(request, sse):
        try:
            for _ in range(3):
                await sse.send('x' * 2000)
                await asyncio.sleep(0.05)
            await asyncio.sleep(60)
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


async def test_client_that_reads_late():
    """Events leave at once until the client takes no more; then they wait, and none is lost."""
    app = Microdot()

    def text(i):
        return '%d %s' % (i, 'x' * (1020 if i % 100 == 99 else 300 + i % 300))

    @app.get('/many')
    @with_sse
    async def many(request, sse):
        hold_little(request)
        app.sent = 0
        for i in range(3000):
            await sse.send(text(i))
            app.sent += 1
            if i % 3:
                await asyncio.sleep(0)

    async with serve(app) as server:
        client = await server.open()
        await client.send(get('/many'))
        await client.head()
        sent = 0
        while sent != app.sent:
            sent = app.sent
            await asyncio.sleep(0.1)
        assert 0 < sent < 3000
        found, rest = 0, b''
        size = -1
        while size:
            size = int(await client.line(), 16)
            *events, rest = (rest + (await client.read(size + 2))[:size]).split(b'\n\n')
            for event in events:
                assert event == b'data: ' + text(found).encode()
                found += 1
            collect()  # both ends have one small heap
        assert (found, rest) == (3000, b'')


async def test_an_event_leaves_at_once():
    app = Microdot()
    app.go = False

    @app.get('/')
    @with_sse
    async def route(request, sse):
        for i in range(20):
            await sse.send(i, event='e', event_id=i)
            await until(lambda: app.go)
            app.go = False

    async with serve(app) as server:
        client = await server.open()
        await client.send(get('/'))
        await client.head()
        for i in range(20):
            event = b'event: e\nid: %d\ndata: %d\n\n' % (i, i)
            chunk = b'%x\r\n%s\r\n' % (len(event), event)
            assert await client.read(len(chunk)) == chunk
            app.go = True


async def test_gone_while_something_is_written():
    """A reset ends the function at the next tick, not when `write_timeout` is over."""
    app = make_app()
    async with serve(app, write_timeout=60) as server:
        for path in ('/brief', '/flood'):
            client = await server.open()
            await client.send(get(path))
            await client.read(10)  # closing with something unread resets the connection
            await client.close()
            server.clients.remove(client)
            await until(lambda: app.ended)
            await until(lambda: not app._connections)
            app.ended.pop()


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
