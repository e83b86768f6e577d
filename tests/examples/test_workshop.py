"""The workshop, served by both runtimes: what it answers, and to whom."""

import contextlib
import json
import re
import shutil
import socket
import subprocess
import sys

import pytest

from serving import DEADLINE, KIT, ROOT, Client, Server

HEAP = '256K'  # of MicroPython: from source all the modules are in it, not in flash
TYPE = {'Content-Type': 'multipart/form-data; boundary=mark'}
# as sent, as kept
NAMES = [
    ('plan.pdf', 'plan.pdf'),
    ('My plan (2).pdf', 'My plan _2_.pdf'),
    ('../../main.py', 'main.py'),
    ('..\\\\..\\\\secret.key', 'secret.key'),
    ('/etc/passwd', 'passwd'),
    ('C:\\\\temp\\\\x.txt', 'x.txt'),
    ('..', 'unnamed'),
    ('.hidden', 'hidden'),
    ('folder/', 'unnamed'),
    ('žluť.txt', '_lu_.txt'),
    ('<img src=x onerror=alert(1)>.txt', '_img src_x onerror_alert_1__.txt'),
    ('a' * 300 + '.gcode', 'a' * 42 + '.gcode'),
    ('nul\tand\x7f', 'nul_and_'),
]


@contextlib.contextmanager
def serve_workshop(runtime, folder, heap=HEAP):
    """Serve a copy of the example, whose files are in its own folder, until the block ends."""
    copy = folder / 'workshop'
    ignored = shutil.ignore_patterns('files', 'secret.key', '__pycache__')
    shutil.copytree(ROOT / 'examples' / 'workshop', copy, ignore=ignored)
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    log = folder / 'server.log'
    command = [sys.executable, str(KIT), 'run', str(copy / 'main.py'), '--port', str(port)]
    command += ['--runtime', runtime, '--heap', heap]
    with log.open('wb') as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    server = Server(process, port, log)
    server.files = copy / 'files'
    try:
        server.wait()
        yield server
        server.check()
    finally:
        process.kill()
        process.wait(DEADLINE)


@pytest.fixture(scope='module', params=['micropython', 'cpython'])
def server(request, tmp_path_factory):
    with serve_workshop(request.param, tmp_path_factory.mktemp('workshop')) as running:
        running.runtime = request.param
        yield running


@pytest.fixture
def client(server):
    with Client(server) as client:
        yield client
    for path in server.files.iterdir():
        path.unlink()


def log_in(client, name='ada', password='workbench', **more):
    """Return (status, cookies): the header to send from now on."""
    status, headers, _ = client.post('/login', {'name': name, 'password': password, **more})
    cookies = [text.partition(';')[0] for text in headers.get_all('Set-Cookie') or ()]
    return status, {'Cookie': '; '.join(cookies)}


def form(name, data=b'content'):
    head = f'--mark\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return head.encode() + data + b'\r\n--mark--\r\n'


def test_wrong_logins(client):
    for name, password in (('ada', 'x'), ('nobody', 'workbench'), ('ada', ''), ('', '')):
        status, cookies = log_in(client, name, password)
        assert (status, cookies) == (403, {'Cookie': ''}), name
    status, _, page = client.post('/login', {'name': '"><b>x</b>', 'password': 'x'})
    assert status == 403
    assert 'do not go together' in page
    assert '<b>x</b>' not in page and '&lt;b&gt;x' in page


def test_login_goes_where_one_was_going(client):
    assert client.get('/')[1]['Location'] == '/login?next=/'
    path = '/login?next=/files/x'
    answer = client.post(path, {'name': 'Ada ', 'password': 'workbench'})
    assert (answer[0], answer[1]['Location']) == (302, '/files/x')
    _, cookies = log_in(client)
    status, _, page = client.send('GET', '/', headers=cookies)
    assert status == 200
    assert '<b>ada</b>' in page and not re.search('{[a-z]+}', page)
    assert client.send('GET', '/login', headers=cookies)[0] == 302


def test_remembered(client):
    _, headers, _ = client.post(
        '/login', {'name': 'grace', 'password': 'workbench', 'remember': 'on'}
    )
    cookies = headers.get_all('Set-Cookie')
    (cookie,) = [text for text in cookies if text.startswith('_remember=')]
    assert 'Max-Age=2592000' in cookie and 'HttpOnly' in cookie
    assert len(cookies) == 2
    sent = {'Cookie': cookie.partition(';')[0]}
    assert '<b>grace</b>' in client.send('GET', '/', headers=sent)[2]


