"""The cookies of TestClient: to which requests they go, and for how long."""

from microdot import Microdot, Response
from microdot.ranges import parse_date
from microdot.test_client import TestClient
from microdot.test_client_cookies import host_of, seconds_of

HERE = 'shop.example.com'


def create_app():
    app = Microdot()

    @app.get('/set')
    async def set_cookies(request):
        return Response('', 200, {'Set-Cookie': request.headers['X-Set'].split('|')})

    @app.get('/<path:path>')
    async def show(request, path):
        return request.headers.get('Cookie', '')

    return app


async def client_with(*cookies, host=HERE, scheme=None):
    client = TestClient(create_app(), host=host, scheme=scheme)
    await client.get('/set', {'X-Set': '|'.join(cookies)})
    return client


async def sent(client, path='/x', host=None):
    return (await client.get(path, {'Host': host} if host else None)).text


# Set-Cookie, path, what is sent
PATHS = (
    ('a=1', '/x', 'a=1'),
    ('a=1; Path=/', '/x', 'a=1'),
    ('a=1; Path=/x', '/x', 'a=1'),
    ('a=1; Path=/x', '/x/y', 'a=1'),
    ('a=1; Path=/x', '/x?y', 'a=1'),
    ('a=1; path=/x/', '/x/y', 'a=1'),
    ('a=1; Path=/x/', '/x', ''),
    ('a=1; Path=/x', '/xy', ''),
    ('a=1; Path=/X', '/x', ''),
    ('a=1; Path=/X', '/X', 'a=1'),
    ('a=1; Path=x', '/y', 'a=1'),
    ('a=1; Path=', '/y', 'a=1'),
    ('a=b=c; HttpOnly; SameSite=Lax', '/x', 'a=b=c'),
)


async def test_paths():
    for cookie, path, expected in PATHS:
        client = await client_with(cookie)
        assert await sent(client, path) == expected, (cookie, path)


# Set-Cookie, host it is set by, host of the request, what is sent
HOSTS = (
    ('a=1', HERE, HERE, 'a=1'),
    ('a=1', HERE, HERE + ':8080', 'a=1'),
    ('a=1', HERE + ':80', 'SHOP.example.com', 'a=1'),
    ('a=1', HERE, 'example.com', ''),
    ('a=1', HERE, 'www.' + HERE, ''),
    ('a=1; Domain=example.com', HERE, HERE, 'a=1'),
    ('a=1; Domain=.Example.com', HERE, 'example.com', 'a=1'),
    ('a=1; Domain=example.com', HERE, 'a.b.example.com:5000', 'a=1'),
    ('a=1; Domain=example.com', HERE, 'badexample.com', ''),
    ('a=1; Domain=other.com', HERE, 'other.com', ''),
    ('a=1; Domain=www.' + HERE, HERE, 'www.' + HERE, ''),
    ('a=1; Domain=', HERE, HERE, 'a=1'),
    ('a=1', '[::1]:5000', '[::1]', 'a=1'),
    ('a=1', '[::1]', '[::2]', ''),
)


async def test_hosts():
    for cookie, host, other, expected in HOSTS:
        client = await client_with(cookie, host=host)
        assert await sent(client, host=other) == expected, (cookie, host, other)
    assert [host_of(host) for host in ('A:1', 'a', '[::1]')] == ['a', 'a', '[::1]']


async def test_secure():
    client = await client_with('a=1; Secure', 'b=2')
    assert client.cookies == {'a': '1', 'b': '2'}
    assert await sent(client) == 'b=2'
    client = await client_with('a=1; Secure', scheme='https')
    assert await sent(client) == 'a=1'


