"""`microdot.topics` with many listeners, one of which never reads, with threads and interrupts."""

import asyncio
import gc
import time

from microdot.topics import Topic
from support import MICROPYTHON, skip


class Request:
    headers = {}


async def read_stream(body, counts, messages):
    """Read events until the last of that many messages; AssertionError if their order is wrong."""
    numbers = []
    async for piece in body:
        for line in piece.split(b'\n'):
            if line[:6] == b'data: ':
                number = int(line[6:].split(b' ')[0])
                assert not numbers or number > numbers[0], (number, numbers)
                numbers[:] = [number]
                counts[0] += 1
                if number == messages - 1:
                    return


async def test_twelve_listeners_of_which_one_never_reads():
    """The heap is flat however long it goes on, and what the one missed is counted."""
    messages = 3600  # an hour, one a second
    topic = Topic(16)
    bodies = [topic.to_sse(Request)[0] for _ in range(12)]
    counts = [[0] for _ in range(11)]
    tasks = [asyncio.create_task(read_stream(*args, messages)) for args in zip(bodies, counts)]
    await bodies[11].__anext__()
    await asyncio.sleep(0.01)
    assert topic.listeners == 12
    used = []
    for i in range(messages):
        topic.publish('%d %s' % (i, 'x' * (i * 7 % 60)))
        if i % 8 == 7:
            await asyncio.sleep(0)
        if i % 400 == 399:
            await asyncio.sleep(0)
            gc.collect()
            used.append(gc.mem_alloc() if MICROPYTHON else 0)
    for task in tasks:
        await asyncio.wait_for(task, 10)
    # What one missed is known once it has its turn; up to then it is what its listener would say.
    got = sum([count[0] for count in counts])
    assert topic.missed == 11 * messages - got
    used = used[1:-1]  # with all that is loaded late, and before the first of the readers has ended
    assert max(used) - min(used) < 2048, used
    await bodies[11].aclose()
    for body in bodies[:11]:
        await body.aclose()
    assert topic.listeners == 0


async def test_publishing_from_threads():
    if MICROPYTHON:
        skip('threads must not touch an application there')
    import threading

    topic = Topic(5000)
    listener = topic.listen()

    def publish(name):
        for i in range(1000):
            topic.publish('%s %d' % (name, i))

    threads = [threading.Thread(target=publish, args=(name,)) for name in 'abcd']
    for thread in threads:
        thread.start()
    got = []
    async for message in listener:
        got.append((message.data.split(), message.number))
        if len(got) == 4000:
            break
    assert [number for _, number in got] == list(range(1, 4001))
    for name in 'abcd':
        assert [int(i) for (who, i), _ in got if who == name] == list(range(1000))
    assert listener.missed == 0
    for thread in threads:
        thread.join()


async def test_publishing_from_interrupts():
    if not MICROPYTHON:
        skip('there are none')
    import micropython

    topic = Topic(64)
    got = []

    async def read(listener):
        async for message in listener:
            got.append(message.data)
            if message.data == '-':
                return

    task = asyncio.create_task(read(topic.listen()))
    expected = []
    for i in range(400):
        micropython.schedule(topic.publish, str(i))
        topic.publish('m')
        expected.append(str(i))
        if i % 5 == 0:
            await asyncio.sleep(0)
    topic.publish('-')
    await asyncio.wait_for(task, 5)
    assert [data for data in got if data not in 'm-'] == expected
    assert len(got) == 801, len(got)


async def test_an_interrupt_wakes_the_loop():
    if not MICROPYTHON:
        skip('there are none')
    import _thread

    import micropython

    topic = Topic()
    topic.interrupts = True

    def later():
        time.sleep(0.1)
        micropython.schedule(topic.publish, 'x')

    listener = topic.listen()
    for _ in range(2):
        _thread.start_new_thread(later, ())
        begun = time.ticks_ms()
        # Nothing else is there to wake the loop before these seconds are over.
        message = await asyncio.wait_for(listener.__anext__(), 5)
        assert message.data == 'x'
        assert time.ticks_diff(time.ticks_ms(), begun) < 1000
