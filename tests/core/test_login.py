"""Logins: who gets in and out, where the redirects lead."""

from logins import KEY, User, create, is_in
from microdot import Microdot
from microdot.login import Login
from microdot.session import Session
from microdot.test_client import TestClient


class EmptyUser(User):
    def __len__(self):
        return 0


async def test_login_and_logout():
    for id in (1, 0, 'x', '', '1'):
        client = TestClient(create(id)[0])
        assert not await is_in(client) and not await is_in(client, '/fresh')
        res = await client.post('/login/0')
        assert (res.status_code, res.headers['Location']) == (302, '/home')
        assert len(res.headers['Set-Cookie']) == 1
        assert await is_in(client) and await is_in(client, '/fresh')
        assert (await client.get('/?foo=bar')).json == {'user': id}
        assert (await client.get('/logout')).text == 'bye'
        assert not await is_in(client) and not await is_in(client, '/fresh')


# next in the query, where the login leads
NEXT = (
    ('/foo', '/foo'),
    ('/%3Ffoo%3Dbar', '/?foo=bar'),
    ('/a%2Bb?c=%2F%2Fd', '/a+b?c=//d'),
    ('/', '/'),
    ('', '/home'),
    ('foo', '/home'),
    ('http://example.com', '/home'),
    ('//example.com', '/home'),
    ('///example.com', '/home'),
    ('/%2Fexample.com', '/home'),
    ('/%5Cexample.com', '/home'),
    ('%5C%5Cexample.com', '/home'),
    ('/a%5Cb', '/home'),
    ('/%09/example.com', '/home'),
    ('/%0A/example.com', '/home'),
    ('/%0D%0ASet-Cookie:a=b', '/home'),
    ('/%00', '/home'),
    ('/%7F', '/home'),
    ('%20//example.com', '/home'),
    ('%09//example.com', '/home'),
)


async def test_next():
    app, _, _ = create()
    for value, location in NEXT:
        res = await TestClient(app).post('/login/0?next=' + value)
        assert (res.status_code, res.headers['Location']) == (302, location), value


async def test_redirects_to_the_login():
    # login URL, method, target, location
    for url, method, target, location in (
        ('/login', 'GET', '/', '/login?next=/'),
        ('/in?lang=en', 'GET', '/', '/in?lang=en&next=/'),
        ('/login', 'GET', '/?a=b+c&d=%26', '/login?next=/%3Fa%3Db%2Bc%26d%3D%2526'),
        ('/login', 'POST', '/', '/login'),
        ('/in?lang=en', 'POST', '/', '/in?lang=en'),
    ):
        client = TestClient(create(login_url=url)[0])
        res = await client.request(method, target)
        assert (res.status_code, res.headers['Location']) == (302, location), (url, target)


async def test_users_without_truth():
    app, _, users = create()
    client = TestClient(app)
    await client.post('/login/0')
    for user, good in ((EmptyUser(1), True), (None, False), (False, False), ([], False)):
        users[1] = user
        assert await is_in(client) == good, user


async def test_sync_loader_and_current_user():
    app = Microdot()
    Session(app, KEY)
    login = Login()
    calls = []

    @login.user_loader
    def load(id):
        calls.append(id)
        return User(id)

    assert login.user_loader_callback is load

    @app.get('/')
    async def index(request):
        if '_user_id' not in app._session.get(request):
            await login.login_user(request, User('me'))
            return 'new'
        user = await login.get_current_user(request)
        return user.id if user is await login.get_current_user(request) else 'not cached'

    @app.get('/false')
    @login
    def false(request):
        return 'in'

    @app.before_request
    async def before(request):
        if request.path == '/false':
            request.g.current_user = False

    client = TestClient(app)
    assert [(await client.get('/')).text, (await client.get('/')).text] == ['new', 'me']
    assert calls == ['me']
    assert (await client.get('/false')).status_code == 302
