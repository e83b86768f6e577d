# heap: 512K
"""The server behind TLS, with the self-signed test certificate of the folder `tls`."""

import asyncio

from microdot import Microdot
from microdot import server as server_module
from support import MICROPYTHON, skip
from wire import chunked, get, post, serve, until

try:
    import ssl
except ImportError:
    ssl = None

FOLDER = __file__.rsplit('/', 1)[0] + '/tls/' if '/' in __file__ else 'tls/'


RESET = (1, 13, b'\1\0\0\0\0\0\0\0')  # SO_LINGER of no seconds


def server_context():
    if ssl is None:
        skip('this MicroPython has no module ssl')
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    kind = 'der' if MICROPYTHON else 'pem'
    context.load_cert_chain(FOLDER + 'cert.' + kind, FOLDER + 'key.' + kind)
    return context


def client_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not MICROPYTHON:
        context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def serve_tls(app, **bounds):
    return serve(app, ssl=server_context(), client_ssl=client_context(), **bounds)


def make_app():
    app = Microdot()
    app.notes = []

    @app.get('/')
    async def index(request):
        return 'hello over ' + request.scheme

    @app.post('/length')
    async def length(request):
        return str(len(request.body))

    @app.post('/count')
    async def count(request):
        total = 0
        while True:
            data = await request.stream.read(1000)
            if not data:
                return str(total)
            total += len(data)

    @app.get('/wait')
    async def wait(request):
        app.notes.append('started')
        try:
            await asyncio.sleep(60)
        finally:
            app.notes.append('finally')

    @app.get('/stream')
    async def stream(request):
        return (b'x' * 500 for _ in range(60))

    return app


async def test_hello_and_scheme():
    async with serve_tls(make_app()) as server:
        assert (await server.get('/')).body == b'hello over https'


async def test_scheme_without_tls():
    async with serve(make_app()) as server:
        assert (await server.get('/')).body == b'hello over http'


async def test_persistent_connection():
    async with serve_tls(make_app()) as server:
        client = await server.open()
        for _ in range(10):
            await client.send(get('/'))
            assert (await client.response()).body == b'hello over https'
        await client.send(get('/') + get('/') + get('/', 'Connection: close'))
        for _ in range(3):
            assert (await client.response()).body == b'hello over https'
        assert await client.at_eof()


async def test_uploads_of_50_kb():
    async with serve_tls(make_app(), max_content_length=60000) as server:
        client = await server.open()
        await client.send(get('/count', 'Content-Length: 50000', method='POST'))
        for _ in range(50):
            await client.send(b'x' * 1000)
        assert (await client.response()).body == b'50000'
        await client.send(get('/count', 'Transfer-Encoding: chunked', method='POST'))
        for _ in range(50):
            await client.send(b'3e8\r\n' + b'x' * 1000 + b'\r\n')
        await client.send(chunked())
        assert (await client.response()).body == b'50000'
        await client.send(post('/length', b'x' * 5000))
        assert (await client.response()).body == b'5000'


async def test_streamed_response():
    async with serve_tls(make_app()) as server:
        client = await server.open()
        await client.send(get('/stream'))
        await client.head()
        received = 0
        while True:  # chunk by chunk: there may be no room for all of it in one piece
            size = int(await client.line(), 16)
            data = await client.read(size + 2)
            assert data == b'x' * size + b'\r\n'
            if not size:
                break
            received += size
        assert received == 30000


async def test_refused_request_is_answered():
    async with serve_tls(make_app()) as server:
        client = await server.open()
        await client.send(b'GET / HTTP/1.1\r\nFoo : a\r\nHost: h\r\n\r\n')
        assert (await client.response()).status == 400
        assert await client.at_eof()


async def test_silent_clients_are_closed():
    async with serve_tls(make_app(), idle_timeout=0.4, head_timeout=0.4) as server:
        client = await server.open()
        await client.send(get('/'))
        assert (await client.response()).status == 200
        assert await client.at_eof()


async def test_gone_client_cancels_its_handler():
    async with serve_tls(make_app()) as server:
        client = await server.open()
        await client.send(get('/wait'))
        await until(lambda: server.app.notes == ['started'])
        await client.close()
        await until(lambda: server.app.notes == ['started', 'finally'])


async def test_a_reset_leaves_no_traceback():
    if MICROPYTHON:
        skip('its sockets cannot reset a connection')
    app = make_app()
    printed = []

    @app.get('/endless')
    async def endless(request):
        return (b'x' * 1000 for _ in range(1000000))

    @app.get('/two')
    async def two(request):
        await asyncio.sleep(0.02)
        return 'two'

    saved, server_module.print_exception = server_module.print_exception, printed.append
    try:
        async with serve_tls(app) as server:
            for path in ('/endless', '/two', '/endless', '/two', '/'):
                client = await server.open()
                await client.send(get(path) + get('/two'))
                if path != '/two':
                    await client.read(10)
                client.writer.transport.get_extra_info('socket').setsockopt(*RESET)
                client.writer.transport.abort()
                await until(lambda: not app._connections)
    finally:
        server_module.print_exception = saved
    assert printed == []


async def test_plain_bytes_do_not_hurt_the_server():
    async with serve_tls(make_app(), idle_timeout=0.4, head_timeout=0.4) as server:
        tls, server.client_ssl = server.client_ssl, None
        for data in (get('/'), b'', b'\x16\x03\x01\x00\x05hello'):
            client = await server.open()
            if data:
                await client.send(data)
            try:
                assert b'hello over' not in await client.read_until_eof()
            except OSError:
                pass
        server.client_ssl = tls
        assert (await server.get('/')).body == b'hello over https'
