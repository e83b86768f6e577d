"""`allowed_hosts`: requests for other names than the application's own are answered with 421."""

from microdot import Microdot
from microdot.test_client import TestClient
from wire import get, serve

NAMES = ('board.local', 'Lamp.Example.com.')
# Host, whether the request is answered
HOSTS = (
    ('board.local', True),
    ('board.local:5000', True),
    ('BOARD.Local', True),
    ('board.local.', True),
    ('lamp.example.com', True),
    # Addresses: nobody makes them lead elsewhere.
    ('192.168.4.1', True),
    ('192.168.4.1:80', True),
    ('[fe80::1]', True),
    ('[fe80::1]:5000', True),
    ('localhost', True),
    ('localhost:5000', True),
    ('LOCALHOST', True),
    # Names that somebody else may have made lead to the board.
    ('evil.example', False),
    ('evil.example:5000', False),
    ('a.board.local', False),
    ('board.local.evil.example', False),
    ('xboard.local', False),
    ('board', False),
    ('192.168.4.1.evil.example', False),
    ('1.2.3.4x', False),
    ('evil.localhost', False),
    ('local', False),
    ('com', False),
)


def create(allowed):
    app = Microdot()
    app.allowed_hosts = allowed
    called = []

    @app.route('/', methods=['GET', 'POST'])
    async def index(request):
        called.append(request.method)
        return 'here'

    return app, called


async def test_hosts():
    app, called = create(NAMES)
    client = TestClient(app)
    for host, allowed in HOSTS:
        for method, path in (('GET', '/'), ('POST', '/'), ('OPTIONS', '/'), ('GET', '/none')):
            called.clear()
            res = await client.request(method, path, headers={'Host': host})
            if not allowed:
                assert (res.status_code, res.text) == (421, 'Misdirected Request'), (host, method)
                assert called == []
            else:
                assert res.status_code == (404 if path == '/none' else 200), (host, method, path)


async def test_values():
    # allowed_hosts, the hosts that are answered, those that are not
    for allowed, good, bad in (
        (None, ('a.b', 'evil.example', '1.2.3.4'), ()),
        ((), ('1.2.3.4', 'localhost'), ('a.b',)),
        ('a.b', ('a.b', '1.2.3.4'), ('a', 'b', '.', 'a.b.c')),
        (['a.b', 'c'], ('a.b', 'c'), ('d',)),
    ):
        app, _ = create(allowed)
        client = TestClient(app)
        for hosts, status in ((good, 200), (bad, 421)):
            for host in hosts:
                res = await client.get('/', headers={'Host': host})
                assert res.status_code == status, (allowed, host)


async def test_of_the_class_and_of_the_outermost_application():
    class Own(Microdot):
        allowed_hosts = ('board.local',)

    app, sub = Own(), Microdot()
    sub.allowed_hosts = ('other.local',)
    sub.get('/')(lambda request: 'sub')
    app.mount(sub, '/sub')

    @app.errorhandler(421)
    async def elsewhere(request):
        return 'not me', 421

    client = TestClient(app)
    assert (await client.get('/sub/', headers={'Host': 'board.local'})).text == 'sub'
    assert (await client.get('/sub/', headers={'Host': 'other.local'})).text == 'not me'


async def test_on_the_wire():
    app, called = create(NAMES)
    async with serve(app) as server:
        for request, status in (
            (get('/', version='1.0').replace(b'Host: h\r\n', b''), 200),
            (get('/').replace(b'Host: h', b'Host: board.local'), 200),
            (get('/'), 421),
            (get('http://board.local/'), 200),
            (get('http://evil.example/').replace(b'Host: h', b'Host: board.local'), 421),
            (get('/', 'Upgrade: websocket', 'Connection: Upgrade'), 421),
        ):
            called.clear()
            client = await server.open()
            await client.send(request)
            head = await client.head()
            assert head.status == status, request
            assert len(called) == (status == 200)
