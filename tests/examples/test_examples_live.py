"""The small examples whose answers do not end, that keep files, or that speak more than HTTP."""

import importlib.util
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

import needs
from exchanges import BENCHMARK, Visitor, play
from serving import DEADLINE, ROOT, copied, free_port, running, serve

RUNTIMES = pytest.mark.parametrize('runtime', ['micropython', 'cpython'])
LIMIT = 1024 * 1024  # of the uploads example


def start(app, runtime, folder):
    return serve(copied('examples/' + app, folder), runtime, folder)


def opened(server, path, **headers):
    """The response to a GET request, to be read while it comes."""
    request = urllib.request.Request(server.url + path, headers=headers)
    return urllib.request.urlopen(request, timeout=DEADLINE)


def websocket(server, path, **options):
    try:
        from websockets.sync.client import connect
    except ImportError:
        needs.missing('websockets is not installed: make .venv/stamps/test')
    address = f'ws://127.0.0.1:{server.port}{path}'
    return connect(address, open_timeout=DEADLINE, close_timeout=DEADLINE, proxy=None, **options)


def part(response):
    """The next picture of a stream."""
    assert response.readline() == b'--frame\r\n'
    assert response.readline() == b'Content-Type: image/jpeg\r\n'
    length = int(response.readline().split()[1])
    assert response.readline() == b'\r\n'
    picture = response.read(length)
    assert response.readline() == b'\r\n'
    return picture


@RUNTIMES
def test_login_slows_down_who_guesses(runtime, tmp_path):
    if runtime == 'cpython' and not importlib.util.find_spec('jwt'):
        needs.missing('jwt is not installed: make .venv/stamps/test')
    with start('login/main.py', runtime, tmp_path) as server, Visitor(server) as visitor:
        wrong = {'do': 'POST /login', 'form': {'name': 'ada', 'password': 'x'}}
        found = []
        while len(found) < 12 and 429 not in found:
            found.append(visitor.send(wrong)[0])
        # A second may pass meanwhile, so that one more is looked at.
        assert found[:5] == [403] * 5 and found[-1] == 429, found
        right = {'do': 'POST /login', 'form': {'name': 'ada', 'password': 'analytical'}}
        for _ in range(100):
            status, headers, body = visitor.send(right)
            if status == 302:
                break
            assert status == 429 and 1 <= int(headers['Retry-After']) <= 60
            assert b'too often' in body
            time.sleep(0.2)
        assert visitor.send({'do': 'GET /'})[0] == 200


@RUNTIMES
def test_streaming(runtime, tmp_path):
    with start('streaming/main.py', runtime, tmp_path) as server:
        play(server, [{'do': 'GET /', 'has': ['<img src="/stream"']}])
        with opened(server, '/picture') as response:
            first = response.read()
        with opened(server, '/stream') as response, opened(server, '/stream') as other:
            kind = response.headers['Content-Type']
            assert kind == 'multipart/x-mixed-replace; boundary=frame'
            pictures = [part(response) for _ in range(4)]
            assert part(other) == first
        assert pictures[0] == first and len(set(pictures)) == 4
        for picture in pictures:
            assert (picture[:2], picture[-2:]) == (b'\xff\xd8', b'\xff\xd9')
        for _ in range(DEADLINE * 10):
            if server.output().count('A viewer has left') == 2:
                break
            time.sleep(0.1)
        else:
            raise AssertionError(server.output())


@RUNTIMES
def test_echo(runtime, tmp_path):
    with start('websocket/echo.py', runtime, tmp_path) as server:
        play(
            server, [{'do': 'GET /', 'has': ['<h1>Echo</h1>']}, {'do': 'GET /echo', 'status': 400}]
        )
        with websocket(server, '/echo') as socket:
            for message in ('hello', 'žluť', b'\x00\xff', '', 'x' * 4096):
                socket.send(message)
                assert socket.recv(DEADLINE) == message
            socket.send('x' * 4097)
            with pytest.raises(Exception, match='1009'):
                socket.recv(DEADLINE)


@RUNTIMES
def test_chat(runtime, tmp_path):
    with start('websocket/chat.py', runtime, tmp_path) as server:
        play(server, [{'do': 'GET /', 'has': ['<h1>Chat</h1>']}])
        with pytest.raises(Exception, match='403'):
            websocket(server, '/chat/eve', origin='http://evil.example')
        with websocket(server, '/chat/ada') as ada:
            assert ada.recv(DEADLINE) == 'ada has come. Here: ada'
            with websocket(server, '/chat/%C5%BDofie') as other:
                for member in (ada, other):
                    assert member.recv(DEADLINE) == 'Žofie has come. Here: ada, Žofie'
                ada.send('hello')
                other.send('  ')
                other.send('y' * 600)
                for member in (ada, other):
                    said = sorted([member.recv(DEADLINE), member.recv(DEADLINE)])
                    assert said == ['ada: hello', 'Žofie: ' + 'y' * 500]
            assert ada.recv(DEADLINE) == 'Žofie has left.'


