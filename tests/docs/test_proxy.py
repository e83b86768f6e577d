"""The configuration that docs/howto/proxy.md prints, in real nginx, before the own server.

Ports, the paths of the certificate and the server's address are put in, nothing else is changed.
Each test says what a browser, or the device behind the proxy, gets to see.
"""

import contextlib
import http.client
import json
import os
import re
import socket
import ssl
import sys
import threading
import time
from urllib.parse import urljoin

import pytest

import needs
from microdot import Request
from microdot.server import Connection
from microdot_kit import runtimes
from serving import DEADLINE, free_port, running

TEXT = (runtimes.ROOT / 'docs' / 'howto' / 'proxy.md').read_text()
ADDITIONS = (runtimes.ROOT / 'tests' / 'docs' / 'proxied.py').read_text()
TLS = runtimes.ROOT / 'tests' / 'core' / 'tls'
CONFIGURATION, PASSED_ON, TAKEN_OFF = re.findall(r'^```nginx\n(.*?)^```', TEXT, re.M | re.S)
NGINX = ('nginx', '/usr/sbin/nginx')  # where a user's PATH does not lead on Debian
RUN = '\nimport sys\n\n%s.run(host="127.0.0.1", port=int(sys.argv[1]))\n'
LOCATION = '    location / {\n        proxy_pass http://device;\n'

# What Debian's nginx.conf has around the file, with all of its paths in a folder of the test. There
# is one process: it counts connections to the device for all, and nothing outlives the one that
# the test ends.
AROUND = """\
%s
daemon off;
master_process off;
pid nginx.pid;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include device.conf;
}
"""


def put_in(text, places):
    """Replace what is not the same on every machine; each has to be in the text."""
    for old, new in places.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


@contextlib.contextmanager
def nginx(folder, device, configuration=CONFIGURATION):
    """nginx with a configuration of the page, before the device on a port."""
    command = needs.require(NGINX, 'install it (Debian: apt-get install nginx)')
    port = free_port()
    folder.mkdir()
    text = put_in(
        configuration,
        {
            'listen 443': f'listen 127.0.0.1:{port}',
            '/etc/ssl/device.pem': str(TLS / 'cert.pem'),
            '/etc/ssl/device.key': str(TLS / 'key.pem'),
            '192.168.1.50:80': f'127.0.0.1:{device}',
        },
    )
    (folder / 'device.conf').write_text(text)
    user = 'user root;' if os.getuid() == 0 else ''  # nobody may not write into the folder
    (folder / 'nginx.conf').write_text(AROUND % user)
    options = ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr']
    with running([command, *options], port, folder) as proxy:
        yield proxy


@contextlib.contextmanager
def serving(folder, runtime, port, served='app'):
    """The page's application with what the tests need in addition, or `site` below a prefix."""
    blocks = re.findall(r'^```python\n(.*?)^```', TEXT, re.M | re.S)
    blocks.insert(1, ADDITIONS)
    folder.mkdir(exist_ok=True)
    program = folder / 'program.py'
    program.write_text('\n'.join(blocks[: 3 if served == 'site' else 2]) + RUN % served)
    command, env = [sys.executable], {**os.environ, 'PYTHONPATH': str(runtimes.LIB)}
    if runtime == 'micropython':
        needs.micropython()
        # All modules come from source here, and compiling them leaves a smaller heap in pieces.
        command, env = runtimes.micropython_command('512K'), runtimes.micropython_environment()
    with running([*command, program, str(port)], port, folder, env=env) as server:
        yield server


class Both:
    """The proxy and the device behind it."""

    def __init__(self, proxy, device):
        self.proxy, self.device = proxy, device
        self.trust = ssl.create_default_context(cafile=TLS / 'cert.pem')

    def connect(self):
        return http.client.HTTPSConnection(
            'localhost', self.proxy.port, timeout=DEADLINE, context=self.trust
        )

    def ask(self, method, path, body=None, headers=(), **options):
        """Return the answer to a request over a connection of its own, and its body."""
        with contextlib.closing(self.connect()) as connection:
            connection.request(method, path, body, dict(headers), **options)
            response = connection.getresponse()
            return response, response.read()

    def tell(self, path):
        """Ask the device itself, not by way of the proxy."""
        device = http.client.HTTPConnection('127.0.0.1', self.device, timeout=DEADLINE)
        with contextlib.closing(device) as connection:
            connection.request('GET', path)
            return connection.getresponse().read()

    def wait_for(self, name, number):
        while json.loads(self.tell('/counts'))[name] != number:
            assert self.proxy.process.poll() is None
            time.sleep(0.02)


@pytest.fixture(scope='module', params=['cpython', 'micropython'])
def both(request, tmp_path_factory):
    folder, port = tmp_path_factory.mktemp('proxy'), free_port()
    with (
        serving(folder / 'device', request.param, port),
        nginx(folder / 'nginx', port) as proxy,
    ):
        yield Both(proxy, port)


@pytest.fixture
def gate(both):
    """The device holds back what waits, until the test opens the gate, or has ended."""
    both.tell('/close')
    yield lambda: both.tell('/open')
    both.tell('/open')


def test_numbers_are_those_of_the_server():
    def number(name):
        return int(re.search(name + r'\W(\d+)', CONFIGURATION)[1])

    assert number('client_max_body_size') * 1024 == Request.max_content_length
    assert number('    keepalive_timeout') < Connection.idle_timeout  # nginx has to be the first
    assert number('max_conns') < 16  # of a board: the rest is for those who ask it directly


def test_page(both):
    forged = {'X-Forwarded-For': '192.0.2.66', 'X-Forwarded-Proto': 'gopher'}
    response, body = both.ask('GET', '/', headers=forged)
    assert response.status == 200 and response.version == 11
    assert json.loads(body) == {'client': '127.0.0.1', 'https': True}


