"""Twelve listeners, one of which never reads, in 192 KB: nobody waits for it, nothing grows.

The same by a list and `gather`, as people write it, stands beside. `make test-live` prints a table,
and lets an hour's messages, one a second, take five minutes instead of some seconds.
"""

import contextlib
import json
import os
import selectors
import time
from pathlib import Path

import pytest
from servers import RUNTIMES, ServerProcess, eventually

import needs
import tables
from microdot_kit import payload, runtimes

PROGRAM = Path(__file__).resolve().parent / 'topics_program.py'
UPGRADE = b"""GET /%s HTTP/1.1\r
Host: h\r
Upgrade: websocket\r
Connection: Upgrade\r
Sec-WebSocket-Version: 13\r
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
\r
"""
READERS = 11
LENGTH = 100
HOUR = 3600  # messages
COLUMNS = ('', 'mean', 'longest', 'CPU for each message and listener', 'missed', 'heap')
# Milliseconds between two messages: both runtimes together take as long as the dashboard.
PAUSE = max(3, int(float(os.environ.get('TEST_LIVE', 0)) * 60_000 / 2 / HOUR))
STALL = 3  # seconds after which the server ends a connection whose client takes nothing


class Reader:
    """A client that takes all it is sent: the numbers of the messages, in their order."""

    def __init__(self, sock):
        self.sock = sock
        self.data = b''
        self.numbers = []
        self.latest = 0.0

    def read(self):
        data = self.sock.recv(65536)
        self.data += data
        while len(self.data) >= 2:
            start = 2 if self.data[1] < 126 else 4
            length = self.data[1] if start == 2 else int.from_bytes(self.data[2:4], 'big')
            if len(self.data) < start + length:
                break
            if self.data[0] == 0x81:
                self.numbers.append(int(self.data[start : start + length].split()[0]))
            self.data = self.data[start + length :]
        return data


def open_socket(server, kind, **options):
    sock = server.connect(**options)
    sock.sendall(UPGRADE % kind.encode())
    head = b''
    while not head.endswith(b'\r\n\r\n'):
        head += sock.recv(1)
    assert b' 101 ' in head
    return sock


def cpu(process):
    """The seconds of CPU that the process has used."""
    fields = Path(f'/proc/{process.pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def broadcast(server, kind, count, pause, timeout):
    """Let the server send that many messages; return its figures and the readers."""
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
        readers = []
        for _ in range(READERS):
            sock = stack.enter_context(open_socket(server, kind))
            readers.append(Reader(sock))
            selector.register(sock, selectors.EVENT_READ, readers[-1])
        stalled = stack.enter_context(open_socket(server, kind, receive_buffer=2048))
        eventually(lambda: json.loads(server.body('/stats'))['listeners'] == READERS + 1)
        before = cpu(server.process)
        server.body(f'/start/{kind}/{count}/{pause}/{LENGTH}/{timeout}')
        looked = time.monotonic()
        end = looked + 150 + count * pause / 1000
        stats = {'done': False}
        while not stats['done'] or any(r.numbers[-1] < count - 1 for r in readers):
            assert time.monotonic() < end, (stats, server.log())
            for key, _ in selector.select(0.1):
                assert key.data.read(), server.log()
            if time.monotonic() - looked > 1:
                looked = time.monotonic()
                stats = json.loads(server.body('/stats'))
        got = sum(len(reader.numbers) for reader in readers)
        stats['cpu'] = (cpu(server.process) - before) / got * 1e6
        readers.append(Reader(stalled))
        if kind == 'topic':  # by hand, it has ended long before
            while not readers[-1].numbers or readers[-1].numbers[-1] < count - 1:
                assert readers[-1].read()
            stats |= json.loads(server.body('/stats'))
        return stats, readers


pytestmark = pytest.mark.slow  # it sends an hour's messages


@pytest.fixture(params=RUNTIMES)
def server(request, tmp_path, monkeypatch):
    lib = runtimes.LIB
    if request.param == 'micropython':
        # With 32 bits: connections take twice as much with 64.
        monkeypatch.setenv('MICROPYTHON', str(needs.like_a_board()))
        lib = compiled(tmp_path)  # from source it would not fit into 192 KB
    with ServerProcess(request.param, program=PROGRAM, lib=lib) as process:
        yield process


def compiled(folder):
    for name, data in payload.framework().items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    return folder


def test_one_that_never_reads(server, request):
    runtime = request.node.callspec.params['server']
    count = HOUR
    stats, readers = broadcast(server, 'topic', count, PAUSE, 600)
    for reader in readers:
        assert reader.numbers == sorted(set(reader.numbers)) and reader.numbers[-1] == count - 1
    # The last one is the one that did not read: now it has, and what it had missed was counted.
    assert len(readers[-1].numbers) < count - 100
    assert stats['missed'] == len(readers) * count - sum(len(r.numbers) for r in readers)
    heap = stats['heap']
    assert not heap or max(heap[1:]) - min(heap[1:]) < 4096, heap
    naive, readers = broadcast(server, 'gather', 700, 3, STALL)
    assert all(reader.numbers == list(range(700)) for reader in readers[:-1])
    server.alive()
    for name, figures in (('topic', stats), ('gather', naive)):
        report(name, runtime, figures)
    assert 2 * stats['worst'] < naive['worst']  # which has waited for the one that never reads


def report(name, runtime, stats):
    heap = stats['heap'][1:] or [0]
    row = (
        f'{name}, {runtime}',
        f'{stats["mean"]:.0f} µs',
        f'{stats["worst"] / 1000:.1f} ms',
        f'{stats["cpu"]:.0f} µs',
        stats['missed'] if name == 'topic' else '',
        f'{min(heap):,} to {max(heap):,} bytes' if stats['heap'] else '',
    )
    tables.add('Twelve listeners, one of which never reads', COLUMNS, row)
    print(*row)
