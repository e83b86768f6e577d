"""Persistent connections and pipelining (RFC 9112 section 9) against a running server."""

from microdot import Microdot
from wire import get, post, serve


def make_app():
    app = Microdot()

    @app.get('/close')
    async def close(request):
        return 'bye', 200, {'Connection': 'close'}

    @app.route('/<path:path>', methods=['GET', 'POST'])
    async def echo(request, path):
        return request.method + ' ' + path + ' ' + str(request.body, 'utf-8')

    return app


async def test_many_requests_on_one_connection():
    async with serve(make_app()) as server:
        client = await server.open()
        for i in range(25):
            await client.send(get('/n%d' % i))
            reply = await client.response()
            assert (reply.version, reply.status, reply.reason) == ('HTTP/1.1', 200, 'OK')
            assert reply.header('Connection') is None
            assert reply.body == b'GET n%d ' % i
            assert client.buffer == b''


async def test_get_and_post_in_turn():
    async with serve(make_app()) as server:
        client = await server.open()
        for i in range(5):
            await client.send(post('/p', b'x' * i))
            assert (await client.response()).body == b'POST p ' + b'x' * i
            await client.send(get('/g'))
            assert (await client.response()).body == b'GET g '


async def test_pipelined_requests_are_answered_in_order():
    for count in (2, 10):
        async with serve(make_app()) as server:
            client = await server.open()
            await client.send(b''.join([post('/p%d' % i, b'b%d' % i) for i in range(count)]))
            for i in range(count):
                assert (await client.response()).body == b'POST p%d b%d' % (i, i)
            assert not await client.at_eof(0.1)


async def test_pipeline_is_cut_after_close():
    async with serve(make_app()) as server:
        data = await server.exchange(get('/a') + get('/b', 'Connection: close') + get('/c'))
        assert data.count(b'HTTP/1.1 200 OK\r\n') == 2
        assert data.endswith(b'GET b ')


async def test_connection_close_is_honored_and_answered():
    async with serve(make_app()) as server:
        for value in ('close', 'Close', 'x, close', 'close, x'):
            client = await server.open()
            await client.send(get('/a', 'Connection: ' + value))
            reply = await client.response()
            assert reply.header('Connection') == 'close', value
            assert reply.body == b'GET a '
            assert await client.at_eof(), value


async def test_application_may_ask_for_close():
    async with serve(make_app()) as server:
        client = await server.open()
        await client.send(get('/close'))
        reply = await client.response()
        assert reply.header('Connection') == 'close'
        assert reply.body == b'bye'
        assert await client.at_eof()


async def test_http_1_0_gets_http_1_0_and_a_close():
    async with serve(make_app()) as server:
        for headers in ((), ('Connection: keep-alive',), ('Connection: Keep-Alive',)):
            client = await server.open()
            await client.send(get('/a', *headers, version='1.0'))
            reply = await client.response()
            assert (reply.version, reply.status, reply.reason) == ('HTTP/1.0', 200, 'OK')
            assert reply.body == b'GET a '
            assert reply.header('Connection') in (None, 'close')
            assert await client.at_eof()


async def test_http_1_0_without_host_and_in_a_pipeline():
    async with serve(make_app()) as server:
        data = await server.exchange(b'GET /a HTTP/1.0\r\n\r\nGET /b HTTP/1.0\r\n\r\n')
        assert data.startswith(b'HTTP/1.0 200 OK\r\n')
        assert data.count(b'HTTP/1.0') == 1


async def test_head_may_arrive_byte_by_byte():
    async with serve(make_app()) as server:
        client = await server.open()
        raw = post('/slow', b'body')
        for i in range(len(raw)):
            await client.send(raw[i : i + 1])
        assert (await client.response()).body == b'POST slow body'
        await client.send(get('/next'))
        assert (await client.response()).body == b'GET next '


async def test_requests_split_at_every_place():
    async with serve(make_app()) as server:
        raw = post('/a', b'xy') + post('/b', b'z')
        client = await server.open()
        for cut in range(1, len(raw), 3):
            await client.send(raw[:cut])
            await client.send(raw[cut:])
            assert (await client.response()).body == b'POST a xy', cut
            assert (await client.response()).body == b'POST b z', cut


async def test_empty_lines_between_requests_are_skipped():
    async with serve(make_app()) as server:
        client = await server.open()
        await client.send(b'\r\n' + post('/a', b'x') + b'\r\n' + get('/b'))
        assert (await client.response()).body == b'POST a x'
        assert (await client.response()).body == b'GET b '


async def test_connection_lives_on_after_ordinary_errors():
    async with serve(make_app()) as server:
        client = await server.open()
        for raw, status in (
            (get('/a', method='PUT'), 405),
            (get('/', method='GET'), 404),
            (get('/a'), 200),
        ):
            await client.send(raw)
            assert (await client.response()).status == status
