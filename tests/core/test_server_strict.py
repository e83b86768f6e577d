"""Refused requests against a running server: the right status, a whole answer, then a clean end."""

from heads import ACCEPTED, REFUSED
from microdot import Microdot
from wire import get, refused, serve


def make_app():
    app = Microdot()

    @app.route('/', methods=['GET', 'POST', 'OPTIONS'])
    @app.route('/<path:path>', methods=['GET'])
    async def path(request, path=None):
        return request.path

    return app


def serve_quickly(**bounds):
    """Many refusals one after the other: do not wait long for what clients still send."""
    return serve(make_app(), tick=0.02, linger_timeout=0.02, **bounds)


async def all_refused(group):
    status, requests = REFUSED[group]
    async with serve_quickly() as server:
        for raw in requests:
            await refused(server, raw, status)
        assert (await server.get('/alive')).body == b'/alive'


async def test_host():
    await all_refused('host')


async def test_length():
    await all_refused('length')


async def test_coding():
    await all_refused('coding')
    await all_refused('codings')


async def test_fields():
    await all_refused('field')


async def test_request_line():
    await all_refused('request line')
    await all_refused('method')


async def test_target():
    await all_refused('target')


async def test_version():
    await all_refused('version')
    await all_refused('major version')


async def test_connect_and_expect():
    await all_refused('connect')
    await all_refused('expect')


async def test_requests_behind_a_refused_one_are_not_answered():
    async with serve(make_app()) as server:
        raw = b'GET / HTTP/1.1\r\nFoo : a\r\nHost: h\r\n\r\n'
        data = await server.exchange(get('/a') + raw + get('/b') * 3)
        assert data.count(b'HTTP/1.1 ') == 2
        assert data.count(b'HTTP/1.1 400 Bad Request\r\n') == 1


async def test_sizes():
    async with serve(make_app(), max_readline=200, max_head_size=1000, max_headers=8) as server:
        long = 'a' * 250
        several = ['X%d: %s' % (i, 'a' * 150) for i in range(7)]
        many = ['X%d: a' % i for i in range(8)]
        assert (await server.get('/' + 'a' * 180)).status == 200
        await refused(server, get('/' + long), 414)
        await refused(server, get('/', 'X: ' + long), 431)
        await refused(server, get('/', *several), 431)
        await refused(server, get('/', *many), 431)
        assert (await server.get('/', *several[:5])).status == 200
        assert (await server.get('/', *many[:7])).status == 200


async def test_sizes_are_noticed_before_the_end_of_the_head():
    async with serve(make_app(), max_readline=200, max_head_size=1000, max_headers=8) as server:
        start = b'GET / HTTP/1.1\r\nHost: h\r\n'
        await refused(server, b'a' * 1100, 414)
        await refused(server, b'GET /' + b'a' * 1100, 414)
        await refused(server, start + b'X: ' + b'a' * 1100, 431)
        await refused(server, start + (b'X: ' + b'a' * 100 + b'\r\n') * 12, 431)
        await refused(server, start + b'X: a\r\n' * 200, 431)
        assert (await server.get('/alive')).body == b'/alive'


async def test_default_texts():
    async with serve(make_app()) as server:
        reply = await refused(server, b'GET / HTTP/1.1\r\n\r\n', 400)
        assert reply.body == b'Bad request'
        assert reply.header('Content-Type') == 'text/plain; charset=UTF-8'
        for line, status, text in (
            (b'GET / HTTP/2.0', 505, b'HTTP Version Not Supported'),
            (b'CONNECT h:80 HTTP/1.1', 501, b'Not Implemented'),
        ):
            reply = await refused(server, line + b'\r\nHost: h\r\n\r\n', status)
            assert reply.body == text


async def test_error_handlers_are_asked():
    app = make_app()
    seen = []

    @app.errorhandler(400)
    async def bad(request):
        seen.append(request)
        return 'very bad', 400, {'X-Handler': 'yes'}

    @app.errorhandler(505)
    def version(request):
        seen.append(request)
        return 'too new', 505

    @app.errorhandler(431)
    async def failing(request):
        raise RuntimeError('in the handler for 431')

    async with serve(app, max_headers=4) as server:
        reply = await refused(server, b'GET / HTTP/1.1\r\n\r\n', 400)
        assert reply.body == b'very bad' and reply.header('X-Handler') == 'yes'
        reply = await refused(server, b'GET / HTTP/3.0\r\n\r\n', 505)
        assert reply.body == b'too new'
        assert seen == [None, None]
        await refused(server, get('/', *['X%d: a' % i for i in range(9)]), 500)
        assert (await server.get('/alive')).body == b'/alive'


async def test_accepted():
    async with serve(make_app()) as server:
        for raw, path in ACCEPTED:
            reply = await server.request(raw)
            assert (reply.status, reply.body.decode()) == (200, path), raw
        assert (await server.request(get('*', method='OPTIONS'))).status != 400


async def test_bad_paths():
    async with serve(make_app()) as server:
        for target in ('/%00', '/%ff', '/a%c3'):
            assert (await server.get(target)).status == 400, target
        for target in ('/%zz', '/%', '/a%4'):
            assert (await server.get(target)).body == target.encode()
