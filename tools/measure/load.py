"""The client: plain sockets, one request at a time, each response read to its last byte.

`closing` makes a new connection for each request and reads until the server closes it;
`persistent` sends all requests over one connection, each after the response to the one before.
Every response must be a 200 with the expected body (None: any)."""

import socket

HOST = '127.0.0.1'
HELLO = b'Hello, world!'
DEADLINE = 10  # seconds without a byte before a server counts as hung


class LoadError(Exception):
    """A response did not come, or was not the expected 200."""


def _request(port, close):
    connection = 'Connection: close\r\n' if close else ''
    return (
        f'GET / HTTP/1.1\r\nHost: {HOST}:{port}\r\nUser-Agent: bench/1.0\r\n'
        f'Accept: */*\r\n{connection}\r\n'
    ).encode()


def _check(head, body, expected):
    status = head.split(b'\r\n', 1)[0].split(b' ')
    if status[1:2] != [b'200'] or (expected is not None and body != expected):
        raise LoadError(f'unexpected response: {head[:80]!r}, body {body[:80]!r}')


def _receive_all(client):
    data = b''
    while piece := client.recv(4096):
        data += piece
    head, end, body = data.partition(b'\r\n\r\n')
    if not end:
        raise LoadError(f'incomplete response: {data[:80]!r}')
    return head, body


def _receive_one(client):
    data = b''
    while b'\r\n\r\n' not in data:
        piece = client.recv(4096)
        if not piece:
            raise LoadError('connection closed by the server')
        data += piece
    head, _, body = data.partition(b'\r\n\r\n')
    _, found, length = head.lower().partition(b'content-length:')
    if not found:
        raise LoadError('response without Content-Length')
    missing = int(length.split(b'\r\n', 1)[0]) - len(body)
    while missing > 0:
        piece = client.recv(missing)
        if not piece:
            raise LoadError('connection closed within a body')
        body += piece
        missing -= len(piece)
    return head, body


def closing(port, count, expected=HELLO, deadline=DEADLINE):
    """Make `count` requests, each on a connection of its own. Raises LoadError."""
    request = _request(port, close=True)
    for _ in range(count):
        try:
            with socket.create_connection((HOST, port), timeout=deadline) as client:
                client.sendall(request)
                head, body = _receive_all(client)
        except OSError as error:
            raise LoadError(f'no response: {error!r}') from error
        _check(head, body, expected)


def persistent(port, count, expected=HELLO, deadline=DEADLINE):
    """Make `count` requests over one connection. Raises LoadError."""
    request = _request(port, close=False)
    try:
        with socket.create_connection((HOST, port), timeout=deadline) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for _ in range(count):
                client.sendall(request)
                _check(*_receive_one(client), expected)
    except OSError as error:
        raise LoadError(f'no response: {error!r}') from error


MODES = {'closing': closing, 'persistent': persistent}
