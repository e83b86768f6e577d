"""What the server does for want of memory takes none itself: the heap is locked meanwhile.

And what it answers, however often memory is wanting.
"""

import asyncio

from microdot import Microdot
from microdot.connection import Connection
from microdot.test_client import TestClient

try:
    from micropython import heap_lock, heap_unlock
except ImportError:  # CPython: what is tested is the rest

    def heap_lock():
        pass

    heap_unlock = heap_lock

# What is assigned on the way of a MemoryError.
ASSIGNED = (('left', -1), ('ended', 0), ('closed', True), ('phase', 0), ('since', 0))


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
