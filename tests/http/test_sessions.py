"""Ordinary clients against server processes: the standard library's, and `run()` to its end."""

import contextlib
import http.client
import signal
import subprocess
import threading
import urllib.request

import pytest
import servers
from servers import HOST, ServerProcess, eventually

from microdot import Microdot


@pytest.fixture
def connection(server):
    """An `http.client` connection to the server."""
    client = http.client.HTTPConnection(HOST, server.port, timeout=servers.DEADLINE)
    with contextlib.closing(client):
        yield client


def test_http_client_session(connection):
    sock = None
    for number in range(50):
        connection.request('POST', '/echo', b'n%d' % number, {'X-Number': str(number)})
        response = connection.getresponse()
        assert (response.status, response.version) == (200, 11)
        assert response.read() == b'n%d' % number
        sock = sock or connection.sock
        assert connection.sock is sock
    for method, path, code in (('HEAD', '/', 200), ('GET', '/nowhere', 404), ('PUT', '/', 405)):
        connection.request(method, path)
        response = connection.getresponse()
        assert response.status == code
        response.read()
    assert connection.sock is sock


def test_http_client_chunked_both_ways(connection):
    pieces = (b'x' * 100 for _ in range(100))
    connection.request('POST', '/echo', pieces, encode_chunked=True)
    assert connection.getresponse().read() == b'x' * 10000
    connection.request('GET', '/pieces/20')
    response = connection.getresponse()
    assert response.getheader('Transfer-Encoding') == 'chunked'
    assert response.read() == b'x' * 20000


def test_urllib(server):
    address = f'http://{HOST}:{server.port}'
    with urllib.request.urlopen(address + '/', timeout=servers.DEADLINE) as response:
        assert response.read() == b'index'
    with urllib.request.urlopen(address + '/echo', b'a=b', servers.DEADLINE) as response:
        assert response.read() == b'a=b'


def test_threads_at_the_same_time(server):
    bodies = []

    def client(number):
        connection = http.client.HTTPConnection(HOST, server.port, timeout=servers.DEADLINE)
        for _ in range(10):
            connection.request('POST', '/echo', b'%d' % number)
            bodies.append(connection.getresponse().read())
        connection.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(bodies) == sorted([b'%d' % number for number in range(8)] * 10)


def test_descriptors_are_given_back(server):
    before = server.descriptors()
    for _ in range(300):
        assert server.body('/') == b'index'
    assert server.body('/pieces/50') != b''
    eventually(lambda: server.descriptors() <= before)


def test_run_returns_after_shutdown(runtime):
    with ServerProcess(runtime) as server:
        assert server.body('/stop') == b'stopped'
        assert server.process.wait(servers.DEADLINE) == 0
    assert server.text == 'ended\n'


def test_run_ends_with_the_keyboard_interrupt(runtime):
    with ServerProcess(runtime) as server:
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(servers.DEADLINE) != 0
    assert 'KeyboardInterrupt' in server.text
    assert 'ended' not in server.text


def test_run_in_a_thread():
    app = Microdot()

    @app.get('/')
    def index(request):
        request.app.shutdown()
        return threading.current_thread().name

    port = servers.free_port()
    thread = threading.Thread(target=app.run, args=(HOST, port))
    thread.start()
    eventually(lambda: app.server is not None)
    with urllib.request.urlopen(f'http://{HOST}:{port}/', timeout=servers.DEADLINE) as response:
        assert response.read() != b''
    thread.join(servers.DEADLINE)
    assert not thread.is_alive()


def test_port_in_use_ends_the_program(runtime):
    with ServerProcess(runtime) as server:
        second = subprocess.run(
            server.command,
            capture_output=True,
            text=True,
            timeout=servers.DEADLINE,
            env=servers.environment(),
        )
        assert second.returncode != 0
        assert 'address already in use' in second.stdout + second.stderr
        server.alive()
