"""Bodies that are too long, end early or wait for `100 Continue`."""

from microdot import Microdot
from support import MICROPYTHON, skip
from wire import chunked, get, post, serve

LIMIT = 2000


def make_app():
    app = Microdot()
    app.ran = []

    @app.post('/body')
    async def body(request):
        app.ran.append('body')
        return str(len(request.body))

    @app.post('/stream')
    async def stream(request):
        app.ran.append('stream')
        total = 0
        while True:
            data = await request.stream.read(256)
            if not data:
                return str(total)
            total += len(data)

    @app.post('/unread')
    async def unread(request):
        return 'unread'

    @app.get('/')
    async def index(request):
        return 'index'

    return app


def expecting(path, length, *headers, version='1.1'):
    """A head that announces a body and waits for 100 Continue."""
    headers = ('Content-Length: %d' % length, 'Expect: 100-continue') + headers
    return get(path, *headers, method='POST', version=version)


async def ends_cleanly(client, reply):
    """Assert that the connection is closed as announced, or good for another request."""
    if reply.header('Connection') == 'close':
        assert await client.at_eof()
    else:
        await client.send(get('/'))
        assert (await client.response()).body == b'index'


async def too_large(server, parts):
    """Send everything, then read the whole 413 and the end: no reset in between."""
    client = await server.open()
    for part in parts:
        await client.send(part)
    reply = await client.response()
    assert (reply.status, reply.body) == (413, b'Payload too large')
    await ends_cleanly(client, reply)


async def test_declared_length_ten_times_the_limit():
    async with serve(make_app(), max_content_length=LIMIT) as server:
        for path in ('/body', '/stream', '/nowhere'):
            head = get(path, 'Content-Length: %d' % (10 * LIMIT), method='POST')
            await too_large(server, [head] + [b'x' * 1000] * 20)
        assert server.app.ran == []
        assert (await server.get('/')).body == b'index'


async def test_declared_length_without_the_body():
    async with serve(make_app(), max_content_length=LIMIT) as server:
        for length, allowed in (('2001', (413,)), ('99999999', (413,)), ('9' * 40, (400, 413))):
            head = get('/body', 'Content-Length: ' + length, method='POST')
            client = await server.open()
            await client.send(head)
            assert (await client.response()).status in allowed
            await client.close()


async def test_length_equal_to_the_limit_is_fine():
    async with serve(make_app(), max_content_length=LIMIT, max_body_length=LIMIT) as server:
        client = await server.open()
        await client.send(post('/body', b'x' * LIMIT))
        assert (await client.response()).body == b'2000'
        await client.send(get('/body', 'Transfer-Encoding: chunked', method='POST'))
        await client.send(chunked(*[b'x' * 500] * 4))
        assert (await client.response()).body == b'2000'


async def test_chunked_body_ten_times_the_limit():
    for path, loaded in (('/body', LIMIT), ('/stream', 100), ('/stream', LIMIT)):
        bounds = {'max_content_length': LIMIT, 'max_body_length': loaded}
        async with serve(make_app(), **bounds) as server:
            head = get(path, 'Transfer-Encoding: chunked', method='POST')
            chunk = b'3e8\r\n' + b'x' * 1000 + b'\r\n'
            await too_large(server, [head] + [chunk] * 20 + [b'0\r\n\r\n'])
            assert (await server.get('/')).body == b'index'


async def test_one_huge_chunk():
    async with serve(make_app(), max_content_length=LIMIT) as server:
        for size, allowed in ((b'7d1', (413,)), (b'fffffff', (413,)), (b'f' * 30, (400, 413))):
            client = await server.open()
            head = get('/body', 'Transfer-Encoding: chunked', method='POST')
            await client.send(head + size + b'\r\n' + b'x' * 500)
            assert (await client.response()).status in allowed, size
            await client.close()


async def test_413_handler():
    app = make_app()

    @app.errorhandler(413)
    async def large(request):
        return 'no way: ' + request.path, 413

    async with serve(app, max_content_length=LIMIT) as server:
        client = await server.open()
        await client.send(post('/body', b'x' * (LIMIT + 1)))
        reply = await client.response()
        assert (reply.status, reply.body) == (413, b'no way: /body')
        await ends_cleanly(client, reply)


async def test_continue_is_sent_before_the_body():
    for path, loaded in (('/body', 1000), ('/stream', 5)):
        async with serve(make_app(), max_body_length=loaded) as server:
            client = await server.open()
            for _ in range(2):
                await client.send(expecting(path, 10))
                reply = await client.response()
                assert (reply.version, reply.status, reply.reason) == ('HTTP/1.1', 100, 'Continue')
                assert reply.headers == []
                await client.send(b'0123456789')
                assert (await client.response()).body == b'10'


async def test_continue_before_a_chunked_body():
    async with serve(make_app()) as server:
        client = await server.open()
        headers = ('Transfer-Encoding: chunked', 'expect: 100-Continue')
        await client.send(get('/body', *headers, method='POST'))
        assert (await client.response()).status == 100
        await client.send(chunked(b'abc', b'd'))
        assert (await client.response()).body == b'4'


async def test_no_continue_when_the_body_is_refused():
    async with serve(make_app(), max_content_length=LIMIT) as server:
        for path, length, status in (('/nowhere', 5, 404), ('/', 5, 405), ('/body', 9999, 413)):
            reply = await server.request(expecting(path, length))
            assert reply.status == status, (path, reply.status)
        reply = await server.request(get('/body', 'Expect: a', 'Content-Length: 1', method='POST'))
        assert reply.status == 417
        assert server.app.ran == []


async def test_no_continue_when_the_body_is_not_read():
    async with serve(make_app(), max_body_length=5) as server:
        reply = await server.request(expecting('/unread', 10))
        assert (reply.status, reply.body) == (200, b'unread')


async def test_no_continue_when_the_body_is_there_or_empty():
    async with serve(make_app()) as server:
        client = await server.open()
        await client.send(expecting('/body', 0))
        assert (await client.response()).body == b'0'


async def test_no_continue_for_http_1_0():
    async with serve(make_app()) as server:
        client = await server.open()
        await client.send(expecting('/body', 3, version='1.0') + b'abc')
        reply = await client.response()
        assert (reply.version, reply.status, reply.body) == ('HTTP/1.0', 200, b'3')


async def test_body_that_ends_early_is_400():
    if MICROPYTHON:
        skip('its sockets cannot close one direction alone')
    for path, loaded in (('/body', 1000), ('/stream', 2)):
        for raw in (
            post(path, b'abcd')[:-1],
            get(path, 'Transfer-Encoding: chunked', method='POST') + b'9\r\nabcd',
            get(path, 'Transfer-Encoding: chunked', method='POST') + b'4\r\nabcd\r\n',
            get(path, 'Transfer-Encoding: chunked', method='POST') + b'4\r\nabcd\r\n0\r\n',
        ):
            async with serve(make_app(), max_body_length=loaded) as server:
                client = await server.open()
                client.writer.write(raw)
                client.writer.write_eof()
                reply = await client.response()
                assert (reply.status, reply.body) == (400, b'Bad request'), raw
                assert await client.at_eof()
