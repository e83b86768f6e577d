"""The chunked coding of request bodies (RFC 9112, section 7.1) as tables, on a running server."""

from microdot import Microdot
from wire import get, refused, serve

HEAD = b'POST /body HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n'

# Bodies that are refused ...
BAD = (
    b'x\r\na\r\n0\r\n\r\n',
    b'\r\na\r\n0\r\n\r\n',
    b'-1\r\na\r\n0\r\n\r\n',
    b'+1\r\na\r\n0\r\n\r\n',
    b'0x1\r\na\r\n0\r\n\r\n',
    b'1_0\r\n' + b'a' * 16 + b'\r\n0\r\n\r\n',
    b' 1\r\na\r\n0\r\n\r\n',
    b'1 \r\na\r\n0\r\n\r\n',
    b'1\t\r\na\r\n0\r\n\r\n',
    b'1\r\nab\r\n0\r\n\r\n',
    b'3\r\na\r\n0\r\n\r\n',
    b'1\na\n0\n\n',
    b'1\r\na\n0\r\n\r\n',
    b'1\r\na0\r\n\r\n',
    b'1\r\na\r\r0\r\n\r\n',
    b'1;a\rb\r\na\r\n0\r\n\r\n',
)

# ... and those that are fine: (bytes, what the application reads).
GOOD = (
    (b'0\r\n\r\n', b''),
    (b'000\r\n\r\n', b''),
    (b'3\r\nabc\r\n0\r\n\r\n', b'abc'),
    (b'1\r\na\r\n2\r\nbc\r\n0\r\n\r\n', b'abc'),
    (b'A\r\n0123456789\r\n0\r\n\r\n', b'0123456789'),
    (b'a\r\n0123456789\r\n00\r\n\r\n', b'0123456789'),
    (b'0003\r\n\r\n0\r\n0\r\n\r\n', b'\r\n0'),
    (b'3;x=y;z="q"\r\nabc\r\n0;last\r\n\r\n', b'abc'),
    (b'3 \t;x\r\nabc\r\n0 ; y\r\n\r\n', b'abc'),
    (b'3\r\nabc\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\n', b'abc'),
)


def make_app():
    app = Microdot()

    @app.post('/body')
    async def body(request):
        return request.body

    @app.post('/stream')
    async def stream(request):
        return await request.stream.read()

    @app.get('/next')
    async def following(request):
        return 'next'

    return app


async def test_malformed_chunks():
    async with serve(make_app(), tick=0.02, linger_timeout=0.02) as server:
        for body in BAD:
            await refused(server, HEAD + body, 400)
        assert (await server.get('/next')).body == b'next'


async def test_good_chunks_keep_the_connection():
    async with serve(make_app()) as server:
        client = await server.open()
        for raw, body in GOOD:
            await client.send(HEAD + raw + get('/next'))
            assert (await client.response()).body == body, raw
            assert (await client.response()).body == b'next', raw


async def test_streamed_bodies_are_as_strict():
    async with serve(make_app(), tick=0.02, linger_timeout=0.02, max_body_length=0) as server:
        head = HEAD.replace(b'/body', b'/stream')
        for body in BAD:
            await refused(server, head + body, 400)
        client = await server.open()
        for raw, body in GOOD:
            await client.send(head + raw + get('/next'))
            assert (await client.response()).body == body, raw
            assert (await client.response()).body == b'next', raw


async def test_trailers_have_a_bound():
    async with serve(make_app()) as server:
        client = await server.open()
        await client.send(HEAD + b'1\r\na\r\n0\r\n')
        for _ in range(200):
            await client.send(b'X-Trailer: y\r\n' * 20)
        assert (await client.response()).status in (400, 431)
        assert await client.at_eof()


async def test_size_lines_have_a_bound():
    async with serve(make_app()) as server:
        for start, more in ((b'1;', b'a' * 500), (b'', b'0' * 500), (b'1', b' ' * 500)):
            client = await server.open()
            await client.send(HEAD + start)
            for _ in range(200):
                await client.send(more)
            assert (await client.response()).status == 400, start
            assert await client.at_eof(), start
