"""Sessions: what is kept from request to request, what the cookie says, which tokens are good."""

import microdot.session
from microdot import Microdot
from microdot.session import Session, SessionDict, now, with_session
from microdot.test_client import TestClient
from support import raises

KEY = 'a secret key of thirty-two bytes'
OTHER = b'another key of thirty-two bytes!'
THIRD = 'the third key, which is new here'


def create(options=None, lifetime=None, key=KEY):
    app = Microdot()
    return app, Session(app, secret_key=key, cookie_options=options, lifetime=lifetime)


def writing(app, *names):
    """Add the route /set/<value>, which saves under these names, and / which shows the session."""

    @app.get('/set/<value>')
    @with_session
    async def set_value(request, session, value):
        for name in names or ('name',):
            session[name] = value
            session.save()
        session['unsaved'] = value
        return 'done'

    @app.get('/')
    @with_session
    def show(request, session):
        return {'session': sorted(session.items())}


async def cookies_of(client, path):
    return (await client.get(path)).headers.get('Set-Cookie')


async def shown(client):
    return (await client.get('/')).json['session']


async def test_kept_between_requests():
    app, _ = create()
    writing(app)
    client = TestClient(app)
    assert (await shown(client)) == []
    assert (await cookies_of(client, '/set/joe')) is not None
    assert (await shown(client)) == [['name', 'joe']]
    assert (await cookies_of(client, '/')) is None


async def test_several_saves_are_one_cookie():
    app, session_ext = create()
    writing(app, 'a', 'b')
    client = TestClient(app)
    assert len(await cookies_of(client, '/set/x')) == 1
    assert session_ext.decode(client.cookies['session']) == {'a': 'x', 'b': 'x'}


# scheme, cookie_options, lifetime, attributes
ATTRIBUTES = (
    ('http', None, None, ['HttpOnly', 'Path=/', 'SameSite=Lax']),
    ('https', None, None, ['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure']),
    ('https', {'secure': False, 'http_only': False, 'same_site': None}, None, ['Path=/']),
    (None, {'path': '/a', 'same_site': 'Strict', 'secure': True}, None, [
        'HttpOnly', 'Path=/a', 'SameSite=Strict', 'Secure',
    ]),
    ('http', {'max_age': 5}, None, ['HttpOnly', 'Max-Age=5', 'Path=/', 'SameSite=Lax']),
    ('http', None, 60, ['HttpOnly', 'Max-Age=60', 'Path=/', 'SameSite=Lax']),
)  # fmt: skip


async def test_attributes():
    for scheme, options, lifetime, attributes in ATTRIBUTES:
        given = None if options is None else dict(options)
        app, _ = create(options, lifetime)
        writing(app)
        (cookie,) = await cookies_of(TestClient(app, scheme=scheme), '/set/x')
        assert cookie.startswith('session=ey'), cookie
        assert sorted(cookie.split('; ')[1:]) == attributes, cookie
        assert options == given, 'the dictionary of the caller'


async def test_path_and_delete():
    app, _ = create({'path': '/child', 'http_only': False})

    @app.get('/child/set')
    @with_session
    async def set_value(request, session):
        session['a'] = 1
        session.save()

    @app.get('/child/delete')
    @with_session
    async def delete(request, session):
        session.delete()
        assert session == {}

    @app.get('/child/replace')
    @with_session
    async def replace(request, session):
        session.delete()
        session['b'] = 2
        session.save()

    @app.get('/child')
    @app.get('/')
    @with_session
    async def show(request, session):
        return {'session': sorted(session.items())}

    client = TestClient(app)
    await client.get('/child/set')
    assert (await shown(client)) == []
    assert (await client.get('/child')).json == {'session': [['a', 1]]}
    assert len(await cookies_of(client, '/child/replace')) == 1
    assert (await client.get('/child')).json == {'session': [['b', 2]]}
    (cookie,) = await cookies_of(client, '/child/delete')
    assert 'Max-Age=0' in cookie and 'Path=/child' in cookie
    assert client.cookies == {}


async def test_saved_before_an_error():
    app, session_ext = create()

    @app.get('/<kind>')
    @with_session
    async def fail(request, session, kind):
        session['tries'] = session.get('tries', 0) + 1
        session.save()
        app.abort(403, 'no')

    client = TestClient(app)
    for tries in (1, 2):
        res = await client.get('/x')
        assert (res.status_code, res.text) == (403, 'no')
        assert len(res.headers['Set-Cookie']) == 1
        assert session_ext.decode(client.cookies['session']) == {'tries': tries}
    assert (await TestClient(app).get('/a/b')).headers.get('Set-Cookie') is None


async def test_one_session_per_request():
    app, session_ext = create()
    found = []

    @app.get('/')
    async def index(request):
        first = session_ext.get(request)
        found.append(first is session_ext.get(request))
        found.append(isinstance(first, SessionDict) and first.request is request)
        return 'x'

    res = await TestClient(app).get('/')
    assert found == [True, True]
    assert res.headers['Vary'] == 'Cookie'


