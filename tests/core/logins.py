"""An application with logins, for the tests of `login`, and a way to ask who is in."""

from microdot import Microdot
from microdot.login import Login
from microdot.session import Session, with_session

KEY = 'a secret key of thirty-two bytes'
REDIRECT = '/login?next=/%3Ffoo%3Dbar'


class User:
    version = 'x'

    def __init__(self, id):
        self.id = id


def create(user_id=1, options=None, login_url='/login', versions=False):
    """Return (application, its session, the dictionary of users that the routes know)."""
    app = Microdot()
    session_ext = Session(app, secret_key=KEY, cookie_options=options)
    login = Login(login_url)
    users = {user_id: User(user_id)}

    @login.user_loader
    async def load(id):
        return users.get(id)

    if versions:

        @login.user_version
        async def version(user):
            return user.version

    @app.post('/login/<int:days>')
    @app.get('/login/<int:days>')
    async def log_in(request, days):
        remember = True if days == 30 else days
        return await login.login_user(request, users[user_id], remember, redirect_url='/home')

    @app.get('/logout')
    async def log_out(request):
        await login.logout_user(request)
        return 'bye' if await login.get_current_user(request) is None else 'still here'

    @app.route('/', methods=['GET', 'POST'])
    @login
    async def index(request):
        return {'user': request.g.current_user.id}

    @app.get('/fresh')
    @login.fresh
    def fresh(request):
        return {'user': request.g.current_user.id}

    @app.get('/put/<key>/<value>')
    @with_session
    async def put(request, session, key, value):
        session[key] = value
        session.save()
        return 'x'

    return app, session_ext, users


async def is_in(client, path='/?foo=bar'):
    """Whether the client is logged in; if not it must be sent to the login."""
    res = await client.get(path)
    if res.status_code == 200:
        assert isinstance(res.json['user'], (int, str))
        return True
    assert (res.status_code, res.json) == (302, None)
    assert res.headers['Location'] == (REDIRECT if path != '/fresh' else '/login?next=/fresh')
    return False
