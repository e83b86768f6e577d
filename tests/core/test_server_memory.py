"""What the server does for want of memory takes none itself: the heap is locked meanwhile.

And what it answers, however often memory is wanting.
"""

import asyncio
import sys

from heap import heap_lock, heap_unlock
from microdot import Microdot
from microdot.connection import HANDLE, Connection
from microdot.test_client import TestClient
from support import MICROPYTHON, araises, skip
from wire import get, refuses, serve, until

# What is assigned on the way of a MemoryError.
ASSIGNED = (
    ('buffer', b'a'),
    ('left', -1),
    ('ended', 0),
    ('closed', True),
    ('pinged', 1),
    ('phase', 0),
    ('since', 0),
)


async def waiting(app, connections):
    """A connection that waits for its client, as `_serve_client` has it."""
    connection = Connection(app, None, None)
    connection.reading = True  # it has received something
    app._connections.append(connection)
    connections.append(connection)
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        connections.remove(connection)


async def test_giving_way():
    app = Microdot()
    app._connections = []
    connections = []
    tasks = [asyncio.create_task(waiting(app, connections)) for _ in range(3)]
    await asyncio.sleep(0)
    found = []
    heap_lock()
    try:
        for _ in range(4):
            if app.make_room(True):
                found = connections
    finally:
        heap_unlock()
    assert found is connections and [c.ended for c in app._connections] == [0, 0, 0]
    for task in tasks:
        await task
    assert connections == []


async def test_attributes_have_their_place():
    connection = Connection(Microdot(), None, None)
    heap_lock()
    try:
        for name, value in ASSIGNED:
            setattr(connection, name, value)
    finally:
        heap_unlock()
    assert [getattr(connection, name) for name, _ in ASSIGNED] == [v for _, v in ASSIGNED]


class Failing(Microdot):
    """An application whose every way to answer raises the same."""

    def __init__(self, exc):
        super().__init__()
        self.exc = exc

    async def error_response(self, req, status_code, reason=None):
        raise self.exc


async def test_the_status_of_what_goes_wrong_again_and_again():
    for exc, wanted in ((MemoryError(), 503), (ValueError('no'), 500)):

        def fail(*args, exc=exc):
            raise exc

        for app in (Failing(exc), Microdot()):
            app.get('/')(fail)
            app.after_error_request(fail if type(app) is Microdot else lambda *args: None)
            response = await TestClient(app).get('/')
            assert response.status_code == wanted


async def test_shutdown():
    if abs(id(Microdot)) > sys.maxsize // 2:  # what is no small int takes memory
        skip('asyncio finds sockets by their addresses, which are too high on this system')
    app = Microdot()
    async with serve(app) as server:
        client = await server.open()
        await until(lambda: app._connections)
        heap_lock()
        try:
            app.shutdown()
        finally:
            heap_unlock()
        assert await client.at_eof() and await refuses(server.port)
        await server.task


def no_memory(*args):
    raise MemoryError


async def test_a_head_that_was_taken_is_not_waited_for_again():
    """Without memory for the request, and none for getting some."""
    app = Microdot()
    app.get('/')(lambda request: 'hello')
    parse, get_memory = Connection._parse, Connection._get_memory
    Connection._parse = Connection._get_memory = no_memory
    try:
        async with serve(app) as server:
            app.make_room = lambda memory: True  # somebody else could give way
            client = await server.open()
            await client.send(get('/'))
            assert (await client.response()).status == 503 and await client.at_eof()
    finally:
        Connection._parse, Connection._get_memory = parse, get_memory


class Once:
    """A socket that tells that its client has gone, after a read without memory."""

    failed = False

    def read(self, n):
        if self.failed:
            return b''
        self.failed = True
        raise MemoryError


class Socket:
    """What has come, and uses up the memory for keeping it."""

    sent = b'x' * 64

    def read(self, n):
        heap_lock()
        return self.sent


class Reader:
    def __init__(self, socket):
        self.s = socket


async def test_the_watcher_goes_on():
    """Nobody else would start it while all places are taken."""
    if not MICROPYTHON:
        skip('its streams read by themselves')
    connection = Connection(Microdot(), Reader(Once()), None)
    connection.task = asyncio.create_task(asyncio.Event().wait())
    connection.wait(HANDLE)
    watching = asyncio.create_task(connection.app._watch([connection]))
    await until(lambda: connection.ended == 0)
    watching.cancel()
    await araises(asyncio.CancelledError, watching)


async def test_what_is_lost_ends_its_connection():
    if not MICROPYTHON:
        skip('its streams keep what has come')
    app = Microdot()
    connection = Connection(app, Reader(Socket()), None)
    connection.buffer = b'y'
    connection.task = asyncio.create_task(asyncio.Event().wait())
    connection.wait(HANDLE)
    watched = [connection]
    end = connection.end

    def ending():
        heap_unlock()
        watched.clear()
        end()

    connection.end = ending
    tick, Connection.tick = Connection.tick, 0
    try:
        await app._watch(watched)
    finally:
        Connection.tick = tick
    assert connection.ended == 0 and connection.buffer == b'y'


async def test_a_ping_that_cannot_be_sent_is_not_waited_for():
    app = Microdot()
    connection = Connection(app, None, None)
    connection.task, connection.ping = None, no_memory
    connection.wait(HANDLE)
    app._connections = [connection]
    try:
        app.make_room(True)
    except MemoryError:
        pass
    assert connection.pinged is None
