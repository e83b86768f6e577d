"""What extensions do for want of memory: nothing is left half done, and nobody waits for ever."""

import asyncio

import microdot.guard
from heap import heap_lock, heap_unlock
from microdot.compat_topics import Signal
from microdot.connection import Connection
from microdot.http1 import CHUNKED
from microdot.lifespan import Lifespan, Task
from microdot.sse import SSE
from microdot.streaming import OutgoingBody
from microdot.topics import Topic
from microdot.websocket import WebSocket
from support import MICROPYTHON, araises, raises, skip
from wire import until

# What is assigned on the way of a MemoryError, or to clean up.
ASSIGNED = (
    (lambda: WebSocket(None), 'closed', '_ended', '_broken', '_writing', '_lock'),
    (SSE, 'closed', '_task', '_error'),
    (lambda: OutgoingBody(None, b'', None), 'error', 'busy'),
    (Topic, 'missed', 'listeners', '_streams', '_beats', '_beating'),
    (lambda: Task(None, True), 'error', 'restarts', '_task', '_cancelled'),
)


# Of hash tables, as they grow; smaller ones cost little.
SIZES = (17, 23, 29, 37, 47, 59, 73)


async def test_attributes_have_their_place():
    for make, *names in ASSIGNED:
        made = make()
        heap_lock()
        try:
            for name in names:
                setattr(made, name, 1)
        finally:
            heap_unlock()


def no_memory(*args):
    raise MemoryError


class Stream:
    """A stream to a client, whose first write fails for want of memory."""

    def __init__(self):
        self.written = []
        self.failed = False

    async def awrite(self, data):
        if not self.failed:
            self.failed = True
            raise MemoryError
        self.written.append(data)


class Source:
    """A body of one piece, whose end comes after a while."""

    waits = True
    begun = False

    async def __anext__(self):
        if self.begun:
            await asyncio.sleep(0.02)
            raise StopAsyncIteration
        self.begun = True
        return b'piece'


async def test_nothing_follows_a_piece_that_is_lost():
    stream = Stream()
    body = OutgoingBody(stream, b'head', CHUNKED)
    await araises(MemoryError, body.pour(Source()))
    assert stream.failed and stream.written == []


class Full:
    """A body that uses up the memory, until it is closed."""

    waits = closed = False

    async def __anext__(self):
        heap_lock()
        raise MemoryError

    def aclose(self):
        heap_unlock()
        self.closed = True


async def test_a_body_is_closed():
    full = Full()
    try:
        await OutgoingBody(Stream(), b'head', None).pour(full)
    except MemoryError:
        pass
    if not full.closed:
        heap_unlock()
    assert full.closed


class Queue:
    """Events of which there is no memory to join several."""

    def __init__(self, *events):
        self.events = list(events)

    def __len__(self):
        return len(self.events)

    def __iter__(self):
        return iter(self.events)

    def __getitem__(self, place):
        if not isinstance(place, int):
            raise MemoryError
        return self.events[place]

    def __delitem__(self, place):
        del self.events[place]


async def test_events_that_do_not_fit_together_leave_one_by_one():
    events = SSE()
    events.queue = Queue(b'1', b'2')
    events.closed = True
    assert [await events.__anext__(), await events.__anext__()] == [b'1', b'2']


class Lock:
    acquire = no_memory


async def test_a_lock_that_nobody_could_acquire_is_none():
    ws = WebSocket(None)
    ws._writing = True
    lock, asyncio.Lock = asyncio.Lock, Lock
    try:
        await araises(MemoryError, ws.send('x'))
    finally:
        asyncio.Lock = lock
    assert ws._lock is None


class Request:
    headers = {}


async def test_counts_of_a_topic():
    topic = Topic()
    topic._beat = no_memory
    events = topic.to_sse(Request(), 0)[0]
    await araises(MemoryError, events.__anext__())
    await events.aclose()
    assert topic.listeners == topic._streams == 0 and not topic._beating
    topic.listen = no_memory
    await araises(MemoryError, topic.to_websocket(WebSocket(None)))
    assert topic.listeners == 0


def test_a_signal_is_not_taken_for_kept():
    if not MICROPYTHON:
        skip('threads wake its loop')
    signal = Signal()
    signal._keep = no_memory
    raises(MemoryError, signal.rouse)
    assert signal._flag is None


async def test_a_task_is_started_again():
    runs = []

    def work():
        runs.append(len(runs))
        if len(runs) == 1:
            heap_lock()
            raise MemoryError

    pause, Task.shortest_pause = Task.shortest_pause, 0
    task = Task(work, True)
    task._begin(None)
    await asyncio.sleep(0)
    if runs:
        heap_unlock()
    await until(task.done)
    Task.shortest_pause = pause
    assert runs == [0, 1] and task.restarts == 1 and isinstance(task.error, MemoryError)


async def test_a_task_that_could_not_begin_is_forgotten():
    life = Lifespan()
    await life.start()
    begin, Task._begin = Task._begin, no_memory
    try:
        raises(MemoryError, life.create_task, no_memory, False)
    finally:
        Task._begin = begin
    assert life.all_tasks() == []


async def test_an_end_is_tried_again():
    life = Lifespan()
    ended = []
    life.on_shutdown(lambda: ended.append(1))
    await life.start()
    all_tasks, life.all_tasks = life.all_tasks, no_memory
    await araises(MemoryError, life.close())
    life.all_tasks = all_tasks
    await life.close()
    assert ended == [1]


async def test_attempts_do_not_run_for_ever():
    guard = microdot.guard.Guard()
    request = Request()
    request.client_addr = ('127.0.0.1', 1)
    await guard.attempt(request, 'ada', lambda: True)
    now, microdot.guard.now = microdot.guard.now, no_memory
    try:
        await araises(MemoryError, guard.attempt(request, 'ada', no_memory))
    finally:
        microdot.guard.now = now
    assert [entry[::2] for entry in guard._entries.values()] == [[1, 0], [1, 0]]


async def test_a_silent_websocket_is_not_ended_for_a_ping_that_was_not_sent():
    ws = WebSocket(None)
    ws._stream = connection = Connection(None, None, None)
    ws._pinged, ws.ping_interval = 0, 1
    connection.ping = no_memory
    raises(MemoryError, ws.watch, 2000)
    assert connection.pinged is None


def test_modules_and_classes_leave_room_in_their_hash_tables():
    """MicroPython goes through all of a full one for each name that is not in it.

    That a module's does not have the name of a built-in, and a class's not that of an attribute of
    its instances, or of its base, is found out for most names of a request.
    """
    from microdot import application, compat, connection, http1, request, response, sse, streaming

    if not MICROPYTHON:
        skip('hash tables of MicroPython')
    modules = [application, compat, connection, http1, response, sse, streaming, asyncio.core]
    classes = [request.Request, response.Response, connection.Connection, sse.SSE]
    for owner in modules + classes:
        assert len(owner.__dict__) not in SIZES, owner
