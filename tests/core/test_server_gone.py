"""Clients that go away: their handlers are cancelled, their generators and files closed."""

import asyncio

from microdot import Microdot
from support import MICROPYTHON, skip
from wire import get, post, serve, until


class Ticker:
    """An endless, slow async iterator; `aclose` is noted."""

    def __init__(self, notes):
        self.notes = notes

    def __aiter__(self):
        return self

    async def __anext__(self):
        await asyncio.sleep(0.02)
        return b'tick' * 50

    async def aclose(self):
        self.notes.append('closed')


class Waiting:
    """An async iterator that gives one piece, then waits for good."""

    def __init__(self, notes):
        self.notes = notes
        self.first = True

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.first:
            await asyncio.Event().wait()
        self.first = False
        return b'first'

    async def aclose(self):
        self.notes.append('closed')


class EndlessFile:
    """A file that never ends; `close` is noted."""

    def __init__(self, notes):
        self.notes = notes

    async def read(self, size):
        await asyncio.sleep(0.02)
        return b'f' * size

    def close(self):
        self.notes.append('closed')


def endless(notes):
    try:
        while True:
            yield b'g' * 1000
    finally:
        notes.append('closed')


def make_app():
    app = Microdot()
    notes = app.notes = []

    @app.get('/')
    async def index(request):
        return 'index'

    @app.route('/sleep', methods=['GET', 'POST'])
    async def sleep(request):
        notes.append('started')
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            notes.append('cancelled')
            raise
        finally:
            notes.append('finally')

    @app.get('/event')
    async def event(request):
        notes.append('started')
        try:
            await asyncio.Event().wait()
        finally:
            notes.append('finally')

    @app.get('/soon')
    async def soon(request):
        await asyncio.sleep(0.05)
        return 'soon'

    @app.post('/read')
    async def read(request):
        notes.append('started')
        try:
            return await request.stream.read()
        finally:
            notes.append('finally')

    for kind in (Ticker, Waiting, EndlessFile, endless):
        add_stream(app, kind)
    return app


def add_stream(app, kind):
    @app.get('/' + kind.__name__)
    async def stream(request):
        return kind(app.notes)


async def test_waiting_handler_is_cancelled():
    async with serve(make_app()) as server:
        notes = server.app.notes
        for raw in (
            get('/sleep'),
            get('/sleep', method='HEAD'),
            post('/sleep', b'abc'),
            get('/sleep') + get('/'),  # with something left to read
        ):
            notes.clear()
            client = await server.open()
            await client.send(raw)
            await until(lambda: notes == ['started'])
            await client.close()
            await until(lambda: 'finally' in notes)
            assert notes == ['started', 'cancelled', 'finally'], raw
        assert (await server.get('/')).body == b'index'


async def test_handler_waiting_for_an_event_is_cancelled():
    async with serve(make_app()) as server:
        notes = server.app.notes
        client = await server.open()
        await client.send(get('/event'))
        await until(lambda: notes == ['started'])
        await client.close()
        await until(lambda: notes == ['started', 'finally'])


async def test_handler_of_a_later_request_is_cancelled():
    async with serve(make_app()) as server:
        notes = server.app.notes
        client = await server.open()
        await client.send(get('/') + get('/soon') + get('/sleep'))
        assert (await client.response()).body == b'index'
        assert (await client.response()).body == b'soon'
        await until(lambda: notes == ['started'])
        await client.close()
        await until(lambda: notes == ['started', 'cancelled', 'finally'])


async def test_handler_reading_the_body_ends():
    async with serve(make_app(), max_body_length=10) as server:
        notes = server.app.notes
        client = await server.open()
        await client.send(post('/read', b'x' * 50)[:-10])
        await until(lambda: notes == ['started'])
        await client.close()
        await until(lambda: notes == ['started', 'finally'])
        assert (await server.get('/')).body == b'index'


async def test_patient_client_is_not_taken_for_gone():
    async with serve(make_app(), tick=0.02) as server:
        client = await server.open()
        for _ in range(5):
            await client.send(get('/soon'))
            assert (await client.response()).body == b'soon'
        await client.send(get('/soon') + get('/'))
        assert (await client.response()).body == b'soon'
        assert (await client.response()).body == b'index'


async def test_streams_are_closed():
    async with serve(make_app()) as server:
        notes = server.app.notes
        for kind in (Ticker, Waiting, EndlessFile, endless):
            for version in ('1.1', '1.0'):
                notes.clear()
                client = await server.open()
                await client.send(get('/' + kind.__name__, version=version))
                assert (await client.head()).status == 200
                await client.read(5)
                await client.close()
                await until(lambda: notes)
                assert notes == ['closed'], (kind.__name__, version)
        assert (await server.get('/')).body == b'index'


async def test_streams_are_closed_for_head():
    async with serve(make_app()) as server:
        notes = server.app.notes
        for kind in (Ticker, Waiting, EndlessFile):
            notes.clear()
            client = await server.open()
            await client.send(get('/' + kind.__name__, method='HEAD') + get('/'))
            assert (await client.response(head=True)).status == 200
            assert (await client.response()).body == b'index'
            assert notes == ['closed'], kind.__name__


async def test_clients_that_only_connect_leave_nothing():
    async with serve(make_app(), max_connections=3) as server:
        for part in (b'', b'GE', get('/sleep')[:-1], post('/read', b'abc')[:-1], b'\x16\x03\x01'):
            client = await server.open()
            if part:
                await client.send(part)
            await client.close()
        await asyncio.sleep(0.1)
        assert server.app.notes == []
        assert (await server.get('/')).body == b'index'


async def test_half_closed_client_gets_its_answer():
    if MICROPYTHON:
        skip('its sockets cannot close one direction alone')
    async with serve(make_app(), tick=2) as server:
        for path, body in (('/', b'index'), ('/soon', b'soon')):
            client = await server.open()
            client.writer.write(get(path))
            client.writer.write_eof()
            assert (await client.response()).body == body
            assert await client.at_eof()
