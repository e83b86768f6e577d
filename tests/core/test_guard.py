"""`Guard`: how long the next attempt has to wait, for whom, and what is kept of them."""

import asyncio

import microdot.guard
from microdot import Microdot
from microdot.auth import BasicAuth, TokenAuth
from microdot.guard import Guard, now
from microdot.microdot import HTTPException
from microdot.test_client import TestClient
from support import araises


class Request:
    def __init__(self, address):
        self.client_addr = (address, 1234)


class Clock:
    """A clock that goes when it is told to, in place of the module's."""

    def __enter__(self):
        self.time = 1000000
        microdot.guard.now = lambda: self.time
        return self

    def __exit__(self, *exc):
        microdot.guard.now = now


calls = []


def checked(password):
    calls.append(password)
    return password == 'right'


async def waits(guard, name, password, address='1.2.3.4'):
    """Try a password; return the seconds to wait, or whether it was right."""
    try:
        return await guard.attempt(Request(address), name, checked, password)
    except HTTPException as exc:
        assert (exc.status_code, exc.reason) == (429, 'Too many attempts')
        return int(exc.headers['Retry-After'])


# the next attempt: seconds later, what it finds; of a guard that lets three fail
GROWING = (
    (0, False), (0, False), (0, False), (0, 2), (1, 1), (0, 1), (1, False), (0, 4), (3, 1),
    (1, False),
    (0, 8), (8, False), (0, 10), (9, 1), (1, False), (10, False), (5, 5), (99, False), (0, False),
    (0, False), (0, 2), (99, False), (0, 4), (101, False), (0, False),
)  # fmt: skip


async def test_growing_delay():
    with Clock() as clock:
        for name in ('ada', None):
            guard = Guard(free=3, delay=2, longest=10, forget=100)
            for later, expected in GROWING:
                clock.time += later
                calls.clear()
                found = await waits(guard, name, 'wrong')
                assert found is expected or found == expected, (later, expected, found)
                assert len(calls) == (expected is False), 'not looked at while it has to wait'


async def test_the_right_password_has_to_wait_too():
    with Clock() as clock:
        guard = Guard(free=2, delay=5)
        for _ in range(2):
            assert await waits(guard, 'ada', 'wrong') is False
        assert await waits(guard, 'ada', 'right') == 5
        clock.time += 5
        assert await waits(guard, 'ada', 'right') is True
        clock.time -= 100000  # set by the network meanwhile
        assert await waits(guard, 'ada', 'right') == 5
        clock.time += 5
        assert await waits(guard, 'ada', 'right') is True


async def test_address_and_name():
    with Clock():
        guard = Guard(free=3, delay=4)
        assert await waits(guard, 'grace', 'right', '9.9.9.9') is True
        for i in range(3):  # one address, many names
            assert await waits(guard, 'name%d' % i, 'wrong') is False
        assert await waits(guard, 'name9', 'wrong') == 4
        assert await waits(guard, None, 'right') == 4
        for i in range(3):  # many addresses, one name
            assert await waits(guard, 'grace', 'wrong', '5.5.5.%d' % i) is False
        assert await waits(guard, 'grace', 'wrong', '5.5.5.9') == 4
        # Its owner is not kept out by others, but has to wait for failures of its own.
        assert await waits(guard, 'grace', 'right', '9.9.9.9') is True
        for _ in range(3):
            assert await waits(guard, 'grace', 'wrong', '9.9.9.9') is False
        assert await waits(guard, 'grace', 'right', '9.9.9.9') == 4


async def test_a_login_of_ones_own_does_not_help():
    with Clock():
        guard = Guard(free=3)
        for i in range(3):
            assert await waits(guard, 'ada%d' % i, 'wrong') is False
            assert i == 2 or await waits(guard, 'eve', 'right') is True
        assert await waits(guard, 'eve', 'right') == 1