def event(response):
    """The next event: a dictionary of its fields."""
    fields = {}
    while True:
        line = response.readline().decode().rstrip('\n')
        if not line and fields:
            return fields
        if not line or line[0] == ':':
            continue  # of a comment
        name, _, value = line.partition(': ')
        fields[name] = value


@RUNTIMES
def test_events(runtime, tmp_path):
    with start('sse/main.py', runtime, tmp_path) as server:
        play(server, [{'do': 'GET /', 'has': ['EventSource']}])
        with opened(server, '/events') as response:
            assert response.headers['Content-Type'] == 'text/event-stream'
            seen = [event(response) for _ in range(3)]
        epoch, _, number = seen[0]['id'].rpartition('-')
        assert [one['id'] for one in seen] == [f'{epoch}-{n}' for n in range(1, 4)]
        assert number == '1' and {one['event'] for one in seen} == {'reading'}
        memory = json.loads(seen[0]['data'])['free']
        assert (memory > 1000) == (runtime == 'micropython')
        with opened(server, '/events', **{'Last-Event-ID': seen[0]['id']}) as response:
            assert [event(response)['id'] for _ in range(2)] == [one['id'] for one in seen[1:]]
        with opened(server, '/events', **{'Last-Event-ID': '-1x'}) as response:
            assert event(response)['id'] == seen[0]['id']


def form(name, data=b'content'):
    head = f'--mark\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return head.encode() + data + b'\r\n--mark--\r\n'


def upload(name, data=b'content', **expected):
    headers = {'Content-Type': 'multipart/form-data; boundary=mark'}
    return {'do': 'POST /files', 'body': form(name, data), 'headers': headers, **expected}


def break_off(server, request):
    """Send the beginning of a request, and go."""
    with socket.create_connection(('127.0.0.1', server.port), timeout=DEADLINE) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1000):
            pass


@RUNTIMES
def test_uploads(runtime, tmp_path):
    data = bytes(range(256)) * 2000  # more than the heap
    put = {'do': 'PUT /files/plan.bin', 'body': data, 'status': 201}
    exchanges = [
        {'do': 'GET /', 'has': ['<h1>Uploads</h1>']},
        {'do': 'GET /files', 'is': []},
        upload('../../main.py', status=201, **{'is': {'names': ['main.py']}}),
        upload('.hidden', data, status=201, **{'is': {'names': ['hidden']}}),
        upload('', status=400),
        put,
        put,
        {'do': 'PUT /files/a%20b', 'body': b'x', 'status': 400},
        {'do': 'PUT /files/..%2Fx', 'body': b'x', 'status': 404},
        {'do': 'GET /files/.part', 'status': 404},
        {'do': 'GET /files/none', 'status': 404},
        {
            'do': 'GET /files/main.py',
            'has': ['content'],
            'with': {'Content-Disposition': 'main.py'},
        },
        {**put, 'headers': {'Origin': 'http://evil.example'}, 'status': 403},
    ]
    files = tmp_path / 'uploads' / 'files'
    with start('uploads/main.py', runtime, tmp_path) as server:
        play(server, exchanges)
        break_off(server, b'PUT /files/half HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\nabc')
        with Visitor(server) as visitor:
            large = {'Content-Length': str(LIMIT + 1)}
            visitor.check({'do': 'PUT /files/large', 'headers': large, 'status': 413})
        sizes = {path.name: path.stat().st_size for path in files.iterdir()}
        assert sizes == {'hidden': len(data), 'main.py': 7, 'plan.bin': len(data)}
        assert (files / 'plan.bin').read_bytes() == data


@RUNTIMES
def test_uploads_to_a_full_flash(runtime, tmp_path):
    app = copied('examples/uploads/main.py', tmp_path)
    text = app.read_text()
    save = "await upload.save(FOLDER + '/' + name)"
    assert save in text
    app.write_text(text.replace(save, "raise OSError(28, 'full')"))
    full = {'status': 507, 'has': ['No room left']}
    with serve(app, runtime, tmp_path) as server:
        play(server, [upload('a', **full), {'do': 'PUT /files/a', 'body': b'x', **full}])


