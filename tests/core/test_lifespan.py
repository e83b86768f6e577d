"""Functions for the start and the end of an application, and tasks of its own."""

import asyncio

from microdot import Microdot
from microdot.lifespan import Task
from microdot.server import Connection
from microdot.test_client import TestClient
from support import MICROPYTHON, araises, raises, skip
from wire import DEADLINE, HOST, free_port, get, serve, until


def make_app():
    app = Microdot()
    app.notes = []

    @app.on_startup
    async def open_it():
        app.notes.append('open')

    @app.on_startup
    def prepare():
        app.notes.append('prepare')

    @app.on_shutdown
    async def close_it():
        await asyncio.sleep(0)
        app.notes.append('close')

    @app.on_shutdown
    def tidy():
        app.notes.append('tidy')

    @app.get('/')
    async def index(request):
        return str(len(app.notes))

    return app


def note(app, name, seconds=60):
    """A coroutine function that notes its beginning, and its end however it comes."""

    async def work():
        app.notes.append(name)
        try:
            await asyncio.sleep(seconds)
        finally:
            await asyncio.sleep(0)
            app.notes.append(name + ' ended')

    return work


WHOLE = ['open', 'prepare', 'work', 'work ended', 'close', 'tidy']


async def test_own_server():
    app = make_app()
    task = app.create_task(note(app, 'work'))
    assert not task.done()
    for _ in range(2):  # it can be run again
        async with serve(app) as server:
            assert (await server.get('/')).body == b'3'
            assert app.notes == WHOLE[:3]
        assert app.notes == WHOLE
        assert task.done()
        app.notes.clear()


async def test_test_client():
    app = make_app()
    app.create_task(note(app, 'work')())
    async with TestClient(app) as client:
        assert (await client.get('/')).text in ('2', '3')
        await asyncio.sleep(0)
        assert app.notes == WHOLE[:3]
    assert app.notes == WHOLE
    assert (await TestClient(app).get('/')).text == '6'  # without a block nothing is called


async def test_the_first_task_comes_from_a_handler():
    """It begins at once, and ends with the server."""
    for served in (serve, TestClient):
        app = Microdot()
        app.notes = []

        @app.get('/')
        async def index(request, app=app):
            app.create_task(note(app, 'work')())
            await asyncio.sleep(0.01)
            return ', '.join(app.notes)

        async with served(app) as client:
            response = await client.get('/')
            assert response.body == b'work'
        assert app.notes == ['work', 'work ended']


async def test_cancelling_the_server():
    app = make_app()
    app.create_task(note(app, 'work'))
    server = asyncio.create_task(app.start_server(HOST, free_port()))
    await until(lambda: app.server)
    await asyncio.sleep(0)
    server.cancel()
    await araises(asyncio.CancelledError, server)
    assert app.notes == WHOLE


async def test_requests_are_answered_before_the_end():
    app = make_app()

    @app.get('/slow')
    async def slow(request):
        app.shutdown()
        await asyncio.sleep(0.1)
        app.notes.append('slow')
        return 'slow'

    app.create_task(note(app, 'work'))
    async with serve(app) as server:
        client = await server.open()
        await client.send(get('/slow'))
        assert (await client.response()).body == b'slow'
        await asyncio.wait_for(server.task, DEADLINE)
    assert app.notes == WHOLE[:3] + ['slow'] + WHOLE[3:]


async def test_a_start_that_fails():
    app = make_app()
    started = app.create_task(note(app, 'work'))

    @app.on_startup
    async def fail():
        raise OSError(5)

    port = free_port()
    await araises(OSError, app.start_server(HOST, port))
    assert app.server is None and not started.done()
    assert app.notes == ['open', 'prepare', 'close', 'tidy']


async def test_an_address_that_is_taken():
    app = make_app()
    async with serve(make_app()) as server:
        await araises(OSError, app.start_server(HOST, server.port))
    assert app.notes == ['open', 'prepare', 'close', 'tidy']


async def test_an_end_that_fails():
    app = Microdot()
    notes = []

    @app.on_shutdown
    async def fail():
        raise ZeroDivisionError

    app.on_shutdown(lambda: notes.append('end'))
    async with TestClient(app):
        pass
    assert notes == ['end']
    await app._life.start()
    assert isinstance(await app._life.close(), ZeroDivisionError)


