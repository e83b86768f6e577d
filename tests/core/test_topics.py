"""`microdot.topics`: order, what is missed and who is told, where listeners begin, bounds."""

import asyncio

from microdot.topics import Dropped, Listener, Topic
from support import MICROPYTHON, araises, raises


def texts(listener):
    """The data of all that a listener can take at once."""
    found = []
    while True:
        message = listener.take()
        if not message:
            return found
        found.append(message.data)


async def take(listener, count):
    """The data of that many messages, waiting for them."""
    found = []
    async for message in listener:
        found.append(message.data)
        if len(found) == count:
            return found


def test_a_listener_gets_what_comes_after_it():
    topic = Topic()
    topic.publish('before')
    listener = topic.listen()
    for i in range(3):
        topic.publish(str(i))
    assert texts(listener) == ['0', '1', '2']
    assert texts(listener) == []
    assert listener.missed == 0


def test_data():
    topic = Topic()
    listener = topic.listen()
    for data, expected in (
        ('text', 'text'),
        (b'\x00\xff', b'\x00\xff'),
        (bytearray(b'ab'), b'ab'),
        (memoryview(b'abc')[1:], b'bc'),
        (42, '42'),
        (None, 'null'),
        ([1, 'ž'], [1, 'ž']),
        ({'a': [True]}, {'a': [True]}),
    ):
        topic.publish(data, event='e')
        message = listener.take()
        got = message.json if isinstance(expected, (list, dict)) else message.data
        assert got == expected and message.event == 'e', (data, got)
    assert listener.take() is None
    assert topic.number == 8


def test_data_is_that_of_the_moment():
    topic = Topic()
    listener = topic.listen()
    reading = {'n': 1}
    topic.publish(reading)
    reading['n'] = 2
    assert listener.take().json == {'n': 1}


def test_json_of_bytes():
    topic = Topic()
    listener = topic.listen()
    for data in (b'[1, "\\u00e4"]', b'\xff', b'"\\u', b'nul'):
        topic.publish(data)
    assert listener.take().json == [1, '\u00e4']
    for message in (listener.take(), listener.take(), listener.take()):
        raises(ValueError, lambda message=message: message.json)


def test_what_is_refused():
    topic = Topic()
    topic.max_length = 4
    raises(ValueError, topic.publish, '12345')
    raises(ValueError, topic.publish, b'12345')
    raises(ValueError, topic.publish, [1, 2, 3])
    raises(TypeError, topic.publish, object())
    raises(TypeError, topic.publish, {'a': b''})
    for event in ('a\nb', '\r', '\0'):
        raises(ValueError, topic.publish, 'x', event)
    raises(ValueError, Topic, 0)
    raises(ValueError, Topic, 16, 'wait')
    assert topic.number == 0 and topic.listen(9).take() is None
    topic.publish('1234')


def test_the_newest_are_kept_and_the_others_counted():
    for size in (1, 2, 5):
        topic = Topic(size)
        listener = topic.listen()
        for i in range(12):
            topic.publish(str(i))
            assert listener.missed == max(0, i + 1 - size)
        assert texts(listener) == [str(i) for i in range(12 - size, 12)]
        assert listener.missed == listener.untold() == topic.missed == 12 - size
        assert listener.untold() == 0
        topic.publish('more')
        assert texts(listener) == ['more'] and listener.missed == 12 - size


def test_history():
    topic = Topic(4)
    assert texts(topic.listen(2)) == []
    for i in range(7):
        topic.publish(str(i))
        for last in range(6):
            expected = [str(n) for n in range(max(0, i - min(last, 4) + 1), i + 1)]
            listener = topic.listen(last)
            assert texts(listener) == expected, (i, last)
            assert listener.missed == 0


def test_resume_at_every_message():
    topic = Topic(5)
    ids = []
    for i in range(12):
        topic.publish(str(i))
        ids.append(topic.listen(1).take().id)
    assert len(set(ids)) == 12
    for i, after in enumerate(ids):
        listener = topic.listen(3, after)
        missed = max(0, 6 - i)
        assert listener.missed == missed, i
        assert texts(listener) == [str(n) for n in range(i + 1 + missed, 12)]
        assert listener.missed == missed


def test_resume_after_what_is_not_known():
    topic = Topic(3)
    assert texts(topic.listen(0, 'x-1')) == []
    for i in range(5):
        topic.publish(str(i))
    old = Topic()
    for _ in range(4):
        old.publish('x')
    for after in (old.listen(1).take().id, '', '-', 'x', '3', topic.epoch, topic.epoch + '-x'):
        listener = topic.listen(0, after)
        assert texts(listener) == ['2', '3', '4'], after
        assert listener.missed == 0
    for number in ('-1', '٣', '1' * 4000):
        assert texts(topic.listen(0, topic.epoch + '-' + number)) == ['2', '3', '4']
    # A process that is ahead has given it seven.
    ahead = topic.listen(0, topic.epoch + '-7')
    for i in range(5, 9):
        topic.publish(str(i))
        assert texts(ahead) == ([] if i < 7 else [str(i)])


