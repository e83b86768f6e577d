"""Errors that are answered by default, and the handlers registered for codes and exceptions."""

from microdot import Microdot, Request, Response, abort
from microdot.microdot import HTTPException
from microdot.test_client import TestClient

TEXT = 'text/plain; charset=UTF-8'
FILES = __file__[: __file__.rfind('/') + 1] + 'files/'


def create_app():
    app = Microdot()

    @app.route('/', methods=['GET', 'POST'])
    async def index(request):
        return 'ok'

    @app.get('/abort/<int:code>')
    async def aborts(request, code):
        abort(code)

    @app.get('/reason')
    async def reason(request):
        abort(406, 'no way')

    @app.get('/crash')
    async def crash(request):
        return 1 // 0

    @app.get('/sync')
    def sync(request):
        raise KeyError('x')

    @app.get('/http')
    async def http(request):
        raise HTTPException(418)

    @app.get('/missing')
    async def missing(request):
        return Response.send_file(FILES + 'none.txt')

    @app.get('/directory')
    async def directory(request):
        return Response.send_file(FILES)

    @app.get('/oserror')
    async def oserror(request):
        raise OSError(5)

    @app.post('/json')
    async def json(request):
        return {'json': request.json}

    @app.post('/form')
    async def form(request):
        return {'form': request.form}

    @app.get('/args')
    async def args(request):
        return str(request.args.get('a'))

    return app


# path, status, text
ANSWERS = (
    ('/', 200, 'ok'),
    ('/none', 404, 'Not found'),
    ('/crash', 500, 'Internal server error'),
    ('/sync', 500, 'Internal server error'),
    ('/oserror', 500, 'Internal server error'),
    ('/abort/404', 404, '404 error'),
    ('/abort/500', 500, '500 error'),
    ('/reason', 406, 'no way'),
    ('/http', 418, '418 error'),
    ('/missing', 404, 'Not found'),
    ('/directory', 404, 'Not found'),
    ('/args?a=b', 200, 'b'),
    ('/args?a=%zz', 200, '%zz'),
)


async def test_answers():
    client = TestClient(create_app())
    for path, status, text in ANSWERS:
        res = await client.get(path)
        assert (res.status_code, res.text) == (status, text), (path, res.status_code, res.text)
        assert res.headers['Content-Type'] == TEXT, path
    res = await client.request('PUT', '/')
    assert (res.status_code, res.text) == (405, 'Not found')


async def test_bad_input():
    client = TestClient(create_app())
    form = {'Content-Type': 'application/x-www-form-urlencoded'}
    json = {'Content-Type': 'application/json'}
    for path, headers, body in (
        ('/json', json, b'{'),
        ('/json', json, b''),
        ('/json', json, b'[1'),
        ('/form', form, b'a=%ff'),
        ('/form', form, b'a=\xff'),
    ):
        res = await client.post(path, headers=dict(headers), body=body)
        assert (res.status_code, res.text) == (400, 'Bad request'), (path, body, res.status_code)
    res = await client.get('/args?a=%ff')
    assert (res.status_code, res.text) == (400, 'Bad request')


async def test_bad_input_caught_by_the_application():
    app = Microdot()

    @app.post('/')
    async def index(request):
        try:
            return request.json
        except ValueError:
            return 'caught', 422

    headers = {'Content-Type': 'application/json'}
    res = await TestClient(app).post('/', headers=headers, body='{')
    assert (res.status_code, res.text) == (422, 'caught')


async def test_unparsable_request():
    app = Microdot()
    res = await app.dispatch_request(None)
    assert (res.status_code, res.body) == (400, b'Bad request')
    seen = []

    @app.errorhandler(400)
    async def handler(request):
        seen.append(request)
        return 'bad', 400

    @app.after_error_request
    async def after(request, response):
        seen.append(request)
        response.headers['X-After'] = '1'

    res = await app.dispatch_request(None)
    assert (res.status_code, res.body) == (400, b'bad')
    assert res.headers['X-After'] == '1'
    assert seen == [None, None]


