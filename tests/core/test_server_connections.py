"""Many connections at once: who gives way, who is refused, who is never disturbed."""

import asyncio

from microdot import Microdot
from wire import get, serve, until


def make_app():
    app = Microdot()
    app.running = 0
    app.gate = asyncio.Event()

    @app.get('/')
    async def index(request):
        return 'index'

    @app.get('/wait')
    async def wait(request):
        app.running += 1
        await app.gate.wait()
        return 'waited'

    return app


async def test_oldest_silent_connection_gives_way():
    async with serve(make_app(), max_connections=4) as server:
        silent = await server.open_many(4)
        await asyncio.sleep(0.1)
        assert (await server.get('/')).body == b'index'
        assert await silent[0].at_eof()
        assert not await silent[3].at_eof(0.1)
        await silent[3].send(get('/'))
        assert (await silent[3].response()).body == b'index'


async def test_longest_idle_connection_gives_way():
    async with serve(make_app(), max_connections=3) as server:
        clients = await server.open_many(3)
        for index in (1, 2, 0):
            await clients[index].send(get('/'))
            assert (await clients[index].response()).body == b'index'
            await asyncio.sleep(0.06)
        assert (await server.get('/')).body == b'index'
        assert await clients[1].at_eof()
        for index in (2, 0):
            await clients[index].send(get('/'))
            assert (await clients[index].response()).body == b'index'


async def test_many_silent_connections_in_a_row():
    async with serve(make_app(), max_connections=5) as server:
        for _ in range(4):
            for _ in range(5):
                await server.open()
            assert (await server.get('/')).body == b'index'


async def test_all_busy_is_503_and_nobody_is_disturbed():
    app = make_app()
    async with serve(app, max_connections=3) as server:
        busy = await server.open_many(3)
        for client in busy:
            await client.send(get('/wait'))
        await until(lambda: app.running == 3)
        for _ in range(3):
            client = await server.open()
            await client.send(get('/'))
            reply = await client.response()
            assert (reply.status, reply.reason) == (503, 'Service Unavailable')
            assert reply.header('Connection') == 'close'
            assert await client.at_eof()
        app.gate.set()
        for client in busy:
            assert (await client.response()).body == b'waited'
        assert (await server.get('/')).body == b'index'


async def test_busy_connections_never_give_way_to_new_ones():
    app = make_app()
    async with serve(app, max_connections=3) as server:
        busy = await server.open()
        await busy.send(get('/wait'))
        await until(lambda: app.running == 1)
        for _ in range(6):
            await server.open()
        assert (await server.get('/')).body == b'index'
        app.gate.set()
        assert (await busy.response()).body == b'waited'


async def test_half_sent_heads_give_way_too():
    async with serve(make_app(), max_connections=3) as server:
        for _ in range(3):
            client = await server.open()
            await client.send(b'GET / HT')
        await asyncio.sleep(0.1)
        assert (await server.get('/')).body == b'index'


async def test_closed_connections_free_their_places():
    async with serve(make_app(), max_connections=2) as server:
        for _ in range(12):
            assert (await server.get('/')).body == b'index'
        for _ in range(6):
            client = await server.open()
            await client.close()
        keep = await server.open()
        await keep.send(get('/'))
        assert (await keep.response()).body == b'index'
        assert (await server.get('/')).body == b'index'
        assert (await server.get('/')).body == b'index'


async def test_sixty_silent_connections_do_not_stop_a_good_request():
    async with serve(make_app(), max_connections=16) as server:
        for _ in range(60):
            await server.open()
        for _ in range(3):
            assert (await server.get('/')).body == b'index'
