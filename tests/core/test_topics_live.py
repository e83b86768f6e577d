"""`microdot.topics` with event streams: they resume, and are told or dropped."""

import asyncio

from microdot import Microdot
from microdot.test_client import TestClient
from microdot.topics import Topic
from support import MICROPYTHON, araises
from wire import until


def app_of(topic, last=0):
    app = Microdot()

    @app.get('/events')
    async def events(request):
        return topic.to_sse(request, last)

    return app


class Request:
    headers = {}


async def events_after(client, event_id, count):
    headers = {'Last-Event-ID': event_id} if event_id else None
    found = []
    async with client.stream('GET', '/events', headers=headers) as stream:
        async for event in stream.events(limit=count):
            found.append(event)
    return found


async def test_event_streams_resume_at_every_message():
    topic = Topic(6)
    client = TestClient(app_of(topic, last=2))
    for i in range(10):
        topic.publish({'i': i}, event='even' if i % 2 == 0 else None)
    first = await events_after(client, None, 2)
    assert [event['data_json'] for event in first] == [{'i': 8}, {'i': 9}]
    assert [event['event'] for event in first] == ['even', None]
    newest = first[-1]['event_id']
    stem = newest[: newest.rindex('-') + 1]
    assert newest == stem + '10'
    for number in range(10):
        expected = list(range(max(4, number), 10))
        events = await events_after(client, stem + str(number), len(expected))
        assert [event['data_json']['i'] for event in events] == expected, number
        assert [event['event_id'] for event in events] == [stem + str(i + 1) for i in expected]
    assert topic.listeners == 0


async def test_an_event_stream_is_told_what_it_missed():
    topic = Topic(3, slow='tell')
    client = TestClient(app_of(topic))
    topic.publish('0')
    seen = topic.listen(1).take().id
    for i in range(1, 6):
        topic.publish(str(i))
    events = await events_after(client, seen, 4)
    assert [(event['event'], event['data']) for event in events] == [
        ('missed', b'2'),
        (None, b'3'),
        (None, b'4'),
        (None, b'5'),
    ]
    assert events[0]['event_id'] is None  # so that it is what was seen that counts


async def test_a_dropped_event_stream_ends():
    topic = Topic(3, slow='drop')
    client = TestClient(app_of(topic))
    topic.publish('0')
    seen = topic.listen(1).take().id
    for i in range(1, 6):
        topic.publish(str(i))
    assert await events_after(client, seen, 1) == []
    assert topic.listeners == 0


async def test_head_is_no_listener():
    topic = Topic()
    client = TestClient(app_of(topic))
    response = await client.head('/events')
    assert response.status_code == 200
    assert response.headers['Content-Type'] == 'text/event-stream'
    assert topic.listeners == 0


async def test_events_that_wait_leave_together():
    topic = Topic(64)
    for i in range(40):
        topic.publish('x' * (i * 13 % 50), event=str(i))
    body = topic.to_sse(Request, 40)[0]
    pieces = [await body.__anext__()]
    while sum([piece.count(b'event: ') for piece in pieces]) < 40:
        pieces.append(await body.__anext__())
        assert len(pieces[-1]) <= 1000
    assert len(pieces) < 6, len(pieces)
    names = [line[7:] for line in b''.join(pieces).split(b'\n') if line[:7] == b'event: ']
    assert names == [str(i).encode() for i in range(40)]
    await body.aclose()


async def test_silence():
    topic = Topic()
    topic.keepalive = 0.05
    bodies = [topic.to_sse(Request)[0] for _ in range(2)]
    for body in bodies:
        assert await body.__anext__() == b':\n\n'  # to begin with
    for body in bodies:
        assert await body.__anext__() == b':\n\n'
    topic.publish('x')
    assert (await bodies[0].__anext__()).endswith(b'data: x\n\n')
    assert await bodies[0].__anext__() == b':\n\n'
    for body in bodies:
        await body.aclose()
    await until(lambda: not topic._beating)


async def test_cancel_at_every_turn():
    """An event stream that is cancelled has lost no event, and is no listener once it is closed."""
    for turns in range(8):
        topic = Topic()
        body = topic.to_sse(Request)[0]
        got = []

        async def read(body=body, got=got):
            while True:
                got.append(await body.__anext__())

        task = asyncio.create_task(read())
        for i in range(turns):
            topic.publish(str(i))
            await asyncio.sleep(0)
        task.cancel()
        await araises(asyncio.CancelledError, task)
        topic.publish('last')
        got.append(await body.__anext__())
        texts = [line[6:] for line in b''.join(got).split(b'\n') if line[:6] == b'data: ']
        assert texts == [str(i).encode() for i in range(turns)] + [b'last'], (turns, texts)
        await body.aclose()
        assert topic.listeners == topic._streams == 0
        waiting = topic._signal._waiting
        assert not (waiting.peek() if MICROPYTHON else waiting), turns


async def test_json_is_encoded_once():
    topic = Topic()
    listeners = [topic.listen() for _ in range(3)]
    topic.publish({'a': 1}, 'e')
    messages = [listener.take() for listener in listeners]
    frames = [message.frame() for message in messages]
    for message, frame in zip(messages, frames):
        assert message is messages[0] and frame is frames[0]