async def test_keys():
    app = Microdot()
    session_ext = Session()
    session_ext.initialize(app)
    assert app._session is session_ext
    errors = []

    @app.get('/')
    def index(request):
        for f in (session_ext.get, lambda request: session_ext.update(request, {})):
            errors.append(raises(ValueError, f, request))
        return 'x'

    assert (await TestClient(app).get('/')).status_code == 200
    assert len(errors) == 2
    raises(ValueError, session_ext.encode, {})
    for empty in ('', b'', [], [KEY, '']):
        session_ext.initialize(app, secret_key=empty)
        raises(ValueError, session_ext.encode, {})
    session_ext.initialize(app, secret_key=KEY)
    token = session_ext.encode({'a': 1})
    session_ext.initialize(app, cookie_options={'path': '/x'})
    assert session_ext.decode(token) == {'a': 1}
    # what it verifies with, whether that is good
    for key, good in ((OTHER, 0), ([OTHER], 0), ([OTHER, KEY], 1), ((KEY.encode(), THIRD), 1)):
        session_ext.initialize(app, secret_key=key)
        assert session_ext.decode(token) == ({'a': 1} if good else {}), key
        assert session_ext.decode(token, KEY) == {'a': 1}
        assert session_ext.decode(session_ext.encode({'a': 2}, THIRD), [THIRD]) == {'a': 2}
    session_ext.initialize(app, secret_key=[OTHER, KEY])
    assert session_ext.decode(session_ext.encode({'a': 3}), OTHER) == {'a': 3}


def test_tokens_refused():
    _, session_ext = create()
    token = session_ext.encode({'a': 1})
    head, body, signature = token.split('.')
    other = session_ext.encode({'a': 2}).split('.')[1]
    unsigned = 'eyJhbGciOiJub25lIn0'  # {"alg":"none"}
    last = 'B' if signature[5] == 'A' else 'A'
    for bad in (
        None, '', '.', '..', 'a.b.c', 'x' * 100, 'caf\u00e9.b.c', head, head + '.' + body,
        token + 'A', token[:-1], token + '.', '.' + token, token + '.x',
        head + '.' + other + '.' + signature, head + '.' + body + '.', unsigned + '.' + body + '.',
        unsigned + '.' + body + '.' + signature, 'e30.' + body + '.' + signature,
        head + '.' + body + '.' + signature[:5] + last + signature[6:],
    ):  # fmt: skip
        assert session_ext.decode(bad) == {}, bad
    assert session_ext.decode(token) == session_ext.decode(token.encode()) == {'a': 1}


def test_claims():
    _, session_ext = create()
    time = now()
    for data in (
        {'aud': 'x', 'iss': ['y'], 'sub': 5, 'jti': 6},
        {'nbf': time + 1000, 'iat': time + 1000},
        {'nbf': 'x', 'iat': None},
        {'exp': 'never'},
        {'exp': None},
        {'exp': time + 1000},
        {'caf\u00e9': ['\u20ac', 1.5, True, None, {'a': {}}]},
    ):
        assert session_ext.decode(session_ext.encode(data)) == data
    for exp in (time - 1, time, 0, -5, 1.5):
        assert session_ext.decode(session_ext.encode({'a': 1, 'exp': exp})) == {}, exp


async def test_lifetime():
    app, session_ext = create(lifetime=100)
    writing(app)
    client = TestClient(app)
    await client.get('/set/x')
    exp = session_ext.decode(client.cookies['session'])['exp']
    assert now() + 95 < exp <= now() + 100
    assert (await shown(client)) == [['name', 'x']]
    microdot.session.now, clock = (lambda: exp), now
    try:
        assert (await shown(client)) == []
    finally:
        microdot.session.now = clock
    assert 1700000000 < now() < 5000000000


def test_unknown_options():
    for options in ({'samesite': 'Strict'}, {'httponly': True}, {'max-age': 5}):
        raises(TypeError, create, options)
    for options in ({'path': 'a;b'}, {'same_site': 'Lax\r\nX: y'}):
        raises(ValueError, create, options)
    raises(TypeError, Session, secret='x')


# secret_key, whether the console says that it can be guessed
KEYS = (
    (KEY, False),
    (OTHER, False),
    ([KEY, OTHER], False),
    ('0123456789abcdef', False),
    ('0123456789abcde', True),
    (b'x', True),
    ('x' * 32, True),
    ([KEY, 'short'], True),
    ('replace this with 32 random bytes', True),
    ('Replace this with 32 random bytes', True),
    (b'ChangeMe-0123456789-0123456789', True),
    ('top-secret!-top-secret!-top-secret!', True),
    ('', False),
    ([KEY, ''], False),
)


def test_keys_that_can_be_guessed():
    lines = []
    microdot.session.print = lines.append
    try:
        for key, weak in KEYS:
            lines.clear()
            app, session_ext = create(key=key)
            assert len(lines) == weak, key
            assert not weak or 'openssl rand -hex 32' in lines[0]
            session_ext.initialize(app)
            session_ext.initialize(Microdot(), cookie_options={'path': '/x'})
            assert len(lines) == weak, 'once, when it is given'
    finally:
        del microdot.session.print
