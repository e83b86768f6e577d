"""Pings of `microdot.websocket`: who is still there is noticed, whatever the handler does."""

import asyncio

from frames import connect, frame, read_frame
from microdot import Microdot
from microdot.websocket import WebSocketError, websocket_upgrade, with_websocket
from wire import serve, until

PING = (0x89, b'')
PONG = frame(0x8A, b'')


def pinged(f, interval=0.05, timeout=0.2):
    """An application whose only route is that one, pinged; `app.ended` is what it ended with."""
    app = Microdot()
    app.ended = []

    @app.get('/')
    @with_websocket(ping_interval=interval, ping_timeout=timeout)
    async def route(request, ws):
        try:
            await f(ws)
            app.ended.append(None)
        except (Exception, asyncio.CancelledError) as exc:
            app.ended.append(exc)
            raise

    return app


async def listens(ws):
    await ws.receive()


async def waits(ws):
    await asyncio.sleep(60)


async def sends(ws):
    """What a sensor does: it only sends."""
    while True:
        await ws.send('21.5')
        await asyncio.sleep(0.01)


async def next_ping(client):
    """Read on to the next ping."""
    while await read_frame(client) != PING:
        pass


async def test_answered_and_not():
    for f in (listens, waits, sends):
        app = pinged(f)
        async with serve(app) as server:
            client, _ = await connect(server)
            for _ in range(3):
                await next_ping(client)
                assert not app.ended, f
                await client.send(PONG)
            await until(lambda: app.ended)  # without a pong
            assert isinstance(app.ended[0], asyncio.CancelledError), f
            await until(lambda: not app._connections)


async def test_whatever_comes_is_an_answer():
    app = pinged(sends, timeout=0.4)
    async with serve(app, tick=0.02) as server:
        client, _ = await connect(server)
        for data in (frame(0x8A, b'old'), frame(0x89, b'q'), frame(0x01, b'part')):
            await next_ping(client)
            assert not app.ended
            await client.send(data)
        await next_ping(client)
        await until(lambda: app.ended)


async def test_a_client_that_leaves():
    # What it says as it goes is answered, though the handler does not listen.
    for f in (waits, sends):
        app = pinged(f, interval=60)
        async with serve(app) as server:
            client, _ = await connect(server)
            await client.send(frame(0x88, b'\x03\xe8'))
            first = payload = None
            while first != 0x88:
                first, payload = await read_frame(client)
            assert payload == b'\x03\xe8'
            await until(lambda: not app._connections)
            assert isinstance(app.ended[0], (asyncio.CancelledError, WebSocketError))


async def test_a_client_that_makes_mistakes():
    app = pinged(waits, interval=60)
    async with serve(app) as server:
        client, _ = await connect(server)
        await client.send(frame(0x8B, b'a'))
        assert await read_frame(client) == (0x88, b'\x03\xea')
        await until(lambda: not app._connections)


async def test_messages_that_wait_are_not_lost():
    got = []

    async def slow(ws):
        while len(got) < 6:
            await asyncio.sleep(0.06)
            got.append(await ws.receive())

    app = pinged(slow, interval=0.02, timeout=60)
    async with serve(app, tick=0.02) as server:
        client, _ = await connect(server)
        for i in range(6):
            await client.send(frame(0x82 if i & 1 else 0x81, b'%d' % i))
            if i < 3:
                await next_ping(client)
                await client.send(PONG)
        await until(lambda: app.ended)
    assert got == ['0', b'1', '2', b'3', '4', b'5'], got


async def test_receiving_by_turns():
    # Calls that are cancelled again and again, while the task that pings reads, too.
    got = []

    async def impatient(ws):
        while len(got) < 5:
            # Not wait_for(), which on MicroPython may lose what comes as the time is over.
            task = asyncio.create_task(ws.receive())
            await asyncio.sleep(0.01)
            task.cancel()
            try:
                got.append(await task)
            except asyncio.CancelledError:
                pass

    app = pinged(impatient, interval=0.015, timeout=60)
    async with serve(app) as server:
        client, _ = await connect(server)
        for i in range(5):
            data = frame(0x81, b'message %d' % i)
            for at in range(len(data)):
                await client.send(data[at : at + 1])
                await asyncio.sleep(0.003)
        await until(lambda: app.ended)
    assert got == ['message %d' % i for i in range(5)], got


