"""`microdot.websocket` over real connections: frames, close codes, clients that go away."""

import asyncio

from frames import MASK, UPGRADE, connect, frame, read_frame
from microdot import Microdot
from microdot.websocket import WebSocketError, websocket_upgrade, with_websocket
from support import MICROPYTHON, skip
from wire import get, serve, until


def echo_app(**options):
    app = Microdot()
    app.codes = []

    @app.get('/')
    @with_websocket(**options)
    async def echo(request, ws):
        try:
            while True:
                await ws.send(await ws.receive())
        except WebSocketError as exc:
            request.app.codes.append((exc.code, ws.close_code, ws.close_reason))
            raise

    return app


async def test_handshake():
    app = echo_app(subprotocols=('b', 'a'))
    app.get('/direct')(websocket_upgrade)
    async with serve(app) as server:
        client, reply = await connect(server, 'Sec-WebSocket-Protocol: a, b')
        assert reply.reason == 'Switching Protocols'
        assert reply.headers == [
            ('Upgrade', 'websocket'),
            ('Connection', 'Upgrade'),
            ('Sec-WebSocket-Accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='),
            ('Sec-WebSocket-Protocol', 'b'),
        ]
        _, reply = await connect(server, 'Sec-WebSocket-Protocol: c')
        assert reply.header('Sec-WebSocket-Protocol') is None
        _, reply = await connect(server, 'Sec-WebSocket-Extensions: permessage-deflate')
        assert reply.header('Sec-WebSocket-Extensions') is None
        bad = get('/', *(UPGRADE[:2] + ('Sec-WebSocket-Version: 8',) + UPGRADE[3:]))
        reply = await server.request(bad)
        assert (reply.status, reply.header('Sec-WebSocket-Version')) == (426, '13')
        reply = await server.request(bad.replace(b'GET / ', b'GET /direct '))
        assert (reply.status, reply.header('Sec-WebSocket-Version')) == (426, '13')
        reply = await server.request(get('/', *UPGRADE, version='1.0'))
        assert reply.status == 400
        reply = await server.request(get('/', *UPGRADE).replace(b'GET', b'HEAD'), head=True)
        assert reply.status == 400


async def test_fragments_with_control_frames_between():
    async with serve(echo_app()) as server:
        client, _ = await connect(server)
        text = 'žluť'.encode()
        data = frame(0x01, text[:1]) + frame(0x89, b'p') + frame(0x00, b'') + frame(0x8A, b'q')
        data += frame(0x80, text[1:]) + frame(0x82, b'b') + frame(0x81, b'')
        for i in range(len(data)):  # a byte at a time
            await client.send(data[i : i + 1])
        assert await read_frame(client) == (0x8A, b'p')
        assert await read_frame(client) == (0x81, text)
        assert await read_frame(client) == (0x82, b'b')
        assert await read_frame(client) == (0x81, b'')


async def test_closed_by_the_client():
    app = echo_app()
    async with serve(app) as server:
        for payload, expected in (
            (b'', (1005, 1005, '')),
            (b'\x03\xe8', (1000, 1000, '')),
            (b'\x0f\xa0bye', (4000, 4000, 'bye')),
        ):
            client, _ = await connect(server)
            await client.send(frame(0x88, payload))
            assert await read_frame(client) == (0x88, payload[:2])
            assert await client.at_eof()
            assert app.codes.pop() == expected


async def test_violations():
    long_control = bytes((0x89, 0xFE, 0, 126)) + MASK + b'x' * 126
    app = echo_app(max_message_length=200)
    async with serve(app) as server:
        for data, code in (
            (b'\x81\x01a', 1002),  # not masked
            (frame(0xC1, b'a'), 1002),
            (frame(0x91, b'a'), 1002),
            (frame(0x83, b'a'), 1002),
            (frame(0x8B, b'a'), 1002),
            (frame(0x09, b'a'), 1002),
            (long_control, 1002),
            (frame(0x80, b'a'), 1002),
            (frame(0x01, b'a') + frame(0x81, b'a'), 1002),
            (frame(0x88, b'a'), 1002),
            (frame(0x88, b'\x03\xed'), 1002),
            (frame(0x81, b'\xff'), 1007),
            (frame(0x81, b'\xe2\x82'), 1007),
            (frame(0x01, b'\xed') + frame(0x00, b'\xa0'), 1007),
            (frame(0x82, b'', 201), 1009),
            (frame(0x02, b'x' * 150) + frame(0x80, b'', 51), 1009),
        ):
            client, _ = await connect(server)
            await client.send(data)
            first, payload = await read_frame(client)
            assert (first, int.from_bytes(payload, 'big')) == (0x88, code), (data, payload)
            await client.send(frame(0x88, payload))
            await client.close()
            server.clients.remove(client)
            assert app.codes.pop()[0] == code, data


