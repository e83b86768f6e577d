"""What takes time under every server: streams, clients that leave, WebSockets, processes."""

import json
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

sys.path.append(str(Path(__file__).resolve().parent / 'hosted'))

from hosting import COMMANDS, DEADLINE, HOST, Host

ASGI = [name for name, command in COMMANDS.items() if command[0] == 'asgi']
WITHOUT_DENIAL = ['gunicorn-asgi']  # refuses a WebSocket with 403, whatever it is told
WITH_WEBSOCKET = ['own-cpython', *ASGI, 'gunicorn-gthread', 'gunicorn-sync']


@pytest.fixture(scope='module')
def host(request):
    """A running server, the same one for all tests that are for it."""
    with Host(request.param) as running:
        yield running


def under(*names):
    return pytest.mark.parametrize('host', names, indirect=True)


def counts(host):
    return json.loads(host.get('/counts'))


def opened_and_closed(host):
    now = counts(host)
    return now['opened'], now['closed']


def open_websocket(host, path, **options):
    return connect(f'ws://{HOST}:{host.port}{path}', open_timeout=DEADLINE, **options)


def refused(host, path, **options):
    """The status that a WebSocket is refused with."""
    with pytest.raises(InvalidStatus) as caught:
        open_websocket(host, path, **options)
    return caught.value.response.status_code


def closed_with(ws, *messages):
    """The close code and reason that come after sending messages."""
    with pytest.raises(ConnectionClosed) as caught:
        for message in messages:
            ws.send(message)
        while True:
            ws.recv(DEADLINE)
    frame = caught.value.rcvd
    return (frame.code, frame.reason) if frame else (1006, '')


@under('own-cpython', *COMMANDS)
def test_streams(host):
    """The first piece comes although there is no last one; a client that leaves closes the body."""
    opened, closed = opened_and_closed(host)
    with host.connect() as sock:
        sock.sendall(b'GET /endless HTTP/1.1\r\nHost: h\r\n\r\n')
        data = b''
        while b'first\n' not in data or b'more\n' not in data:
            data += sock.recv(65536)
    host.eventually(lambda: opened_and_closed(host) == (opened + 1, closed + 1))


@under('own-cpython', *COMMANDS)
def test_after_response(host):
    for target in ('/after', '/after?streamed'):
        left = counts(host)['left']
        assert host.get(target) == b'ab'
        host.eventually(lambda: counts(host)['left'] == left + 1)


@under('own-cpython', *ASGI)
def test_client_leaves(host):
    """The handler is cancelled, that of a WebSocket too."""
    opened, closed = opened_and_closed(host)
    with host.connect() as sock:
        sock.sendall(b'GET /hang HTTP/1.1\r\nHost: h\r\n\r\n')
        host.eventually(lambda: opened_and_closed(host) == (opened + 1, closed))
    host.eventually(lambda: opened_and_closed(host) == (opened + 1, closed + 1))
    with open_websocket(host, '/ws/hang') as ws:
        host.eventually(lambda: opened_and_closed(host) == (opened + 2, closed + 1))
        ws.socket.shutdown(socket.SHUT_RDWR)
    host.eventually(lambda: opened_and_closed(host) == (opened + 2, closed + 2))


@under(*WITH_WEBSOCKET)
def test_websocket(host):
    with open_websocket(host, '/ws', subprotocols=['a', 'b', 'c']) as ws:
        assert ws.subprotocol == 'b'
        for message in ('text', b'bytes', '', b'', 'caf\u00e9' * 100, b'x' * 1000):
            ws.send(message)
            assert ws.recv(DEADLINE) == message
        assert closed_with(ws, 'close') == (4001, 'as told')
    for message, code in (('fail', 1011), ('x' * 1001, 1009), (b'x' * 1001, 1009)):
        with open_websocket(host, '/ws') as ws:
            assert ws.subprotocol is None
            assert closed_with(ws, message)[0] == code
    with open_websocket(host, '/ws/own', origin=f'http://{HOST}:{host.port}') as ws:
        assert ws.recv(DEADLINE) == f'{HOST}:{host.port}'
        closed_with(ws)


