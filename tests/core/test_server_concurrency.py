"""Requests at the same time: async handlers as tasks, sync ones in threads on CPython."""

import asyncio

from microdot import Microdot
from support import MICROPYTHON, skip
from wire import get, serve


async def gather(server, *paths):
    """The bodies of requests sent at the same time."""
    replies = await asyncio.gather(*[server.get(path) for path in paths])
    return [reply.body for reply in replies]


async def test_async_handlers_wait_for_each_other():
    app = Microdot()
    app.arrived = 0

    @app.get('/<int:n>')
    async def meet(request, n):
        app.arrived += 1
        for _ in range(300):
            if app.arrived == 4:
                return 'met %d' % n
            await asyncio.sleep(0.02)
        return 'alone %d' % n

    async with serve(app) as server:
        bodies = await gather(server, '/0', '/1', '/2', '/3')
        assert bodies == [b'met 0', b'met 1', b'met 2', b'met 3']


async def test_slow_handler_does_not_delay_others():
    app = Microdot()
    gate = asyncio.Event()

    @app.get('/slow')
    async def slow(request):
        await gate.wait()
        return 'slow'

    @app.get('/open')
    async def opener(request):
        gate.set()
        return 'open'

    async with serve(app) as server:
        client = await server.open()
        await client.send(get('/slow'))
        await asyncio.sleep(0.05)
        assert (await server.get('/open')).body == b'open'
        assert (await client.response()).body == b'slow'


async def test_sync_and_async_handlers_wait_for_each_other():
    if MICROPYTHON:
        skip('sync handlers run on the event loop there')
    import threading

    app = Microdot()
    lock = threading.Lock()
    app.arrived = 0
    everybody = threading.Event()

    def arrive():
        with lock:
            app.arrived += 1
            if app.arrived == 4:
                everybody.set()

    @app.get('/sync/<int:n>')
    def sync(request, n):
        arrive()
        return 'sync %d %s' % (n, everybody.wait(5))

    @app.get('/async/<int:n>')
    async def asynchronous(request, n):
        arrive()
        met = await asyncio.get_running_loop().run_in_executor(None, everybody.wait, 5)
        return 'async %d %s' % (n, met)

    async with serve(app) as server:
        bodies = await gather(server, '/sync/1', '/async/2', '/sync/3', '/async/4')
        assert bodies == [b'sync 1 True', b'async 2 True', b'sync 3 True', b'async 4 True']


async def test_requests_keep_their_own_state():
    app = Microdot()

    @app.before_request
    async def before(request):
        request.g.name = request.args['name']
        await asyncio.sleep(0.02)

    @app.get('/')
    async def index(request):
        await asyncio.sleep(0.02)
        return request.g.name

    @app.after_request
    async def after(request, response):
        await asyncio.sleep(0.02)
        response.body += b' ' + request.g.name.encode()

    async with serve(app) as server:
        bodies = await gather(server, *['/?name=n%d' % i for i in range(6)])
        assert bodies == [b'n%d n%d' % (i, i) for i in range(6)]
