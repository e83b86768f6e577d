"""Before, after, after-error and per-request handlers: their order and what they may change."""

from microdot import Microdot, Response, abort
from microdot.test_client import TestClient


def noting(seen, name, result=None):
    async def handler(request, response=None):
        seen.append(name)
        return result

    return handler


async def test_order_and_g():
    app = Microdot()

    @app.before_request
    async def one(request):
        request.g.text = 'one'

    @app.before_request
    def two(request):
        request.g.text += ':two'

    @app.get('/<name>')
    async def index(request, name):
        @request.after_request
        def own(request, response):
            response.body += b':own'

        return request.g.text + ':' + name

    @app.after_request
    async def after_one(request, response):
        response.body += b':after1'

    @app.after_request
    def after_two(request, response):
        response.body += b':after2'
        response.headers['X-After'] = request.g.text
        return response

    res = await TestClient(app).get('/foo')
    assert res.text == 'one:two:foo:after1:after2:own'
    assert res.headers['X-After'] == 'one:two'
    assert res.headers['Content-Length'] == str(len(res.body))


async def test_before_handler_answers():
    # what the first of two handlers returns, status, body
    for result, status, text in (
        ('early', 200, 'early'),
        (('early', 202), 202, 'early'),
        (403, 403, ''),
        (Response('made', 201), 201, 'made'),
        ({'a': 1}, 200, '{"a": 1}'),
        (None, 200, 'route'),
        ('', 200, 'route'),
        (0, 200, 'route'),
        (False, 200, 'route'),
        ([], 200, 'route'),
    ):
        for last in (False, True):
            app = Microdot()
            seen = []
            handlers = [noting(seen, 'a', result), noting(seen, 'b')]
            for handler in reversed(handlers) if last else handlers:
                app.before_request(handler)
            app.get('/')(noting(seen, 'route', 'route'))
            app.after_request(noting(seen, 'after'))
            res = await TestClient(app).get('/')
            assert (res.status_code, res.text) == (status, text), (result, last)
            assert seen[-1] == 'after', (result, seen)
            assert ('route' in seen) == (text == 'route'), (result, seen)
            assert ('b' in seen) == (last or text == 'route'), (result, seen)


async def test_after_handlers_of_an_early_answer():
    app = Microdot()
    seen = []

    @app.before_request
    async def before(request):
        request.after_request(noting(seen, 'own'))
        return 'early', 202, {'X-Early': '1'}

    app.get('/')(noting(seen, 'route', 'route'))
    app.after_request(noting(seen, 'after'))
    app.after_error_request(noting(seen, 'after error'))
    res = await TestClient(app).get('/')
    assert (res.status_code, res.text, res.headers['X-Early']) == (202, 'early', '1')
    assert seen == ['after', 'own']


async def test_after_handlers_replace():
    for result, status, text in (
        (None, 200, 'foo'),
        (Response('new', 201), 201, 'new'),
        ('', 200, 'foo'),
        ('text', 200, 'text'),
        (('text', 202), 202, 'text'),
        (('text', 202, {}, 'reason'), 202, 'text'),
    ):
        app = Microdot()
        app.get('/')(noting([], 'route', 'foo'))
        app.after_request(noting([], 'after', result))
        res = await TestClient(app).get('/')
        assert (res.status_code, res.text) == (status, text), result
        assert res.reason in (None, 'reason')


async def test_later_after_handlers_get_the_replacement():
    app = Microdot()
    replacement = Response('new')
    seen = []

    @app.get('/')
    async def index(request):
        @request.after_request
        async def own(request, response):
            seen.append(response is replacement)

        return 'old'

    app.after_request(noting([], 'a', replacement))

    @app.after_request
    async def second(request, response):
        seen.append(response is replacement)

    res = await TestClient(app).get('/')
    assert res.text == 'new'
    assert seen == [True, True]


