"""`CORS`: origins, preflights, `Vary`, error responses, options changed later."""

from microdot import Microdot, abort
from microdot.cors import CORS
from microdot.test_client import TestClient

SITE = 'https://example.com'
OTHER = 'https://bad.com'
METHOD = 'Access-Control-Request-Method'
HEADERS = 'Access-Control-Request-Headers'


def create_app(**kwargs):
    app = Microdot()
    cors = CORS(app, **kwargs)

    @app.get('/')
    def index(request):
        return 'foo'

    @app.post('/')
    def post(request):
        abort(400)

    @app.get('/vary')
    def vary(request):
        return 'bar', 200, {'Vary': 'X-Foo, X-Bar'}

    @app.get('/collected')
    def collected(request):
        request.g._vary = {'Accept'}
        return 'baz', {'Vary': 'X-Foo, X-Bar'}

    return app, cors, TestClient(app)


async def headers_of(client, origin=None, method='GET', path='/', status=None, **others):
    """What a response says about CORS, the common prefix of the names left out."""
    headers = {'Origin': origin} if origin is not None else {}
    headers.update(others)
    res = await client.request(method, path, headers=headers)
    assert status is None or res.status_code == status, (path, res.status_code)
    found = {}
    for name in res.headers:
        if name.startswith('Access-Control-'):
            found[name[15:]] = res.headers[name]
        elif name == 'Vary':
            found[name] = res.headers[name]
    return found


async def preflight(client, origin=SITE, method=None, names=None, path='/', status=200):
    headers = {}
    if method:
        headers[METHOD] = method
    if names:
        headers[HEADERS] = names
    return await headers_of(client, origin, 'OPTIONS', path, status, **headers)


async def test_listed_origins():
    _, cors, client = create_app(allowed_origins=[SITE])
    allowed = {'Allow-Origin': SITE, 'Vary': 'Origin'}
    assert await headers_of(client, SITE) == allowed
    for origin in (None, '', OTHER, 'null', 'http://example.com', SITE + ':8080', SITE[:-1]):
        assert await headers_of(client, origin) == {}, origin
    cors.allow_credentials = True
    allowed['Allow-Credentials'] = 'true'
    assert await headers_of(client, SITE) == allowed
    assert await headers_of(client) == await headers_of(client, OTHER) == {}
    cors.allowed_origins = [OTHER]
    assert await headers_of(client, SITE) == {}
    cors.allowed_origins = None
    assert await headers_of(client, SITE) == {}


async def test_a_single_origin_is_not_searched_in():
    _, cors, client = create_app(allowed_origins=SITE)
    assert await headers_of(client, SITE) == {'Allow-Origin': SITE, 'Vary': 'Origin'}
    for origin in (None, 'https://example.co', 'example', 'https://example.com.org'):
        assert await headers_of(client, origin) == {}, origin


async def test_all_origins():
    _, cors, client = create_app(allowed_origins='*', expose_headers=['X-A', 'X-B'])
    exposed = {'Expose-Headers': 'X-A, X-B'}
    assert await headers_of(client) == dict(exposed, **{'Allow-Origin': '*'})
    expected = dict(exposed, **{'Allow-Origin': OTHER, 'Vary': 'Origin'})
    assert await headers_of(client, OTHER) == expected
    cors.allow_credentials = True  # which no response with the literal * may have
    assert await headers_of(client) == dict(exposed, **{'Allow-Origin': '*'})
    expected['Allow-Credentials'] = 'true'
    assert await headers_of(client, OTHER) == expected
    cors.allowed_origins = None
    cors.expose_headers = 'X-A'
    assert await headers_of(client, OTHER) == {'Expose-Headers': 'X-A'}


async def test_vary():
    _, _, client = create_app(allowed_origins=[SITE])
    assert (await headers_of(client, SITE, path='/vary'))['Vary'] == 'X-Foo, X-Bar, Origin'
    assert (await headers_of(client, OTHER, path='/vary'))['Vary'] == 'X-Foo, X-Bar'
    vary = (await headers_of(client, SITE, path='/collected'))['Vary']
    assert vary.startswith('X-Foo, X-Bar, ')
    assert sorted(vary.split(', ')) == ['Accept', 'Origin', 'X-Bar', 'X-Foo']
    vary = (await headers_of(client, path='/collected'))['Vary']
    assert vary == 'X-Foo, X-Bar, Accept'


async def test_vary_always():
    # whether it is on, allowed_origins, Origin of the request, Vary
    for always, allowed, origin, expected in (
        (False, [SITE], None, None),
        (False, [SITE], OTHER, None),
        (False, '*', None, None),
        (True, [SITE], None, 'Origin'),
        (True, [SITE], OTHER, 'Origin'),
        (True, [SITE], SITE, 'Origin'),
        (True, '*', None, 'Origin'),
        (True, None, SITE, 'Origin'),
    ):
        _, cors, client = create_app(allowed_origins=allowed, vary_always=always)
        for path in ('/', '/none'):
            found = await headers_of(client, origin, path=path)
            assert found.get('Vary') == expected, (always, allowed, origin, path)
        cors.vary_always = not always
        if origin != SITE:
            found = await headers_of(client, origin)
            assert found.get('Vary') == (None if always else 'Origin'), (always, allowed, origin)


