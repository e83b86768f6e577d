"""`CSRF`: what passes and what does not, by `Sec-Fetch-Site`, `Origin`, `Referer`, and by route."""

from microdot import Microdot
from microdot.cors import CORS
from microdot.csrf import CSRF
from microdot.helpers import wraps
from microdot.microdot import invoke_handler
from microdot.test_client import TestClient

HOST = 'example.com:1234'
SITE = 'https://example.com'


def create_app(**kwargs):
    app = Microdot()
    csrf = CSRF(app, **kwargs)

    @app.route('/', methods=['GET', 'POST', 'PUT', 'OPTIONS', 'QUERY'])
    def index(request):
        return 'done'

    return app, csrf, TestClient(app)


async def passes(client, site=None, origin=None, method='POST', path='/', **headers):
    """Send a request from elsewhere; return whether the route was called."""
    if site is not None:
        headers['Sec-Fetch-Site'] = site
    if origin is not None:
        headers['Origin'] = origin
    res = await client.request(method, path, headers=headers)
    if res.status_code == 403:
        assert res.text == 'Forbidden'
        return False
    assert (res.status_code, res.text or 'done') == (200, 'done')
    return True


async def check(client, table):
    for site, origin, expected in table:
        assert await passes(client, site, origin) is expected, (site, origin)


async def test_alone():
    _, _, client = create_app()
    await check(
        client,
        (
            (None, None, True),
            ('same-origin', None, True),
            ('same-origin', SITE, True),
            ('none', None, True),
            ('same-site', None, False),
            ('cross-site', None, False),
            ('cross-site', SITE, False),
            ('Same-Origin', None, False),
            ('same-origin, none', None, False),
            ('', None, False),
            (None, SITE, False),
            (None, '', False),
            (None, 'null', False),
            ('cross-site', 'null', False),
        ),
    )


OWN = (
    (None, 'http://' + HOST, True),
    (None, 'http://Example.COM:1234', True),
    (None, 'https://' + HOST, True),  # a proxy may speak TLS for the server
    ('cross-site', 'http://' + HOST, False),
    (None, 'ftp://' + HOST, False),
    (None, 'http://example.com', False),
    (None, 'http://example.com:12345', False),
    (None, 'http://example.com:1234.org', False),
    (None, 'http://user@example.com:1234', False),
    (None, HOST, False),
    (None, '://' + HOST, False),
    (None, 'http://', False),
)


async def test_own_origin():
    for kwargs in ({}, {'allow_subdomains': True}, {'cors': CORS()}, {'cors': CORS(None, '*')}):
        _, _, client = create_app(**kwargs)
        await check(client, OWN)
    app, _, _ = create_app()
    client = TestClient(app, scheme='https')
    await check(client, ((None, 'https://' + HOST, True), (None, 'http://' + HOST, False)))


BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
OWN_PAGE = 'http://' + HOST + '/page?a=b'
# Sec-Fetch-Site, Origin, Referer, User-Agent, whether it passes
WITHOUT_ORIGIN = (
    # What browsers send over plain HTTP for an <img>, a link, a form with the method GET.
    (None, None, 'http://evil.com/', BROWSER, False),
    (None, None, 'https://evil.com/x', BROWSER, False),
    (None, None, 'http://example.com/', BROWSER, False),  # another port
    (None, None, 'http://evil.com/http://' + HOST + '/', BROWSER, False),
    (None, None, 'http://' + HOST + '.evil.com/', BROWSER, False),
    (None, None, 'http://' + HOST + '@evil.com/', BROWSER, False),
    (None, None, 'http://a.' + HOST + '/', BROWSER, False),
    (None, None, OWN_PAGE, BROWSER, True),
    (None, None, 'http://' + HOST, BROWSER, True),
    (None, None, 'https://' + HOST + '/', BROWSER, True),
    (None, None, SITE + '/page', BROWSER, False),
    # The address bar, a bookmark, a page with Referrer-Policy: no-referrer.
    (None, None, None, BROWSER, False),
    (None, None, '', BROWSER, False),
    (None, None, 'about:blank', BROWSER, False),
    ('none', None, None, BROWSER, True),
    # Programs: nobody's cookies are in them.
    (None, None, None, None, True),
    (None, None, None, 'curl/8.5.0', True),
    (None, None, None, 'python-requests/2.32 (like Mozilla/5.0)', True),
    (None, None, 'http://evil.com/', 'curl/8.5.0', False),
    (None, None, OWN_PAGE, 'curl/8.5.0', True),
    # Where there is more to go by, neither of the two matters.
    ('same-origin', None, 'http://evil.com/', BROWSER, True),
    ('cross-site', None, OWN_PAGE, BROWSER, False),
    ('same-site', None, OWN_PAGE, BROWSER, False),
    (None, 'http://' + HOST, 'http://evil.com/', BROWSER, True),
    (None, 'http://evil.com', OWN_PAGE, BROWSER, False),
    (None, 'null', OWN_PAGE, BROWSER, False),
    (None, 'http://' + HOST, None, BROWSER, True),
)


