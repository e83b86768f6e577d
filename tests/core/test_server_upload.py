"""Request bodies on the wire: by length and chunked, loaded and streamed, read or left unread."""

from microdot import Microdot
from wire import chunked, get, post, serve

BODY = (b'ABCDEFGHIJKLMNOPQRSTUVWXYZ' * 47)[:1200]


def make_app():
    app = Microdot()

    @app.post('/body')
    async def body(request):
        return request.body

    @app.post('/stream')
    async def stream(request):
        assert request.body == b''
        return await request.stream.read()

    @app.post('/pieces')
    async def pieces(request):
        got = []
        while True:
            data = await request.stream.read(100)
            if not data:
                return b''.join(got), {'X-Longest': max([len(d) for d in got])}
            got.append(data)

    @app.post('/exactly')
    async def exactly(request):
        first = await request.stream.readexactly(10)
        return first + b'|' + await request.stream.readexactly(5)

    @app.post('/lines')
    async def lines(request):
        got = []
        for _ in range(4):
            got.append(await request.stream.readline())
        return b'|'.join(got)

    @app.route('/ignore', methods=['GET', 'POST'])
    async def ignore(request):
        return 'ignored'

    @app.route('/early', methods=['GET', 'POST'])
    async def early(request):
        return await request.stream.read(10)

    @app.get('/none')
    async def none(request):
        nothing = await request.stream.read()
        return repr((request.body, nothing, await request.stream.read(5)))

    return app


def chunked_post(path, *chunks):
    return get(path, 'Transfer-Encoding: chunked', method='POST') + chunked(*chunks)


def both(path, body):
    """The same upload by length and in chunks of several sizes."""
    pieces = [body[i : i + 300] for i in range(0, len(body), 300)]
    return post(path, body), chunked_post(path, *pieces), chunked_post(path, body)


async def answers(uploads, expected, **bounds):
    """Assert the answer to each upload, all on one connection, each followed by a plain request."""
    async with serve(make_app(), **bounds) as server:
        client = await server.open()
        for raw in uploads:
            await client.send(raw)
            await client.send(get('/ignore'))
            reply = await client.response()
            assert (reply.status, reply.body) == (200, expected), (raw[:120], reply.body)
            assert (await client.response()).body == b'ignored', raw[:120]


async def test_loaded():
    await answers(both('/body', BODY), BODY)


async def test_loaded_up_to_the_limit_and_streamed_above():
    await answers(both('/body', BODY), BODY, max_body_length=1200)
    await answers(both('/body', BODY), b'', max_body_length=1199)


async def test_streamed():
    await answers(both('/stream', BODY), BODY, max_body_length=100)


async def test_streamed_in_pieces():
    await answers(both('/pieces', BODY), BODY, max_body_length=100)
    await answers(both('/pieces', BODY), BODY)


async def test_pieces_are_never_longer_than_asked():
    async with serve(make_app(), max_body_length=100) as server:
        for raw in both('/pieces', BODY):
            assert int((await server.request(raw)).header('X-Longest')) <= 100


async def test_readexactly():
    expected = BODY[:10] + b'|' + BODY[10:15]
    await answers(both('/exactly', BODY[:15]), expected, max_body_length=5)
    await answers(both('/exactly', BODY), expected, max_body_length=100)
    await answers(both('/exactly', BODY), expected)


async def test_readline():
    body = b'one\n\nthree\r\nfour'
    for limit in (5, 1000):
        await answers(both('/lines', body), b'one\n|\n|three\r\n|four', max_body_length=limit)


async def test_unread_body_is_drained():
    for path, expected in (('/ignore', b'ignored'), ('/early', BODY[:10])):
        for limit in (100, 5000):
            await answers(both(path, BODY), expected, max_body_length=limit)


async def test_get_may_carry_a_body():
    raw = get('/early', 'Content-Length: 4') + b'abcd'
    await answers([raw], b'abcd')
    await answers([raw], b'abcd', max_body_length=2)


async def test_no_body():
    async with serve(make_app()) as server:
        client = await server.open()
        await client.send(get('/none') + get('/none') + get('/ignore'))
        for _ in range(2):
            assert (await client.response()).body == b"(b'', b'', b'')"
        assert (await client.response()).body == b'ignored'


async def test_body_arriving_slowly_in_parts():
    for raw in both('/body', BODY[:30]) + both('/stream', BODY[:30]):
        limit = 10 if b'/stream' in raw else 100
        async with serve(make_app(), max_body_length=limit) as server:
            client = await server.open()
            for i in range(0, len(raw), 7):
                await client.send(raw[i : i + 7])
            assert (await client.response()).body == BODY[:30], raw


async def test_stream_ends_at_the_body_although_more_is_there():
    async with serve(make_app(), max_body_length=2) as server:
        client = await server.open()
        await client.send(post('/stream', b'abcdef') + chunked_post('/stream', b'ghi', b'j') * 2)
        for expected in (b'abcdef', b'ghij', b'ghij'):
            assert (await client.response()).body == expected


async def test_trailers_and_extensions_are_skipped():
    head = get('/stream', 'Transfer-Encoding: Chunked', method='POST')
    raw = head + b'3;a="b;c"\r\nabc\r\n1;x\r\nd\r\n0;y=z\r\nA: b\r\nContent-Length: 9\r\n\r\n'
    await answers([raw, raw], b'abcd', max_body_length=2)


async def test_http_1_0_upload():
    async with serve(make_app()) as server:
        raw = b'POST /body HTTP/1.0\r\nContent-Length: 4\r\n\r\nabcd'
        data = await server.exchange(raw)
        assert data.startswith(b'HTTP/1.0 200 OK\r\n') and data.endswith(b'\r\n\r\nabcd')
