"""`microdot.topics` with WebSockets: both directions, who is too slow, who is one too many."""

import asyncio

from microdot import Microdot
from microdot.test_client import TestClient
from microdot.topics import Topic
from microdot.websocket import WebSocketError, with_websocket
from support import MICROPYTHON, araises
from wire import until


def app_of(topic, last=0, received=None):
    app = Microdot()

    @app.get('/events')
    async def events(request):
        return topic.to_sse(request, last)

    @app.get('/socket')
    @with_websocket
    async def socket(request, ws):
        await topic.to_websocket(ws, received, last)

    return app


async def test_websocket():
    topic = Topic()
    said = []

    async def received(text):
        said.append(text)
        topic.publish(text.upper())

    client = TestClient(app_of(topic, 1, received))
    topic.publish('not to be seen')
    topic.publish(b'last')
    async with client.connect('/socket') as one:
        assert await one.receive() == b'last'
        assert topic.listeners == 1
        async with client.connect('/socket') as two:
            assert await two.receive() == b'last'
            await one.send('hello')
            assert [await one.receive(), await two.receive()] == ['HELLO', 'HELLO']
        topic.publish([1])
        assert await one.receive() == '[1]'
    assert said == ['hello']
    assert topic.listeners == 0


async def test_websocket_without_a_function():
    topic = Topic()
    async with TestClient(app_of(topic)).connect('/socket') as ws:
        await ws.send('ignored')
        topic.publish('x')
        assert await ws.receive() == 'x'


class Slow:
    """A client of which each call takes some turns of the loop."""

    ping_interval = 0

    async def receive(self):
        for _ in range(3):
            await asyncio.sleep(0)
        return 'x'

    async def send(self, data):
        await asyncio.sleep(0)

    async def close(self, code, reason=''):
        await asyncio.sleep(0)


async def test_cancel_at_every_turn():
    """Wherever it is, a WebSocket that is cancelled leaves no listener, no task and no wait."""
    for turns in range(16):
        topic = Topic(2)

        async def received(text):
            await asyncio.sleep(0)
            topic.publish(text)  # noqa: B023 it is awaited in this turn

        task = asyncio.create_task(topic.to_websocket(Slow(), received, 1))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await araises(asyncio.CancelledError, task)
        assert topic.listeners == 0, turns
        waiting = topic._signal._waiting
        assert not (waiting.peek() if MICROPYTHON else waiting), turns


async def test_no_more_clients_than_the_topic_allows():
    topic = Topic()
    topic.max_listeners = 1
    topic.publish('x')
    client = TestClient(app_of(topic, last=1))
    async with client.connect('/socket') as ws:
        assert await ws.receive() == 'x'
        async with client.connect('/socket') as other:
            await araises(WebSocketError, other.receive())
            assert (other.close_code, other.close_reason) == (1013, 'full')
        response = await client.get('/events')
        assert response.status_code == 503
    async with client.stream('GET', '/events') as stream:
        assert stream.status_code == 200


class Socket:
    """A WebSocket whose client never says a word, and takes what it is sent when `gate` is set."""

    ping_interval = 0
    code = None

    def __init__(self):
        self.sent = []
        self.gate = asyncio.Event()

    async def receive(self):
        await asyncio.sleep(60)

    async def send(self, data):
        await self.gate.wait()
        self.sent.append(data)

    async def close(self, code=None, reason=''):
        self.code = code


async def test_slow_websockets():
    for slow, expected, code in (
        ('skip', ['0', '8', '9'], None),
        ('tell', ['0', '{"missed": 7}', '8', '9'], None),
        ('drop', ['0'], 1013),
    ):
        topic = Topic(2, slow)
        ws = Socket()
        task = asyncio.create_task(topic.to_websocket(ws))
        await asyncio.sleep(0.01)
        for i in range(10):
            topic.publish(str(i))
            await asyncio.sleep(0)
        ws.gate.set()
        await until(lambda ws=ws, expected=expected: len(ws.sent) >= len(expected))
        await asyncio.sleep(0.01)
        assert (ws.sent, ws.code, topic.missed) == (expected, code, 7), slow
        assert ws.ping_interval == topic.keepalive
        task.cancel()
        await araises(asyncio.CancelledError, task)
        assert topic.listeners == 0


async def test_websocket_that_fails():
    topic = Topic()
    ws = Socket()
    ws.gate = None  # sending raises AttributeError
    task = asyncio.create_task(topic.to_websocket(ws))
    await asyncio.sleep(0)
    topic.publish('x')
    await until(lambda: ws.code == 1011)
    task.cancel()
    await araises(asyncio.CancelledError, task)