async def test_without_origin():
    cors = CORS(allowed_origins=[SITE])
    for listed in (None, cors):
        app, csrf, client = create_app(cors=listed)
        app.get('/restart')(csrf.protect(lambda request: 'done'))
        for site, origin, referer, agent, expected in WITHOUT_ORIGIN:
            headers = {}
            if referer is not None:
                headers['Referer'] = referer
            if agent:
                headers['User-Agent'] = agent
            if listed and referer == SITE + '/page':
                expected = True
            for method, path in (('GET', '/restart'), ('POST', '/')):
                found = await passes(client, site, origin, method, path, **headers)
                assert found is expected, (site, origin, headers, method)
            assert await passes(client, site, origin, 'GET', **headers)  # not protected


async def test_referer_of_a_subdomain():
    _, _, client = create_app(allow_subdomains=True)
    for host, expected in (('a.' + HOST, True), ('a' + HOST, False), ('evil.com', False)):
        headers = {'Referer': 'http://' + host + '/x', 'User-Agent': BROWSER}
        assert await passes(client, None, None, **headers) is expected, host


async def test_no_host():
    _, _, client = create_app()
    for origin in ('http://', 'https://', 'http://x'):
        assert not await passes(client, None, origin, Host=''), origin


async def test_listed_origins():
    cors = CORS(allowed_origins=[SITE, 'http://other.org:8000'])  # of no application
    _, _, client = create_app(cors=cors)
    table = (
        (None, SITE, True),
        ('cross-site', SITE, True),
        ('same-site', SITE, True),
        ('cross-site', 'http://other.org:8000', True),
        ('cross-site', 'http://example.com', False),
        (None, 'http://other.org', False),
        (None, 'https://sub.example.com', False),
        (None, 'null', False),
        ('cross-site', None, False),
    )
    await check(client, table)
    cors.allowed_origins = SITE
    await check(client, ((None, SITE, True), (None, 'https://example.co', False)))
    for nothing in (None, [], '*', ['*'], [''], ['example.com'], ['null'], ['https://']):
        cors.allowed_origins = nothing
        await check(client, ((None, SITE, False), ('cross-site', 'null', False)))


async def test_subdomains():
    cors = CORS(allowed_origins=[SITE, 'http://other.org:8000', 'https://', 'null'])
    _, _, client = create_app(cors=cors, allow_subdomains=True)
    table = (
        ('same-site', None, True),
        ('same-site', 'http://bad.com', False),  # a sibling, says a browser whose suffixes are old
        ('same-site', 'https://sub.example.com', True),
        ('same-site', 'http://' + HOST, True),
        ('same-site', 'http://a.' + HOST, True),
        ('same-site', 'http://a.b.' + HOST, True),
        ('same-site', 'http://example.com', False),  # another port
        ('same-site', 'http://example.com:8000', False),
        ('same-site', 'http://a.example.com', False),
        ('same-site', 'http://com:1234', False),  # the parent
        ('same-site', 'http://bexample.com:1234', False),
        ('same-site', 'http://sibling.com:1234', False),
        ('same-site', 'null', False),
        (None, 'http://a.' + HOST, True),
        (None, 'http://b' + HOST, False),
        ('cross-site', 'http://a.' + HOST, False),
        ('cross-site', None, False),
        (None, SITE, True),
        ('cross-site', 'https://sub.example.com', True),
        (None, 'https://a.b.example.com', True),
        (None, 'http://a.other.org:8000', True),
        (None, 'http://a.other.org', False),
        (None, 'https://a.other.org:8000', False),
        (None, 'http://sub.example.com', False),
        (None, 'https://badexample.com', False),
        (None, 'https://example.com.bad.com', False),
        (None, 'https://a.', False),
        (None, 'null', False),
        ('cross-site', 'null', False),
    )
    await check(client, table)
    cors.allowed_origins = None
    await check(client, ((None, 'null', False), (None, SITE, False)))


