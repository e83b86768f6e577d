"""Handlers of every callable kind are run, and what is awaitable in the end is awaited."""

import asyncio

from microdot import Microdot
from microdot.microdot import invoke_handler, iscoroutine
from microdot.test_client import TestClient
from support import MICROPYTHON, araises, skip


async def later(a, b='b'):
    await asyncio.sleep(0)
    return 'async {} {}'.format(a, b)


def plain(a, b='b'):
    return 'plain {} {}'.format(a, b)


def passing(a, b='b'):
    return later(a, b)


class Plain:
    def __call__(self, a, b='b'):
        return plain(a, b)

    def method(self, a, b='b'):
        return plain(a, b)

    async def later(self, a, b='b'):
        return await later(a, b)

    @staticmethod
    def static(a, b='b'):
        return plain(a, b)


class Later:
    async def __call__(self, a, b='b'):
        return await later(a, b)


HANDLERS = (
    ('async function', later, 'async'),
    ('function', plain, 'plain'),
    ('function that returns a coroutine', passing, 'async'),
    ('lambda', lambda a, b='b': plain(a, b), 'plain'),
    ('lambda that returns a coroutine', lambda a, b='b': later(a, b), 'async'),
    ('object', Plain(), 'plain'),
    ('object with async __call__', Later(), 'async'),
    ('method', Plain().method, 'plain'),
    ('async method', Plain().later, 'async'),
    ('static method', Plain.static, 'plain'),
)


async def test_callables():
    for name, handler, kind in HANDLERS:
        found = await invoke_handler(handler, 'x')
        assert found == kind + ' x b', name
        found = await invoke_handler(handler, 'x', 'y')
        assert found == kind + ' x y', name
        found = await invoke_handler(handler, 'x', b='z')
        assert found == kind + ' x z', name


async def test_partials():
    if MICROPYTHON:
        skip('no functools')
    from functools import partial

    for handler, expected in (
        (partial(later, 'x'), 'async x z'),
        (partial(plain, 'x'), 'plain x z'),
        (partial(Later(), 'x'), 'async x z'),
        (partial(passing, 'x'), 'async x z'),
    ):
        assert await invoke_handler(handler, b='z') == expected


async def test_errors_pass():
    async def fail_later():
        raise KeyError('later')

    def fail():
        raise KeyError('plain')

    for handler in (fail_later, fail, lambda: fail_later()):
        await araises(KeyError, invoke_handler(handler))


async def test_results_are_not_changed():
    for result in (None, 0, '', [], 'x', (1, 2)):

        def handler():
            return result

        assert await invoke_handler(handler) is result
        assert not iscoroutine(result)


async def test_callables_as_routes():
    app = Microdot()
    for i in range(len(HANDLERS)):
        app.get('/%d/<b>' % i)(on_request(HANDLERS[i][1]))
    client = TestClient(app)
    for i in range(len(HANDLERS)):
        res = await client.get('/%d/z' % i)
        assert (res.status_code, res.text) == (200, HANDLERS[i][2] + ' GET z'), HANDLERS[i][0]


def on_request(handler):
    class Route:
        def __call__(self, request, b):
            return handler(request.method, b)

    return Route()


async def test_lambdas_in_every_place():
    app = Microdot()
    seen = []

    async def note(name):
        await asyncio.sleep(0)
        seen.append(name)

    app.before_request(lambda request: note('before'))
    app.after_request(lambda request, response: note('after'))
    app.after_error_request(lambda request, response: note('after error'))
    app.errorhandler(404)(lambda request: note('404'))
    app.errorhandler(KeyError)(lambda request, exc: note('KeyError'))
    app.get('/')(lambda request: note('route'))
    app.get('/key')(lambda request: {}[5])
    client = TestClient(app)
    assert (await client.get('/')).status_code == 204
    assert (await client.get('/none')).status_code == 204
    assert (await client.get('/key')).status_code == 500
    assert seen == [
        'before',
        'route',
        'after',
        '404',
        'after error',
        'before',
        'KeyError',
        'after error',
    ]


async def test_context_variables_reach_plain_handlers():
    if MICROPYTHON:
        skip('no context variables')
    from contextvars import ContextVar

    user = ContextVar('user')
    app = Microdot()

    @app.before_request
    async def before(request):
        user.set('joe')

    @app.get('/')
    def index(request):
        return user.get()

    @app.after_request
    def after(request, response):
        response.headers['X-User'] = user.get()

    res = await TestClient(app).get('/')
    assert (res.text, res.headers['X-User']) == ('joe', 'joe')


async def test_plain_handlers_run_side_by_side():
    if MICROPYTHON:
        skip('no threads')
    from threading import Barrier

    barrier = Barrier(2, timeout=10)

    def meet():
        barrier.wait()
        return 'met'

    found = await asyncio.gather(invoke_handler(meet), invoke_handler(meet))
    assert found == ['met', 'met']
