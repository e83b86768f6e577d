"""Remembered logins: for how long, by which cookie, and by no other token."""

import microdot.login
import microdot.session
from logins import KEY, REDIRECT, create, is_in
from microdot.session import now
from microdot.test_client import TestClient


async def test_remembered():
    for days in (30, 7):
        app, _, _ = create()
        client = TestClient(app)
        cookies = (await client.post('/login/%d' % days)).headers['Set-Cookie']
        assert len(cookies) == 2
        (cookie,) = [c for c in cookies if c.startswith('_remember=ey')]
        assert sorted(cookie.split('; ')[1:]) == [
            'HttpOnly', 'Max-Age=%d' % (days * 86400), 'Path=/', 'SameSite=Lax',
        ]  # fmt: skip
        kept = client.cookies['_remember']
        for _ in range(2):
            client.cookies.pop('session')
            assert not await is_in(client, '/fresh')
            cookies = (await client.get('/')).headers['Set-Cookie']
            assert len(cookies) == 2 and client.cookies['_remember'] == kept, 'the same one again'
            (cookie,) = [c for c in cookies if c.startswith('_remember=ey')]
            assert 0 <= days * 86400 - int(cookie.split('Max-Age=')[1].split(';')[0]) < 60
            assert await is_in(client) and not await is_in(client, '/fresh')
        assert (await client.get('/logout')).text == 'bye'
        assert '_remember' not in client.cookies
        assert not await is_in(client)


async def test_options_of_the_session():
    client = TestClient(create(options={'path': '/login', 'domain': 'a.b'})[0], scheme='https')
    for cookie in (await client.post('/login/5')).headers['Set-Cookie']:
        for attribute in ('Path=/login', 'Domain=a.b', 'Secure', 'HttpOnly'):
            assert '; ' + attribute in cookie, cookie


async def test_remember_ends():
    app, _, users = create()
    client = TestClient(app)
    await client.post('/login/7')
    client.cookies.pop('session')
    kept = dict(client.cookies)
    clock = now()
    # days later, whether still remembered
    for days, good in ((6.99, True), (7.01, False)):
        microdot.session.now = lambda: clock + days * 86400
        try:
            assert await is_in(TestClient(app, cookies=dict(kept))) == good
        finally:
            microdot.session.now = now
    # Used in between, by whoever has it: it ends when it would have ended.
    for days in (3, 6.99, 7.01):
        microdot.session.now = microdot.login.now = lambda: clock + days * 86400
        try:
            thief = TestClient(app, cookies=dict(kept))
            assert await is_in(thief) == (days < 7)
            assert thief.cookies['_remember'] == kept['_remember']
        finally:
            microdot.session.now = microdot.login.now = now
    users.clear()
    res = await TestClient(app, cookies=dict(kept)).get('/?foo=bar')
    assert res.headers['Location'] == REDIRECT
    assert 'Set-Cookie' not in res.headers, 'nothing is restored for a user who is gone'


async def test_tokens_keep_to_their_purpose():
    app, session_ext, _ = create()
    client = TestClient(app)
    await client.post('/login/30')
    session, remember = client.cookies['session'], client.cookies['_remember']
    forged = session_ext.encode({'user_id': 1, 'days': 30, 'exp': now() + 1000})
    for cookies in (
        {'_remember': session},
        {'_remember': forged},
        {'session': remember},
        {'session': forged},
        {'_remember': remember[:-5] + 'AAAAA'},
        {'_remember': ''},
    ):
        assert not await is_in(TestClient(app, cookies=cookies)), cookies
    assert await is_in(TestClient(app, cookies={'_remember': remember}))
    # A session that users may write to, with the keys of the other cookie.
    client = TestClient(app)
    await client.get('/put/user_id/1')
    assert not await is_in(TestClient(app, cookies={'_remember': client.cookies['session']}))


async def test_key_rotation():
    app, session_ext, _ = create()
    client = TestClient(app)
    await client.post('/login/30')
    client.cookies.pop('session')
    kept = client.cookies['_remember']
    for keys, good in ((['x' * 32, KEY], True), (['x' * 32], False)):
        session_ext.initialize(app, secret_key=keys)
        assert await is_in(TestClient(app, cookies={'_remember': kept})) == good


async def test_all_logins_of_a_user_end():
    app, _, users = create(versions=True)
    client = TestClient(app)
    await client.post('/login/30')
    assert await is_in(client)
    kept = dict(client.cookies)
    assert (await client.get('/logout')).text == 'bye'
    remembered = {'_remember': kept['_remember']}
    for cookies in (kept, remembered, {'session': kept['session']}):
        assert await is_in(TestClient(app, cookies=dict(cookies))), 'a copy outlives the logout'
    users[1].version = 'other'
    for cookies in (kept, remembered, {'session': kept['session']}):
        client = TestClient(app, cookies=dict(cookies))
        assert not await is_in(client) and not await is_in(client, '/fresh')
    # The browser that logs in again stays, and so does what it remembers.
    client = TestClient(app)
    await client.post('/login/30')
    assert await is_in(client) and await is_in(client, '/fresh')
    client.cookies.pop('session')
    assert await is_in(client) and await is_in(client)
    users[1].version = 'x'  # as at first: whoever counts does not come back to it
    assert not await is_in(client)
    assert await is_in(TestClient(app, cookies=dict(kept)))


async def test_logins_from_before_there_were_versions():
    app, _, _ = create()
    client = TestClient(app)
    await client.post('/login/30')
    app, _, _ = create(versions=True)
    assert not await is_in(TestClient(app, cookies=dict(client.cookies)))
