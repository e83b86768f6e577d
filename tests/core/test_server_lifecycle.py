"""Starting and stopping a server: `start_server`, `shutdown`, cancellation, refused TLS."""

import asyncio

from microdot import Microdot
from support import MICROPYTHON, araises, skip
from wire import DEADLINE, HOST, free_port, get, refuses, serve, until


def make_app():
    app = Microdot()
    app.notes = []

    @app.get('/')
    async def index(request):
        return 'index'

    @app.get('/shutdown')
    async def shutdown(request):
        request.app.shutdown()
        return 'shutting down'

    @app.get('/slow')
    async def slow(request):
        app.notes.append('started')
        try:
            await asyncio.sleep(0.4)
            app.notes.append('done')
        finally:
            app.notes.append('finally')
        return 'slow'

    @app.get('/forever')
    async def forever(request):
        app.notes.append('started')
        try:
            await asyncio.sleep(60)
        finally:
            app.notes.append('finally')

    return app


async def ended(server):
    """Assert that `start_server` returns and nobody listens any more."""
    assert await asyncio.wait_for(server.task, DEADLINE) is None
    assert await refuses(server.port)


async def test_shutdown_before_the_start_does_nothing():
    app = make_app()
    app.shutdown()
    async with serve(app) as server:
        assert (await server.get('/')).body == b'index'


async def test_shutdown_twice():
    async with serve(make_app()) as server:
        server.app.shutdown()
        server.app.shutdown()
        await ended(server)
        server.app.shutdown()


async def test_shutdown_at_once_after_the_start():
    app = make_app()
    async with serve(app) as server:
        app.shutdown()
        await ended(server)


async def test_shutdown_from_a_route():
    async with serve(make_app()) as server:
        client = await server.open()
        await client.send(get('/') + get('/shutdown'))
        assert (await client.response()).body == b'index'
        assert (await client.response()).body == b'shutting down'
        assert await client.at_eof()
        await ended(server)


async def test_shutdown_with_idle_clients():
    async with serve(make_app(), shutdown_timeout=60, idle_timeout=60) as server:
        clients = await server.open_many(4)
        for client in clients[:2]:
            await client.send(get('/'))
            assert (await client.response()).body == b'index'
        await clients[2].send(b'GET / HT')
        await asyncio.sleep(0.1)
        server.app.shutdown()
        await ended(server)
        for client in clients:
            assert await client.at_eof()


async def test_shutdown_lets_running_requests_finish():
    async with serve(make_app(), shutdown_timeout=60) as server:
        client = await server.open()
        await client.send(get('/slow') + get('/'))
        await until(lambda: server.app.notes == ['started'])
        server.app.shutdown()
        reply = await client.response()
        assert reply.body == b'slow'
        assert server.app.notes == ['started', 'done', 'finally']
        assert await client.at_eof()
        await ended(server)


async def test_shutdown_lets_streams_finish():
    class Stream:
        def __init__(self):
            self.pieces = [b'more', b'some']

        def __aiter__(self):
            return self

        async def __anext__(self):
            if not self.pieces:
                raise StopAsyncIteration
            if len(self.pieces) == 1:
                await more.wait()
            return self.pieces.pop()

    app = make_app()
    app.get('/stream')(lambda request: Stream())
    more = asyncio.Event()
    async with serve(app, shutdown_timeout=60, idle_timeout=60) as server:
        client = await server.open()
        await client.send(get('/stream'))
        await client.head()
        assert await client.read(9) == b'4\r\nsome\r\n'
        app.shutdown()
        more.set()
        assert await client.read_until_eof() == b'4\r\nmore\r\n0\r\n\r\n'
        await ended(server)


async def test_shutdown_ends_what_does_not_finish():
    async with serve(make_app(), shutdown_timeout=0.2) as server:
        client = await server.open()
        await client.send(get('/forever'))
        await until(lambda: server.app.notes == ['started'])
        server.app.shutdown()
        await ended(server)
        assert await client.read_until_eof() == b''
        assert server.app.notes == ['started', 'finally']


