"""A 503 for a request whose body is still arriving: the client can send all of it, and reads it.

A connection that is closed with bytes of the client unread is reset, and the answer lost with it.
"""

import contextlib
import socket
import time

import pytest
import servers
from servers import ServerProcess, get, read_all, status

PIECE = b'x' * 4000
PIECES = 40
PAUSE = 0.02  # seconds: all of them take longer than a client may be silent
SILENCE = 0.4
# What `/full` raises is what a heap without room for any answer comes to.
FULL = """
import sys
from microdot import Microdot, Request
from microdot.server import Connection

Request.max_content_length = 1_000_000
Connection.linger_timeout = 0.4

class Application(Microdot):
    async def dispatch_request(self, req):
        if req.path == '/full':
            raise MemoryError
        return await super().dispatch_request(req)

app = Application()

@app.get('/')
async def index(request):
    return 'index'

@app.post('/short')
async def short(request):
    raise MemoryError

app.run('127.0.0.1', int(sys.argv[1]))
"""


def upload(server, path):
    """Send a body piece by piece, whatever is answered meanwhile; return the answer."""
    with server.connect() as sock:
        length = f'Content-Length: {len(PIECE) * PIECES}'
        sock.sendall(get(path, length, method='POST'))
        for _ in range(PIECES):
            sock.sendall(PIECE)
            time.sleep(PAUSE)
        sock.shutdown(socket.SHUT_WR)
        return read_all(sock)


def take_the_place(server, stack):
    """Keep the only place busy with a request; whether a further one is refused."""
    stack.enter_context(server.connect()).sendall(get('/wait'))
    time.sleep(PAUSE)  # a connection gives way until its request has come
    return status(server.get('/')) == 503


@pytest.mark.parametrize('runtime', servers.RUNTIMES)
def test_when_all_places_are_taken(runtime):
    bounds = 'max_connections=1', f'linger_timeout={SILENCE}'
    with ServerProcess(runtime, *bounds) as server, contextlib.ExitStack() as stack:
        servers.eventually(lambda: take_the_place(server, stack))
        assert status(upload(server, '/count')) == 503
        begun = time.monotonic()
        with server.connect() as silent:  # which has no answer to lose
            assert read_all(silent) == b''
        assert time.monotonic() - begun < 5


@pytest.mark.parametrize('runtime', servers.RUNTIMES)
@pytest.mark.parametrize('path', ['/short', '/full'])
def test_when_memory_is_short(runtime, path, tmp_path):
    program = tmp_path / 'full.py'
    program.write_text(FULL)
    with ServerProcess(runtime, program=program) as server:
        assert status(upload(server, path)) == 503
        assert server.body('/') == b'index'
