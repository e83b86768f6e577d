"""Mounted applications: prefixes, shared and local handlers, nested and repeated mounts."""

from microdot import Microdot, Request
from microdot.test_client import TestClient


def app_with_handlers(name):
    """An application whose handlers and routes leave their name in `request.g.trace`."""
    app = Microdot()

    @app.before_request
    async def before(request):
        trace(request).append('before-' + name)

    @app.after_request
    async def after(request, response):
        response.headers['X-Trace'] = response.headers.get('X-Trace', '') + '>after-' + name

    @app.after_error_request
    async def after_error(request, response):
        response.headers['X-Trace'] = response.headers.get('X-Trace', '') + '>error-' + name

    @app.errorhandler(404)
    async def not_found(request):
        return '404-' + name, 404

    @app.errorhandler(405)
    async def not_allowed(request):
        return '405-' + name, 405

    @app.errorhandler(ZeroDivisionError)
    async def zero(request, exc):
        return 'zero-' + name, 500

    @app.get('/' + name)
    async def index(request):
        return ','.join(trace(request)) + ':' + request.url_prefix

    @app.get('/zero-' + name)
    async def fail(request):
        return 1 // 0

    return app


def trace(request):
    if not hasattr(request.g, 'trace'):
        request.g.trace = []
    return request.g.trace


async def check(app, cases):
    client = TestClient(app)
    for path, status, text, after in cases:
        res = await client.get(path)
        found = (res.status_code, res.text, res.headers.get('X-Trace'))
        assert found == (status, text, after), (path, found)


async def test_shared_handlers():
    app, sub = app_with_handlers('app'), app_with_handlers('sub')
    app.mount(sub, url_prefix='/sub')
    await check(
        app,
        (
            ('/sub/sub', 200, 'before-app,before-sub:/sub', '>after-app>after-sub'),
            ('/app', 200, 'before-app,before-sub:', '>after-app>after-sub'),
            ('/none', 404, '404-sub', '>error-app>error-sub'),
            ('/sub/none', 404, '404-sub', '>error-app>error-sub'),
            ('/zero-app', 500, 'zero-sub', '>error-app>error-sub'),
        ),
    )
    res = await TestClient(app).post('/app')
    assert (res.status_code, res.text) == (405, '405-sub')
    assert sub.before_request_handlers == []
    assert sub.after_request_handlers == []
    assert sub.after_error_request_handlers == []
    assert sub.error_handlers == {}
    assert len(app.before_request_handlers) == 2
    assert len(app.error_handlers) == 3


async def test_local_handlers():
    app, sub = app_with_handlers('app'), app_with_handlers('sub')
    app.mount(sub, url_prefix='/sub', local=True)
    await check(
        app,
        (
            ('/sub/sub', 200, 'before-app,before-sub:/sub', '>after-sub>after-app'),
            ('/app', 200, 'before-app:', '>after-app'),
            ('/none', 404, '404-app', '>error-app'),
            ('/sub/none', 404, '404-app', '>error-app'),
            ('/sub/zero-sub', 500, 'zero-sub', '>error-sub>error-app'),
            ('/zero-app', 500, 'zero-app', '>error-app'),
        ),
    )
    client = TestClient(app)
    for path, text in (('/sub/sub', '405-sub'), ('/app', '405-app')):
        res = await client.post(path)
        assert (res.status_code, res.text) == (405, text), path
    assert len(sub.before_request_handlers) == 1


async def test_nested_local_mounts():
    app, mid, leaf = (app_with_handlers(name) for name in ('app', 'mid', 'leaf'))
    mid.mount(leaf, url_prefix='/leaf', local=True)
    app.mount(mid, url_prefix='/mid', local=True)
    await check(
        app,
        (
            (
                '/mid/leaf/leaf',
                200,
                'before-app,before-mid,before-leaf:/mid/leaf',
                '>after-leaf>after-mid>after-app',
            ),
            ('/mid/mid', 200, 'before-app,before-mid:/mid', '>after-mid>after-app'),
            ('/app', 200, 'before-app:', '>after-app'),
            ('/mid/leaf/zero-leaf', 500, 'zero-leaf', '>error-leaf>error-mid>error-app'),
        ),
    )
    # Without its own handler the error of the innermost goes to the next outer one.
    leaf.error_handlers.clear()
    await check(
        app,
        (('/mid/leaf/zero-leaf', 500, 'zero-mid', '>error-leaf>error-mid>error-app'),),
    )


async def test_nested_mixed_mounts():
    app, mid, leaf = (app_with_handlers(name) for name in ('app', 'mid', 'leaf'))
    mid.mount(leaf, url_prefix='/leaf')
    app.mount(mid, url_prefix='/mid', local=True)
    await check(
        app,
        (
            (
                '/mid/leaf/leaf',
                200,
                'before-app,before-mid,before-leaf:/mid/leaf',
                '>after-mid>after-leaf>after-app',
            ),
            (
                '/mid/mid',
                200,
                'before-app,before-mid,before-leaf:/mid',
                '>after-mid>after-leaf>after-app',
            ),
        ),
    )
    assert leaf.before_request_handlers == []


