"""Starting and stopping a server: `start_server`, `shutdown`, cancellation, refused TLS."""

import asyncio
import json

import microdot.after
import microdot.server
from microdot import Microdot
from support import MICROPYTHON, araises, skip
from wire import DEADLINE, HOST, Client, free_port, get, refuses, serve, until


def make_app():
    app = Microdot()
    app.notes = []

    @app.get('/')
    async def index(request):
        return 'index'

    @app.get('/client')
    async def client(request):
        return list(request.client_addr)

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


async def test_all_addresses():
    for host in ('', '0.0.0.0'):
        app = make_app()
        app.server = None
        port = free_port()
        task = asyncio.create_task(app.start_server(host, port))
        await until(lambda: app.server is not None or task.done())
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(get('/shutdown'))
        await writer.drain()
        assert (await asyncio.wait_for(reader.read(), DEADLINE)).endswith(b'shutting down')
        writer.close()
        await asyncio.wait_for(task, DEADLINE)


async def test_address_of_a_client():
    async with serve(make_app()) as server:
        host, port = json.loads((await server.get('/client')).body)
    assert host == HOST
    assert 1024 <= port < 65536 and port != server.port


async def test_client_address_of_ipv6():
    app, port = make_app(), free_port()
    task = asyncio.create_task(app.start_server('::1', port))
    await asyncio.sleep(0.05)
    if task.done():
        skip('no IPv6 here')
    reader, writer = await asyncio.open_connection('::1', port)
    client = Client(reader, writer)
    await client.send(get('/client'))
    host, port = json.loads((await client.response()).body)
    assert host == '::1'
    await client.close()
    app.shutdown()
    await task


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


# path as sent, path in the line of the log
LOGGED = (
    (b'/', b'/'),
    (b'/a/b.c?x=%1b', b'/a/b.c'),
    (b'/a%1b[31m%0d%0aGET', b'/a%1B%5B31m%0D%0AGET'),
    (b'/%7f', b'/%7F'),
    (b'/%C2%85x', b'/%C2%85x'),  # U+0085, a line end to some terminals
    (b'/%C2%9B31m', b'/%C2%9B31m'),  # U+009B, which begins an escape sequence
    (b'/%E2%80%A8', b'/%E2%80%A8'),  # U+2028, a line separator
    (b'/%E2%80%AEgpj', b'/%E2%80%AEgpj'),  # U+202E, from here on from right to left
    (b'/\xc2\x9b31m\xe2\x80\xae', b'/%C2%9B31m%E2%80%AE'),
    ('/\u00e4 \u20ac'.encode().replace(b' ', b'%20'), b'/%C3%A4%20%E2%82%AC'),
)


async def test_debug_prints_safe_lines():
    lines = []

    def note(*args):
        lines.append(' '.join([str(arg) for arg in args]))

    app = make_app()
    modules = microdot, microdot.after, microdot.server  # the first one may be the only one
    for module in modules:
        module.print = note
    port = free_port()
    task = asyncio.create_task(app.start_server(HOST, port, debug=True))
    try:
        await until(lambda: app.server is not None)
        assert lines == ['Starting async server on %s:%d...' % (HOST, port)]
        for sent, logged in LOGGED:
            lines.clear()
            reader, writer = await asyncio.open_connection(HOST, port)
            writer.write(b'GET ' + sent + b' HTTP/1.0\r\n\r\n')
            await writer.drain()
            status = (await asyncio.wait_for(reader.read(), DEADLINE)).split()[1].decode()
            writer.close()
            assert lines == ['GET ' + logged.decode() + ' ' + status], sent
    finally:
        app.shutdown()
        await asyncio.wait_for(task, DEADLINE)
        for module in modules:
            del module.print


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
