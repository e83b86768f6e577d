"""Rude and broken clients with real sockets: the server answers, forgets them, and lives on."""

import json
import random
import socket
import threading
import time

import pytest
import servers
from servers import ServerProcess, eventually, get, read_all, reset, status

POST = get('/echo', 'Content-Length: 100', method='POST')


def answers(data):
    """Assert that bytes are one whole, closing error response; return its status."""
    head, _, body = data.partition(b'\r\n\r\n')
    assert b'\r\nConnection: close' in head, data[:200]
    assert b'Content-Length: %d' % len(body) in head, data[:200]
    assert b'Traceback' not in data
    return status(head)


def test_resets_in_the_middle_of_everything(server):
    before = server.descriptors()
    for part in (b'', b'GET', get('/')[:-2], get('/'), POST + b'abc', get('/wait'), get('/') * 20):
        for _ in range(10):
            sock = server.connect()
            sock.sendall(part)
            reset(sock)
    eventually(lambda: server.descriptors() <= before)
    eventually(lambda: len(set(json.loads(server.body('/counts')).values())) == 1)


def test_resets_while_the_answer_is_streamed(server):
    for _ in range(10):
        sock = server.connect(receive_buffer=4096)
        sock.sendall(get('/pieces/100000'))
        assert status(sock.recv(2000)) == 200
        reset(sock)
    eventually(lambda: json.loads(server.body('/counts')) == {'started': 10, 'finished': 10})


def test_port_scan(server):
    before = server.descriptors()
    for _ in range(60):
        server.connect().close()
    eventually(lambda: server.descriptors() <= before)


def test_shutting_both_directions_down(server):
    for how in (socket.SHUT_RD, socket.SHUT_WR, socket.SHUT_RDWR):
        for part in (b'', b'GET /', get('/soon'), POST + b'abc'):
            with server.connect() as sock:
                sock.sendall(part)
                sock.shutdown(how)
        assert server.body('/') == b'index'


def test_half_closed_client_gets_its_answer(runtime):
    with ServerProcess(runtime, 'tick=5') as server:
        for path, body in (('/', b'index'), ('/soon', b'soon')):
            with server.connect() as sock:
                sock.sendall(get(path))
                sock.shutdown(socket.SHUT_WR)
                data = read_all(sock)
            assert status(data) == 200 and data.endswith(body)


def test_body_that_ends_early_is_400(server):
    chunked = get('/echo', 'Transfer-Encoding: chunked', method='POST')
    for part in (POST + b'abc', chunked + b'5\r\nab', chunked + b'5\r\nabcde\r\n'):
        with server.connect() as sock:
            sock.sendall(part)
            sock.shutdown(socket.SHUT_WR)
            assert answers(read_all(sock)) == 400


def slowloris(server, sockets, stop):
    """Feed every socket a byte of a head now and then, until `stop` is set."""
    head = get('/', 'X-Slow: ' + 'a' * 1000)
    position = 0
    while not stop.is_set():
        for index, sock in enumerate(sockets):
            try:
                sock.send(head[position : position + 1])
            except OSError:  # the server dropped it: an attacker comes back
                sock.close()
                sockets[index] = server.connect()
        position = (position + 1) % len(head)
        time.sleep(0.05)


def test_slowloris(server):
    sockets = [server.connect() for _ in range(50)]
    stop = threading.Event()
    attacker = threading.Thread(target=slowloris, args=(server, sockets, stop))
    attacker.start()
    try:
        for _ in range(20):
            assert server.body('/') == b'index'
            time.sleep(0.05)
    finally:
        stop.set()
        attacker.join()
        for sock in sockets:
            sock.close()


@pytest.mark.parametrize('start', [b'', b'GET /', b'GET / HTTP/1.1\r\nHost: h\r\nX: '])
def test_endless_line(server, start):
    memory = server.memory()
    with server.connect() as sock:
        sock.sendall(start)
        piece = b'a' * 10000
        try:
            for _ in range(100):
                sock.sendall(piece)
        except OSError:  # enough for the server, long after its answer
            pass
        else:
            assert answers(read_all(sock)) == (431 if start.endswith(b'X: ') else 414)
    assert server.memory() < memory + 2000


def test_endless_line_is_answered_before_it_ends(server):
    with server.connect() as sock:
        sock.sendall(b'GET / HTTP/1.1\r\nHost: h\r\nX: ' + b'a' * 20000)
        assert answers(read_all(sock)) == 431