EVIL = {'origin': 'http://evil.example'}
REFUSED = [('/ws/own', EVIL, 403), ('/ws', EVIL, 403), ('/missing', {}, 404), ('/', {}, 200)]


@under(*WITH_WEBSOCKET)
def test_websocket_refused(host):
    for path, options, code in REFUSED:
        code = 403 if host.name in WITHOUT_DENIAL else code
        assert refused(host, path, **options) == code
    assert host.get('/') == b'index'


@under('waitress', 'granian-wsgi')
def test_no_websocket(host):
    assert refused(host, '/ws') == 501


@under('waitress', 'gunicorn-gthread', 'gunicorn-sync', 'granian-wsgi')
def test_background_task(host):
    """Under WSGI too a task goes on when the request that started it is over."""
    ticks = counts(host)['ticks']
    assert host.get('/background') == b'started'
    host.eventually(lambda: counts(host)['ticks'] > ticks + 3)


@pytest.mark.parametrize('name', [*ASGI, 'gunicorn-gthread', 'own-cpython'])
def test_start_and_end(name):
    """`shutdown()` in a handler ends the server, once the answer is out."""
    with Host(name) as host:
        assert host.get('/stop') == b'stopping'
        host.process.wait(DEADLINE)
    assert 'Traceback' not in host.text, host.text
    for line in ('lifespan: started', 'lifespan: ended'):
        assert host.text.count(line) == (name in ASGI), host.text
    for line in ('hook: started', 'task: started', 'task: ended', 'hook: ended'):
        assert host.text.count(line) == 1, host.text


@pytest.mark.parametrize(
    'name, app',
    [
        ('uvicorn', 'core'),
        ('uvicorn', 'of_wsgi'),
        ('hypercorn', 'core'),
        ('granian', 'of_wsgi'),
        ('gunicorn-sync', 'core'),
        ('gunicorn-gthread', 'of_asgi'),
        ('waitress', 'of_asgi'),
        ('granian-wsgi', 'of_asgi'),
    ],
)
def test_wrong_server(name, app):
    """An application for another server: 500, and the log says which Microdot to take."""
    with Host(name, app=f'wrong:{app}') as host:
        assert host.ask('GET', '/')[0] == 500
    assert 'take Microdot from microdot.asgi for an ASGI server' in host.text, host.text


# The option for a prefix, and the target that the server expects: with the prefix, or without it
# when the proxy has taken it off.
PREFIXES = [
    ('uvicorn', '--root-path=/app', '/request/a%2Fb'),
    ('hypercorn', '--root-path=/app', '/request/a%2Fb'),
    ('granian', '--url-path-prefix=/app', '/app/request/a%2Fb'),
    ('gunicorn-asgi', '--root-path=/app', '/request/a%2Fb'),
    ('gunicorn-gthread', '--env=SCRIPT_NAME=/app', '/app/request/a%2Fb'),
    ('waitress', '--url-prefix=/app', '/app/request/a%2Fb'),
]


@pytest.mark.parametrize('name, option, target', PREFIXES)
def test_prefix(name, option, target):
    with Host(name, options=[option], app='everywhere:site') as host:
        request = json.loads(host.get(target))
        assert (request['path'], request['rest']) == ('/app/request/a/b', 'a/b')
        assert request['url'] == '/app/request/a%2Fb'


@pytest.mark.parametrize(
    'name', ['uvicorn', 'hypercorn', 'granian', 'gunicorn-uvicorn', 'gunicorn-gthread']
)
def test_several_processes(name):
    """Requests are spread over two processes; SIGTERM ends them all without a complaint."""
    options = ('--preload',) if name == 'gunicorn-gthread' else ()
    with Host(name, workers=2, options=options) as host:
        pids = set()
        with ThreadPoolExecutor(8) as pool:
            host.eventually(
                lambda: pids.update(pool.map(host.get, ['/process'] * 8)) or len(pids) == 2
            )
        host.process.send_signal(signal.SIGTERM)
        host.process.wait(DEADLINE)
    assert 'Traceback' not in host.text and 'Warning' not in host.text, host.text