async def test_routes_that_end():
    app = Microdot()

    @app.get('/return')
    @with_websocket
    async def returns(request, ws):
        await ws.send('bye')

    @app.get('/reason')
    @with_websocket
    async def closes(request, ws):
        await ws.close(4001, 'enough')

    @app.get('/raise')
    @with_websocket
    async def fails(request, ws):
        raise ValueError('expected by this test')

    @app.get('/direct')
    async def direct(request):
        await websocket_upgrade(request)
        raise ValueError('expected by this test')

    @app.get('/handled')
    async def handled(request):
        await websocket_upgrade(request)
        raise KeyError('expected by this test')

    @app.errorhandler(KeyError)
    async def key_error(request, exc):
        return 'this answer is none to a WebSocket'

    async with serve(app) as server:
        for path, frames in (
            ('/return', ((0x81, b'bye'), (0x88, b''))),
            ('/reason', ((0x88, b'\x0f\xa1enough'),)),
            ('/raise', ((0x88, b'\x03\xf3'),)),
            ('/direct', ((0x88, b'\x03\xf3'),)),
            ('/handled', ((0x88, b'\x03\xf3'),)),
        ):
            client, _ = await connect(server, path=path)
            for expected in frames:
                assert await read_frame(client) == expected, path
            await client.send(frame(0x81, b'late') + frame(0x88, b''))
            assert await client.at_eof(), path


async def test_client_that_does_not_close():
    async with serve(echo_app(close_timeout=0.1)) as server:
        client, _ = await connect(server)
        await client.send(frame(0x83, b''))
        assert await read_frame(client) == (0x88, b'\x03\xea')
        assert await client.at_eof()


async def test_gone_clients():
    app = echo_app()
    cancelled = []

    @app.get('/busy')
    @with_websocket
    async def busy(request, ws):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(1)
            raise

    async with serve(app) as server:
        for data in (b'', b'\x81', frame(0x81, b'ab', 10)):
            client, _ = await connect(server)
            await client.send(data)
            await client.close()
            server.clients.remove(client)
            await until(lambda: app.codes)
            assert app.codes.pop() == (1006, None, None)
        client, _ = await connect(server, path='/busy')
        await client.close()
        server.clients.remove(client)
        await until(lambda: cancelled)
        await until(lambda: not app._connections)


async def test_pongs_do_not_split_messages():
    if MICROPYTHON:
        skip('takes more memory than the test may have')
    app = Microdot()

    @app.get('/')
    @with_websocket
    async def both(request, ws):
        sending = asyncio.create_task(ws.send(b'x' * 4000000))
        try:
            await ws.receive()
        finally:
            await sending

    async with serve(app) as server:
        client, _ = await connect(server)
        await asyncio.sleep(0.1)
        await client.send(frame(0x89, b'ping') + frame(0x81, b'end'))
        await asyncio.sleep(0.1)
        assert await client.read(10) == b'\x82\x7f' + (4000000).to_bytes(8, 'big')
        assert await client.read(4000000) == b'x' * 4000000
        assert await read_frame(client) == (0x8A, b'ping')


async def test_a_client_that_sends_but_does_not_read():
    # What it sends is no reason to wait for it for ever.
    app = Microdot()
    app.ended = []

    @app.get('/')
    @with_websocket
    async def flood(request, ws):
        async def send():
            while True:
                await ws.send(b'x' * 1000)

        sending = asyncio.create_task(send())
        try:
            while True:
                await ws.receive()
        finally:
            sending.cancel()
            app.ended.append(1)

    async with serve(app, write_timeout=0.3) as server:
        client, _ = await connect(server)
        for _ in range(400):
            try:
                await client.send(frame(0x81, b'still here'))
            except OSError:
                break  # it was cut off
            await asyncio.sleep(0.02)
            if app.ended:
                break
        await until(lambda: app.ended)
        await until(lambda: not app._connections)