async def test_order_of_the_contract():
    app, sub = Microdot(), Microdot()

    @app.before_request
    async def before(request):
        request.g.before = 'before-app'

    @sub.before_request
    async def before_sub(request):
        request.g.before += ':before2'

    @sub.get('/bar')
    async def bar(request):
        return request.g.before + ':bar:' + request.url_prefix

    @sub.after_request
    async def after_sub(request, response):
        response.body += b':after'

    @app.after_request
    async def after(request, response):
        response.body += b':after-app'

    app.mount(sub, url_prefix='/sub', local=True)
    res = await TestClient(app).get('/sub/bar')
    assert res.text == 'before-app:before2:bar:/sub:after:after-app'


async def test_prefixes():
    app, sub, subsub = Microdot(), Microdot(), Microdot()
    seen = []

    async def handler(request, **kwargs):
        seen.append((request.app, request.subapp))
        return request.url_prefix + '|' + ''.join([str(kwargs[k]) for k in kwargs])

    for target in (app, sub, subsub):
        target.get('/here/<x>')(handler)
    sub.get('')(handler)
    subsub.get('/')(handler)
    sub.mount(subsub, url_prefix='/subsub')
    app.mount(sub, url_prefix='/sub')
    client = TestClient(app)
    for path, text, owner in (
        ('/here/a', '|a', None),
        ('/sub/here/b', '/sub|b', sub),
        ('/sub/subsub/here/c', '/sub/subsub|c', subsub),
        ('/sub', '/sub|', sub),
        ('/sub/', None, None),
        ('/sub/subsub/', '/sub/subsub|', subsub),
        ('/sub/subsub', None, None),
        ('/subsub/here/c', None, None),
        ('/here', None, None),
    ):
        res = await client.get(path)
        if text is None:
            assert res.status_code == 404, path
        else:
            assert (res.status_code, res.text) == (200, text), (path, res.text)
            assert seen[-1] == (app, owner), path


async def test_without_prefix():
    app, sub = Microdot(), app_with_handlers('sub')
    app.mount(sub)
    await check(app, (('/sub', 200, 'before-sub:', '>after-sub'),))


async def test_dynamic_prefix():
    app, sub = Microdot(), Microdot()

    @sub.get('/<int:n>')
    async def index(request, user, n):
        return '{} {} {}'.format(user, n, request.url_prefix)

    app.mount(sub, url_prefix='/u/<user>')
    res = await TestClient(app).get('/u/joe/5')
    assert res.text == 'joe 5 /u/<user>'


async def test_routes_are_copied_when_mounting():
    app, sub = Microdot(), Microdot()

    async def handler(request):
        return 'ok'

    sub.get('/early')(handler)
    app.mount(sub, url_prefix='/sub')
    sub.get('/late')(handler)
    client = TestClient(app)
    assert (await client.get('/sub/early')).status_code == 200
    assert (await client.get('/sub/late')).status_code == 404
    assert len(app.url_map) == 1


async def test_mounted_twice():
    for local in (False, True):
        app, sub = Microdot(), app_with_handlers('sub')
        app.mount(sub, url_prefix='/one', local=local)
        app.mount(sub, url_prefix='/two', local=local)
        await check(
            app,
            (
                ('/one/sub', 200, 'before-sub:/one', '>after-sub'),
                ('/two/sub', 200, 'before-sub:/two', '>after-sub'),
            ),
        )


async def test_local_owner_of_405():
    app, sub = app_with_handlers('app'), app_with_handlers('sub')

    @app.post('/sub/both')
    async def both(request):
        return 'app'

    @sub.put('/both')
    async def both_sub(request):
        return 'sub'

    app.mount(sub, url_prefix='/sub', local=True)
    client = TestClient(app)
    res = await client.get('/sub/both')
    assert (res.status_code, res.text) == (405, '405-sub')
    assert sorted(res.headers['Allow'].split(', ')) == ['OPTIONS', 'POST', 'PUT']
    res = await client.request('OPTIONS', '/sub/both')
    assert sorted(res.headers['Allow'].split(', ')) == ['OPTIONS', 'POST', 'PUT']


async def test_405_knows_where_it_is_mounted():
    app, sub = Microdot(), Microdot()

    @sub.errorhandler(405)
    async def refused(request):
        return request.url_prefix if request.subapp is sub else 'app', 405

    @sub.post('/static')
    @sub.post('/<int:n>')
    async def index(request, n=0):
        return 'sub'

    app.mount(sub, url_prefix='/sub', local=True)
    client = TestClient(app)
    for path in ('/sub/static', '/sub/5'):
        res = await client.get(path)
        assert (res.status_code, res.text) == (405, '/sub'), path


async def test_mounting_by_an_application_with_its_own_route_method():
    class Noting(Microdot):
        def route(self, url_pattern, methods=None):
            noted.append(url_pattern)
            return super().route(url_pattern, methods)

    noted = []
    app, sub = Noting(), Microdot()
    app.get('/a')(lambda request: 'a')
    sub.get('/b')(lambda request: 'b')
    app.mount(sub, url_prefix='/sub')
    assert noted[0] == '/a'
    client = TestClient(app)
    for path in ('/a', '/sub/b'):
        assert (await client.get(path)).text == path[-1]


def test_find_route_names_the_owner():
    app, sub = Microdot(), Microdot()

    async def handler(request):
        return 'ok'

    sub.get('/a')(handler)
    app.mount(sub, url_prefix='/sub', local=True)
    for method, first in (('GET', handler), ('POST', 405)):
        req = Request(app, None, method, '/sub/a', '1.0', {})
        assert tuple(app.find_route(req)) == (first, '/sub', sub), method
