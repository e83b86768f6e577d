"""WebSockets and event streams: each public method may be overridden, and is called."""

import asyncio

from frames import connect, frame, read_frame
from microdot import Microdot
from microdot.sse import SSE
from microdot.websocket import WebSocket, websocket_upgrade
from overriding import overridden
from wire import serve


async def test_websocket():
    """A request names the class of its WebSocket: other servers have theirs."""
    made, seen, names = overridden(WebSocket)
    app = Microdot()

    @app.get('/')
    async def echo(request):
        request.websocket_class = made
        ws = await websocket_upgrade(request)
        await ws.send(await ws.receive())
        await asyncio.sleep(0.2)
        await ws.close()

    async with serve(app) as server:
        client, _ = await connect(server)
        await client.send(frame(0x81, b'hello'))
        assert await read_frame(client) == (0x81, b'hello')
        assert (await read_frame(client))[0] == 0x88
        await client.send(frame(0x88, b''))
        assert await client.at_eof()
    assert seen == names, names - seen


async def test_sse():
    made, seen, names = overridden(SSE)
    app = Microdot()

    @app.get('/')
    async def events(request):
        sse = made()

        async def send(request, sse):
            await sse.send('hello')

        sse._call = send, request, (), {}
        return sse

    async with serve(app) as server:
        assert (await server.get('/')).body == b'data: hello\n\n'
    assert seen == names, names - seen
