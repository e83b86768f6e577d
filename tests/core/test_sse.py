"""`microdot.sse` under the test client: the bytes of events, queueing, how functions end."""

import asyncio

from microdot import Microdot
from microdot.sse import SSE, format_event, sse_response, with_sse
from microdot.test_client import TestClient
from support import araises, raises

EVENTS = (
    (('bar',), {}, b'data: bar\n\n'),
    (({'a': 'b'},), {}, b'data: {"a": "b"}\n\n'),
    (([1],), {}, b'data: [1]\n\n'),
    ((b'bytes',), {}, b'data: bytes\n\n'),
    ((42,), {}, b'data: 42\n\n'),
    (([1, float('nan')],), {}, b'data: [1, null]\n\n'),
    (('',), {}, b'data: \n\n'),
    (('bar', 'test', 'id42'), {}, b'event: test\nid: id42\ndata: bar\n\n'),
    (('x',), {'retry': 2.5, 'event': 'e'}, b'retry: 2500\nevent: e\ndata: x\n\n'),
    (('x',), {'retry': 0, 'event_id': 0}, b'retry: 0\nid: 0\ndata: x\n\n'),
    (('x', '', ''), {}, b'data: x\n\n'),
    (('žluť',), {}, 'data: žluť\n\n'.encode()),
    (('a\nb\r\nc\rd\n',), {}, b'data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n'),
    ((b'a\nevent: x',), {}, b'data: a\ndata: event: x\n\n'),
    (('note',), {'comment': True, 'event': 'e'}, b': note\n\n'),
    (('a\ndata: b',), {'comment': True}, b': a\n: data: b\n\n'),
)


def test_bytes_of_events():
    for args, kwargs, expected in EVENTS:
        data = format_event(*args, **kwargs)
        assert data.replace(b'{"a":"b"}', b'{"a": "b"}') == expected, data


def test_line_breaks_in_names_are_refused():
    for bad in ('a\nb', 'a\r', '\0'):
        raises(ValueError, format_event, 'x', bad)
        raises(ValueError, format_event, 'x', None, bad)


async def test_response():
    app = Microdot()

    @app.get('/<int:n>')
    @with_sse
    async def route(request, sse, n):
        await sse.send('one')
        await sse.send({'n': n}, event='test', event_id='id42', retry=2.5)
        await sse.send('ignored', comment=True)
        await sse.send('a\nb')

    response = await TestClient(app).get('/7')
    assert response.status_code == 200
    assert response.headers['Content-Type'] == 'text/event-stream'
    assert response.headers['Cache-Control'] == 'no-cache'
    events = response.events
    assert [event['data'] for event in events] == [b'one', events[1]['data'], b'a\nb']
    assert events[1]['data_json'] == {'n': 7}
    assert [events[1][name] for name in ('event', 'event_id', 'retry')] == ['test', 'id42', 2.5]


async def test_sse_response_passes_arguments():
    got = []

    async def function(request, sse, a, b=None):
        got.append((a, b))

    class Request:
        method = 'GET'

    body, status, headers = sse_response(Request(), function, 1, b=2)
    assert status == 200
    assert headers['Content-Type'] == 'text/event-stream'
    await araises(StopAsyncIteration, body.__anext__())
    assert got == [(1, 2)]


async def test_exception_comes_after_the_events():
    app = Microdot()

    @app.get('/')
    @with_sse
    async def route(request, sse):
        await sse.send('one')
        raise ZeroDivisionError

    await araises(ZeroDivisionError, TestClient(app).get('/'))
    body = sse_response(None, lambda request, sse: route_of(sse))[0]
    assert await body.__anext__() == b'data: one\n\n'
    await araises(ZeroDivisionError, body.__anext__())
    await araises(StopAsyncIteration, body.__anext__())
    await body.aclose()


async def route_of(sse):
    await sse.send('one')
    raise ZeroDivisionError


