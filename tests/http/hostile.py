"""Clients that misbehave, each in a thread of its own, and a good one that counts its answers.

with Hostile(server, 'drip', clients=16):
    answers, waits = good(server, seconds=3)
"""

import socket
import struct
import threading
import time

UPGRADE = (
    b'GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
    b'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
)
TIMEOUT = 3


def head(path):
    return b'GET %s HTTP/1.1\r\nHost: h\r\n' % path.encode()


class Hostile:
    """A number of clients that misbehave in one way until the end of the block."""

    def __init__(self, server, mode, clients):
        self.server = server
        self.misbehave = getattr(self, mode)
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(clients)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        time.sleep(0.4)

    def __exit__(self, *exc):
        self.ended.set()
        for thread in self.threads:
            thread.join(TIMEOUT + 5)

    def _run(self):
        while not self.ended.is_set():
            try:
                with self.server.connect() as sock:
                    sock.settimeout(TIMEOUT)
                    self.misbehave(sock)
            except OSError:
                self.ended.wait(0.2)

    def _flood(self, sock, data):
        """Send without end, and read what comes."""

        def swallow():
            try:
                while sock.recv(65536):
                    pass
            except OSError:
                pass

        thread = threading.Thread(target=swallow, daemon=True)
        thread.start()
        try:
            while not self.ended.is_set():
                sock.sendall(data)
        finally:
            sock.close()
            thread.join(TIMEOUT)

    def _websocket(self, sock, data=b''):
        sock.sendall(UPGRADE)
        if not sock.recv(500).startswith(b'HTTP/1.1 101'):
            self.ended.wait(0.2)
        elif data:
            self._flood(sock, data)
        else:
            self.ended.wait()

    def drip(self, sock):
        """A body of which a byte comes every 4 s."""
        sock.sendall(b'POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9000\r\n\r\n')
        while not self.ended.wait(4):
            sock.sendall(b'x')

    def unread(self, sock):
        """Requests whose long answers are never read."""
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        while not self.ended.wait(0.2):
            sock.sendall(head('/pieces/1000') + b'\r\n')

    def pipeline(self, sock):
        """Requests without end."""
        self._flood(sock, (head('/') + b'\r\n') * 500)

    def lines(self, sock):
        """A head of 4 KB that is 1,000 lines with empty values."""
        sock.sendall(head('/') + b'a:\r\n' * 1000 + b'\r\n')
        sock.recv(1000)

    def vanish(self, sock):
        """A stream of which 10 bytes are taken, then a reset."""
        sock.sendall(head('/pieces/100000') + b'\r\n')
        sock.recv(10)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        sock.close()
        self.ended.wait(0.2)

    def pings(self, sock):
        """Pings of a WebSocket without end."""
        self._websocket(sock, b'\x89\x80\0\0\0\0' * 1000)

    def fragments(self, sock):
        """Empty fragments of a message without end."""
        self._websocket(sock, b'\x01\x80\0\0\0\0' + b'\x00\x80\0\0\0\0' * 1000)

    def silent(self, sock):
        """A WebSocket that says nothing, not even in answer to a ping."""
        self._websocket(sock)


def good(server, seconds, path='/'):
    """Ask for a path again and again; return the number of answers by status, and the waits.

    What fails counts by the name of the exception. Waits are in seconds.
    """
    answers, waits = {}, []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begun = time.monotonic()
        try:
            with server.connect() as sock:
                sock.settimeout(TIMEOUT)
                sock.sendall(head(path) + b'Connection: close\r\n\r\n')
                answer = sock.recv(100)[9:12].decode() or 'nothing'
        except OSError as exc:
            answer = type(exc).__name__
        waits.append(time.monotonic() - begun)
        answers[answer] = answers.get(answer, 0) + 1
        time.sleep(0.05)
    return answers, waits
