"""TestClient.stream: responses that are read while they come, endless ones too."""

import asyncio

from microdot import Microdot, Response
from microdot.sse import with_sse
from microdot.test_client import TestClient
from support import araises


class Endless:
    """A body without end, which notices when it is closed."""

    def __init__(self):
        self.count = 0
        self.closed = False

    def __aiter__(self):
        return self

    async def __anext__(self):
        self.count += 1
        return 'piece %d' % self.count

    async def aclose(self):
        self.closed = True


def create_app():
    app = Microdot()
    app.body = Endless()
    app.left = []

    @app.route('/endless', methods=['GET', 'HEAD', 'POST'])
    async def endless(request):
        return app.body, 201, {'X-Foo': request.args.get('foo', '') + request.body.decode()}

    @app.get('/pieces')
    async def pieces(request):
        return iter(['one', b'two', 'žluť'])

    @app.get('/events')
    @with_sse
    async def events(request, sse):
        try:
            await sse.send('one', event='first', event_id='1')
            await sse.send('comment', comment=True)
            await sse.send({'n': 2})
            await sse.send('three\nlines\n')
            if 'stay' in request.args:
                await asyncio.sleep(100)
        finally:
            app.left.append(request.path)

    @app.get('/split')
    async def split(request):
        ends = request.args['end'].replace('r', '\r').replace('n', '\n')
        text = ('data: one' + ends + 'data: two' + ends + ends) * 2
        return iter(list(text)), {'Content-Type': 'text/event-stream'}

    @app.get('/failing')
    async def failing(request):
        def body():
            yield 'one'
            raise ZeroDivisionError

        return body()

    @app.get('/handled')
    async def handled(request):
        return Response.already_handled

    return app


async def test_pieces():
    found = []
    async with TestClient(create_app()).stream('GET', '/pieces') as stream:
        assert (stream.status_code, stream.reason) == (200, None)
        assert stream.headers['Content-Type'] == 'text/plain; charset=UTF-8'
        async for piece in stream:
            found.append(piece)
    assert found == [b'one', b'two', 'žluť'.encode()]


async def test_a_body_without_end():
    app = create_app()
    options = {'query': {'foo': 'bar'}, 'json': 5}
    async with TestClient(app).stream('POST', '/endless', **options) as stream:
        assert (stream.status_code, stream.headers['X-Foo']) == (201, 'bar5')
        assert app.body.count == 0, 'nothing is read ahead'
        async for piece in stream:
            if piece == b'piece 100':
                break
        assert not app.body.closed
    assert app.body.closed


async def test_head_and_nothing():
    app = create_app()
    for method, path, status in (('HEAD', '/endless', 201), ('GET', '/handled', None)):
        async with TestClient(app).stream(method, path) as stream:
            assert stream.status_code == status
            async for _ in stream:
                raise AssertionError('there is no body')
    assert app.body.count == 0


async def test_events():
    app = create_app()
    found = []
    async with TestClient(app).stream('GET', '/events') as stream:
        async for event in stream.events():
            found.append(event)
    assert [event['data'] for event in found] == [b'one', b'{"n": 2}', b'three\nlines\n']
    assert (found[0]['event'], found[0]['event_id']) == ('first', '1')
    assert found[1]['data_json'] == {'n': 2}


async def test_events_without_end():
    app = create_app()
    found = []
    async with TestClient(app).stream('GET', '/events?stay') as stream:
        async for event in stream.events(limit=2):
            found.append(event['data'])
        async for event in stream.events(1):
            found.append(event['data'])
        assert app.left == []
    assert found == [b'one', b'{"n": 2}', b'three\nlines\n']
    assert app.left == ['/events'], 'the function has been cancelled'


async def test_nothing_comes_in_time():
    app = create_app()

    async def wait(stream):
        async for _ in stream.events():
            pass

    async with TestClient(app).stream('GET', '/events?stay', timeout=0.05) as stream:
        await araises(asyncio.TimeoutError, wait(stream))
    assert app.left == ['/events']


async def test_events_byte_by_byte():
    for end in ('n', 'r', 'rn'):
        found = []
        async with TestClient(create_app()).stream('GET', '/split?end=' + end) as stream:
            async for event in stream.events():
                found.append(event['data'])
        assert found == [b'one\ntwo'] * 2, (end, found)


async def test_exceptions_of_bodies_reach_the_caller():
    async def read():
        async with TestClient(create_app()).stream('GET', '/failing') as stream:
            async for _ in stream:
                pass

    await araises(ZeroDivisionError, read())


async def test_no_redirects():
    client = TestClient(create_app())
    raised = None
    try:
        client.stream('GET', '/pieces', follow_redirects=True)
    except TypeError as exc:
        raised = exc
    assert raised


async def test_cookies():
    app = create_app()

    @app.get('/set')
    async def set_cookie(request):
        return 'x', {'Set-Cookie': 'a=1'}

    client = TestClient(app)
    async with client.stream('GET', '/set') as stream:
        assert stream.status_code == 200
    assert client.cookies == {'a': '1'}