async def test_exceptions_are_failures():
    def fail():
        raise KeyError('x')

    with Clock():
        guard = Guard(free=1)
        await araises(KeyError, guard.attempt(Request('1.1.1.1'), 'ada', fail))
        assert await waits(guard, 'ada', 'right', '2.2.2.2') == 1


async def test_bounded():
    with Clock():
        guard = Guard(free=2, delay=5)
        for i in range(2):
            assert await waits(guard, 'ada', 'wrong', '1.1.1.%d' % i) is False
        for i in range(500):
            await waits(
                guard, 'name%d' % i + 'x' * 1000, 'wrong', '2.2.%d.%d' % (i // 250, i % 250)
            )
            assert len(guard._entries) <= guard.max_entries
        assert max([len(key) for key in guard._entries]) <= 32
        assert await waits(guard, 'ada', 'wrong') == 5, 'who has failed least is forgotten first'


async def test_attempts_at_a_time():
    guard = Guard()
    go = asyncio.Event()

    async def slow():
        await go.wait()
        return 'ada'

    async def one():
        try:
            return await guard.attempt(Request('1.1.1.1'), 'ada', slow)
        except HTTPException as exc:
            return exc.status_code

    tasks = [asyncio.create_task(one()) for _ in range(20)]
    for _ in range(5):
        await asyncio.sleep(0)
    go.set()
    found = []
    for task in tasks:
        found.append(await task)
    assert found == ['ada'] * 16 + [429] * 4
    assert await one() == 'ada'


async def test_basic_auth():
    with Clock():
        for kwargs, allowed in (({'guard': Guard(free=3)}, 3), ({}, 20)):
            app = Microdot()
            auth = BasicAuth(**kwargs)
            seen = []

            @auth.authenticate
            async def check(request, username, password):
                seen.append(username)
                return username if password == 'right' else None

            app.get('/')(auth(lambda request: request.g.current_user))
            app.get('/all')(auth.optional(lambda request: request.g.current_user or 'nobody'))
            client = TestClient(app)
            assert (await client.get('/', auth=('ada', 'right'))).text == 'ada'
            for i in range(8 if kwargs else 20):
                path = '/all' if i % 2 else '/'
                res = await client.get(path, auth=('ada', 'wrong'))
                assert res.status_code == (429 if i >= allowed else 200 if i % 2 else 401), i
                if i >= allowed:
                    assert res.headers['Retry-After'] == '1' and res.text == 'Too many attempts'
            assert len(seen) == allowed + 1
            assert (await client.get('/')).status_code == 401, 'no credentials, no attempt'


async def test_token_auth():
    with Clock():
        app = Microdot()
        auth = TokenAuth(guard=Guard(free=2))
        auth.authenticate(lambda request, token: token == 'good')
        app.get('/')(auth(lambda request: 'in'))

        @app.errorhandler(429)
        async def slow(request):
            return 'later', 429

        client = TestClient(app)
        for token, status in (('good', 200), ('bad', 401), ('worse', 401), ('good', 429)):
            res = await client.get('/', headers={'Authorization': 'Bearer ' + token})
            assert res.status_code == status, token
        assert (res.text, res.headers['Retry-After']) == ('later', '1')


async def test_own_address():
    with Clock():

        class Behind(Guard):
            def address(self, request):
                return request.headers.get('X-Forwarded-For')

        app = Microdot()
        auth = TokenAuth(guard=Behind(free=1))
        auth.authenticate(lambda request, token: token == 'good')
        app.get('/')(auth(lambda request: 'in'))
        client = TestClient(app)
        for address, token, status in (
            ('1.1.1.1', 'bad', 401),
            ('1.1.1.1', 'good', 429),
            ('2.2.2.2', 'good', 200),
            (None, 'bad', 401),
            (None, 'good', 200),
        ):
            headers = {'Authorization': 'Bearer ' + token}
            if address:
                headers['X-Forwarded-For'] = address
            assert (await client.get('/', headers)).status_code == status, (address, token)
