"""Tokens between PyJWT, MicroPython and CPython's own sessions: what one signs the others accept.

The code that MicroPython runs in PyJWT's place also runs on CPython: first it is compared with
PyJWT for many keys and payloads, then MicroPython itself signs and verifies.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import jwt
import pytest

import needs
from microdot import Microdot, jwt_hs256
from microdot.session import Session
from microdot_kit import runtimes

ROOT = Path(__file__).resolve().parents[2]
KEY = 'a secret key of thirty-two bytes'
DATA = {'a': [1, 'caf\u00e9 \u20ac', None, True], 'aud': 'x', 'iss': ['y'], 'sub': 5}

# Reads lines of JSON [action, key, value], answers each with a line: `remember` is the token of a
# remembered login, `user` the id that such a cookie leads to.
PROGRAM = """
import asyncio, json, sys
from microdot import Microdot
from microdot.login import Login
from microdot.session import Session
from microdot.test_client import TestClient

class User:
    id = 7

def serve(key):
    app = Microdot()
    Session(app, key)
    login = Login()
    login.user_loader_callback = lambda id: User if id == 7 else None

    @app.get('/login')
    async def log_in(request):
        return await login.login_user(request, User, True)

    @app.get('/')
    async def index(request):
        user = await login.get_current_user(request)
        return str(user and user.id)

    return app

async def answer(action, key, value):
    if action == 'sign':
        return Session(None, key).encode(value)
    if action == 'verify':
        return Session(None, key).decode(value)
    if action == 'remember':
        client = TestClient(serve(key))
        await client.get('/login')
        return client.cookies['_remember']
    client = TestClient(serve(key), cookies=value)
    return (await client.get('/')).text

async def main():
    for line in sys.stdin:
        print(json.dumps(await answer(*json.loads(line))))

asyncio.run(main())
"""


@pytest.fixture(scope='module', params=['micropython', 'cpython'])
def peer(request):
    """A function that has a runtime work on a list of (action, key, value)."""
    if request.param == 'micropython':
        needs.micropython()
        command, environment = runtimes.micropython_command(), runtimes.micropython_environment()
    else:
        command, environment = [sys.executable], {**os.environ, 'PYTHONPATH': str(ROOT / 'lib')}

    def ask(*questions):
        lines = ''.join(json.dumps(question) + '\n' for question in questions)
        process = subprocess.run(
            [*command, '-c', PROGRAM],
            input=lines,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert process.returncode == 0, process.stdout + process.stderr
        return [json.loads(line) for line in process.stdout.splitlines()]

    return ask


def token(header, payload, key=KEY):
    """A token made of any header and payload, with a right signature."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()) for part in (header, payload)]
    data = b'.'.join([part.rstrip(b'=') for part in parts])
    signature = hmac.digest(key.encode(), data, hashlib.sha256)
    return (data + b'.' + base64.urlsafe_b64encode(signature).rstrip(b'=')).decode()


def test_pyjwt_signs(peer):
    tokens = [jwt.encode(payload, KEY, 'HS256') for payload in (DATA | {'iss': 'y'}, {}, {'b': 1})]
    answers = peer(*[('verify', KEY, t) for t in tokens])
    assert answers == [DATA | {'iss': 'y'}, {}, {'b': 1}]
    assert peer(('verify', [KEY[::-1], KEY], tokens[2])) == [{'b': 1}]


def test_pyjwt_verifies(peer):
    payloads = (DATA, {}, {'b': 1, 'exp': int(time.time()) + 1000})
    tokens = peer(*[('sign', KEY, payload) for payload in payloads])
    options = {'verify_' + name: False for name in ('aud', 'iss', 'sub', 'jti')}
    for signed, payload in zip(tokens, payloads):
        assert jwt.decode(signed, KEY, ['HS256'], options=options) == payload
        with pytest.raises(jwt.InvalidSignatureError):
            jwt.decode(signed, KEY + 'x', ['HS256'], options=options)


