"""Sessions: how long they may be for browsers and for the server."""

import microdot.session
from microdot import Microdot
from microdot.session import Session, with_session
from microdot.test_client import TestClient
from support import raises
from wire import serve

KEY = 'a secret key of thirty-two bytes'

# Cookies of the request, what the response sets before, whether there is room for ``largest`` bytes
BESIDE = (
    ('', {}, 0),
    ('session=' + 'o' * 1000, {}, 0),  # it is replaced
    ('a=b', {}, 5),
    ('a=b; session=x; c', {}, 8),
    ('a="b"', {}, 7),
    ('caf\u00e9=x', {}, 9),
    (' a=b ;', {}, 5),
    ('', {'_remember': 'r' * 20}, 32),
    ('_remember=' + 'r' * 20, {'_remember': 'q'}, 13),
    ('_remember=' + 'r' * 20, {'_remember': None}, 0),
    ('_remember=' + 'r' * 20, {'session': 'x' * 50}, 32),
)
LINE = 400  # bytes of a line that the server takes


def create(options=None, lifetime=None, key=KEY):
    app = Microdot()
    return app, Session(app, secret_key=key, cookie_options=options, lifetime=lifetime)


async def test_too_large():
    app, session_ext = create()
    tried = []

    @app.get('/<int:taken>')
    async def index(request, taken):
        request.connection, request.max_readline = object(), LINE
        for name, value in before.items():
            session_ext.send_cookie(request, name, value)
        largest = LINE - 8 - len('session=') - taken
        for more, fits in ((1, False), (100, False), (0, True), (-50, True)):
            args = request, 'session', 'x' * (largest + more)
            if fits:
                session_ext.send_cookie(*args)
            else:
                exc = raises(ValueError, session_ext.send_cookie, *args)
                assert str(exc) == 'session too large for a cookie'
            tried.append(fits)
        session_ext.send_cookie(request, 'session', 'x' * largest)
        return 'x'

    for header, before, taken in BESIDE:
        res = await TestClient(app).get('/%d' % taken, headers={'Cookie': header} if header else {})
        assert res.status_code == 200, (header, before)
        # What a browser that takes it sends next is as long as it may be.
        client = TestClient(app, cookies={})
        for pair in header.split(';'):
            name, _, value = pair.strip().partition('=')
            client.cookies[name] = value
        for cookie in res.headers['Set-Cookie']:
            name, _, value = cookie.split(';')[0].partition('=')
            client.cookies[name] = value
        pairs = [
            name + '=' + value for name, value in client.cookies.items() if value or name == 'c'
        ]
        line = ('Cookie: ' + '; '.join(pairs)).replace('c=', 'c')
        assert len(line.encode()) == LINE, (header, before, line)
    assert len(tried) == 4 * len(BESIDE)


async def test_too_large_for_browsers():
    app, session_ext = create()
    seen = []
    bound = microdot.session._MAX_COOKIE
    assert bound == 4096

    @app.get('/')
    async def index(request):
        for connection in (None, object()):
            request.connection, request.max_readline = connection, 1000
            session_ext.update(request, {'a': 'x' * 140})
            seen.append(raises(ValueError, session_ext.update, request, {'a': 'x' * 190}))
        return 'x'

    microdot.session._MAX_COOKIE = 300  # in place of what browsers bear
    try:
        (cookie,) = (await TestClient(app).get('/')).headers['Set-Cookie']
    finally:
        microdot.session._MAX_COOKIE = bound
    assert 260 < len(cookie.split(';')[0]) <= 300
    assert len(seen) == 2


async def test_what_is_saved_the_server_accepts():
    app, _ = create()

    @app.get('/<int:size>')
    @with_session
    async def set_size(request, session, size):
        session['a'] = 'x' * size
        session.save()
        return 'saved'

    @app.get('/')
    @with_session
    async def show(request, session):
        return str(len(session['a']))

    other = 'Cookie: _remember=' + 'r' * 300
    longest = 0
    refused = 0
    async with serve(app) as server:
        for size in range(1200, 1260, 3):
            res = await server.get('/%d' % size, other)
            if res.status == 200:
                line = other + '; ' + res.header('Set-Cookie').split(';')[0]
                longest = max(len(line), longest)
                res = await server.get('/', line)
                assert (res.status, res.body) == (200, str(size).encode())
            else:
                assert res.status == 500 and not res.header('Set-Cookie')
                refused += 1
    assert refused and 2040 < longest <= 2048


async def test_a_session_that_does_not_fit_leaves_the_client_as_it_is():
    app, _ = create()

    @app.get('/<int:size>')
    @with_session
    async def set_size(request, session, size):
        request.connection = object()
        session['a'] = 'x' * size
        session.save()
        return 'saved'

    client = TestClient(app)
    assert (await client.get('/100')).text == 'saved'
    kept = dict(client.cookies)
    res = await client.get('/1600')
    assert res.status_code == 500 and 'Set-Cookie' not in res.headers
    assert client.cookies == kept
