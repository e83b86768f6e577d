"""Memory that is not there when it is asked for: one allocation of a request fails, then another.

MicroPython is that of the firmware, with `faults.c` linked in. Of each kind of request some
allocations are tried, all of them with `FAULTS=all`. Whichever it is: one response or none, one
line that tells of it, the next request is answered, and no descriptor stays open.
"""

import hashlib
import mmap
import os
import re
import struct
import subprocess
import time
from pathlib import Path

import pytest
from servers import ServerProcess, eventually, get, status

import needs
from firmware import runtime as firmware_runtime
from measure import forms, steps
from microdot_kit import runtimes

SOURCE = Path(__file__).with_name('faults.c')
LINK = '-no-pie -Wl,--wrap=gc_alloc -Wl,--wrap=gc_realloc -Wl,--wrap=accept'
TRIES = 25  # of the allocations of a request, unless all are to fail
ALL = os.environ.get('FAULTS') == 'all'
PATIENCE = 4  # seconds for an answer; one comes late when what was read is lost for want of memory

pytestmark = pytest.mark.slow  # of each request, and for another MicroPython that is built

# The package first: the stack is small for what is imported by what is imported.
PROGRAM = """
import gc
import sys

import microdot
from microdot.server import Connection
from sessions import app

# A client that waits for the end after its first request was answered with 503 waits for these.
Connection.linger_timeout = Connection.tick = 0.1

@app.get('/collect')
async def collect(request):
    gc.collect()
    return ''


app.run('127.0.0.1', int(sys.argv[1]))
"""
CLOSE = 'Connection: close'
FORM = 'Content-Type: application/x-www-form-urlencoded'
CHUNKS = b'5\r\nname=\r\n6\r\na&mode\r\n3\r\n=b1\r\n0\r\n\r\n'
UPGRADE = ('Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13')


def of_a_step(name):
    step = next(step for step in steps.PROFILES['page'] + EXCHANGES if step.name == name)
    return step.raw().replace(b'\r\n', b'\r\nConnection: close\r\n', 1)


EXCHANGES = steps.LIVE_STEPS + steps.SESSION_STEPS
# Bytes that are sent, the status of the answer when nothing fails.
REQUESTS = {
    **{step.name: (of_a_step(step.name), step.status) for step in steps.PROFILES['page']},
    'file of 12 KB': (of_a_step('file of 12 KB'), 200),
    'events': (of_a_step('30 events'), 200),
    'login': (of_a_step('login'), 200),
    'session': (of_a_step('session'), 200),
    'upload': (of_a_step('upload of 50 KB'), 200),
    'pipelined': (get('/') + get('/state', CLOSE), 200),
    'chunked': (get('/settings', FORM, 'Transfer-Encoding: chunked', CLOSE, method='POST'), 200),
    'WebSocket': (get('/echo', *UPGRADE, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='), 101),
    'malformed': (b'GET / HTTP/1.1\r\n\r\n', 400),
}
BEHIND = {
    'chunked': CHUNKS,
    'WebSocket': steps.frame(1, b'hello') + steps.frame(8, struct.pack('>H', 1000)),
}


class Faults:
    """The file that the server shares: which allocations fail."""

    def __init__(self, path):
        path.write_bytes(bytes(12))
        with open(path, 'r+b') as file:
            self.shared = mmap.mmap(file.fileno(), 12)

    def plan(self, first, count):
        """Let `count` allocations fail, from the one with the number `first`."""
        self.shared[4:12] = struct.pack('=II', 0, 0)
        self.shared[:12] = struct.pack('=III', 0, first, count)

    def seen(self):
        """How many allocations there have been; none fails any more."""
        self.shared[8:12] = bytes(4)
        return struct.unpack('=I', self.shared[:4])[0]


@pytest.fixture(scope='module')
def runtime(tmp_path_factory):
    """The path of a MicroPython whose allocations can fail."""
    needs.require('gcc', 'install it (Debian: apt-get install gcc)')
    needs.like_a_board()
    folder = tmp_path_factory.mktemp('faults')
    width = '-m32' if firmware_runtime.wide() else '-m64'
    made = folder / 'faults.o'
    subprocess.run(['gcc', width, '-O1', '-Wall', '-c', SOURCE, '-o', made], check=True)
    name = 'micropython-' + hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:8]
    return str(needs.like_a_board(name, f'{LINK} {made}'))


@pytest.fixture(scope='module')
def server(runtime, tmp_path_factory):
    folder = forms.copy(runtimes.LIB, tmp_path_factory.mktemp('served'))
    steps.write_files(folder)
    (folder / 'faulty.py').write_text(PROGRAM)
    faults = Faults(folder / 'faults')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('MICROPYTHON', runtime)
        patch.setenv('FAULTS', str(folder / 'faults'))
        program = folder / 'faulty.py'
        with ServerProcess('micropython', heap='512K', program=program, folder=folder) as process:
            process.faults = faults
            yield process


def is_whole(got):
    """Whether bytes are one response whose length can be told."""
    head, end, body = got.partition(b'\r\n\r\n')
    length = re.search(rb'\r\nContent-Length: (\d+)', head)
    return end and length and len(body) == int(length[1])


def answer(server, data, number):
    """What comes for these bytes: a number of responses, up to a reset at the most."""
    got = b''
    with server.connect() as sock:
        sock.settimeout(PATIENCE)
        sock.sendall(data)
        try:
            while not (number == 1 and is_whole(got)):
                piece = sock.recv(65536)
                if not piece:
                    break
                got += piece
        except ConnectionResetError:
            pass
    return got


def check(server, got, known, expected, descriptors):
    """Assert what holds after an allocation has failed; `known`: length of the log before."""
    heads = [int(code) for code in re.findall(rb'HTTP/1\.1 (\d+) ', got)]
    assert status(server.get('/')) == 200
    server.get('/collect')  # a file without a response is closed when it is collected
    eventually(lambda: server.descriptors() == descriptors)
    told = re.findall('^(?:MemoryError|503: no memory for)', server.log()[known:], re.MULTILINE)
    others = re.findall(r'^\w+Error: .*', server.log()[known:], re.MULTILINE)
    assert len(told) <= 1, server.log()[known:]
    assert all(line.startswith('MemoryError') for line in others), others
    assert heads[:-1] in ([], [200], [503]), heads
    assert not heads or heads[-1] in (expected, 500, 503, 408), heads
    if heads and heads[-1] >= 500:
        assert told, heads


@pytest.mark.parametrize('name', REQUESTS)
def test_one_allocation_fails(server, name):
    head, expected = REQUESTS[name]
    data = head + BEHIND.get(name, b'')
    for _ in range(3):  # modules have been loaded, tables have grown
        server.faults.plan(0, 0)
        got = answer(server, data, 1 + (name == 'pipelined'))
        assert status(got) == expected
    number = server.faults.seen()
    server.get('/collect')
    descriptors = server.descriptors()
    failed = 0
    for first in range(0, number, 1 if ALL else max(1, number // TRIES)):
        known = len(server.log())
        server.faults.plan(first, 1)
        try:
            got = answer(server, data, 1 + (name == 'pipelined'))
        except TimeoutError:
            pytest.fail(f'no answer: allocation {first}: {server.log()[known:]}')
        time.sleep(0.002)  # for what follows the answer
        failed += server.faults.seen() > first
        assert server.process.poll() is None, (first, server.log()[-3000:])
        check(server, got, known, expected, descriptors)
    assert failed > TRIES * 0.8
