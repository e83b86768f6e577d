"""`microdot.relay` with a real Redis: one order for all, restarts in the middle, what is lost."""

import asyncio
import contextlib
import signal
import sys
import time

import pytest
from redis_server import Redis

from microdot import Microdot
from microdot.topics import Topic

try:
    from microdot.relay import Relay
except ImportError:
    Relay = None

import needs


@pytest.fixture
def redis(tmp_path):
    if not Relay:
        needs.missing('redis is not installed: make .venv/stamps/test')
    with Redis(tmp_path) as server:
        yield server


class Process:
    """An application with a topic and a relay, as each process has its own."""

    def __init__(self, redis, size=16, **options):
        self.app = Microdot()
        self.topic = Topic(size)
        self.relay = Relay(self.app, redis.url, **options)
        self.relay.longest_pause = 0.2
        self.relay.join(self.topic, 'talk')
        self.listener = self.topic.listen()

    async def __aenter__(self):
        await self.app._life.start()
        return self

    async def __aexit__(self, *exc):
        await self.app._life.close()

    async def take(self, count):
        found = []
        async with asyncio.timeout(10):
            while len(found) < count:
                found.append(await self.listener.__anext__())
        return found

    async def texts(self, count):
        return [message.data for message in await self.take(count)]

    async def is_connected(self, state=True):
        async with asyncio.timeout(10):
            while self.relay.connected is not state:
                await asyncio.sleep(0.01)


async def test_all_have_the_same_messages_in_the_same_order(redis):
    async with contextlib.AsyncExitStack() as stack:
        processes = [await stack.enter_async_context(Process(redis, 400)) for _ in range(3)]
        for i in range(100):
            for n, process in enumerate(processes):
                process.topic.publish({'by': n, 'i': i}, event='e')
            if i % 10 == 0:
                await asyncio.sleep(0.01)
        found = [await process.take(300) for process in processes]
        ids = [[message.id for message in messages] for messages in found]
        assert ids[0] == ids[1] == ids[2] and len(set(ids[0])) == 300
        for n in range(3):
            own = [m.json['i'] for m in found[0] if m.json['by'] == n]
            assert own == list(range(100))
        assert {message.event for message in found[0]} == {'e'}
        assert sum(process.topic.missed + process.relay.lost for process in processes) == 0


async def test_data_and_events(redis):
    async with Process(redis) as one, Process(redis) as two:
        sent = [('text ž', 'a'), (b'\x00\xff', None), ('', 'e'), (b'', None)]
        for data, event in sent:
            one.topic.publish(data, event)
        assert [(m.data, m.event) for m in await two.take(4)] == sent


async def test_a_client_comes_again_to_another_process(redis):
    async with Process(redis) as one:
        for i in range(8):
            one.topic.publish(str(i))
        messages = await one.take(8)
        async with Process(redis, 6) as late:  # which has what is kept, from the start
            await late.take(6)
            for i, message in enumerate(messages):
                listener = late.topic.listen(after=message.id)
                assert listener.missed == max(0, 1 - i)
                expected = [str(n) for n in range(max(2, i + 1), 8)]
                found = [listener.take().data for _ in expected]
                assert found == expected and listener.take() is None


async def test_published_before_the_start(redis):
    one = Process(redis)
    one.topic.publish('early')
    assert one.listener.take() is None
    async with one:
        assert await one.texts(1) == ['early']


async def test_redis_restarts_and_keeps_its_data(redis, tmp_path):
    redis.stop()
    folder = tmp_path / 'kept'
    folder.mkdir()
    with Redis(folder, keeps=True) as kept:
        async with Process(kept, 64) as one, Process(kept, 64) as two:
            for i in range(5):
                one.topic.publish(str(i))
            assert await two.texts(5) == list('01234')
            kept.stop()
            for i in range(5, 10):
                one.topic.publish(str(i))
            await one.is_connected(False)
            kept.start()
            assert await two.texts(5) == list('56789')
            assert await one.texts(10) == list('0123456789')
            await one.is_connected()
            assert one.relay.lost == two.relay.lost == one.topic.missed == 0


