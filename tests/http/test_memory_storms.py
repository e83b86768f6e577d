"""A heap that runs out, again and again: no descriptor is lost, and nobody gets two answers."""

import socket
import threading
import time

import servers
from servers import ServerProcess, get, reset, status

import needs

UPLOAD = get('/echo', 'X: ' + 'a' * 1500, 'Content-Length: 9000', method='POST') + b'x' * 9000
STORMS = 12
SECONDS = 3


def storm(server, number, end, answers):
    """Send what takes much memory until the end; half of them reset, half wait for the answer."""
    while time.monotonic() < end:
        try:
            with server.connect() as sock:
                sock.settimeout(2)
                sock.sendall(UPLOAD)
                if number % 2:
                    time.sleep(0.02)
                    reset(sock)
                else:
                    sock.shutdown(socket.SHUT_WR)
                    answers.append(servers.read_all(sock))
        except OSError:  # a reset, for want of memory
            pass


def test_storms_of_memory_errors():
    needs.micropython()
    answers = []
    with ServerProcess('micropython', heap='128K') as server:
        before = server.descriptors()
        end = time.monotonic() + SECONDS
        threads = [
            threading.Thread(target=storm, args=(server, number, end, answers))
            for number in range(STORMS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        servers.eventually(lambda: server.descriptors() <= before)
        assert server.body('/') == b'index'
    for answer in answers:
        if answer:
            assert status(answer) in (200, 503), answer[:200]
            assert answer.count(b'HTTP/1.1 ') == 1, answer[:500]
    print(len(answers), 'answers,', server.text.count('MemoryError'), 'lines of MemoryError')
    assert answers


def test_an_upload_finds_pieces_of_memory():
    """10,000 bytes, several times, on a heap that has not much more and no such block for sure."""
    needs.micropython()
    upload = get('/count', 'Content-Length: 10000', 'Connection: close', method='POST')
    with ServerProcess('micropython', heap='128K') as server:
        answers = [server.exchange(upload, b'x' * 10000) for _ in range(20)]
    assert [status(answer) for answer in answers] == [200] * 20
    assert answers[-1].endswith(b'10000')
