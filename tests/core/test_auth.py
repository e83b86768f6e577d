"""`BasicAuth` and `TokenAuth`: credentials, refusals, optional users, what decorators leave."""

from binascii import b2a_base64

from microdot import Microdot
from microdot.auth import BaseAuth, BasicAuth, TokenAuth
from microdot.test_client import TestClient
from support import MICROPYTHON, skip


def basic(text, scheme='Basic'):
    """An Authorization header; b2a_base64 ends it with a line feed."""
    data = text if isinstance(text, bytes) else text.encode()
    return {'Authorization': scheme + ' ' + b2a_base64(data).decode()}


def create_app(auth, check):
    app = Microdot()
    auth.authenticate(check)

    @app.get('/')
    @auth
    def index(request):
        return 'user ' + request.g.current_user

    @app.get('/item/<int:n>')
    @auth
    async def item(request, n):
        return request.g.current_user + ' ' + str(n)

    @app.get('/optional/<name>')
    @auth.optional
    async def optional(request, name):
        return name + ' ' + repr(request.g.current_user)

    return app, TestClient(app)


def basic_app(*args, **kwargs):
    async def check(request, username, password):
        if (username, password) in (('foo', 'bar'), ('foo', ''), ('', 'a:b'), ('ä', 'ö')):
            return username or 'nobody'

    return create_app(BasicAuth(*args, **kwargs), check)


def token_app(*args, **kwargs):
    def check(request, token):
        return 'bob' if token == 'T0ken' else ''

    auth = TokenAuth(*args, **kwargs)
    return create_app(auth, check) + (auth,)


# headers, user (None: refused)
BASIC = (
    ({}, None),
    (basic('foo:bar'), 'foo'),
    (basic('foo:bar', 'basic'), 'foo'),
    (basic('foo:bar', 'BASIC'), 'foo'),
    (basic('foo:'), 'foo'),
    (basic(':a:b'), 'nobody'),
    (basic('ä:ö'), 'ä'),
    (basic('foo:baz'), None),
    (basic('foo'), None),
    (basic(''), None),
    (basic(b'\xff:\xff'), None),
    (basic('foo:bar', 'Bearer'), None),
    ({'Authorization': 'Basic'}, None),
    ({'Authorization': 'Basic '}, None),
    ({'Authorization': 'Basic a'}, None),
    ({'Authorization': 'Basic ####'}, None),
    ({'Authorization': 'Basic é'}, None),
    ({'Authorization': ''}, None),
    ({'authorization': 'Basic Zm9vOmJhcg=='}, 'foo'),
    ({'Authorization': 'BasicZm9vOmJhcg=='}, None),
)


async def test_basic():
    _, client = basic_app()
    for headers, user in BASIC:
        res = await client.get('/', headers=dict(headers))
        if user:
            assert (res.status_code, res.text) == (200, 'user ' + user), headers
            assert 'WWW-Authenticate' not in res.headers
        else:
            assert (res.status_code, res.text) == (401, ''), headers
            challenge = res.headers['WWW-Authenticate']
            assert challenge == 'Basic realm="Please login", charset="UTF-8"'


async def test_basic_challenge():
    for args, challenge in (
        (('a "b" \\c',), 'Basic realm="a \\"b\\" \\\\c", charset="UTF-8"'),
        (('r', 'x', 'Xhr'), 'Xhr realm="r", charset="x"'),
        (('',), 'Basic realm="", charset="UTF-8"'),
        ((Microdot(),), 'Basic realm="Please login", charset="UTF-8"'),
    ):
        _, client = basic_app(*args)
        res = await client.get('/')
        assert res.headers['WWW-Authenticate'] == challenge
    _, client = basic_app(error_status=403)
    assert (await client.get('/')).status_code == 403


async def test_challenges_are_checked_as_other_headers():
    for args in (('a\r\nb',), ('a', 'x\r\nSet-Cookie: a=b'), ('a', 'x', 'Basic\n')):
        _, client = basic_app(*args)
        res = await client.get('/')
        assert res.status_code == 500, args
        assert 'WWW-Authenticate' not in res.headers


