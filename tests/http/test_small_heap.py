"""MicroPython with 96 KB of heap, the package compiled from source: crowds do not exhaust it."""

import contextlib

import pytest
import servers
from servers import ServerProcess, get, status


@pytest.fixture
def server():
    servers.micropython()
    with ServerProcess('micropython', heap='96K') as process:
        yield process
        # There may be MemoryErrors, which are reported; what counts is who is still served.
        assert process.body('/') == b'index'


def answers(server):
    """Whether a request is answered well: while the heap is used up it may be refused or reset."""
    try:
        return status(server.get('/')) == 200
    except OSError:
        return False


def crowd(server, count, data=b''):
    """A context that keeps this many connections open, each with the same bytes sent."""
    stack = contextlib.ExitStack()
    for _ in range(count):
        sock = stack.enter_context(server.connect())
        sock.sendall(data)
    return stack


@pytest.mark.parametrize('part', [b'', b'GET / HT', get('/', 'X: ' + 'a' * 1000)[:-2]])
def test_sixty_silent_connections_do_not_stop_the_next_request(server, part):
    with crowd(server, 60, part):
        for _ in range(5):
            assert server.body('/') == b'index'


def test_sixty_uploads_that_stall_do_not_end_the_server(server):
    head = get('/echo', 'Content-Length: 10000', method='POST')
    with crowd(server, 60, head + b'x' * 3000):
        answers(server)
    servers.eventually(lambda: answers(server))