async def test_errors_have_the_headers():
    _, _, client = create_app(allowed_origins=[SITE])
    allowed = {'Allow-Origin': SITE, 'Vary': 'Origin'}
    for method, path, status in (
        ('GET', '/none', 404),
        ('DELETE', '/', 405),
        ('POST', '/', 400),
        ('OPTIONS', '/none', 404),
        ('HEAD', '/', 200),
    ):
        assert await headers_of(client, SITE, method, path, status) == allowed, path


async def test_unreadable_request():
    app, _, _ = create_app(allowed_origins='*')
    res = await app.dispatch_request(None)
    assert res.status_code == 400
    assert 'Access-Control-Allow-Origin' not in res.headers


async def test_preflight_methods():
    _, cors, client = create_app(allowed_origins=[SITE])
    allowed = {'Allow-Origin': SITE, 'Vary': 'Origin'}
    assert await preflight(client) == allowed
    with_post = dict(allowed, **{'Allow-Methods': 'POST'})
    for methods, asked, expected in (
        (None, 'POST', with_post),
        (None, 'post', with_post),
        (['GET', 'POST'], 'POST', with_post),
        (['get', 'post'], 'Post', with_post),
        ('POST', 'POST', with_post),
        (['GET', 'PUT'], 'POST', allowed),
        ('POSTING', 'POST', allowed),
        ([], 'POST', allowed),
    ):
        cors.allowed_methods = methods
        assert await preflight(client, method=asked) == expected, (methods, asked)
    res = await client.request('OPTIONS', '/', headers={'Origin': SITE})
    assert 'POST' in res.headers['Allow'].split(', ')


async def test_preflight_headers():
    _, cors, client = create_app(allowed_origins='*')
    asked = 'X-Test, x-Other,X-Third'
    for names, expected in (
        (None, asked),
        (['x-test', 'X-THIRD'], 'X-Test, X-Third'),
        (['X-None'], ''),
        ([], ''),
        ('X-Other', 'x-Other'),
    ):
        cors.allowed_headers = names
        found = await preflight(client, names=asked)
        assert found == {'Allow-Origin': SITE, 'Allow-Headers': expected, 'Vary': 'Origin'}
    assert CORS(allowed_headers=['X-One', 'Two']).allowed_headers == ['x-one', 'two']
    assert CORS().allowed_headers is None


async def test_preflight_age():
    _, cors, client = create_app(allowed_origins=[SITE], max_age=3600)
    assert (await preflight(client))['Max-Age'] == '3600'
    assert 'Max-Age' not in await headers_of(client, SITE)
    cors.max_age = 0
    assert (await preflight(client))['Max-Age'] == '0'
    cors.max_age = None
    assert 'Max-Age' not in await preflight(client)


async def test_own_options_route():
    app, _, client = create_app(allowed_origins=[SITE])

    @app.route('/own', methods=['OPTIONS', 'PUT'])
    def own(request):
        return 'mine', 202

    found = await preflight(client, method='PUT', path='/own', status=202)
    assert found == {'Allow-Origin': SITE, 'Allow-Methods': 'PUT', 'Vary': 'Origin'}


async def test_earlier_options_handler():
    for handler, expected in ((lambda request: {'X-Own': request.path}, '/'), (None, None)):
        app = Microdot()
        app.options_handler = handler
        cors = CORS(app, allowed_origins='*')
        assert cors.default_options_handler is handler
        app.get('/')(lambda request: 'foo')
        res = await TestClient(app).request('OPTIONS', '/')
        assert res.status_code == 200
        assert res.headers['Access-Control-Allow-Origin'] == '*'
        assert res.headers.get('X-Own') == expected


async def test_without_handling():
    app = Microdot()
    cors = CORS(app, allowed_origins=[SITE], handle_cors=False)

    @app.get('/')
    def index(request):
        return 'foo', cors.get_cors_headers(request)

    @app.get('/none')
    def none(request):
        return 'bar'

    client = TestClient(app)
    assert await headers_of(client, SITE) == {'Allow-Origin': SITE, 'Vary': 'Origin'}
    assert await headers_of(client, SITE, path='/none') == {}
    assert await preflight(client, method='GET') == {}


def app_with(path):
    app = Microdot()
    app.options_handler = lambda request: {'X-Own': path}
    app.get('/')(lambda request: 'foo')
    return app


async def test_initialize_again():
    first, second = app_with('first'), app_with('second')
    cors = CORS(first, allowed_origins=[SITE])
    cors.initialize(second, handle_cors=False)  # adds nothing, and does not stand in the way
    for app in (first, second, first, second, first):
        cors.initialize(app)
    for app, own in ((first, 'first'), (second, 'second')):
        assert len(app.after_request_handlers) == len(app.after_error_request_handlers) == 1
        res = await TestClient(app).request('OPTIONS', '/', headers={'Origin': SITE, METHOD: 'GET'})
        assert (res.status_code, res.headers['X-Own']) == (200, own)
        assert res.headers['Access-Control-Allow-Origin'] == SITE
        assert res.headers['Access-Control-Allow-Methods'] == 'GET'
        assert (await headers_of(TestClient(app), SITE))['Allow-Origin'] == SITE
    # Another object on top of it keeps what is below.
    other = CORS(first, allowed_origins=[OTHER])
    other.initialize(first)
    cors.initialize(first)
    for origin in (SITE, OTHER):
        res = await TestClient(first).request('OPTIONS', '/', headers={'Origin': origin})
        assert res.headers['X-Own'] == 'first'
        assert res.headers['Access-Control-Allow-Origin'] == origin
