"""Faults around a WebSocket: stuck clients, floods, stray cancellations, misspelled options."""

import asyncio
import time

from frames import connect, frame, read_frame
from microdot import Microdot
from microdot.compat import is_cancelled
from microdot.websocket import WebSocketError, websocket_upgrade, with_websocket
from wire import hold_little, serve, until

LONG = b'z' * 4000


async def leak(*args):
    """Let out the CancelledError of something that broke, as careless code does."""

    async def broken():
        await asyncio.sleep(60)

    task = asyncio.create_task(broken())
    await asyncio.sleep(0)
    task.cancel()
    await task


async def test_send_ends_with_its_connection():
    """A task that sends to all clients is not held by one that never reads."""
    app = Microdot()
    app.clients = []

    @app.get('/')
    @with_websocket
    async def listen(request, ws):
        hold_little(ws.request)
        app.clients.append(ws)
        try:
            while True:
                await ws.receive()
        finally:
            app.clients.remove(ws)

    async def broadcast():
        while True:
            for ws in list(app.clients):
                try:
                    await ws.send(LONG)
                except (OSError, WebSocketError):
                    pass
            await asyncio.sleep(0.001)

    async with serve(app, write_timeout=0.3) as server:
        stuck, _ = await connect(server)
        good, _ = await connect(server)
        got = []

        async def read():
            while True:
                got.append(len((await read_frame(good))[1]))

        reading = asyncio.create_task(read())
        sending = asyncio.create_task(broadcast())
        await until(lambda: len(app._connections) == 1)
        count = len(got)
        await until(lambda: len(got) > count + 5)
        assert len(app.clients) == 1
        sending.cancel()
        reading.cancel()


async def test_receive_ends_with_its_connection():
    """In a task of its own, too, when the client never reads what the handler sends."""
    app = Microdot()
    app.errors = []

    async def receive(ws):
        try:
            await ws.receive()
        except WebSocketError as exc:
            app.errors.append(exc.code)

    @app.get('/')
    @with_websocket
    async def flood(request, ws):
        hold_little(ws.request)
        app.task = asyncio.create_task(receive(ws))
        while True:
            await ws.send(LONG)

    async with serve(app, write_timeout=0.3) as server:
        await connect(server)
        await until(lambda: app.errors)
        assert app.errors == [1006]


async def test_stray_cancellations():
    """What a handler lets out, though nobody has cancelled it, is no HTTP response."""
    app = Microdot()
    app.get('/decorated')(with_websocket(leak))

    @app.get('/direct')
    async def direct(request):
        await websocket_upgrade(request)
        await leak()

    unknown = is_cancelled()  # before 3.11 Python cannot tell whether somebody cancels a task
    code = b'\x03\xe9' if unknown else b'\x03\xf3'
    async with serve(app) as server:
        for path in ('/decorated',) if unknown else ('/decorated', '/direct'):
            client, _ = await connect(server, path=path)
            assert await read_frame(client) == (0x88, code), path
            await client.send(frame(0x88, code))
            assert await client.at_eof(), path


async def test_shutdown_says_so():
    app = Microdot()

    @app.get('/')
    @with_websocket
    async def wait(request, ws):
        await asyncio.sleep(60)

    async with serve(app, shutdown_timeout=0.2) as server:
        client, _ = await connect(server)
        app.shutdown()
        assert await read_frame(client) == (0x88, b'\x03\xe9')


async def test_floods_leave_turns_to_others():
    """Pings, empty fragments and tiny messages without end: another request is served meanwhile."""
    app = Microdot()

    @app.get('/')
    @with_websocket
    async def echo(request, ws):
        while True:
            await ws.send(await ws.receive())

    @app.get('/plain')
    async def plain(request):
        return 'plain'

    fragments = frame(0x01, b'') + frame(0x00, b'') * 99
    for flood in (frame(0x89, b'') * 100, fragments, frame(0x81, b'x') * 100):
        async with serve(app) as server:
            client, _ = await connect(server)
            state = []

            async def send(client=client, flood=flood, state=state):
                while not state:
                    await client.send(flood)
                    await asyncio.sleep(0)
                    if flood[0] == 0x01:
                        flood = flood[6:].replace(b'\x01', b'\x00')

            async def swallow(client=client, state=state):
                while not state and await client._fill():
                    client.buffer = b''

            tasks = [asyncio.create_task(send()), asyncio.create_task(swallow())]
            for _ in range(5):
                assert (await server.get('/plain')).body == b'plain'
            state.append('done')
            for task in tasks:
                task.cancel()
                try:
                    await task
                except (asyncio.CancelledError, OSError):
                    pass


async def test_a_turn_between_messages_that_have_come():
    """However much lies in the buffer, other tasks run between two messages."""
    app = Microdot()
    order = []

    @app.get('/')
    @with_websocket
    async def listen(request, ws):
        await asyncio.sleep(0.2)

        async def other():
            while len(order) < 20:
                order.append('other')
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        for _ in range(5):
            await ws.receive()
            order.append('message')
        await task

    async with serve(app) as server:
        client, _ = await connect(server)
        await client.send(frame(0x81, b'x') * 5)
        await until(lambda: len(order) == 20 or order.count('message') == 5)
    text = ' '.join(order)
    assert 'message message message' not in text, text


async def test_a_turn_while_a_handler_sends():
    """However fast the client reads: what is sent here is not more than its system takes."""
    app = Microdot()
    turns = []

    @app.get('/')
    @with_websocket
    async def listen(request, ws):
        async def other():
            while not turns or turns[-1] != 'end':
                turns.append(0)
                await asyncio.sleep(0.001)

        task = asyncio.create_task(other())
        begun = time.time()
        while time.time() < begun + 0.2 and len(turns) < 3:
            await ws.send('')
            time.sleep(0.001)
        turns.append('end')
        await task

    async with serve(app) as server:
        await connect(server)
        await until(lambda: 'end' in turns)
    assert turns.index('end') > 2, turns


async def test_two_tasks_receive():
    app = Microdot()
    got = []

    @app.get('/')
    @with_websocket
    async def both(request, ws):
        async def take():
            for _ in range(3):
                got.append(await ws.receive())

        tasks = [asyncio.create_task(take()) for _ in range(2)]
        for task in tasks:
            await task

    async with serve(app) as server:
        client, _ = await connect(server)
        for i in range(6):
            await client.send(frame(0x81, b'%d' % i))
            await asyncio.sleep(0.03)
        assert (await read_frame(client))[0] == 0x88
    assert sorted(got) == ['0', '1', '2', '3', '4', '5'], got


async def test_tasks_send_in_turn():
    """Messages of several tasks arrive whole, and in the order in which they were sent."""
    app = Microdot()

    @app.get('/')
    @with_websocket
    async def send(request, ws):
        texts = [('%d' % i) * 2000 for i in range(5)]
        for task in [asyncio.create_task(ws.send(text)) for text in texts]:
            await task

    async with serve(app) as server:
        client, _ = await connect(server)
        await asyncio.sleep(0.2)
        for i in range(5):
            assert await read_frame(client) == (0x81, (b'%d' % i) * 2000), i


async def test_unknown_options_of_an_upgrade():
    app = Microdot()
    app.errors = []

    @app.get('/')
    async def direct(request):
        try:
            await websocket_upgrade(request, allowed_origin='https://a')
        except TypeError as exc:
            app.errors.append(exc)
        return 'refused'

    async with serve(app) as server:
        assert (await server.get('/')).body == b'refused'
        assert len(app.errors) == 1