# Set-Cookie, seconds for which it is sent, None for ever
AGES = (
    ('a=1', None),
    ('a=1; Max-Age=100', 100),
    ('a=1; Expires=Sun, 22 Nov 2026 18:00:00 GMT', 3600),
    ('a=1; Expires=Sun, 22-Nov-2026 18:00:00 GMT', 3600),
    ('a=1; Max-Age=100; Expires=Sun, 22 Nov 2026 18:00:00 GMT', 100),
    ('a=1; Expires=Thu, 01 Jan 1970 00:00:01 GMT', 0),
    ('a=1; Expires=soon', None),
    ('a=1; Max-Age=0', 0),
    ('a=1; Max-Age=-5', 0),
    ('a=1; Max-Age=x', 0),
)


async def test_ages():
    begun = seconds_of((2026, 11, 22, 17, 0, 0))
    time = begun
    for cookie, seconds in AGES:
        time = begun
        client = TestClient(create_app(), cookies={'a': '0', 'b': '2'})
        client.clock = lambda: time  # noqa: B023
        await client.get('/set', {'X-Set': cookie})
        assert ('a' in client.cookies) == (seconds != 0), cookie
        if seconds:
            time = begun + seconds - 1
            assert 'a=1' in await sent(client), cookie
            time = begun + seconds
        elif seconds is None:
            time = begun + 10**9
        assert ('a=' in await sent(client)) == (seconds is None), cookie
        assert ('a' in client.cookies) == (seconds is None), cookie
        assert client.cookies['b'] == '2'


def test_seconds_of_a_date():
    for text, seconds in (
        ('Thu, 01 Jan 1970 00:00:00 GMT', 0),
        ('Tue, 29 Feb 2000 23:59:59 GMT', 951868799),
        ('Wed, 01 Mar 2000 00:00:00 GMT', 951868800),
        ('Sun, 22 Nov 2026 17:00:00 GMT', 1795366800),
        ('Mon, 31 Dec 2099 12:00:00 GMT', 4102401600),
    ):
        assert seconds_of(parse_date(text)) == seconds, text


async def test_the_clock_of_the_machine():
    client = await client_with('a=1; Max-Age=1000', 'b=2; Expires=Fri, 22 May 2026 00:00:00 GMT')
    assert client.clock() > 1700000000
    assert 'a' in client.cookies


async def test_one_name_at_several_paths():
    client = await client_with('a=1; Path=/', 'a=2; Path=/x', 'a=3; Path=/x/y', 'a=4; Path=/z')
    assert client.cookies == {'a': ('4', '/z')}, 'what it shows is the last one'
    for path, expected in (
        ('/x/y', 'a=3; a=2; a=1'),
        ('/x', 'a=2; a=1'),
        ('/z', 'a=4; a=1'),
        ('/other', 'a=1'),
    ):
        assert await sent(client, path) == expected, path
    await client.get('/set', {'X-Set': 'a=; Path=/z; Max-Age=0|a=5; Path=/x'})
    assert await sent(client, '/z') == 'a=1'
    assert await sent(client, '/x/y') == 'a=3; a=5; a=1'
    await client.get('/set', {'X-Set': 'a=; Path=/nothing; Max-Age=0'})
    assert await sent(client, '/x') == 'a=5; a=1'


async def test_the_dictionary_can_be_changed():
    client = await client_with('a=1; Domain=example.com', 'b=2; Secure', 'c=3; Path=/x')
    client.cookies['a'] = 'mine'
    del client.cookies['b']
    client.cookies['d'] = ('4', '/x')
    assert await sent(client, '/y', 'other.com') == 'a=mine'
    pairs = (await sent(client)).split('; ')
    assert sorted(pairs) == ['a=mine', 'c=3', 'd=4']
    client.cookies.clear()
    assert await sent(client) == ''
    client.cookies = {'e': '5'}
    assert await sent(client) == 'e=5'


async def test_the_callers_dictionaries():
    jar, headers = {'a': '1'}, {'Cookie': 'b=2'}
    client = TestClient(create_app(), cookies=jar)
    assert (await client.get('/x', headers)).text == 'b=2; a=1'
    assert headers == {'Cookie': 'b=2'}
    await client.get('/set', {'X-Set': 'c=3'})
    assert client.cookies is jar and jar == {'a': '1', 'c': '3'}