async def test_mounted_applications_take_part():
    app, inner = make_app(), Microdot()
    inner.on_startup(lambda: app.notes.append('inner'))
    inner.on_shutdown(lambda: app.notes.append('inner end'))
    inner.create_task(note(app, 'inner work'))
    app.mount(inner, '/inner', local=True)
    async with TestClient(app):
        await until(lambda: 'inner work' in app.notes)
        assert app.notes[:3] == ['open', 'prepare', 'inner']
    assert app.notes[-4:] == ['close', 'tidy', 'inner work ended', 'inner end']


async def test_tasks_while_it_runs():
    app = make_app()

    @app.on_startup
    async def begin():
        app.create_task(note(app, 'begun at the start'))

    @app.get('/begin')
    async def begin_more(request):
        app.create_task(note(app, 'begun later', 0.05))
        app.create_task(note(app, 'a coroutine', 0.05)())
        return ''

    for _ in range(2):
        async with TestClient(app) as client:
            await client.get('/begin')
            await until(lambda: 'a coroutine ended' in app.notes)
            assert len(app._life.all_tasks()) == 1  # what has ended is forgotten
        assert app.notes.count('begun at the start ended') == 1, app.notes
        app.notes.clear()


async def test_tasks_that_raise():
    app = Microdot()
    calls = []

    async def work():
        calls.append('once')
        raise ValueError('expected by this test')

    def plain():
        calls.append('plain')
        if calls.count('plain') < 4:
            raise ValueError('expected by this test')

    once = app.create_task(work)
    again = app.create_task(plain, restart=True)
    again.shortest_pause = 0.01
    async with TestClient(app):
        await until(lambda: once.done() and again.done())
    assert (calls.count('once'), calls.count('plain')) == (1, 4)
    assert isinstance(once.error, ValueError) and isinstance(again.error, ValueError)
    assert (once.restarts, again.restarts) == (0, 3)


async def test_pauses_grow():
    app = Microdot()
    calls = []

    async def work():
        calls.append(1)
        raise ValueError('expected by this test')

    task = app.create_task(work, restart=True)
    task.shortest_pause, task.longest_pause = 0.01, 0.08
    async with TestClient(app):
        await asyncio.sleep(0.5)
    assert 5 <= len(calls) <= 10, len(calls)  # after 10, 20, 40, 80, 80 ... ms


async def test_a_cancellation_of_something_else_does_not_end_a_task():
    app = make_app()
    calls = []

    async def work():
        calls.append(1)
        if len(calls) < 3:
            other = asyncio.create_task(note(app, 'other')())
            await asyncio.sleep(0)
            other.cancel()
            await other
        await asyncio.sleep(60)

    task = app.create_task(work, restart=True)
    task.shortest_pause = 0.01
    async with TestClient(app):
        if hasattr(asyncio.Task, 'cancelling') or MICROPYTHON:
            await until(lambda: len(calls) == 3)
            task.cancel()
            await until(task.done)


def test_a_coroutine_cannot_be_called_again():
    app = Microdot()
    work = note(app, 'work')()
    raises(ValueError, app.create_task, work, True)
    work.close()


async def test_a_task_that_does_not_end(seconds=0.1):
    app = Microdot()
    notes = []

    async def stubborn():
        while 'end' not in notes:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                notes.append('not yet')

    task = app.create_task(stubborn)
    app.on_shutdown(lambda: notes.append('end'))
    patience, Connection.shutdown_timeout = Connection.shutdown_timeout, seconds
    try:
        async with TestClient(app):
            await asyncio.sleep(0)
    finally:
        Connection.shutdown_timeout = patience
    assert notes == ['not yet', 'end']
    task.cancel()
    await until(task.done)
    assert isinstance(task, Task)


def test_an_interrupted_run():
    """What Ctrl-C ends comes to its end, too."""
    if not MICROPYTHON:
        skip('there Ctrl-C cancels the server')
    app = make_app()
    app.create_task(note(app, 'work'))

    async def interrupt():
        await until(lambda: app.server)
        raise KeyboardInterrupt

    @app.on_startup
    async def begin():
        app.interrupting = asyncio.create_task(interrupt())

    raises(KeyboardInterrupt, app.run, HOST, free_port())
    assert app.notes == WHOLE, app.notes


async def test_an_overridden_start_server():
    """It is called once, by whatever it calls, and need not know of all arguments."""

    class Application(Microdot):
        calls = 0

        async def start_server(self, host, port, debug=False, ssl=None):
            self.calls += 1
            await super().start_server(host, port, debug, ssl)

    app = Application()
    notes = []
    app.on_startup(lambda: notes.append('start'))
    app.on_shutdown(lambda: notes.append('end'))
    async with serve(app):
        pass
    assert (app.calls, notes) == (1, ['start', 'end'])
