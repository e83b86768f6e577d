"""What a route or a before handler may return, and the response it becomes; Vary."""

import io

from microdot import Microdot, Response, abort
from microdot.test_client import TestClient
from support import MICROPYTHON, skip

TEXT = 'text/plain; charset=UTF-8'
JSON = 'application/json; charset=UTF-8'
ERROR = 'Internal server error'


class AsyncIterator:
    def __init__(self):
        self.items = ['foo', b'bar']
        self.closed = 0

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.items:
            raise StopAsyncIteration
        return self.items.pop(0)

    async def aclose(self):
        self.closed += 1


class OnlyAiter:
    def __aiter__(self):
        return AsyncIterator()


def empty():
    return
    yield


# result (made anew by a call), status, text, content type
RESULTS = (
    ('text', lambda: 'foo', 200, 'foo', TEXT),
    ('empty text', lambda: '', 200, '', TEXT),
    ('bytes', lambda: b'foo', 200, 'foo', TEXT),
    ('bytearray', lambda: bytearray(b'foo'), 200, 'foo', TEXT),
    ('memoryview', lambda: memoryview(b'foo'), 200, 'foo', TEXT),
    ('dict', lambda: {'a': 'b'}, 200, '{"a": "b"}', JSON),
    ('empty dict', lambda: {}, 200, '{}', JSON),
    ('list', lambda: [1, '2'], 200, '[1, "2"]', JSON),
    ('empty list', lambda: [], 200, '[]', JSON),
    ('None', lambda: None, 204, '', TEXT),
    ('Response', lambda: Response('foo', 202), 202, 'foo', TEXT),
    ('int', lambda: 404, 404, '', TEXT),
    ('int 200', lambda: 200, 200, '', TEXT),
    ('(body, status)', lambda: ('foo', 201), 201, 'foo', TEXT),
    ('(body, status, headers)', lambda: ('foo', 201, {'X-Foo': 'bar'}), 201, 'foo', TEXT),
    ('(body, headers)', lambda: ('foo', {'X-Foo': 'bar'}), 200, 'foo', TEXT),
    ('typed', lambda: ('foo', 201, {'Content-Type': 'text/x'}), 201, 'foo', 'text/x'),
    ('fourth', lambda: ('foo', 201, {'X-Foo': 'bar'}, 'x'), 201, 'foo', TEXT),
    ('(dict, status)', lambda: ({'a': 'b'}, 404), 404, '{"a": "b"}', JSON),
    ('(list, headers)', lambda: ([1], {'X-Foo': 'bar'}), 200, '[1]', JSON),
    ('(int,)', lambda: (202,), 202, '', TEXT),
    ('(int, headers)', lambda: (202, {'X-Foo': 'bar'}), 202, '', TEXT),
    ('(None, headers)', lambda: (None, {'X-Foo': 'bar'}), 204, '', TEXT),
    ('(None, 404)', lambda: (None, 404), 404, '', TEXT),
    ('(body,)', lambda: ('foo',), 200, 'foo', TEXT),
    ('()', lambda: (), 500, ERROR, TEXT),
    ('(body, other)', lambda: ('foo', 'bar'), 500, ERROR, TEXT),
    ('True', lambda: True, 500, ERROR, TEXT),
    ('False', lambda: False, 500, ERROR, TEXT),
    ('object', lambda: object(), 500, ERROR, TEXT),
    ('float', lambda: 1.5, 500, ERROR, TEXT),
    ('file', lambda: io.BytesIO(b'foo'), 200, 'foo', TEXT),
    ('iterator', lambda: iter(['foo', b'bar']), 200, 'foobar', TEXT),
    ('generator', lambda: (x for x in ('foo', b'bar')), 200, 'foobar', TEXT),
    ('empty generator', empty, 200, '', TEXT),
    ('set', lambda: {'foo'}, 200, 'foo', TEXT),
    ('async iterator', AsyncIterator, 200, 'foobar', TEXT),
    ('only __aiter__', OnlyAiter, 200, 'foobar', TEXT),
    ('(iterator, 201)', lambda: (iter(['foo']), 201), 201, 'foo', TEXT),
    ('(tuple, 201)', lambda: (('a', 'b'), 201), 201, 'ab', TEXT),
)


