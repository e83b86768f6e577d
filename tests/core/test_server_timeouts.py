"""Silent and slow clients: every wait of a running server has its bound."""

import asyncio

from microdot import Microdot
from wire import get, post, serve, until


class Endless:
    """A response body without end that counts its pieces and notes its close."""

    def __init__(self, notes):
        self.notes = notes
        self.pieces = 0

    def __aiter__(self):
        return self

    async def __anext__(self):
        self.pieces += 1
        assert self.pieces < 40000, 'the server wrote 80 MB to a client that does not read'
        return b'x' * 2000

    async def aclose(self):
        self.notes.append('closed')


def make_app():
    app = Microdot()
    app.notes = []

    @app.get('/')
    async def index(request):
        return 'index'

    @app.post('/body')
    async def body(request):
        return request.body

    @app.post('/stream')
    async def stream(request):
        try:
            return await request.stream.read()
        finally:
            app.notes.append('stream done')

    @app.get('/slow')
    async def slow(request):
        await asyncio.sleep(0.6)
        return 'slow'

    @app.get('/endless')
    async def endless(request):
        app.body = Endless(app.notes)
        return app.body

    return app


async def test_silent_client_is_closed_without_a_word():
    async with serve(make_app(), idle_timeout=0.3, head_timeout=0.3) as server:
        client = await server.open()
        assert await client.at_eof()
        assert (await server.get('/')).body == b'index'


async def test_idle_client_is_closed_without_a_word():
    async with serve(make_app(), idle_timeout=0.3, head_timeout=5) as server:
        client = await server.open()
        for _ in range(2):
            await client.send(get('/'))
            assert (await client.response()).body == b'index'
        assert await client.at_eof()


async def test_idle_time_starts_anew_with_each_request():
    async with serve(make_app(), idle_timeout=1, head_timeout=1) as server:
        client = await server.open()
        for _ in range(3):
            await asyncio.sleep(0.4)
            await client.send(get('/'))
            assert (await client.response()).body == b'index'


async def test_half_sent_head_is_408():
    for part in (b'G', b'GET / HTTP/1.1\r\n', get('/')[:-2], get('/')[:-1]):
        async with serve(make_app(), idle_timeout=5, head_timeout=0.2) as server:
            client = await server.open()
            await client.send(part)
            reply = await client.response()
            assert (reply.status, reply.reason) == (408, 'Request Timeout'), part
            assert reply.header('Connection') == 'close'
            assert await client.at_eof()


async def test_half_sent_second_head_is_408():
    async with serve(make_app(), idle_timeout=5, head_timeout=0.2) as server:
        client = await server.open()
        await client.send(get('/') + b'GET /nex')
        assert (await client.response()).status == 200
        assert (await client.response()).status == 408
        assert await client.at_eof()


async def test_dripping_head_is_408():
    async with serve(make_app(), idle_timeout=5, head_timeout=0.4) as server:
        client = await server.open()
        await client.send(b'GET / HTTP/1.1\r\n')
        for i in range(40):
            if client.buffer or await client.at_eof(0.1) or client.buffer:
                break
            await client.send(b'X%d: a\r\n' % i)
        assert (await client.response()).status == 408
        assert await client.at_eof()


async def test_handlers_of_408_are_asked():
    app = make_app()

    @app.errorhandler(408)
    async def timeout(request):
        return 'too slow', 408

    async with serve(app, head_timeout=0.2) as server:
        assert (await server.request(b'GET')).body == b'too slow'


async def test_stalled_body_is_408():
    chunked_head = get('/body', 'Transfer-Encoding: chunked', method='POST')
    for raw, loaded in (
        (post('/body', b'abcd')[:-1], 100),
        (chunked_head + b'4\r\nabc', 100),
        (chunked_head + b'4\r\nabcd\r\n', 100),
        (chunked_head, 100),
        (post('/stream', b'abcd')[:-1], 2),
    ):
        async with serve(make_app(), body_timeout=0.2, max_body_length=loaded) as server:
            client = await server.open()
            await client.send(raw)
            reply = await client.response()
            assert (reply.status, reply.header('Connection')) == (408, 'close'), raw
            assert await client.at_eof()
            if b'stream' in raw:
                assert server.app.notes == ['stream done']


async def test_slow_body_with_progress_is_fine():
    bounds = {'head_timeout': 1, 'idle_timeout': 1, 'body_timeout': 1, 'least_rate': 0}
    async with serve(make_app(), **bounds) as server:
        client = await server.open()
        await client.send(get('/body', 'Content-Length: 400', method='POST'))
        for letter in b'abcd':
            await asyncio.sleep(0.4)
            await client.send(bytes((letter,)) * 100)  # more than least_rate
        assert (await client.response()).body == b'a' * 100 + b'b' * 100 + b'c' * 100 + b'd' * 100


async def test_handler_may_take_longer_than_all_bounds():
    bounds = {'head_timeout': 0.2, 'idle_timeout': 0.2, 'body_timeout': 0.2, 'write_timeout': 0.2}
    async with serve(make_app(), **bounds) as server:
        assert (await server.get('/slow')).body == b'slow'


async def test_unread_body_that_never_comes_does_not_hold_the_connection():
    async with serve(make_app(), body_timeout=0.3, linger_timeout=0.3) as server:
        client = await server.open()
        await client.send(get('/', 'Content-Length: 1000') + b'abc')
        reply = await client.response()
        assert reply.status in (200, 408)
        assert await client.at_eof()


async def test_client_that_does_not_read_is_dropped():
    app = make_app()
    async with serve(app, write_timeout=0.3) as server:
        client = await server.open()
        await client.send(get('/endless'))
        await until(lambda: app.notes)
        assert app.notes == ['closed']
        assert app.body.pieces > 10
        assert (await server.get('/')).body == b'index'
