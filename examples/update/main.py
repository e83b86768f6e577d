"""A board that takes signed updates, and whose password is chosen by whoever uses it first."""

import hashlib
import json
import os
from binascii import hexlify, unhexlify

from microdot import Microdot, redirect
from microdot.auth import BasicAuth
from microdot.csrf import CSRF
from microdot.guard import Guard
from microdot.update import Update

VERSION = '1.0.0'
FILE = 'password.json'  # salt and hash: there is no password before somebody has chosen one
ROUNDS = 2000  # a board takes a second for that many
LEAST = 10  # characters

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Desk</title>
<style>
:root { color-scheme: light dark; }
body { max-width: 32rem; margin: 1rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
form { display: grid; gap: .5rem; max-width: 22rem; }
input, button { font: inherit; padding: .5rem .75rem; min-height: 2.75rem; }
a { color: inherit; }
</style>
<h1>Desk %s</h1>
%s
"""
FORM = """<p>%s</p>
<form method="post" action="/password">
<input autocomplete="username" value="desk" hidden>
<label for="p">Password</label>
<input id="p" name="password" type="password" minlength="%d"
 autocomplete="new-password" required>
<button>Choose it</button>
</form>
"""
FIRST = (
    'Nobody has chosen a password yet. Whoever is the first to do so is who may update this board.'
)
HOME = '<p>This version takes <a href="/update">updates</a>.</p>'
HTML = {'Content-Type': 'text/html; charset=UTF-8'}

app = Microdot()
CSRF(app)
auth = BasicAuth(realm='Desk', guard=Guard())
known = {}
try:
    with open(FILE) as file:
        known = json.load(file)
except (OSError, ValueError):
    pass


def digest(password, salt):
    found = salt + password.encode()
    for _ in range(ROUNDS):
        found = hashlib.sha256(salt + found).digest()
    return found


@auth.authenticate
async def check(request, user, password):
    if not known:
        return None
    found = hexlify(digest(password, unhexlify(known['salt']))).decode()
    # Hashes of hashes: how long it takes to compare them tells nothing.
    same = (
        hashlib.sha256(found.encode()).digest() == hashlib.sha256(known['hash'].encode()).digest()
    )
    return user if same else None


@app.get('/')
async def index(request):
    return PAGE % (VERSION, HOME if known else FORM % (FIRST, LEAST)), HTML


@app.post('/password')
async def choose(request):
    if known:
        return 'There is a password already', 409
    password = (request.form or {}).get('password') or ''
    if len(password) < LEAST:
        return PAGE % (VERSION, FORM % ('It needs %d characters.' % LEAST, LEAST)), 400, HTML
    salt = os.urandom(16)
    chosen = {'salt': hexlify(salt).decode(), 'hash': hexlify(digest(password, salt)).decode()}
    with open(FILE + '.new', 'w') as file:
        json.dump(chosen, file)
    os.rename(FILE + '.new', FILE)
    known.update(chosen)
    return redirect('/')


Update(app, auth)

if __name__ == '__main__':
    app.run(debug=True, port=5000)