async def test_answers_behind_a_message_count():
    async def busy(ws):
        await asyncio.sleep(0.6)
        assert await ws.receive() == 'hello'

    app = pinged(busy, interval=0.02, timeout=0.2)
    async with serve(app, tick=0.02) as server:
        client, _ = await connect(server)
        await client.send(frame(0x81, b'hello'))
        while not app.ended:
            first, payload = await read_frame(client)
            if first == 0x88:
                break
            await client.send(PONG)
        assert app.ended == [None]


async def test_more_than_is_looked_at():
    """Behind so much that waits for `receive()` no answer is seen: the client counts as there."""

    async def busy(ws):
        await asyncio.sleep(1)
        for _ in range(40):
            assert len(await ws.receive()) == 100

    app = pinged(busy, interval=0.02, timeout=0.3)
    async with serve(app, tick=0.01, max_head_size=512) as server:
        client, _ = await connect(server)
        for _ in range(40):
            await client.send(frame(0x82, b'x' * 100))
        await until(lambda: app.ended)
        assert app.ended == [None]


async def test_pings_of_the_client_while_nobody_receives():
    app = Microdot()
    app.get('/')(with_websocket(lambda request, ws: waits(ws)))
    async with serve(app) as server:
        client, _ = await connect(server)
        for i in range(3):
            await client.send(frame(0x89, b'%d' % i))
            assert await read_frame(client) == (0x8A, b'%d' % i)


async def test_the_end_comes_to_who_receives():
    app = pinged(listens, interval=0.01, timeout=60)
    async with serve(app, tick=0.01) as server:
        for data, code in ((frame(0x88, b'\x0f\xa0'), 4000), (b'\x81\x01a', 1002), (b'', 1006)):
            client, _ = await connect(server)
            await next_ping(client)
            if data:
                await client.send(data)
                assert (await read_frame(client))[0] in (0x88, 0x89)
            else:
                await client.close()
                server.clients.remove(client)
            await until(lambda: app.ended)
            exc = app.ended.pop()
            assert isinstance(exc, WebSocketError) and exc.code == code, (exc, code)
            await client.close()
            await until(lambda: not app._connections)


async def test_direct_upgrade():
    app = Microdot()
    cancelled = []

    @app.get('/')
    async def route(request):
        ws = await websocket_upgrade(request, ping_interval=0.02, ping_timeout=0.2)
        try:
            await sends(ws)
        finally:
            cancelled.append(1)

    async with serve(app) as server:
        client, _ = await connect(server)
        await next_ping(client)
        await client.send(PONG)
        await client.close()
        server.clients.remove(client)
        await until(lambda: cancelled)
        await until(lambda: not app._connections)


async def test_a_route_that_ends():
    async def brief(ws):
        await ws.send('bye')

    app = pinged(brief)
    async with serve(app) as server:
        client, _ = await connect(server)
        assert await read_frame(client) == (0x81, b'bye')
        assert await read_frame(client) == (0x88, b'')
        await client.send(frame(0x88, b''))
        assert await client.at_eof()


async def test_places():
    """A client that is silent when its place is wanted is pinged; one that answers keeps it."""
    for f in (listens, sends):
        app = pinged(f, interval=0)
        app.get('/plain')(lambda request: 'plain')
        async with serve(app, max_connections=2, ping_patience=0.3) as server:
            live, _ = await connect(server)
            await connect(server)  # says nothing more, whatever it is sent

            async def answer(live=live):
                while True:
                    if await read_frame(live) == PING:
                        await live.send(PONG)

            answering = asyncio.create_task(answer())
            statuses = []
            while not statuses or statuses[-1] != 200:
                statuses.append((await server.get('/plain')).status)
                await asyncio.sleep(0.1)
                assert len(statuses) < 60
            assert statuses[0] == 503, statuses
            assert len(app.ended) == 1, app.ended
            for _ in range(10):  # the place that is free now is taken again and again
                assert (await server.get('/plain')).status == 200
            assert len(app.ended) == 1, app.ended
            answering.cancel()