def test_messages_that_are_lost_on_the_way():
    """What is joined numbers them: a gap is what was lost, and listeners have missed it."""
    topic = Topic(4)
    listener = topic.listen()
    topic.deliver('1', None, 1, 'e')
    topic.deliver('4', None, 4, 'e')
    assert texts(listener) == ['1', '4'] and listener.missed == 2
    topic.deliver('4', None, 4, 'e')  # twice
    topic.deliver('2', None, 2, 'e')
    assert texts(listener) == []
    topic.deliver('5', None, 5, 'e')
    topic.deliver('100', None, 100, 'e')
    assert listener.missed == 2 + 1 + 94 - 3, listener.missed
    assert texts(listener) == ['100'] and listener.missed == 2 + 1 + 94
    assert texts(topic.listen(0, 'e-98')) == ['100']
    # Another epoch begins anew; what went before stays.
    topic.deliver('a', None, 1, 'f')
    topic.deliver('c', None, 3, 'f')
    assert texts(listener) == ['a', 'c'] and listener.missed == 98
    assert texts(topic.listen(0, 'e-100')) == ['a', 'c']
    assert texts(topic.listen(0, 'f-1')) == ['c']
    assert texts(topic.listen(0, 'f-2')) == ['c']
    assert texts(topic.listen(0, 'e-7')) == ['100', 'a', 'c']


async def test_listeners_wait():
    topic = Topic()
    tasks = [asyncio.create_task(take(topic.listen(), 20)) for _ in range(5)]
    await asyncio.sleep(0)
    for i in range(20):
        topic.publish(str(i))
        if i % 3 == 0:
            await asyncio.sleep(0)
    for task in tasks:
        assert await asyncio.wait_for(task, 5) == [str(i) for i in range(20)]


async def test_cancel_at_every_turn():
    """Whenever a listener's task is cancelled, another goes on where it was; nothing is left."""
    for turns in range(8):
        topic = Topic(32)
        listener = topic.listen()
        got = []

        async def read(listener=listener, got=got):
            async for message in listener:
                got.append(message.data)
                await asyncio.sleep(0)

        async def write(topic=topic):
            for i in range(6):
                topic.publish(str(i))
                await asyncio.sleep(0)

        task = asyncio.create_task(read())
        writing = asyncio.create_task(write())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await araises(asyncio.CancelledError, task)
        await writing
        assert got + texts(listener) == [str(i) for i in range(6)], turns
        if MICROPYTHON:
            assert topic._signal._waiting.peek() is None
        else:
            assert not topic._signal._waiting


async def test_listeners_come_and_go_while_messages_are_published():
    topic = Topic(4)

    async def come_and_go(n):
        for _ in range(10):
            await take(topic.listen(), 1 + n % 2)

    tasks = [asyncio.create_task(come_and_go(n)) for n in range(6)]
    for i in range(200):
        topic.publish(str(i))
        await asyncio.sleep(0)
    for task in tasks:
        await asyncio.wait_for(task, 5)


async def test_a_slow_listener_is_dropped():
    topic = Topic(2, slow='drop')
    listener = topic.listen()
    topic.publish('0')
    assert await take(listener, 1) == ['0']
    for i in range(3):
        topic.publish(str(i))
    await araises(Dropped, take(listener, 1))
    assert listener.missed == 1


async def test_one_that_is_not_slow_is_kept():
    topic = Topic(2, slow='drop')
    listener = topic.listen()
    for i in range(10):
        topic.publish(str(i))
        assert await take(listener, 1) == [str(i)]


async def test_join():
    for echoes in (False, True):
        topic = Topic()
        listener = topic.listen()
        topic.publish('before')
        outgoing = topic.join(echoes, 2)
        raises(ValueError, topic.join)
        there = outgoing.listen()
        for i in range(3):
            topic.publish([i], 'e')
        assert texts(there) == ['[1]', '[2]'] and there.missed == 1
        topic.deliver('from there', 'e')
        assert texts(there) == []
        expected = ['before'] + ([] if echoes else ['[0]', '[1]', '[2]']) + ['from there']
        assert texts(listener) == expected


async def test_a_listener_that_nobody_closes_leaves_nothing_behind():
    topic = Topic()
    for _ in range(3):
        listener = topic.listen()
        topic.publish('x')
        assert await take(listener, 1) == ['x']
    assert topic.listeners == 0
    assert isinstance(listener, Listener)
