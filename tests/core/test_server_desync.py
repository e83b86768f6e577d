"""Faults of applications that could put the next response of a connection in the wrong place."""

import asyncio

from microdot import Microdot
from support import MICROPYTHON, skip
from wire import get, serve


class Failing:
    """A class-based async iterator whose `aclose` fails."""

    def __init__(self, exception):
        self.left = 2
        self.exception = exception

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.left:
            raise StopAsyncIteration
        self.left -= 1
        return 'piece'

    async def aclose(self):
        raise self.exception


class FailingFile:
    """A file-like object whose `close` fails."""

    def __init__(self, exception):
        self.exception = exception

    def read(self, size):
        data, self.read = b'piecepiece', lambda size: b''
        return data

    def close(self):
        raise self.exception


class Refusal(Exception):
    status_code = 418


async def answers(app, *paths):
    """The statuses and bodies of requests behind each other on one connection, and of one more."""
    found = []
    async with serve(app) as server:
        client = await server.open()
        for path in paths + ('/ok',):
            await client.send(get(path))
        for _ in range(len(paths) + 1):
            reply = await client.response()
            found.append((reply.status, reply.body))
    return found


def app_with(make):
    app = Microdot()

    @app.get('/')
    async def index(request):
        return make()

    @app.get('/ok')
    async def ok(request):
        return 'ok'

    return app


INTERNAL = [(500, b'Internal server error'), (200, b'ok')]


async def test_a_failing_close_spoils_no_complete_response():
    for exception in (Refusal(), RuntimeError('on purpose'), OSError(5), MemoryError()):
        for make in (lambda: Failing(exception), lambda: FailingFile(exception)):
            found = await answers(app_with(make), '/')
            assert found == [(200, b'piecepiece'), (200, b'ok')], (exception, found)


async def test_a_failing_close_spoils_no_other_response():
    def make():
        return Failing(Refusal()), 200, {'X-A': 'bad\r\n'}

    assert await answers(app_with(make), '/') == INTERNAL


async def test_informational_statuses_are_no_responses():
    for status in (100, 101, 103, 199):
        assert await answers(app_with(lambda: status), '/') == INTERNAL, status


async def test_lengths_that_are_none():
    for value in (-1, '-5', '', 'x', [1, 2]):
        make = app_with(lambda: ('abc', 200, {'Content-Length': value}))
        assert await answers(make, '/') == INTERNAL, value
    for make in (lambda: 'abc', lambda: iter(['a', 'bc'])):
        app = app_with(lambda: (make(), 200, {'Content-Length': None}))
        assert await answers(app, '/') == [(200, b'abc'), (200, b'ok')]


async def test_a_cancellation_that_comes_out_of_a_handler_is_answered():
    if not MICROPYTHON and not hasattr(asyncio.Task, 'cancelling'):
        skip('before Python 3.11 it looks like that of the connection')

    async def for_good():
        await asyncio.Event().wait()

    async def cancelled():
        task = asyncio.create_task(for_good())
        await asyncio.sleep(0)
        task.cancel()
        await task

    app = app_with(lambda: 'index')

    @app.get('/cancelled')
    async def handler(request):
        await cancelled()

    async with serve(app) as server:
        client = await server.open()
        await client.send(get('/cancelled'))
        reply = await client.response()
        assert reply.status == 500
        assert reply.header('Connection') == 'close'
        assert (await server.get('/')).body == b'index'


async def test_stop_iteration_out_of_a_handler_is_answered():
    app = app_with(lambda: 'index')

    @app.get('/plain')
    def plain(request):
        return next(iter(()))

    @app.get('/async')
    async def coroutine(request):
        return next(iter(()))

    @app.before_request
    def before(request):
        if request.query_string:
            return next(iter(()))

    paths = ['/plain', '/async', '/?before']
    if MICROPYTHON:  # where it is how a coroutine returns None
        paths.remove('/async')
    found = await answers(app, *paths)
    assert found == INTERNAL[:1] * len(paths) + INTERNAL[1:], found