def test_connections_to_the_device_stay_open(both, gate):
    both.tell('/close')
    before = json.loads(both.tell('/counts'))
    for _ in range(5):
        assert both.ask('GET', '/')[0].status == 200
        assert both.ask('POST', '/length', b'x' * 5000)[0].status == 200
    after = json.loads(both.tell('/counts'))
    assert after['requests'] - before['requests'] == 11
    assert after['connections'] == 1


@pytest.mark.parametrize('chunked', [False, True])
def test_uploads_up_to_the_limit(both, chunked):
    limit = 16384

    def send(size):
        pieces = iter([b'x' * 1000] * (size // 1000) + [b'x' * (size % 1000)])
        body = pieces if chunked else b'x' * size
        return both.ask('POST', '/length', body, encode_chunked=chunked)

    response, body = send(limit)
    # However it was sent: nginx has collected it and tells the device its length.
    assert response.status == 200 and json.loads(body) == {'told': limit, 'read': limit}
    before = json.loads(both.tell('/counts'))['requests']
    response, body = send(limit + 1)
    assert response.status == 413 and b'nginx' in body
    assert json.loads(both.tell('/counts'))['requests'] == before + 1


def test_stream(both, gate):
    gate()
    response, body = both.ask('GET', '/parts')
    assert response.headers['Transfer-Encoding'] == 'chunked'
    assert body == b'first\nsecond\n'


@pytest.mark.parametrize(
    ('path', 'first', 'rest'),
    [
        ('/parts/at-once', b'first\n', b'second\n'),
        ('/events', b'data: first\n', b'\ndata: second\n\n'),
    ],
)
def test_parts_arrive_as_they_are_made(both, gate, path, first, rest):
    with contextlib.closing(both.connect()) as connection:
        connection.request('GET', path)
        response = connection.getresponse()
        assert response.readline() == first  # the second one is not even made yet
        gate()
        assert response.read() == rest


def test_websocket(both):
    try:
        from websockets.sync import client
    except ImportError:
        needs.missing('websockets is not installed: make .venv/stamps/test')
    options = {'ssl': both.trust, 'open_timeout': DEADLINE, 'proxy': None}
    address = f'wss://localhost:{both.proxy.port}/socket'
    own = f'https://localhost:{both.proxy.port}'
    with client.connect(address, origin=own, **options) as ws:
        for message in ('hello', b'\x00\xff', 'x' * 4000):
            ws.send(message)
            assert ws.recv(timeout=DEADLINE) == message
    with pytest.raises(Exception, match='403'):
        client.connect(address, origin='https://evil.example', **options)


def test_cross_site_requests_are_refused(both):
    own = {'Origin': f'https://localhost:{both.proxy.port}'}
    assert both.ask('POST', '/length', b'x', own)[0].status == 200
    assert both.ask('POST', '/length', b'x', {'Origin': 'https://evil.example'})[0].status == 403


def test_no_more_connections_than_the_device_has(both, gate):
    limit = int(re.search(r'max_conns=(\d+)', CONFIGURATION)[1])
    threads = [threading.Thread(target=both.ask, args=('GET', '/wait')) for _ in range(limit)]
    for thread in threads:
        thread.start()
    try:
        both.wait_for('waiting', limit)
        response, body = both.ask('GET', '/')
        assert response.status == 502 and b'nginx' in body
    finally:
        gate()
        for thread in threads:
            thread.join(DEADLINE)
    assert both.ask('GET', '/')[0].status == 200


def test_device_that_is_off(tmp_path):
    port = free_port()
    with nginx(tmp_path / 'nginx', port) as proxy:
        both = Both(proxy, port)
        for _ in range(3):
            assert both.ask('GET', '/')[0].status == 502
        with serving(tmp_path / 'device', 'cpython', port):
            assert both.ask('GET', '/')[0].status == 200


def test_device_that_does_not_answer(tmp_path):
    with contextlib.ExitStack() as stack:
        device = stack.enter_context(socket.socket())
        device.bind(('127.0.0.1', 0))
        device.listen(0)
        address = device.getsockname()
        # What takes the only place there is: all that come later get no answer.
        stack.enter_context(socket.create_connection(address, timeout=DEADLINE))
        proxy = stack.enter_context(nginx(tmp_path / 'nginx', address[1]))
        response, body = Both(proxy, address[1]).ask('GET', '/')
        assert response.status == 504 and b'nginx' in body


@pytest.mark.parametrize('runtime', ['cpython', 'micropython'])
@pytest.mark.parametrize('variant', ['passed on', 'taken off'])
def test_below_a_prefix(variant, runtime, tmp_path):
    port, passed_on = free_port(), variant == 'passed on'
    location = PASSED_ON if passed_on else TAKEN_OFF
    configuration = put_in(CONFIGURATION, {LOCATION: location})
    with (
        serving(tmp_path / 'device', runtime, port, served='site' if passed_on else 'app'),
        nginx(tmp_path / 'nginx', port, configuration) as proxy,
    ):
        both = Both(proxy, port)
        response, body = both.ask('GET', '/device/')
        assert response.status == 200 and json.loads(body)['https'] is True
        response, _ = both.ask('GET', '/device/old')
        own = f'https://localhost:{proxy.port}'  # nginx makes what it changes a whole address
        assert response.status == 302
        assert urljoin(own, response.headers['Location']) == own + '/device/new'
        response, body = both.ask('GET', '/device/new')
        assert body.decode() == ('new at /device/new' if passed_on else 'new at /new')
        assert response.headers['Set-Cookie'] == 'seen=yes; Path=/device/'
        assert both.ask('GET', '/old')[0].status == 404