async def test_methods():
    _, _, client = create_app()
    for method in ('GET', 'HEAD', 'OPTIONS'):
        assert await passes(client, 'cross-site', SITE, method), method
    for method in ('POST', 'PUT', 'QUERY'):
        assert not await passes(client, 'cross-site', SITE, method), method


async def test_websocket_handshakes():
    _, _, client = create_app()
    for upgrade in ('websocket', 'WebSocket'):
        headers = {'Upgrade': upgrade, 'Connection': 'Upgrade'}
        assert await passes(client, None, None, 'GET', **headers)
        assert await passes(client, None, 'http://' + HOST, 'GET', **headers)
        assert not await passes(client, None, SITE, 'GET', **headers)
        assert not await passes(client, 'cross-site', SITE, 'GET', **headers)
    assert await passes(client, None, SITE, 'GET', Upgrade='h2c')
    _, _, client = create_app(protect_all=False)
    assert await passes(client, None, SITE, 'GET', Upgrade='websocket')


async def test_initialize():
    app = Microdot()
    app.post('/')(lambda request: 'done')
    client = TestClient(app)
    first, second = CORS(allowed_origins=[SITE]), CORS(allowed_origins=['http://b.org'])
    csrf = CSRF(cors=first)
    assert await passes(client, 'cross-site')
    csrf.initialize(app)
    assert csrf.cors is first  # it was not forgotten
    await check(client, (('cross-site', SITE, True), ('cross-site', None, False)))
    csrf = CSRF()
    csrf.initialize(Microdot(), second)
    assert csrf.cors is second


async def test_vary():
    for site, origin, expected in (
        ('same-origin', None, 'Accept, Sec-Fetch-Site'),
        ('none', SITE, 'Accept, Sec-Fetch-Site'),
        ('cross-site', SITE, 'Accept'),
        (None, None, 'Accept'),
    ):
        app = Microdot()
        CSRF(app, CORS(allowed_origins=[SITE]))
        app.post('/')(lambda request: ('done', {'Vary': 'Accept'}))
        headers = {'Sec-Fetch-Site': site} if site else {}
        if origin:
            headers['Origin'] = origin
        res = await TestClient(app).post('/', headers=headers)
        assert (res.status_code, res.headers['Vary']) == (200, expected)
    _, _, client = create_app()
    res = await client.post('/', headers={'Sec-Fetch-Site': 'cross-site'})
    assert res.status_code == 403 and 'Vary' not in res.headers


def through(f):
    @wraps(f)
    async def wrapper(request):
        return await invoke_handler(f, request)

    return wrapper


async def test_routes():
    for protect_all in (True, False):
        app, csrf, client = create_app(protect_all=protect_all)

        def done(request):
            return 'done'

        def view(request):
            return 'done'

        assert csrf.exempt(done) is done and done in csrf.exempt_routes
        app.post('/exempt')(done)
        app.post('/exempt-below')(through(through(done)))
        app.post('/exempt-above')(csrf.exempt(through(lambda request: 'done')))
        assert csrf.protect(view) is view and view in csrf.protected_routes
        app.get('/protected')(view)
        app.get('/protected-below')(through(view))
        app.post('/other')(through(lambda request: 'done'))
        for path, method, expected in (
            ('/exempt', 'POST', True),
            ('/exempt-below', 'POST', True),
            ('/exempt-above', 'POST', True),
            ('/protected', 'GET', False),
            ('/protected-below', 'GET', False),
            ('/other', 'POST', not protect_all),
        ):
            found = await passes(client, 'cross-site', None, method, path)
            assert found is expected, (path, protect_all)
            assert await passes(client, 'same-origin', None, method, path)
        assert await passes(client, 'cross-site', None, 'POST') is not protect_all


async def test_under_auth():
    from microdot.auth import TokenAuth

    app, csrf, client = create_app()
    auth = TokenAuth()
    auth.authenticate(lambda request, token: token)
    app.post('/api')(auth(csrf.exempt(lambda request: 'done')))
    app.post('/page')(auth(lambda request: 'done'))
    token = {'Authorization': 'Bearer x'}
    assert await passes(client, 'cross-site', None, 'POST', '/api', **token)
    assert not await passes(client, 'cross-site', None, 'POST', '/page', **token)


async def test_mounted():
    app, sub = Microdot(), Microdot()
    CSRF(sub)
    sub.post('/')(lambda request: 'done')
    app.post('/')(lambda request: 'done')
    app.mount(sub, url_prefix='/sub', local=True)
    client = TestClient(app)
    assert await passes(client, 'cross-site')
    assert not await passes(client, 'cross-site', path='/sub/')
