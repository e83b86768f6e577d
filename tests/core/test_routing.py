"""Routes: which function answers a method and a path, and what it is given."""

from microdot import Microdot, Request, URLPattern
from microdot.test_client import TestClient


def answer(text):
    async def handler(request, **kwargs):
        return text + ''.join([' {}={}'.format(k, kwargs[k]) for k in sorted(kwargs)])

    return handler


async def check(app, cases):
    client = TestClient(app)
    for method, path, expected in cases:
        res = await client.request(method, path)
        if isinstance(expected, int):
            assert res.status_code == expected, (method, path, res.status_code)
        else:
            found = (res.status_code, res.text)
            assert found == (200, expected), (method, path, found)


async def test_methods_of_routes():
    app = Microdot()
    app.route('/')(answer('index'))
    app.route('/many', methods=['POST', 'Put'])(answer('many'))
    app.route('/tuple', methods=('DELETE',))(answer('tuple'))
    for method in ('get', 'post', 'put', 'patch', 'delete', 'query'):
        getattr(app, method)('/' + method)(answer(method))
    await check(
        app,
        (
            ('GET', '/', 'index'),
            ('POST', '/', 405),
            ('POST', '/many', 'many'),
            ('PUT', '/many', 'many'),
            ('GET', '/many', 405),
            ('DELETE', '/tuple', 'tuple'),
            ('GET', '/get', 'get'),
            ('POST', '/get', 405),
            ('POST', '/post', 'post'),
            ('PUT', '/put', 'put'),
            ('PATCH', '/patch', 'patch'),
            ('DELETE', '/delete', 'delete'),
            ('QUERY', '/query', 'query'),
            ('GET', '/query', 405),
            ('GET', '/none', 404),
            ('POST', '/none', 404),
            ('get', '/get', 'get'),
        ),
    )


async def test_stacked_decorators():
    app = Microdot()

    @app.get('/a')
    @app.post('/b')
    @app.put('/a')
    async def handler(request):
        return request.method + request.path

    await check(
        app,
        (
            ('GET', '/a', 'GET/a'),
            ('PUT', '/a', 'PUT/a'),
            ('POST', '/b', 'POST/b'),
            ('GET', '/b', 405),
        ),
    )


def test_decorators_return_the_function():
    app = Microdot()

    def f(request, response=None):
        pass

    for decorator in (
        app.route('/'),
        app.get('/'),
        app.query('/'),
        app.before_request,
        app.after_request,
        app.after_error_request,
        app.errorhandler(404),
        app.errorhandler(ValueError),
    ):
        assert decorator(f) is f


async def test_first_registered_wins():
    app = Microdot()
    app.get('/a/<x>')(answer('dynamic'))
    app.get('/a/b')(answer('static after'))
    app.get('/b/a')(answer('static before'))
    app.get('/b/<x>')(answer('dynamic after'))
    app.get('/b/a')(answer('never'))
    app.get('/<path:p>')(answer('all'))
    app.get('/c')(answer('never'))
    app.post('/c')(answer('post'))
    await check(
        app,
        (
            ('GET', '/a/b', 'dynamic x=b'),
            ('GET', '/b/a', 'static before'),
            ('GET', '/b/b', 'dynamic after x=b'),
            ('GET', '/c', 'all p=c'),
            ('GET', '/c/d', 'all p=c/d'),
            ('POST', '/c', 'post'),
            ('POST', '/a/b', 405),
            ('GET', '/', 404),
        ),
    )


async def test_later_routes_serve_other_methods():
    app = Microdot()
    app.get('/a/<int:x>')(answer('get'))
    app.post('/a/<y>')(answer('post'))
    app.put('/a/5')(answer('put'))
    await check(
        app,
        (
            ('GET', '/a/5', 'get x=5'),
            ('POST', '/a/5', 'post y=5'),
            ('PUT', '/a/5', 'put'),
            ('GET', '/a/b', 405),
            ('PATCH', '/a/5', 405),
        ),
    )