async def test_redis_restarts_with_nothing(redis, capsys):
    async with Process(redis) as one, Process(redis) as two:
        one.topic.publish('0')
        assert await one.texts(1) == await two.texts(1) == ['0']
        first = one.topic.epoch
        redis.stop()
        one.topic.publish('1')
        await one.is_connected(False)
        redis.start()
        two.topic.publish('2')
        assert sorted(await one.texts(2)) == ['1', '2']
        assert one.topic.epoch == two.topic.epoch != first
    output = capsys.readouterr().out
    assert 'relay: topic talk: no connection: ' in output
    assert 'relay: topic talk: connected again after ' in output


async def test_what_finds_no_room_is_counted(redis, capsys):
    async with Process(redis, waiting=4) as one, Process(redis) as two:
        one.topic.publish('before')
        assert await two.texts(1) == ['before']
        redis.stop()
        await one.is_connected(False)
        for i in range(10):
            one.topic.publish(str(i))
        redis.start()
        found = await two.texts(4)
        # The first one may be on its way already when the others come.
        assert found[-3:] == ['7', '8', '9']
        await one.is_connected()
        assert 5 <= one.relay.lost <= 6
    assert f'{one.relay.lost} messages are lost, as they could not be sent' in (
        capsys.readouterr().out
    )


async def test_what_redis_forgets_is_counted(redis):
    """A process that was away for longer than Redis keeps messages: its listeners missed them."""
    async with Process(redis, 64, length=8) as one, Process(redis, 64, length=8) as two:
        one.topic.publish('0')
        await one.texts(1)
        await two.texts(1)
        client = two.relay._client

        async def fail(*args):
            raise OSError(111)

        client.xread = fail
        await client.connection_pool.disconnect()
        await two.is_connected(False)
        for i in range(1, 31):
            one.topic.publish(str(i))
            assert await one.texts(1) == [str(i)]
        del client.xread
        assert await two.texts(8) == [str(i) for i in range(23, 31)]
        assert two.relay.lost == two.listener.missed == two.topic.missed == 22


async def test_a_redis_that_does_not_answer(redis):
    """Half open: it is found out, and what was on its way is there once."""
    process = Process(redis, 64)
    process.relay.patience = 0.6
    async with process as one:
        one.topic.publish('0')
        assert await one.texts(1) == ['0']
        redis.process.send_signal(signal.SIGSTOP)
        try:
            for i in range(1, 6):
                one.topic.publish(str(i))
            await one.is_connected(False)
        finally:
            redis.process.send_signal(signal.SIGCONT)
        assert await one.texts(5) == list('12345')
        await asyncio.sleep(0.3)
        assert one.listener.take() is None and one.relay.lost == 0


async def test_a_message_whose_answer_is_lost_is_there_once(redis):
    async with Process(redis) as one:
        joined = one.relay._joined[0]
        send_batch = joined.send_batch
        calls = []

        async def lose_the_answer(*args):
            batch = list(joined.batch)
            await send_batch(*args)
            calls.append(1)
            if len(calls) == 1:
                joined.batch, joined.uncertain = batch, True
                raise OSError(104)

        joined.send_batch = lose_the_answer
        # The task has the method already: it gets this one from its next message on.
        one.topic.publish('0')
        await one.texts(1)
        one.topic.publish('1')
        one.topic.publish('2')
        assert await one.texts(2) == ['1', '2']
        await asyncio.sleep(0.3)
        assert len(calls) >= 2 and one.listener.take() is None


async def test_no_redis_at_all(redis, capsys):
    redis.stop()
    begun = time.monotonic()
    async with Process(redis) as one:
        one.topic.publish('x')
        await one.is_connected(False)
        assert one.listener.take() is None
    assert time.monotonic() - begun < 5
    assert one.relay.lost == 1
    assert '1 messages are lost, as they could not be sent before the end' in (
        capsys.readouterr().out
    )


async def test_what_is_published_last_is_sent_at_the_end(redis):
    async with Process(redis) as two:
        async with Process(redis) as one:
            one.topic.publish('hello')
            await one.texts(1)
            for i in range(5):
                one.topic.publish(str(i))
        assert await two.texts(6) == ['hello', '0', '1', '2', '3', '4']
        assert one.relay.lost == 0


async def test_joining(redis):
    app = Microdot()
    relay, topic = Relay(app, redis.url), Topic()
    relay.join(topic, 'a')
    with pytest.raises(ValueError):
        relay.join(topic, 'b')
    await app._life.start()
    with pytest.raises(RuntimeError):
        relay.join(Topic(), 'c')
    await app._life.close()


pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason='asyncio.timeout')
