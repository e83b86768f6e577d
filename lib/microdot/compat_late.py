"""MicroPython's half of ``compat``, the part for starts, errors and clients that go away."""

import json
import time

from .compat import iscoroutine

__all__ = ('json',)

FILE_BLOCK = 1


async def invoke_handler(handler, *args, **kwargs):
    """Call a handler, sync or async, and return its result."""
    result = handler(*args, **kwargs)
    return (await result) if iscoroutine(result) else result


class Ahead:
    """Takes what an iterator yields.

    :param items: the iterator.
    """

    waits = False  # whether other tasks run meanwhile

    def __init__(self, items):
        self.items = items

    async def take(self):
        """Return what comes next. Raises ``StopAsyncIteration`` at the end."""
        for item in self.items:
            return item
        raise StopAsyncIteration


def mro(cls):
    """Return the classes of an inheritance depth first, of one met twice the last occurrence."""
    classes = [cls]
    for base in cls.__bases__:
        for c in mro(base):
            if c in classes:
                classes.remove(c)
            classes.append(c)
    return classes


def now():
    seconds = int(time.time())
    return seconds if time.gmtime(0)[0] == 1970 else seconds + 946684800  # boards begin in 2000


def signing():
    from . import jwt_hs256

    return jwt_hs256


def latin1(data):
    return ''.join([chr(c) for c in data])


async def receive_some(reader, n):
    data = None
    while data is None:  # TLS has to do with more than data
        data = await reader.read(n)
    return data


def client_of(writer):
    addr = writer.get_extra_info('peername')
    if isinstance(addr, bytes):  # the unix port hands out the structure of the system
        import socket

        family, host, port = socket.sockaddr(addr)[:3]
        addr = socket.inet_ntop(family, host), port
    return addr


def send_at_once(writer):
    """Let no packet wait for the acknowledgment of the one before (Nagle's algorithm).

    Clients acknowledge late what looks unfinished, and a response written in parts does.
    """
    import socket

    # The unix port has no name for it, and others warn of what they do not know.
    option = getattr(socket, 'TCP_NODELAY', 1 if hasattr(socket, 'sockaddr') else None)
    if option is not None:
        getattr(writer, 'raw', writer.s).setsockopt(6, option, 1)  # IPPROTO_TCP


def half_close(writer):
    pass  # sockets have no shutdown()


def peer_is_gone(reader, held, limit):
    """Return (held, gone): what has been received ahead, and whether the peer has closed.

    Nothing tells of a closed peer but reading; what comes instead belongs to the next request.
    """
    if len(held) >= limit:
        return held, False
    try:
        data = reader.s.read(64)
    except OSError:
        return held, True
    return (held, False) if data is None else (held + data, not data)


def accept_cancel():
    pass


def is_cancelled():
    return False  # whoever cancels a connection's task here leaves word in the connection


def server_options(context, timeout, start_serving):
    if not start_serving:
        raise ValueError('start_serving must be True')
    if context and not hasattr(context, 'wrap_socket'):
        raise TypeError('ssl must be an SSLContext')
    return {}  # TLS: see start_tls


def start_tls(context, stream):
    # Not left to asyncio, which would lose the socket below. The handshake is a part of the first
    # read, which has a bound of its own.
    stream.raw = stream.s
    stream.s = context.wrap_socket(stream.raw, server_side=True, do_handshake_on_connect=False)


def accept_again(app):
    """Go on accepting connections after the task that did so has ended."""
    import asyncio

    from .server import serve_client

    if not app.server.task.done():
        return  # it has been done before, but then there was no memory to wait for it
    accept = app.server._serve(
        app._listener, lambda reader, writer: serve_client(app, reader, writer), None
    )
    app.server.task = asyncio.create_task(accept)


def close_server(app, then):
    app.server.close()
    then()