async def test_restart_after_shutdown():
    app = make_app()
    for _ in range(3):
        async with serve(app) as server:
            assert (await server.get('/')).body == b'index'
            assert (await server.get('/shutdown')).body == b'shutting down'
            await ended(server)


async def test_cancelling_the_server_closes_everything():
    app = make_app()
    task, port = None, free_port()
    app.server = None
    task = asyncio.create_task(app.start_server(HOST, port))
    await until(lambda: app.server is not None)
    idle_reader, idle_writer = await asyncio.open_connection(HOST, port)
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(get('/forever'))
    await writer.drain()
    await until(lambda: app.notes == ['started'])
    task.cancel()
    await araises(asyncio.CancelledError, task)
    for stream in (idle_reader, reader):
        assert await asyncio.wait_for(stream.read(10), DEADLINE) == b''
    await until(lambda: app.notes == ['started', 'finally'])
    assert await refuses(port)
    for stream in (idle_writer, writer):
        stream.close()
        await stream.wait_closed()


async def test_two_applications_side_by_side():
    async with serve(make_app()) as one:
        async with serve(make_app()) as two:
            one.app.shutdown()
            await ended(one)
            assert (await two.get('/')).body == b'index'


async def test_port_in_use_raises():
    async with serve(make_app()) as server:
        await araises(OSError, make_app().start_server(HOST, server.port))
        assert (await server.get('/')).body == b'index'


async def test_start_serving_false():
    app = make_app()
    if MICROPYTHON:
        exc = await araises(ValueError, app.start_server(HOST, free_port(), start_serving=False))
        assert exc.args == ('start_serving must be True',)
        return
    port = free_port()
    server = await app.start_server(HOST, port, start_serving=False)
    assert app.server is server
    assert await refuses(port)
    task = asyncio.create_task(server.serve_forever())
    await until(server.is_serving)
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(get('/shutdown'))
    reply = await asyncio.wait_for(reader.read(), DEADLINE)
    assert reply.startswith(b'HTTP/1.1 200 OK\r\n') and reply.endswith(b'shutting down')
    await araises(asyncio.CancelledError, asyncio.wait_for(task, DEADLINE))
    writer.close()


async def test_debug_prints_safe_lines():
    if MICROPYTHON:
        skip('its print cannot be caught')
    import contextlib
    import io

    app = make_app()
    out = io.StringIO()
    port = free_port()
    with contextlib.redirect_stdout(out):
        task = asyncio.create_task(app.start_server(HOST, port, debug=True))
        await until(lambda: app.server is not None)
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(get('/a%1b[31m%0d%0aGET?x=y') + get('/shutdown'))
        await asyncio.wait_for(reader.read(), DEADLINE)
        await asyncio.wait_for(task, DEADLINE)
    lines = out.getvalue().split('\n')
    assert lines[0] == 'Starting async server on %s:%d...' % (HOST, port)
    assert len(lines) == 4 and lines[3] == ''
    assert '\x1b' not in lines[1] and '\r' not in lines[1]
    assert lines[1].startswith('GET /a') and lines[1].endswith(' 404')
    assert lines[2] == 'GET /shutdown 200'
    writer.close()


async def test_tls_is_refused_loudly_if_the_runtime_cannot():
    original = asyncio.start_server
    calls = []

    async def without_tls(callback, host, port, backlog=5):
        calls.append(port)
        return await original(callback, host, port, backlog=backlog)

    app = make_app()
    port = free_port()
    asyncio.start_server = without_tls
    try:
        start = app.start_server(HOST, port, ssl=object())
        await araises((TypeError, RuntimeError), asyncio.wait_for(start, DEADLINE))
    finally:
        asyncio.start_server = original
    assert calls == []
    assert await refuses(port)
