"""HEAD, OPTIONS, QUERY, and Allow: the methods that the application answers by itself."""

import io

from microdot import Microdot, Response
from microdot.test_client import TestClient


def create_app():
    app = Microdot()

    @app.get('/')
    async def index(request):
        return 'foo'

    @app.post('/')
    async def index_post(request):
        return 'posted'

    @app.delete('/')
    async def index_delete(request):
        return 'deleted'

    @app.route('/form', methods=['POST', 'PUT'])
    async def form(request):
        return 'form'

    @app.route('/one', methods='put')
    async def one(request):
        return 'one'

    @app.query('/search')
    async def search(request):
        return b'found ' + request.body

    @app.get('/item/<int:n>')
    async def number(request, n):
        return str(n)

    @app.route('/item/<name>', methods=['GET', 'PATCH'])
    async def name(request, name):
        return name

    return app


# path, methods of Allow as OPTIONS gives them
ALLOWED = (
    ('/', 'GET, DELETE, POST, HEAD, OPTIONS'),
    ('/form', 'POST, PUT, OPTIONS'),
    ('/one', 'PUT, OPTIONS'),
    ('/search', 'QUERY, OPTIONS'),
    ('/item/5', 'GET, PATCH, HEAD, OPTIONS'),
    ('/item/x', 'GET, PATCH, HEAD, OPTIONS'),
)


def methods(res):
    return sorted(res.headers['Allow'].split(', '))


async def test_options():
    client = TestClient(create_app())
    for path, allowed in ALLOWED:
        res = await client.request('OPTIONS', path)
        assert res.status_code == 200, path
        assert methods(res) == sorted(allowed.split(', ')), (path, res.headers['Allow'])
        assert res.body == b'', path


async def test_options_order():
    app = Microdot()

    @app.get('/')
    @app.route('/two', methods=['POST', 'PUT'])
    async def one(request):
        return 'one'

    @app.delete('/')
    async def two(request):
        return 'two'

    @app.post('/')
    async def three(request):
        return 'three'

    client = TestClient(app)
    res = await client.request('OPTIONS', '/')
    assert res.headers['Allow'] == 'GET, DELETE, POST, HEAD, OPTIONS'
    res = await client.request('OPTIONS', '/two')
    assert res.headers['Allow'] == 'POST, PUT, OPTIONS'


async def test_options_of_unknown_paths():
    res = await TestClient(create_app()).request('OPTIONS', '/none')
    assert res.status_code == 404
    assert res.text == 'Not found'


async def test_options_of_the_server():
    res = await TestClient(create_app()).request('OPTIONS', '*')
    assert res.status_code == 200
    assert methods(res) == ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'QUERY']


async def test_405_names_the_methods():
    client = TestClient(create_app())
    for path, allowed in ALLOWED:
        res = await client.request('TRACE', path)
        assert res.status_code == 405, path
        assert res.text == 'Not found', path
        assert methods(res) == sorted(allowed.split(', ')), (path, res.headers['Allow'])


async def test_no_handlers_for_options():
    app = create_app()
    seen = []

    @app.before_request
    async def before(request):
        seen.append('before')

    @app.after_request
    async def after(request, response):
        seen.append('after')

    @app.after_error_request
    async def after_error(request, response):
        seen.append('after error')

    res = await TestClient(app).request('OPTIONS', '/')
    assert res.status_code == 200
    assert seen == []


async def test_options_handler():
    app = create_app()
    app.options_handler = lambda req: {'X-Path': req.path}
    res = await TestClient(app).request('OPTIONS', '/')
    assert res.status_code == 200
    assert res.headers['X-Path'] == '/'
    assert 'Allow' not in res.headers


async def test_options_routes():
    for handler in (True, False):
        app = create_app()

        @app.route('/own', methods=['OPTIONS', 'GET'])
        async def own(request):
            return 'own ' + request.method

        if not handler:
            app.options_handler = None
        client = TestClient(app)
        res = await client.request('OPTIONS', '/own')
        assert (res.status_code, res.text) == (200, 'own OPTIONS')
        res = await client.request('GET', '/own')
        assert res.text == 'own GET'
        res = await client.request('OPTIONS', '/')
        assert res.status_code == (200 if handler else 405)
        res = await client.request('PUT', '/own')
        assert res.status_code == 405
        assert methods(res).count('OPTIONS') == 1


async def test_head():
    client = TestClient(create_app())
    res = await client.request('HEAD', '/')
    assert res.status_code == 200
    assert res.headers['Content-Length'] == '3'
    assert res.headers['Content-Type'] == 'text/plain; charset=UTF-8'
    assert res.body is None
    assert res.text is None
    assert res.json is None
    res = await client.request('head', '/')
    assert (res.status_code, res.body) == (200, None)
    res = await client.request('HEAD', '/form')
    assert res.status_code == 405
    assert res.body is None
    res = await client.request('HEAD', '/none')
    assert res.status_code == 404
    assert res.headers['Content-Length'] == '9'
    assert res.body is None


async def test_head_routes():
    app = Microdot()

    @app.get('/')
    async def index(request):
        return 'get'

    @app.route('/', methods=['HEAD'])
    async def index_head(request):
        return '', 200, {'X-Head': request.method}

    @app.route('/only', methods=['HEAD'])
    async def only(request):
        return 'only'

    client = TestClient(app)
    res = await client.request('HEAD', '/')
    assert (res.status_code, res.headers.get('X-Head')) == (200, 'HEAD')
    assert res.body is None
    res = await client.get('/')
    assert res.text == 'get'
    assert 'X-Head' not in res.headers
    res = await client.request('HEAD', '/only')
    assert res.status_code == 200
    res = await client.get('/only')
    assert res.status_code == 405
    assert methods(res) == ['HEAD', 'OPTIONS']
    res = await client.request('OPTIONS', '/')
    assert methods(res) == ['GET', 'HEAD', 'OPTIONS']


async def test_head_shows_the_method_and_runs_handlers():
    app = Microdot()
    seen = []

    @app.before_request
    async def before(request):
        seen.append(request.method)

    @app.get('/')
    async def index(request):
        seen.append(request.method)
        return 'x'

    @app.after_request
    async def after(request, response):
        response.body += b'yz'

    res = await TestClient(app).request('HEAD', '/')
    assert seen == ['HEAD', 'HEAD']
    assert res.headers['Content-Length'] == '3'


async def test_head_closes_the_body():
    app = Microdot()
    bodies = []

    class File(io.BytesIO):
        closed_by = 0

        def close(self):
            self.closed_by += 1

    @app.get('/')
    async def index(request):
        bodies.append(File(b'abc'))
        return Response.send_file('a.txt', stream=bodies[-1])

    client = TestClient(app)
    res = await client.request('HEAD', '/')
    assert res.body is None
    assert bodies[0].closed_by >= 1
    res = await client.get('/')
    assert res.text == 'abc'
    assert bodies[1].closed_by >= 1


async def test_query():
    client = TestClient(create_app())
    res = await client.query('/search', body='what')
    assert (res.status_code, res.text) == (200, 'found what')
    res = await client.query('/search')
    assert res.text == 'found '
    res = await client.query('/')
    assert res.status_code == 405
    res = await client.get('/search')
    assert res.status_code == 405


async def test_other_methods():
    app = Microdot()

    @app.route('/', methods=['PROPFIND', 'report'])
    async def index(request):
        return request.method

    client = TestClient(app)
    for method, status in (('PROPFIND', 200), ('REPORT', 200), ('Report', 200), ('GET', 405)):
        res = await client.request(method, '/')
        assert res.status_code == status, method
        assert status != 200 or res.text == method
