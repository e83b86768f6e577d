"""Servers in processes of their own, on either runtime, and plain sockets to be rude to them with.

    with ServerProcess(runtime, 'max_connections=8') as server:
        with server.connect() as sock:
            sock.sendall(b'GET / HTTP/1.1...')
            data = read_all(sock)

Every socket has a deadline; a server that does not answer, or dies, fails the test.
"""

import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import needs

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).resolve().parent / 'program.py'
HOST = '127.0.0.1'
DEADLINE = 20
RUNTIMES = ('cpython', 'micropython')


def get(path, *headers, method='GET'):
    """The bytes of a request without body."""
    lines = [f'{method} {path} HTTP/1.1', 'Host: h', *headers]
    return '\r\n'.join(lines).encode() + b'\r\n\r\n'


def read_all(sock):
    """Everything up to the end of the connection; a reset raises."""
    data = bytearray()
    while True:
        piece = sock.recv(65536)
        if not piece:
            return bytes(data)
        data += piece


def reset(sock):
    """Close a socket with a reset instead of an orderly end."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    sock.close()


def status(data):
    """The status code of a response given as bytes; 0 if it is empty."""
    if not data:
        return 0
    version, code, _ = data.split(b' ', 2)
    assert version in (b'HTTP/1.0', b'HTTP/1.1'), data[:80]
    return int(code)


def eventually(condition):
    """Wait until the condition holds; AssertionError after DEADLINE seconds."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, 'not within the deadline'
        time.sleep(0.02)


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def environment(lib=ROOT / 'lib'):
    """This environment with the package on the module paths of both runtimes."""
    return {**os.environ, 'PYTHONPATH': str(lib), 'MICROPYPATH': f'{lib}:.frozen'}


class ServerProcess:
    """`program.py` (or another) on a runtime, in a folder; bounds are given as `name=number`.

    `lib` is the folder that has the package.
    """

    def __init__(
        self, runtime, *bounds, heap='192K', program=PROGRAM, folder=None, lib=ROOT / 'lib'
    ):
        self.folder = folder
        self.lib = lib
        self.port = free_port()
        command = [sys.executable]
        if runtime == 'micropython':
            command = [needs.micropython(), '-X', f'heapsize={heap}']
        self.command = [*command, str(program), str(self.port), *bounds]

    def __enter__(self):
        self.output = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            env=environment(self.lib),
            cwd=self.folder,
        )
        try:
            eventually(self.answers)
        except BaseException:
            self.__exit__()
            raise
        return self

    def answers(self, path='/'):
        """Whether a GET of the path is answered with 200."""
        assert self.process.poll() is None, self.log()
        try:
            return status(self.get(path)) == 200
        except OSError:
            return False

    def __exit__(self, *exc):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.text = self.log()
        self.output.close()

    def log(self):
        """What the server printed so far."""
        # Without a seek: the server writes where this file is, too.
        file = self.output.fileno()
        return os.pread(file, os.fstat(file).st_size, 0).decode(errors='replace')

    def connect(self, receive_buffer=None):
        """A new connection, with a small receive buffer if asked for."""
        sock = socket.socket()
        sock.settimeout(DEADLINE)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            sock.connect((HOST, self.port))
        except BaseException:
            sock.close()
            raise
        return sock

    def exchange(self, *parts):
        """Send these bytes on a new connection; return everything up to its end."""
        with self.connect() as sock:
            for part in parts:
                sock.sendall(part)
            return read_all(sock)

    def get(self, path):
        """The whole answer to a GET on a connection of its own."""
        return self.exchange(get(path, 'Connection: close'))

    def body(self, path):
        """The body of that answer, which must be a 200."""
        head, _, body = self.get(path).partition(b'\r\n\r\n')
        assert status(head) == 200, head
        return body

    def alive(self):
        """Assert that the process runs, answers, and printed no traceback."""
        assert self.process.poll() is None, self.log()
        assert self.body('/') == b'index'
        assert 'Traceback' not in self.log(), self.log()

    def descriptors(self):
        """How many files and sockets the process has open."""
        return len(os.listdir(f'/proc/{self.process.pid}/fd'))

    def memory(self):
        """Resident memory of the process in KiB."""
        pages = int(Path(f'/proc/{self.process.pid}/statm').read_text().split()[1])
        return pages * os.sysconf('SC_PAGE_SIZE') // 1024
