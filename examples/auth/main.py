"""Basic authentication for people, tokens for programs."""

import hashlib

from microdot import Microdot
from microdot.auth import BasicAuth, TokenAuth
from microdot.guard import Guard

# In an application of your own: not in the source, and other ones.
PASSWORDS = {'ada': 'analytical', 'grace': 'compiler'}
TOKENS = {'e1c9a6f2b7d84053': 'thermostat'}

PAGE = """<!doctype html>
<html lang="en">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Authentication</title>
<style>
:root { color-scheme: light dark; }
body { margin: 1rem; font: 1rem/1.5 system-ui, sans-serif; }
a { color: inherit; }
</style>
<h1>Hello, %s!</h1>
%s
"""
HTML = {'Content-Type': 'text/html'}

app = Microdot()
guard = Guard()  # slows down who guesses
basic = BasicAuth(realm='Examples', guard=guard)
token = TokenAuth(guard=guard)
reading = {'celsius': 21.5, 'by': None}


def same(a, b):
    """Compare two texts in a time that does not tell where they differ."""
    return hashlib.sha256(a.encode()).digest() == hashlib.sha256(b.encode()).digest()


@basic.authenticate
async def check_password(request, name, password):
    return name if same(PASSWORDS.get(name, ''), password) and name in PASSWORDS else None


@token.authenticate
async def check_token(request, text):
    for known in TOKENS:
        if same(known, text):
            return TOKENS[known]


@token.errorhandler
async def refuse(request):
    return {'error': 'a valid token is needed'}, 401, {'WWW-Authenticate': 'Bearer'}


@app.get('/')
@basic
async def index(request):
    text = '<p>It is %s degrees.</p>' % reading['celsius']
    return PAGE % (request.g.current_user, text), HTML


@app.get('/public')
@basic.optional
async def public(request):
    link = '<p>The <a href="/">reading</a> is for those with a password.</p>'
    return PAGE % (request.g.current_user or 'whoever you are', link), HTML


@app.put('/reading')
@token
async def update(request):
    value = request.json.get('celsius') if isinstance(request.json, dict) else None
    if not isinstance(value, (int, float)):
        return {'error': 'a number "celsius" is needed'}, 400
    reading.update({'celsius': value, 'by': request.g.current_user})
    return reading


if __name__ == '__main__':
    app.run(debug=True)