async def test_head_does_not_call_the_function():
    app = Microdot()
    called = []

    @app.get('/')
    @with_sse
    async def route(request, sse):
        called.append(1)

    response = await TestClient(app).request('HEAD', '/')
    assert response.status_code == 200
    assert response.headers['Content-Type'] == 'text/event-stream'
    await asyncio.sleep(0)
    assert not called


async def test_queue_is_bounded():
    sent = []

    async def function(request, sse):
        sse.max_queue = 3
        for i in range(10):
            await sse.send(i)
            sent.append(i)

    body = sse_response(None, function)[0]
    taken = b''
    while len(taken) < 90:
        taken += await body.__anext__()
        await asyncio.sleep(0.005)
        assert len(sent) <= len(taken) // 9 + 3, (taken, sent)
    await araises(StopAsyncIteration, body.__anext__())
    assert taken == b''.join([b'data: %d\n\n' % i for i in range(10)])


async def test_events_that_wait_leave_together():
    async def function(request, sse):
        for size in (300, 300, 300, 2000, 10, 10):
            await sse.send('x' * size)

    body = sse_response(None, function)[0]
    for sizes in ((300, 300, 300), (2000,), (10, 10)):
        expected = b''.join([b'data: ' + b'x' * size + b'\n\n' for size in sizes])
        assert await body.__anext__() == expected, sizes
    await araises(StopAsyncIteration, body.__anext__())


async def test_several_senders_share_the_room():
    async def function(request, sse):
        sse.max_queue = 1

        async def send(name):
            for i in range(5):
                await sse.send(name + str(i))

        tasks = [asyncio.create_task(send(name)) for name in 'abc']
        for task in tasks:
            await task

    body = sse_response(None, function)[0]
    taken = b''
    while taken.count(b'data') < 15:
        taken += await asyncio.wait_for(body.__anext__(), 5)
    for name in 'abc':
        assert [taken.find(b'%s%d' % (name.encode(), i)) for i in range(5)] == sorted(
            [taken.find(b'%s%d' % (name.encode(), i)) for i in range(5)]
        )
    await araises(StopAsyncIteration, body.__anext__())


async def test_queue_without_a_bound():
    sse = SSE()
    sse.max_queue = 0
    for i in range(100):
        await sse.send(i)
    assert len(sse.queue) == 100


async def test_aclose_cancels_the_function_and_frees_other_senders():
    ended = []
    streams = []

    async def function(request, sse):
        streams.append(sse)
        try:
            await sse.send('one')
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append(1)
            raise

    body = sse_response(None, function)[0]
    assert await body.__anext__() == b'data: one\n\n'
    sse = streams[0]
    sse.max_queue = 1
    await sse.send('two')
    waiting = asyncio.create_task(sse.send('three'))
    await asyncio.sleep(0)
    await body.aclose()
    assert ended == [1]
    await asyncio.wait_for(waiting, 5)
    await sse.send('four')
    await body.aclose()


async def test_aclose_before_the_start():
    async def function(request, sse):
        raise AssertionError

    body = sse_response(None, function)[0]
    await body.aclose()
    await araises(StopAsyncIteration, body.__anext__())


async def test_keepalive():
    async def function(request, sse):
        sse.keepalive = 0.02
        await asyncio.sleep(0.1)
        await sse.send('late')

    body = sse_response(None, function)[0]
    for _ in range(3):
        assert await body.__anext__() == b':\n\n'
    data = b':\n\n'
    while data == b':\n\n':
        data = await body.__anext__()
    assert data == b'data: late\n\n'


async def test_a_cancellation_as_an_event_comes():
    """It is not lost in waiting, and neither is the event."""
    for keepalive in (0, 10):
        sse = SSE()
        sse.keepalive = keepalive
        sse._task = sse  # whatever sends: it is this test

        async def read(sse=sse):
            while True:
                await sse.__anext__()

        task = asyncio.create_task(read())
        await asyncio.sleep(0.01)
        await sse.send('event')
        task.cancel()
        await araises(asyncio.CancelledError, task)
        assert sse.queue, keepalive
