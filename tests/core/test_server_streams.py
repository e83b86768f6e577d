"""Streamed response bodies on the wire: chunked for HTTP/1.1, up to the close for HTTP/1.0."""

import io

from microdot import Microdot, Response
from wire import get, serve, until


class Counter:
    """A class-based async iterator of `count` pieces; `closed` counts its `aclose`."""

    def __init__(self, count, closed):
        self.count = count
        self.closed = closed

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.count:
            raise StopAsyncIteration
        self.count -= 1
        return ('t%d.' if self.count % 2 else b'b%d.') % self.count

    async def aclose(self):
        self.closed.append(True)


class Unread:
    """An object with only `__aiter__`."""

    def __aiter__(self):
        return Counter(2, [])


def words(*items):
    for item in items:
        yield item


class SlowFile:
    """A file-like object with an async `read` that gives short pieces."""

    def __init__(self, pieces):
        self.pieces = list(pieces)

    async def read(self, size):
        return self.pieces.pop(0) if self.pieces else b''


BODIES = {
    'generator': (lambda: words('ab', b'cd', '\u20ac'), b'abcd\xe2\x82\xac'),
    'empty generator': (lambda: words(), b''),
    'empty pieces': (lambda: words('a', '', b'', 'b'), b'ab'),
    'big pieces': (lambda: words('x' * 1200, b'y' * 1200), b'x' * 1200 + b'y' * 1200),
    'async iterator': (lambda: Counter(4, []), b't3.b2.t1.b0.'),
    'empty async iterator': (lambda: Counter(0, []), b''),
    'only __aiter__': (lambda: Unread(), b't1.b0.'),
    'tuple': (lambda: Response(('a', b'b')), b'ab'),
    'map': (lambda: map(str, range(3)), b'012'),
    'file': (lambda: io.BytesIO(b'z' * 2500), b'z' * 2500),
    'file of one buffer': (lambda: io.BytesIO(b'z' * 1024), b'z' * 1024),
    'empty file': (lambda: io.BytesIO(b''), b''),
    'short reads': (lambda: SlowFile((b'a', b'bc', b'd')), b'abcd'),
    'bytearray': (lambda: Response(bytearray(b'abc')), b'abc'),
    'memoryview': (lambda: Response(memoryview(b'abc')), b'abc'),
}


def make_app():
    app = Microdot()

    @app.get('/')
    async def index(request):
        return BODIES[request.args['name']][0]()

    @app.get('/length/<int:length>')
    async def length(request, length):
        return words('abc', 'def'), {'Content-Length': length}

    return app


def path(name):
    return '/?name=' + name.replace(' ', '+')


async def test_bodies_over_a_persistent_connection():
    async with serve(make_app()) as server:
        client = await server.open()
        for name, (_, expected) in BODIES.items():
            await client.send(get(path(name)))
            reply = await client.response()
            assert reply.status == 200, name
            assert reply.body == expected, (name, reply.body)
            framing = [reply.header(n) is None for n in ('Transfer-Encoding', 'Content-Length')]
            assert sorted(framing) == [False, True], (name, reply.headers)


async def test_unknown_lengths_are_chunked_and_known_ones_are_not():
    async with serve(make_app()) as server:
        for name in ('generator', 'async iterator', 'short reads', 'tuple'):
            reply = await server.get(path(name))
            assert reply.header('Transfer-Encoding') == 'chunked', name
        for name in ('bytearray', 'memoryview'):
            assert (await server.get(path(name))).header('Content-Length') == '3', name


async def test_bodies_for_http_1_0_end_with_the_connection():
    async with serve(make_app()) as server:
        for name, (_, expected) in BODIES.items():
            client = await server.open()
            await client.send(get(path(name), version='1.0'))
            reply = await client.response()
            assert reply.version == 'HTTP/1.0'
            assert reply.header('Transfer-Encoding') is None, name
            assert reply.body == expected, (name, reply.body)
            assert await client.at_eof(), name


async def test_stream_with_close_is_still_chunked():
    async with serve(make_app()) as server:
        client = await server.open()
        await client.send(get(path('generator'), 'Connection: close'))
        reply = await client.response()
        assert reply.header('Transfer-Encoding') == 'chunked'
        assert reply.body == BODIES['generator'][1]
        assert await client.at_eof()


async def test_length_given_by_the_application():
    async with serve(make_app()) as server:
        client = await server.open()
        await client.send(get('/length/6') + get('/length/6'))
        for _ in range(2):
            reply = await client.response()
            assert (reply.header('Content-Length'), reply.body) == ('6', b'abcdef')
            assert reply.header('Transfer-Encoding') is None


async def test_body_longer_than_its_given_length_is_cut():
    async with serve(make_app()) as server:
        data = await server.exchange(get('/length/4', 'Connection: close'))
        assert data.endswith(b'\r\n\r\nabcd')


async def test_body_shorter_than_its_given_length_closes_the_connection():
    async with serve(make_app()) as server:
        data = await server.exchange(get('/length/9') + get('/length/6'))
        assert data.endswith(b'\r\n\r\nabcdef')
        assert data.count(b'HTTP/1.1 200 OK') == 1


async def test_iterator_is_closed_at_the_end():
    closed = []
    app = Microdot()

    @app.get('/')
    async def index(request):
        return Counter(3, closed)

    async with serve(app) as server:
        for method in ('GET', 'HEAD'):
            closed.clear()
            await server.request(get('/', method=method), head=method == 'HEAD')
            await until(lambda: closed)
            assert closed == [True], method