@RUNTIMES
def test_weather_without_its_sensor(runtime, tmp_path):
    app = copied('examples/weather/main.py', tmp_path)
    driver = app.with_name('sht31.py')
    driver.write_text(driver.read_text().replace('0x44', '0x45'))  # where no sensor answers
    with serve(app, runtime, tmp_path) as server:
        play(server, [{'do': 'GET /now', 'status': 503, 'has': ['does not answer']}])
        play(server, [{'do': 'GET /history', 'has': ['"celsius": []']}])
        assert 'The sensor does not answer: ' in server.output()


def make_certificate(folder):
    needs.require('openssl', 'install it (Debian: apt-get install openssl)')
    command = [sys.executable, folder / 'certificate.py']
    subprocess.run(command, cwd='/', check=True, timeout=DEADLINE)


@RUNTIMES
def test_tls(runtime, tmp_path):
    app = copied('examples/tls/main.py', tmp_path)
    make_certificate(app.parent)
    with serve(app, runtime, tmp_path) as server:
        trusting = ssl.create_default_context(cafile=app.parent / 'cert.pem')
        for host in ('localhost', '127.0.0.1'):
            address = f'https://{host}:{server.port}/'
            with urllib.request.urlopen(address, timeout=DEADLINE, context=trusting) as response:
                assert response.read() == b'Hello over https.\n'
        assert f'https://localhost:{server.port}' in server.output()


@RUNTIMES
def test_tls_without_a_certificate(runtime, tmp_path):
    app = copied('examples/tls/main.py', tmp_path)
    command = [
        sys.executable,
        str(ROOT / 'tools' / 'microdot_kit'),
        'run',
        str(app),
        '--runtime',
        runtime,
    ]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)
    assert ended.returncode == 1
    line = f'There is no certificate yet: python3 {app.parent}/certificate.py makes one\n'
    assert ended.stderr == line


SERVERS = {
    'hello_asgi:app': ('uvicorn', '--port={}'),
    'hello_wsgi:app': ('waitress-serve', '--listen=127.0.0.1:{}'),
}


@pytest.mark.parametrize('app', SERVERS)
def test_other_servers(app, tmp_path):
    name, option = SERVERS[app]
    program = Path(sys.executable).with_name(name)
    if not program.exists():
        needs.missing(f'{name} is not installed: make .venv/stamps/test')
    port = free_port()
    options = {'cwd': ROOT / 'examples' / 'servers', 'start_new_session': True}
    options['env'] = {**os.environ, 'PYTHONPATH': str(ROOT / 'lib'), 'PYTHONUNBUFFERED': '1'}
    with running([program, option.format(port), app], port, tmp_path, **options) as server:
        play(server, [{'do': 'GET /hello/Ada', 'is': {'hello': 'Ada'}}])
        if name == 'uvicorn':
            assert 'Before the first request.' in server.output()
            with websocket(server, '/echo') as socket:
                socket.send('hello')
                assert socket.recv(DEADLINE) == 'hello'
            server.process.terminate()
            server.process.wait(DEADLINE)
            assert 'After the last one.' in server.output()


def load(port, *arguments):
    command = [sys.executable, 'load.py', str(port), *arguments]
    folder = ROOT / 'examples' / 'benchmark'
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=2 * DEADLINE)


@RUNTIMES
def test_benchmark(runtime, tmp_path):
    with start('benchmark/main.py', runtime, tmp_path) as server:
        play(server, BENCHMARK)
        for path, size in (('/items/21', 28), ('/long', 100000)):
            ended = load(server.port, path, '40', '3')
            assert ended.returncode == 0, ended.stderr
            first, second, *times = ended.stdout.splitlines()
            assert first.startswith(f'40 requests for {path} over 3 connections in ')
            assert re.fullmatch(f'[0-9]+ requests a second, {40 * size} bytes of bodies', second)
            assert [line.split()[0] for line in times] == ['median', '90', '99', 'longest']
        ended = load(server.port, '/nothing', '5')
        assert (ended.returncode, ended.stderr) == (1, '5 answers failed\n')
        port = server.port
    ended = load(port)
    assert ended.returncode == 1 and ended.stderr.startswith(f'No proper answer at port {port}: ')
    for arguments in (('x',), (port, 'x'), (port, '/', '0'), (port, '/', '1', '1', '1')):
        ended = load(*arguments)
        assert ended.returncode == 1 and ended.stderr.startswith('load.py PORT'), arguments
