"""A page for users alone, with a login that can be remembered."""

import binascii
import hashlib
import os

from microdot import Microdot, redirect
from microdot.csrf import CSRF
from microdot.guard import Guard
from microdot.login import Login
from microdot.session import Session
from utemplate.html import escape

HTML = {'Content-Type': 'text/html; charset=UTF-8', 'Cache-Control': 'no-store'}

app = Microdot()
CSRF(app)
Session(app, secret_key=binascii.hexlify(os.urandom(32)))
login = Login()
guard = Guard()


class User:
    def __init__(self, name, password):
        self.id = name
        self.salt = os.urandom(8)
        self.hash = self.digest(password)

    def digest(self, password):
        data = password.encode()
        for _ in range(1000):  # more make guessing slower, and logging in
            data = hashlib.sha256(self.salt + data).digest()
        return data


USERS = {'ada': User('ada', 'analytical'), 'grace': User('grace', 'compiler')}
NOBODY = User('', '')


def check(name, password):
    """The user, if name and password go together, else `None`: after the same time for any name."""
    user = USERS.get(name, NOBODY)
    same = user.digest(password) == user.hash
    return user if same and user is not NOBODY else None


@login.user_loader
def load_user(name):
    return USERS.get(name)


def page(file, text, code=200):
    with open(file) as file:
        return file.read().replace('{text}', escape(text)), code, HTML


@app.get('/login')
async def ask(request):
    return page('login.html', '')


@app.post('/login')
async def log_in(request):
    form = request.form or {}
    name = form.get('name', '')
    user = await guard.attempt(request, name, check, name, form.get('password', ''))
    if not user:
        return page('login.html', 'That name and password do not go together.', 403)
    return await login.login_user(request, user, remember='remember' in form)


@app.errorhandler(429)
async def slow_down(request):
    return page('login.html', 'That was wrong too often. Wait a little, and try again.', 429)


@app.post('/logout')
async def log_out(request):
    await login.logout_user(request)
    return redirect('/login', 303)


@app.get('/')
@login
async def index(request):
    return page('index.html', request.g.current_user.id)


@app.get('/vault')
@login.fresh
async def vault(request):
    return page('vault.html', request.g.current_user.id)


if __name__ == '__main__':
    app.run(debug=True)