async def test_paths():
    app = Microdot()
    app.get('/foo')(answer('foo'))
    app.get('/bar/')(answer('bar'))
    app.get('baz')(answer('baz'))
    app.get('//two')(answer('two'))
    app.get('/a.b')(answer('dot'))
    app.get('/a b')(answer('blank'))
    app.get('/caf\u00e9')(answer('coffee'))
    app.get('/u/<name>')(answer('user'))
    app.get('/n/<int:n>')(answer('number'))
    await check(
        app,
        (
            ('GET', '/foo', 'foo'),
            ('GET', '/foo?a=b', 'foo'),
            ('GET', '/foo?', 'foo'),
            ('GET', '/foo/', 404),
            ('GET', '/bar/', 'bar'),
            ('GET', '/bar', 404),
            ('GET', '/baz', 'baz'),
            ('GET', '/two', 'two'),
            ('GET', '/a.b', 'dot'),
            ('GET', '/axb', 404),
            ('GET', '/a%20b', 'blank'),
            ('GET', '/caf%c3%a9', 'coffee'),
            ('GET', '/%66oo', 'foo'),
            ('GET', '/u/a%20b', 'user name=a b'),
            ('GET', '/u/a+b', 'user name=a+b'),
            ('GET', '/u/%E2%80%A2', 'user name=\u2022'),
            ('GET', '/u/%zz', 'user name=%zz'),
            ('GET', '/u/' + 'x' * 1500, 'user name=' + 'x' * 1500),
            ('GET', '/n/-5', 'number n=-5'),
            ('GET', '/n/x', 404),
        ),
    )


async def test_what_the_request_shows():
    app = Microdot()
    seen = []

    @app.before_request
    async def before(request):
        seen.append(request.route)
        seen.append(request.url_args)

    @app.get('/u/<name>/<int:n>')
    async def handler(request, name, n):
        seen.append(request.app is app)
        seen.append((request.url_prefix, request.subapp))
        return 'ok'

    await check(app, (('GET', '/u/x/5', 'ok'),))
    assert seen == [handler, {'name': 'x', 'n': 5}, True, ('', None)]


async def test_arguments_belong_to_one_request():
    app = Microdot()

    @app.before_request
    async def before(request):
        if request.query_string:
            request.url_args['name'] = request.query_string

    @app.get('/')
    async def index(request, name='nobody'):
        return name

    plain = Microdot()

    @plain.get('/')
    async def plain_index(request):
        request.url_args['name'] = 'left behind'
        return 'plain'

    await check(app, (('GET', '/?somebody', 'somebody'), ('GET', '/', 'nobody')))
    await check(plain, (('GET', '/', 'plain'), ('GET', '/', 'plain')))


def test_url_map():
    app = Microdot()
    f, g = answer('f'), answer('g')
    app.route('/a', methods=['post', 'Put'])(f)
    app.get('/b/<x>')(g)
    assert len(app.url_map) == 2
    methods, pattern, function, prefix, subapp = app.url_map[0]
    assert list(methods) == ['POST', 'PUT']
    assert isinstance(pattern, URLPattern)
    assert pattern.url_pattern == '/a'
    assert (function, prefix, subapp) == (f, '', None)
    methods, pattern, function, prefix, subapp = app.url_map[1]
    assert list(methods) == ['GET']
    assert pattern.match('/b/c') == {'x': 'c'}
    assert function is g


def test_find_route():
    app = Microdot()
    f = answer('f')
    app.get('/a/<x>')(f)
    for method, url, expected in (
        ('GET', '/a/b', (f, '', None)),
        ('get', '/a/b?c', (f, '', None)),
        ('POST', '/a/b', (405, '', None)),
        ('GET', '/b', (404, '', None)),
        ('POST', '/b', (404, '', None)),
    ):
        req = Request(app, None, method, url, '1.0', {})
        assert tuple(app.find_route(req)) == expected, (method, url)
    req = Request(app, None, 'GET', '/a/b', '1.0', {})
    app.find_route(req)
    assert req.url_args == {'x': 'b'}


def test_attributes_of_a_new_app():
    app = Microdot()
    assert app.url_map == []
    assert app.before_request_handlers == []
    assert app.after_request_handlers == []
    assert app.after_error_request_handlers == []
    assert app.error_handlers == {}
    assert callable(app.options_handler)
    assert app.ssl is False
    assert app.debug is False
    assert app.server is None


async def test_custom_types():
    def refuse(value):
        return int(value, 16)

    def fail(value):
        raise OSError('parser')

    URLPattern.register_type('routehex', parser=refuse)
    URLPattern.register_type('routefail', parser=fail)
    app = Microdot()
    app.get('/h/<routehex:x>')(answer('hex'))
    app.get('/h/zz')(answer('later'))
    app.get('/f/<routefail:x>')(answer('never'))
    await check(
        app,
        (
            ('GET', '/h/1f', 'hex x=31'),
            ('GET', '/h/0', 'hex x=0'),
            ('GET', '/h/xy', 404),
            ('GET', '/h/zz', 'later'),
            ('GET', '/f/1', 500),
        ),
    )


async def test_bad_patterns_are_told():
    for pattern in ('/a/<b', '/a/<nosuchtype:b>'):
        app = Microdot()
        try:
            app.get(pattern)(answer('never'))
        except ValueError:
            continue  # told at registration
        app.get('/good')(answer('good'))
        await check(app, (('GET', '/a/c', 500),))