def test_refused(peer):
    good = jwt.encode({'b': 1}, KEY, 'HS256')
    head, payload, signature = good.split('.')
    swapped = 'A' if signature[9] != 'A' else 'B'
    second = int(time.time())
    bad = [
        jwt.encode({'b': 1}, KEY + 'x', 'HS256'),
        jwt.encode({'b': 1}, None, 'none'),
        jwt.encode({'b': 1}, KEY * 2, 'HS384'),
        jwt.encode({'b': 1}, KEY * 2, 'HS512'),
        jwt.encode({'b': 1, 'exp': second - 1}, KEY, 'HS256'),
        jwt.encode({'b': 1, 'exp': 0}, KEY, 'HS256'),
        head + '.' + jwt.encode({'b': 2}, KEY, 'HS256').split('.')[1] + '.' + signature,
        head + '.' + payload + '.' + signature[:9] + swapped + signature[10:],
        head + '.' + payload + '.',
        '',
        good + '.',
        token({}, {'b': 1}),
        token({'typ': 'JWT'}, {'b': 1}),
        token({'alg': 'none'}, {'b': 1}),
        token({'alg': 'hs256'}, {'b': 1}),
        token({'alg': ['HS256']}, {'b': 1}),
        token({'alg': 'HS384'}, {'b': 1}),
        token({'alg': 'HS256', 'crit': ['x'], 'x': 1}, {'b': 1}),
        token({'alg': 'HS256'}, [1]),
        token([], {'b': 1}),
    ]
    answers = peer(*[('verify', KEY, t) for t in [*bad, token({'alg': 'HS256'}, {'b': 1})]])
    assert answers.pop() == {'b': 1}
    assert list(zip(bad, answers, strict=True)) == [(text, {}) for text in bad]


def test_remembered_elsewhere(peer):
    """A remembered login made by one is known to the other; a session token is not one."""
    session_ext = Session(Microdot(), KEY)
    exp = int(time.time()) + 1000
    claims = {'user_id': 7, 'exp': exp}
    key = hashlib.sha256(b'microdot remember\0' + KEY.encode()).digest()
    (made,) = peer(('remember', KEY, None))
    payload = jwt.decode(made, key, ['HS256'])
    assert payload['user_id'] == 7
    assert exp + 30 * 86400 - 1100 < payload['exp'] <= time.time() + 30 * 86400
    remember = jwt.encode(claims, key, 'HS256')
    session = session_ext.encode(claims | {'_user_id': 7})
    for cookies, user in (
        ({'_remember': remember}, '7'),
        ({'session': session}, '7'),
        ({'_remember': jwt.encode(claims | {'exp': exp - 1001}, key, 'HS256')}, 'None'),
        ({'_remember': session}, 'None'),
        ({'session': remember}, 'None'),
    ):
        assert peer(('user', KEY, cookies)) == [user], cookies


def test_many_keys_and_payloads():
    """The code for MicroPython against PyJWT: every length around a block and around base64."""
    numbers = random.Random(1)
    for length in (1, 2, 3, 31, 32, 55, 56, 63, 64, 65, 66, 127, 128, 129, 500):
        key = numbers.randbytes(length)
        for size in (0, 1, 2, 3, 54, 55, 56, 63, 64, 65, 1000):
            payload = numbers.randbytes(size)
            ours = jwt_hs256.sign(payload, key)
            theirs = jwt.PyJWS(options={'enforce_minimum_key_length': False})
            with pytest.warns() if length < 32 else contextlib.nullcontext():
                assert ours == theirs.encode(payload, key, 'HS256')
            assert jwt_hs256.verify(ours, key) == jwt_hs256.verify(ours.encode(), key) == payload
            assert jwt_hs256.verify(ours, key + b'x') is None


def test_sessions_without_pyjwt():
    script = """
import sys
sys.modules['jwt'] = None
from microdot import Microdot
from microdot.session import Session
try:
    Session(Microdot(), 'x' * 32)
except ImportError as exc:
    print(exc)
"""
    environment = {**os.environ, 'PYTHONPATH': str(ROOT / 'lib')}
    command = [sys.executable, '-c', script]
    line = f'CPython: {sys.executable} -m pip install pyjwt'
    assert line in subprocess.check_output(command, env=environment, text=True)
