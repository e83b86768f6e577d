"""Who gives way when all places are taken: ``Server.make_room``'s order, and who never does."""

import asyncio
import time

from test_server_connections import make_app
from wire import get, post, serve, until

LONG = b'x' * 5000


class Ticks:
    """A stream that sends a few bytes and then waits for good."""

    def __init__(self):
        self.left = 3

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.left:
            await asyncio.Event().wait()
        self.left -= 1
        return b'tick'


class Endless:
    """A body without an end."""

    def __aiter__(self):
        return self

    async def __anext__(self):
        return LONG


def app_with_streams():
    app = make_app()
    app.get('/ticks')(lambda request: Ticks())
    app.get('/endless')(lambda request: Endless())
    app.post('/body')(lambda request: str(len(request.body)))
    return app


# What a client sends, and its place in the order of those who give way; None is never.
ORDER = (
    ('idle', get('/'), 0),
    ('silent', b'', 1),
    ('head', b'GET / HT', 1),
    ('body', post('/body', LONG)[:-100], 2),
    ('reader', get('/endless'), 2),
    ('handler', get('/wait'), None),
    ('stream', get('/ticks'), None),
)


async def taken(server, app, raw):
    """Take a place with these bytes; return the client."""
    client = await server.open()
    await client.send(raw)
    if raw.endswith(b'\r\n\r\n') and b'/wait' not in raw and b'/endless' not in raw:
        await (client.head() if b'/ticks' in raw else client.response())
    await asyncio.sleep(0.05)
    return client


async def test_order():
    """Of two that take all places, the one that is earlier in the order gives way."""
    app = app_with_streams()
    for first, raw, rank in ORDER:
        for second, other, other_rank in ORDER:
            if rank is None or (other_rank is not None and other_rank <= rank):
                continue
            async with serve(app, max_connections=2, shutdown_timeout=0) as server:
                # The later one in the order has waited longer.
                stays = await taken(server, app, other)
                await taken(server, app, raw)
                connections = list(app._connections)
                status = 503
                for _ in range(12 if rank == 2 else 1):  # being slow takes a second to see
                    if status == 503:
                        await asyncio.sleep(0.4 if rank == 2 else 0)
                        status = (await server.get('/')).status
                assert status == 200, (first, second)
                kept = [c for c in connections if c in app._connections and not c.closed]
                assert kept == connections[:1], (first, second, kept)
                assert stays in server.clients
                app.gate.set()
                app.gate.clear()


async def test_who_never_gives_way():
    for name, raw, rank in ORDER:
        if rank is None:
            app = app_with_streams()
            async with serve(app, max_connections=1, shutdown_timeout=0) as server:
                await taken(server, app, raw)
                for _ in range(3):
                    assert (await server.get('/')).status == 503, name
                    await asyncio.sleep(0.4)


async def test_slow_but_steady():
    """A client with 1 KB/s keeps its place: its body arrives whole, whoever comes meanwhile."""
    app = app_with_streams()
    async with serve(app, max_connections=2) as server:
        client = await server.open()
        raw = post('/body', b'x' * 1500)
        for start in range(0, len(raw), 100):
            await client.send(raw[start : start + 100])
            await server.open()
            assert (await server.get('/')).status == 200
            await asyncio.sleep(0.1)
        assert (await client.response()).body == b'1500'


async def test_below_the_least_rate():
    """A body that comes too slowly ends with 408 although it makes progress."""
    app = app_with_streams()
    async with serve(app, body_timeout=0.5, least_rate=1000) as server:
        client = await server.open()
        await client.send(get('/body', 'Content-Length: 900', method='POST'))

        async def drip():
            for _ in range(100):
                await client.send(b'xx')
                await asyncio.sleep(0.05)

        begun = time.time()
        dripping = asyncio.create_task(drip())
        assert (await client.response()).status == 408
        assert time.time() - begun < 4, 'it ended when nothing more came'
        dripping.cancel()


async def test_bodies_below_the_least_rate_give_way():
    """Soon, although something of them comes all the time."""
    app = app_with_streams()
    async with serve(app, max_connections=2) as server:

        async def drip(client):
            await client.send(get('/body', 'Content-Length: 900', method='POST'))
            while True:
                await client.send(b'xx')
                await asyncio.sleep(0.25)

        clients = await server.open_many(2)
        dripping = [asyncio.create_task(drip(client)) for client in clients]
        await asyncio.sleep(2)
        for _ in range(2):
            assert (await server.get('/')).status == 200
        for task in dripping:
            task.cancel()


async def test_a_stream_of_a_reset_client_is_gone_at_once():
    """Though something is being written to it meanwhile."""
    app = app_with_streams()
    async with serve(app, max_connections=2, write_timeout=10) as server:
        for path in ('/ticks', '/endless'):
            client = await server.open()
            await client.send(get(path))
            await client.read(10)
            server.clients.remove(client)
            await client.close()
            await until(lambda: not app._connections, 3)