def test_hundred_thousand_headers(server):
    memory = server.memory()
    with server.connect() as sock:
        sock.sendall(get('/')[:-2] + b'X: a\r\n' * 2000)
        assert answers(read_all(sock)) == 431
    with server.connect() as sock:
        try:
            sock.sendall(get('/')[:-2] + b'X: a\r\n' * 100000)
            read_all(sock)
        except OSError:  # the server need not listen to all of that
            pass
    assert server.memory() < memory + 2000


@pytest.mark.parametrize('path', ['/echo', '/count', '/nowhere'])
def test_body_ten_times_the_limit(server, path):
    body = b'x' * 163840
    head = get(path, 'Content-Length: 163840', method='POST')
    for _ in range(5):
        data = server.exchange(head, body)
        assert answers(data) == 413
        assert data.endswith(b'Payload too large')


def test_chunked_body_ten_times_the_limit(server):
    head = get('/echo', 'Transfer-Encoding: chunked', method='POST')
    chunk = b'1000\r\n' + b'x' * 4096 + b'\r\n'
    for _ in range(5):
        assert answers(server.exchange(head, chunk * 40, b'0\r\n\r\n')) == 413


def test_client_that_sends_for_ever_is_dropped_after_its_answer(runtime):
    with ServerProcess(runtime, 'linger_timeout=0.5') as server:
        with server.connect() as sock:
            sock.sendall(get('/echo', 'Content-Length: 999999999', method='POST'))
            end = time.monotonic() + servers.DEADLINE
            with pytest.raises(OSError):
                while time.monotonic() < end:
                    sock.sendall(b'x' * 1000)
                    time.sleep(0.001)
        server.alive()


def test_slow_reader_with_progress_gets_everything(runtime):
    with ServerProcess(runtime, 'write_timeout=1') as server:
        with server.connect(receive_buffer=65536) as sock:
            sock.sendall(get('/pieces/8000', 'Connection: close'))
            start, total = time.monotonic(), 0
            while time.monotonic() < start + 2.5:
                total += len(sock.recv(20000))
                time.sleep(0.01)
            assert total > 8000
            rest = read_all(sock)
        assert rest.endswith(b'\r\n0\r\n\r\n')
        assert total + len(rest) > 8000000
        server.alive()


def test_client_that_stops_reading_is_dropped(runtime):
    with ServerProcess(runtime, 'write_timeout=0.5') as server:
        with server.connect(receive_buffer=4096) as sock:
            sock.sendall(get('/pieces/1000000'))
            done = {'started': 1, 'finished': 1}
            eventually(lambda: json.loads(server.body('/counts')) == done)
        server.alive()


def mutated(rng):
    """Bytes that were a request once."""
    data = bytearray(
        rng.choice(
            (
                get('/echo?a=b&c', 'Content-Length: 5', 'Cookie: a=b; c', method='POST') + b'hello',
                get('/echo', 'Transfer-Encoding: chunked', method='POST')
                + b'5\r\nhello\r\n0\r\n\r\n',
                get('/', 'Expect: 100-continue', 'Connection: keep-alive', 'Accept: */*'),
                get('http://h/%c3%a9?x'),
            )
        )
    )
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        place = rng.randrange(len(data))
        action = rng.randrange(4)
        if action == 0:
            data[place] = rng.randrange(256)
        elif action == 1:
            del data[place : place + rng.randrange(1, 6)]
        elif action == 2:
            data[place:place] = rng.choice((b'\r\n', b'\n', b':', b' ', b'\0', b'%', b'\xff', b'9'))
        else:
            data[place:place] = data[place : place + rng.randrange(1, 30)]
        if not data:
            data += b'\r'
    return bytes(data)


def test_fuzzed_requests(runtime):
    rng = random.Random(9112)
    seen = set()
    timeouts = [f'{name}_timeout=0.2' for name in ('head', 'body', 'idle', 'linger')]
    with ServerProcess(runtime, *timeouts) as server:
        for number in range(500):
            data = mutated(rng)
            with server.connect() as sock:
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
                reply = read_all(sock)
            assert b'Traceback' not in reply, (number, data)
            assert status(reply) < 500 or status(reply) in (501, 505), (number, data, reply)
            seen.add(status(reply))
        assert {200, 400, 404, 405} <= seen
        server.alive()


def test_random_bytes(server):
    rng = random.Random(9110)
    for _ in range(100):
        data = rng.randbytes(rng.randrange(1, 200))
        with server.connect() as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            assert status(read_all(sock)) in (0, 400)


def test_tls_hello_to_a_plain_server(server):
    hello = bytes.fromhex('16030100c8010000c40303') + b'\x12' * 190
    for end in (b'', b'\r\n\r\n'):
        with server.connect() as sock:
            sock.sendall(hello + end)
            assert answers(read_all(sock)) == 400