async def test_own_after_handlers_belong_to_one_request():
    app = Microdot()
    seen = []

    @app.get('/<name>')
    async def index(request, name):
        if name == 'a':
            request.after_request(noting(seen, 'first'))
            request.after_request(noting(seen, 'second'))
        return name

    client = TestClient(app)
    await client.get('/a')
    await client.get('/b')
    assert seen == ['first', 'second']


def erring_app(seen):
    app = Microdot()

    @app.before_request
    async def before(request):
        request.after_request(noting(seen, 'own'))
        seen.append('before')

    app.after_request(noting(seen, 'after'))
    app.after_error_request(noting(seen, 'error1'))
    app.after_error_request(noting(seen, 'error2'))

    @app.get('/ok')
    async def ok(request):
        return 'ok'

    @app.get('/abort')
    async def aborts(request):
        abort(406)

    @app.get('/crash')
    async def crash(request):
        return 1 // 0

    @app.get('/made')
    async def made(request):
        return 'made', 404

    return app


async def test_after_error_handlers():
    for path, status, expected in (
        ('/ok', 200, ['before', 'after', 'own']),
        ('/made', 404, ['before', 'after', 'own']),
        ('/abort', 406, ['before', 'error1', 'error2']),
        ('/crash', 500, ['before', 'error1', 'error2']),
        ('/none', 404, ['error1', 'error2']),
    ):
        seen = []
        res = await TestClient(erring_app(seen)).get(path)
        assert res.status_code == status, path
        assert seen == expected, (path, seen)
    seen = []
    res = await TestClient(erring_app(seen)).post('/ok')
    assert res.status_code == 405
    assert seen == ['error1', 'error2']


async def test_after_error_handlers_replace():
    app = Microdot()
    app.after_error_request(noting([], 'keep'))

    @app.after_error_request
    async def add(request, response):
        response.headers['X-Error'] = request.path
        response.body += b'!'

    client = TestClient(app)
    res = await client.get('/none')
    assert (res.status_code, res.text) == (404, 'Not found!')
    assert res.headers['X-Error'] == '/none'
    app.after_error_request(noting([], 'replace', Response('new', 444)))
    res = await client.get('/none')
    assert (res.status_code, res.text) == (444, 'new')
    app.after_error_request(noting([], 'no response', 'text'))
    res = await client.get('/none')
    assert res.status_code in (200, 444, 500), res.status_code


async def test_after_handler_that_fails():
    app = Microdot()
    seen = []
    app.get('/')(noting(seen, 'route', 'foo'))

    @app.after_request
    async def fail(request, response):
        raise ValueError('after')

    app.after_request(noting(seen, 'after'))
    app.after_error_request(noting(seen, 'error'))
    res = await TestClient(app).get('/')
    assert (res.status_code, res.text) == (500, 'Internal server error')
    assert seen == ['route', 'error']


async def test_before_handler_that_fails():
    app = Microdot()
    seen = []

    @app.before_request
    async def before(request):
        abort(401, 'who?')

    app.get('/')(noting(seen, 'route', 'foo'))
    app.after_request(noting(seen, 'after'))
    app.after_error_request(noting(seen, 'error'))
    res = await TestClient(app).get('/')
    assert (res.status_code, res.text) == (401, 'who?')
    assert seen == ['error']


async def test_already_handled_passes_through():
    app = Microdot()

    @app.get('/')
    async def index(request):
        return Response.already_handled

    @app.after_request
    async def after(request, response):
        response.headers['X-Foo'] = 'bar'
        response.set_cookie('a', 'b')

    for _ in range(2):
        res = await TestClient(app).get('/')
        assert res.status_code is None
        assert res.headers == {}
        assert res.body is None
    assert Response.already_handled.headers == {}


async def test_after_handler_gives_already_handled():
    app = Microdot()
    app.get('/')(noting([], 'route', 'foo'))
    app.after_request(noting([], 'after', Response.already_handled))
    res = await TestClient(app).get('/')
    assert res.status_code is None
    assert res.body is None