async def test_basic_scheme():
    _, client = basic_app(scheme='Xhr')
    for scheme in ('Xhr', 'xhr', 'Basic'):
        assert (await client.get('/', headers=basic('foo:bar', scheme))).status_code == 200
    assert (await client.get('/', headers=basic('foo:bar', 'Bearer'))).status_code == 401


async def test_basic_error_is_a_plain_response():
    app, client = basic_app()
    seen = []

    @app.errorhandler(401)
    def unauthorized(request):
        seen.append('error')

    @app.after_request
    def after(request, response):
        seen.append(response.status_code)

    assert (await client.get('/')).status_code == 401
    assert seen == [401]


async def test_basic_error_callback():
    auth = BasicAuth()
    _, client = create_app(auth, lambda request, username, password: None)
    auth.error_callback = lambda request: ('go away', 418)
    res = await client.get('/', headers=basic('a:b'))
    assert (res.status_code, res.text) == (418, 'go away')


async def test_arguments_and_optional():
    _, client = basic_app()
    good, bad = basic('foo:bar'), basic('foo:baz')
    assert (await client.get('/item/7', headers=dict(good))).text == 'foo 7'
    assert (await client.get('/item/7', headers=dict(bad))).status_code == 401
    assert (await client.get('/optional/x', headers=dict(good))).text == "x 'foo'"
    assert (await client.get('/optional/x', headers=dict(bad))).text == 'x None'
    assert (await client.get('/optional/x')).text == 'x None'


# arguments of TokenAuth, headers, user (None: refused)
TOKENS = (
    ({}, {}, None),
    ({}, {'Authorization': 'Bearer T0ken'}, 'bob'),
    ({}, {'authorization': 'bearer   T0ken \n'}, 'bob'),
    ({}, {'Authorization': 'Bearer other'}, None),
    ({}, {'Authorization': 'Basic T0ken'}, None),
    ({}, {'Authorization': 'T0ken'}, None),
    ({}, {'Authorization': 'Bearer'}, None),
    ({}, {'Authorization': ''}, None),
    ({'scheme': 'Foo'}, {'Authorization': 'fOO T0ken'}, 'bob'),
    ({'scheme': 'Foo'}, {'Authorization': 'Bearer T0ken'}, None),
    ({'header': 'X-Auth-Token'}, {'x-auth-token': 'T0ken'}, 'bob'),
    ({'header': 'X-Auth-Token'}, {'X-Auth-Token': 'Bearer T0ken'}, None),
    ({'header': 'X-Auth-Token'}, {'Authorization': 'Bearer T0ken'}, None),
)


async def test_token():
    for kwargs, headers, user in TOKENS:
        _, client, _ = token_app(**kwargs)
        res = await client.get('/', headers=dict(headers))
        if user:
            assert (res.status_code, res.text) == (200, 'user ' + user), headers
        else:
            assert (res.status_code, res.text) == (401, '401 error'), headers
    assert TokenAuth(scheme='BeArEr').scheme == 'bearer'


async def test_token_optional():
    _, client, _ = token_app()
    res = await client.get('/optional/x', headers={'Authorization': 'Basic T0ken'})
    assert res.text == 'x None'
    res = await client.get('/optional/x', headers={'Authorization': 'Bearer other'})
    assert res.text == "x ''"


async def test_token_errors():
    app, client, auth = token_app(error_status=403)
    assert (await client.get('/')).text == '403 error'

    @app.errorhandler(403)
    def forbidden(request):
        return 'no', 403

    assert (await client.get('/')).text == 'no'

    @auth.errorhandler
    async def refuse(request):
        return {'path': request.path}, 400

    res = await client.get('/')
    assert (res.status_code, res.json) == (400, {'path': '/'})
    assert callable(refuse)  # decorators leave the function


async def test_functions_stay():
    def check(request, token):
        return token

    assert TokenAuth().authenticate(check) is check
    assert BaseAuth().authenticate(check) is check
    assert BaseAuth().error_callback is None
    if MICROPYTHON:
        skip('functions take no attributes')
    assert TokenAuth()(check).__name__ == 'check'
    assert TokenAuth().optional(check).__wrapped__ is check