def test_nobody_else_gets_in(server, client):
    (server.files / 'x').write_text('content')
    for method, path in (
        ('GET', '/'),
        ('GET', '/events'),
        ('GET', '/talk'),
        ('GET', '/files/x'),
        ('POST', '/files'),
        ('DELETE', '/files/x'),
    ):
        status, headers, _ = client.send(method, path)
        assert (status, headers['Location'].split('?')[0]) == (302, '/login'), path
    assert (server.files / 'x').exists()


def test_requests_of_other_sites_are_refused(server, client):
    _, cookies = log_in(client)
    for origin in ('http://evil.example', 'null'):
        foreign = {**cookies, **TYPE, 'Origin': origin}
        assert client.send('POST', '/files', form('x'), foreign)[0] == 403
        assert client.send('POST', '/logout', headers=foreign)[0] == 403
        upgrade = {**foreign, 'Upgrade': 'websocket', 'Connection': 'Upgrade'}
        assert client.send('GET', '/talk', headers=upgrade)[0] == 403
    assert list(server.files.iterdir()) == []


@pytest.mark.parametrize('sent, kept', NAMES, ids=[kept for _, kept in NAMES])
def test_names_are_made_safe(server, client, sent, kept):
    _, cookies = log_in(client)
    status, _, text = client.send('POST', '/files', form(sent), {**cookies, **TYPE})
    assert (status, json.loads(text)) == (201, {'names': [kept]})
    assert [path.name for path in server.files.iterdir()] == [kept]
    assert (server.files / kept).read_bytes() == b'content'


def test_files_come_back(server, client):
    _, cookies = log_in(client)
    data = b'\r\n--mar' * 20_000
    answer = client.send('POST', '/files', form('a b.txt', data), {**cookies, **TYPE})
    assert answer[0] == 201
    assert (server.files / 'a b.txt').read_bytes() == data
    status, headers, text = client.send('GET', '/files/a%20b.txt', headers=cookies)
    assert (status, text) == (200, data.decode())
    assert headers['Content-Disposition'] == 'attachment; filename="a b.txt"'
    assert headers['Content-Type'] == 'application/octet-stream'
    assert client.send('DELETE', '/files/a%20b.txt', headers=cookies)[0] == 204
    assert client.send('GET', '/files/a%20b.txt', headers=cookies)[0] == 404


@pytest.mark.parametrize('path', ['..%2Fmain.py', '%2e%2e/main.py', '.', '..', 'none'])
def test_paths_that_are_no_files(server, client, path):
    _, cookies = log_in(client)
    for method in ('GET', 'DELETE'):
        assert client.send(method, '/files/' + path, headers=cookies)[0] in (400, 404)
    assert client.get('/static/' + path)[0] in (400, 404)
    assert (server.files.parent / 'main.py').exists()


def test_an_upload_that_breaks_off_leaves_nothing(server, client):
    _, cookies = log_in(client)
    body = form('x', b'y' * 5000)[:-20]
    assert client.send('POST', '/files', body, {**cookies, **TYPE})[0] == 400
    assert list(server.files.iterdir()) == []


def test_too_much(server, client):
    _, cookies = log_in(client)
    for number in range(24):
        (server.files / str(number)).write_text('')
    answer = client.send('POST', '/files', form('one more'), {**cookies, **TYPE})
    assert (answer[0], answer[2]) == (409, 'The shelf is full: remove a file first.')
    answer = client.send('POST', '/files', form('7', b'replaced'), {**cookies, **TYPE})
    assert answer[0] == 201
    assert (server.files / '7').read_bytes() == b'replaced'
    large = {**cookies, **TYPE, 'Content-Length': '5000000'}
    assert client.send('POST', '/files', None, large)[0] == 413


def test_no_file_in_the_form(client):
    _, cookies = log_in(client)
    assert client.send('POST', '/files', form(''), {**cookies, **TYPE})[0] == 400
    assert client.send('POST', '/files', b'{}', cookies)[0] == 400


@pytest.mark.parametrize('method, path, code', [('GET', '/nothing', 404), ('PUT', '/', 405)])
def test_error_page(client, method, path, code):
    status, headers, page = client.send(method, path)
    assert (status, headers['Content-Type']) == (code, 'text/html; charset=UTF-8')
    assert f'<h1>{code}</h1>' in page and 'href="/"' in page


def test_a_heap_that_is_too_small_is_told(server, tmp_path):
    assert 'HEAP=' not in server.output()
    if server.runtime == 'micropython':
        with serve_workshop('micropython', tmp_path, '192K') as small:
            assert 'make run HEAP=256K' in small.output()