async def test_a_fourth_item_is_ignored():
    app = Microdot()

    @app.get('/')
    async def index(request):
        return 'foo', 201, {}, 'x'

    res = await TestClient(app).get('/')
    assert (res.status_code, res.reason) == (201, None)


async def check(app, where):
    client = TestClient(app)
    for i in range(len(RESULTS)):
        name, _, status, text, content_type = RESULTS[i]
        res = await client.get('/%d' % i)
        assert res.status_code == status, (where, name, res.status_code)
        assert (res.text or '') == text, (where, name, res.text)
        assert res.headers['Content-Type'] == content_type, (where, name)
        if 'headers)' in name:
            assert res.headers['X-Foo'] == 'bar', (where, name)


async def test_results_of_routes():
    app = Microdot()

    @app.get('/<int:i>')
    async def index(request, i):
        return RESULTS[i][1]()

    await check(app, 'route')


async def test_results_of_before_handlers():
    app = Microdot()

    @app.before_request
    async def before(request):
        result = RESULTS[request.url_args['i']][1]()
        request.g.result = result
        return result

    @app.get('/<int:i>')
    async def index(request, i):
        return request.g.result

    await check(app, 'before')


async def test_results_of_plain_functions():
    app = Microdot()

    @app.get('/<int:i>')
    def index(request, i):
        if MICROPYTHON and RESULTS[i][0].endswith('generator'):
            return 'foobar' if RESULTS[i][0] == 'generator' else ''  # would be awaited there
        return RESULTS[i][1]()

    await check(app, 'plain')


async def test_async_iterator_is_closed():
    app = Microdot()
    bodies = []

    @app.get('/')
    async def index(request):
        bodies.append(AsyncIterator())
        return bodies[0], 202

    res = await TestClient(app).get('/')
    assert (res.status_code, res.text) == (202, 'foobar')
    assert bodies[0].closed == 1


async def test_generator_function_as_handler():
    if MICROPYTHON:
        skip('generators are coroutines there')
    app = Microdot()

    @app.get('/sync/<name>')
    def sync(request, name):
        yield 'foo'
        yield name.encode()

    names = {}
    exec('async def chunks(request):\n    for x in ("foo", b"bar"):\n        yield x\n', names)
    app.get('/async')(names['chunks'])
    client = TestClient(app)
    assert (await client.get('/sync/bar')).text == 'foobar'
    assert (await client.get('/async')).text == 'foobar'


async def test_given_headers_are_not_changed():
    app = Microdot()
    headers = {'X-Foo': 'bar'}

    @app.get('/')
    async def index(request):
        return 'foo', headers

    client = TestClient(app)
    for _ in range(2):
        res = await client.get('/')
        assert res.headers['X-Foo'] == 'bar'
    assert headers == {'X-Foo': 'bar'}


async def test_vary_is_collected():
    # Vary of the response, names collected, result
    for given, names, expected in (
        (None, ('Accept',), ['Accept']),
        ('', ('Accept',), ['Accept']),
        ('Origin', ('Accept', 'Cookie'), ['Accept', 'Cookie', 'Origin']),
        ('X-Foo, X-Bar', ('X-Bar', 'A'), ['A', 'X-Bar', 'X-Foo']),
    ):
        for path, status in (('/', 200), ('/abort', 406)):
            app = Microdot()

            async def handler(request):
                request.g._vary = set(names)
                if request.path == '/abort':
                    abort(406)
                return 'x'

            async def set_vary(request, response):
                if given is not None:
                    response.headers['Vary'] = given

            app.get('/')(handler)
            app.get('/abort')(handler)
            app.after_request(set_vary)
            app.after_error_request(set_vary)
            res = await TestClient(app).get(path)
            assert res.status_code == status
            assert sorted(res.headers['Vary'].split(', ')) == expected, (given, names)
