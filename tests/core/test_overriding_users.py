"""The classes around users and other sites: each public method may be overridden, and is called."""

from microdot import Microdot
from microdot.auth import BasicAuth, TokenAuth
from microdot.cors import CORS
from microdot.csrf import CSRF
from microdot.guard import Guard
from microdot.login import Login
from microdot.session import Session, SessionDict
from microdot.test_client import TestClient
from overriding import overridden

KEY = 'a secret key of thirty-two bytes'


class User:
    id = 1


def text(request):
    return 'text'


async def test_auth():
    app = Microdot()
    for base in (BasicAuth, TokenAuth):
        made, seen, names = overridden(base)
        auth = made()
        auth.authenticate(lambda request, *credentials: None)
        if base is TokenAuth:
            auth.errorhandler(lambda request: ('no', 401))
            auth.error_callback = auth.authentication_error
        app.get('/' + base.__name__)(auth(text))
        app.get('/optional/' + base.__name__)(auth.optional(text))
        client = TestClient(app)
        assert (await client.get('/' + base.__name__)).status_code == 401
        assert (await client.get('/optional/' + base.__name__)).status_code == 200
        assert seen == names, (base, names - seen)


async def test_session_and_login():
    made, seen, names = overridden(Session)
    made_login, seen_login, names_login = overridden(Login)
    app = Microdot()
    session_ext = made(app, secret_key=KEY)
    login = made_login()
    login.user_loader(lambda user_id: User())
    login.user_version(lambda user: 1)

    @app.get('/in')
    async def log_in(request):
        return await login.login_user(request, User())

    @app.get('/out')
    async def log_out(request):
        await login.logout_user(request)
        session_ext.update(request, session_ext.get(request))
        session_ext.delete(request)
        return 'out'

    @app.get('/')
    @login.fresh
    async def index(request):
        return 'user %d' % (await login.get_current_user(request)).id

    client = TestClient(app)
    assert (await client.get('/in')).status_code == 302
    assert (await client.get('/')).body == b'user 1'
    assert (await client.get('/out')).body == b'out'
    assert (await client.get('/')).status_code == 302
    assert seen == names, names - seen
    assert seen_login == names_login, names_login - seen_login


async def test_session_dict():
    made, seen, names = overridden(SessionDict, ('save', 'delete'))
    app = Microdot()
    Session(app, secret_key=KEY)

    @app.get('/')
    async def index(request):
        made(request, {'a': 'b'}).save()
        made(request, {'a': 'b'}).delete()
        return 'text'

    assert (await TestClient(app).get('/')).body == b'text'
    assert seen == names, names - seen


async def test_cors_and_csrf():
    made, seen, names = overridden(CORS)
    made_csrf, seen_csrf, names_csrf = overridden(CSRF)
    app = Microdot()
    cors = made(app, allowed_origins=['http://a'])
    csrf = made_csrf(app, cors)
    app.post('/protected')(csrf.protect(text))
    app.post('/exempt')(csrf.exempt(lambda request: 'exempt'))
    client = TestClient(app)
    headers = {'Origin': 'http://b', 'Access-Control-Request-Method': 'POST'}
    assert (await client.options('/exempt', headers=headers)).status_code == 200
    assert (await client.post('/exempt', headers=headers)).status_code == 200
    assert (await client.post('/protected', headers=headers)).status_code == 403
    assert seen == names, names - seen
    assert seen_csrf == names_csrf, names_csrf - seen_csrf


async def test_guard():
    made, seen, names = overridden(Guard)
    app = Microdot()
    auth = BasicAuth(guard=made())
    auth.authenticate(lambda request, *credentials: False)
    app.get('/')(auth(text))
    assert (await TestClient(app).get('/', auth=('a', 'b'))).status_code == 401
    assert seen == names, names - seen