async def test_too_large():
    app = create_app()
    client = TestClient(app)
    saved = Request.max_content_length
    Request.max_content_length = 100
    try:
        for path in ('/', '/none'):
            res = await client.post(path, body='x' * 101)
            assert (res.status_code, res.text) == (413, 'Payload too large'), path
        res = await client.post('/', body='x' * 100)
        assert res.status_code == 200

        @app.errorhandler(413)
        async def handler(request):
            return 'big ' + request.path, 400

        res = await client.post('/', body='x' * 101)
        assert (res.status_code, res.text) == (400, 'big /')
    finally:
        Request.max_content_length = saved


# result of a 404 handler (made anew), status, text
RESULTS = (
    (lambda: '404', 200, '404'),
    (lambda: b'404', 200, '404'),
    (lambda: {'a': 1}, 200, '{"a": 1}'),
    (lambda: ('lost', 404), 404, 'lost'),
    (lambda: ('lost', 404, {'X-Foo': 'bar'}), 404, 'lost'),
    (lambda: Response('made', 410), 410, 'made'),
    (lambda: None, 204, ''),
    (lambda: 410, 410, ''),
    (lambda: (410,), 410, ''),
    (lambda: (410, {'X-Foo': 'bar'}), 410, ''),
    (lambda: ('lost', {'X-Foo': 'bar'}), 200, 'lost'),
    (lambda: ('lost',), 200, 'lost'),
    (lambda: iter(['lo', 'st']), 200, 'lost'),
    (lambda: (), 500, 'Internal server error'),
    (lambda: True, 500, 'Internal server error'),
    (lambda: ('lost', 'found'), 500, 'Internal server error'),
)


async def test_results_of_code_handlers():
    for code, path in ((404, '/none'), (406, '/abort/406'), (500, '/crash')):
        for make, status, text in RESULTS:
            app = create_app()

            @app.errorhandler(code)
            async def handler(request):
                return make()

            res = await TestClient(app).get(path)
            found = (res.status_code, res.text or '')
            assert found == (status, text), (code, text, found)


async def test_sync_code_handlers():
    app = create_app()

    @app.errorhandler(404)
    def handler(request):
        return request.path, 404

    res = await TestClient(app).get('/none')
    assert (res.status_code, res.text) == (404, '/none')


async def test_handlers_of_codes():
    app = create_app()
    for code in (404, 405, 406, 500, 418):

        def make(code):
            async def handler(request):
                return '%d of %s' % (code, request.path), code

            return handler

        app.errorhandler(code)(make(code))
    client = TestClient(app)
    for path, status, text in (
        ('/none', 404, '404 of /none'),
        ('/abort/404', 404, '404 of /abort/404'),
        ('/abort/500', 500, '500 of /abort/500'),
        ('/abort/407', 407, '407 error'),
        ('/reason', 406, '406 of /reason'),
        ('/crash', 500, '500 of /crash'),
        ('/http', 418, '418 of /http'),
        ('/missing', 404, '404 of /missing'),
    ):
        res = await client.get(path)
        assert (res.status_code, res.text) == (status, text), (path, res.status_code, res.text)
    res = await client.request('PUT', '/')
    assert (res.status_code, res.text) == (405, '405 of /')


async def test_allow_stays_with_a_405_handler():
    app = create_app()

    @app.errorhandler(405)
    async def handler(request):
        return 'own', 405

    res = await TestClient(app).request('PUT', '/')
    assert (res.status_code, res.text) == (405, 'own')
    assert sorted(res.headers['Allow'].split(', ')) == ['GET', 'HEAD', 'OPTIONS', 'POST']


async def test_class_handlers_do_not_see_aborts():
    app = create_app()

    @app.errorhandler(Exception)
    async def handler(request, exc):
        return 'seen', 200

    client = TestClient(app)
    assert (await client.get('/reason')).text == 'no way'
    assert (await client.get('/none')).text == 'Not found'
    assert (await client.get('/crash')).text == 'seen'
