"""A server and its clients in one event loop, over real loop-back sockets, on both runtimes.

    async with serve(app, idle_timeout=0.3) as server:
        reply = await server.get('/')                  # one request on its own connection
        client = await server.open()
        await client.send(b'GET / HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n')
        reply = await client.response()                # exactly one response, by its framing

Keywords set class attributes of `Request` or `Connection` and are undone at the end. Nothing here
waits longer than DEADLINE seconds; what the server breaks (framing, a reset, a missing end) raises.
"""

import asyncio
import os
import socket

from microdot import Request
from microdot.server import Connection

DEADLINE = 8
HOST = '127.0.0.1'
_REQUEST_BOUNDS = ('max_content_length', 'max_body_length', 'max_readline')


def free_port():
    """A port of HOST that could be bound just now (outside the range for outgoing connections)."""
    for _ in range(50):
        high, low = os.urandom(2)
        port = 12000 + (high * 256 + low) % 18000
        probe = socket.socket()
        try:
            probe.bind(socket.getaddrinfo(HOST, port)[0][-1])
            return port
        except OSError:
            pass
        finally:
            probe.close()
    raise AssertionError('no free port')


async def until(condition, seconds=DEADLINE):
    """Wait until `condition()` is true; AssertionError after that many seconds."""
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError('condition not met in %s seconds' % seconds)


def get(path, *headers, method='GET', version='1.1'):
    """The bytes of a request without body."""
    lines = ['%s %s HTTP/%s' % (method, path, version), 'Host: h']
    lines.extend(headers)
    return '\r\n'.join(lines).encode() + b'\r\n\r\n'


def post(path, body, *headers):
    """The bytes of a POST with a Content-Length."""
    return get(path, 'Content-Length: %d' % len(body), *headers, method='POST') + body


def chunked(*chunks):
    """The chunked coding of these non-empty pieces."""
    return b''.join([b'%x\r\n%s\r\n' % (len(chunk), chunk) for chunk in chunks]) + b'0\r\n\r\n'


def hold_little(request):
    """Let the system hold little of what a client does not read, for it to be noticed soon."""
    writer = request.connection.writer
    sock = getattr(writer, 's', None) or writer.get_extra_info('socket')
    sock.setsockopt(socket.SOL_SOCKET, getattr(socket, 'SO_SNDBUF', 7), 4096)


class Reply:
    """One response as read from the wire: version, status, reason, headers (list), body."""

    def __init__(self, line):
        self.version, status, self.reason = line.split(' ', 2)
        assert len(status) == 3, line
        self.status = int(status)
        self.headers = []
        self.body = b''

    def header(self, name):
        """The values of that header joined by ', ', None if it is absent."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ', '.join(values) if values else None


class Client:
    """One connection to the server; reads are buffered, never past what was asked for."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer
        self.buffer = b''

    async def send(self, data):
        self.writer.write(data)
        await asyncio.wait_for(self.writer.drain(), DEADLINE)

    async def _fill(self, seconds=DEADLINE):
        data = await asyncio.wait_for(self.reader.read(1024), seconds)
        self.buffer += data
        return bool(data)

    async def read(self, count):
        """Exactly `count` bytes; EOFError if the server ends the connection before."""
        while len(self.buffer) < count:
            if not await self._fill():
                raise EOFError('%d of %d bytes' % (len(self.buffer), count))
        data = self.buffer[:count]
        self.buffer = self.buffer[count:]
        return data

    async def line(self):
        """One CRLF-terminated line without its end; EOFError if it does not come whole."""
        while b'\r\n' not in self.buffer:
            if not await self._fill():
                raise EOFError('line ends early: %s' % self.buffer)
        return (await self.read(self.buffer.find(b'\r\n') + 2))[:-2]

    async def read_until_eof(self):
        """Everything up to the end of the connection."""
        while await self._fill():
            pass
        data, self.buffer = self.buffer, b''
        return data

    async def at_eof(self, seconds=DEADLINE):
        """True if the server ends the connection within that time and sends nothing before."""
        if self.buffer:
            return False
        try:
            return not await self._fill(seconds)
        except asyncio.TimeoutError:
            return False

    async def head(self):
        """Status line and headers of one response."""
        reply = Reply((await self.line()).decode())
        while True:
            line = await self.line()
            if not line:
                return reply
            name, value = line.decode().split(': ', 1)
            reply.headers.append((name, value))

    async def response(self, head=False):
        """One response with the body its framing announces (`head`: it answers a HEAD)."""
        reply = await self.head()
        length = reply.header('Content-Length')
        coding = reply.header('Transfer-Encoding')
        if head or reply.status < 200 or reply.status in (204, 304):
            return reply
        if coding is not None:
            assert coding == 'chunked' and length is None, reply.headers
            reply.body = await self._chunks()
        elif length is not None:
            reply.body = await self.read(int(length))
        else:
            reply.body = await self.read_until_eof()
        return reply

    async def _chunks(self):
        pieces = []  # joined once: a body that grows asks for larger and larger blocks
        while True:
            size = int(await self.line(), 16)
            data = await self.read(size + 2)
            assert data[size:] == b'\r\n', data
            if not size:
                return b''.join(pieces)
            pieces.append(data[:size])

    async def close(self):
        """Close this end; a connection already broken is closed too."""
        self.writer.close()
        try:
            await asyncio.wait_for(self.writer.wait_closed(), DEADLINE)
        except OSError:
            pass


class Server:
    """See `serve`."""

    def __init__(self, app, ssl, client_ssl, bounds):
        self.app = app
        self.ssl = ssl
        self.client_ssl = client_ssl
        self.bounds = bounds
        self.saved = []
        self.clients = []
        self.port = self.task = None

    async def __aenter__(self):
        for name, value in self.bounds.items():
            owner = Request if name in _REQUEST_BOUNDS else Connection
            self.saved.append((owner, name, getattr(owner, name)))
            setattr(owner, name, value)
        self.port = free_port()
        self.app.server = None
        self.task = asyncio.create_task(
            self.app.start_server(host=HOST, port=self.port, ssl=self.ssl)
        )
        await until(lambda: self.app.server is not None or self.task.done())
        if self.task.done():
            self._restore()
            await self.task
            raise AssertionError('start_server returned at once')
        return self

    async def __aexit__(self, *exc):
        try:
            for client in self.clients:
                await client.close()
            self.app.shutdown()
            await asyncio.wait_for(self.task, DEADLINE)
        finally:
            self._restore()

    def _restore(self):
        for owner, name, value in self.saved:
            setattr(owner, name, value)

    async def open(self):
        """A new connection; it is closed at the end at the latest."""
        opening = asyncio.open_connection(HOST, self.port, ssl=self.client_ssl)
        client = Client(*await asyncio.wait_for(opening, DEADLINE))
        self.clients.append(client)
        return client

    async def open_many(self, count):
        """A list of that many new connections (MicroPython has no `await` in comprehensions)."""
        clients = []
        for _ in range(count):
            clients.append(await self.open())
        return clients

    async def exchange(self, data):
        """Send these bytes on a new connection, return everything up to its end."""
        client = await self.open()
        await client.send(data)
        return await client.read_until_eof()

    async def request(self, data, head=False):
        """Send one request on a new connection, return its response and close."""
        client = await self.open()
        await client.send(data)
        reply = await client.response(head)
        self.clients.remove(client)
        await client.close()
        return reply

    async def get(self, path, *headers):
        """`request` for a GET of that path."""
        return await self.request(get(path, *headers))


async def refuses(port):
    """Tell whether nobody listens on that port (MicroPython learns of it when it reads)."""
    writer = None
    try:
        reader, writer = await asyncio.open_connection(HOST, port)
        await asyncio.wait_for(reader.read(1), 1)
        return False
    except asyncio.TimeoutError:
        return False
    except OSError:
        return True
    finally:
        if writer:
            writer.close()
            await writer.wait_closed()


async def refused(server, raw, status):
    """Assert that these bytes get exactly one whole answer with that status, then the end."""
    client = await server.open()
    await client.send(raw)
    reply = await client.response()
    assert reply.status == status, (raw[:80], reply.status)
    assert reply.header('Connection') == 'close', raw[:80]
    assert reply.header('Content-Length') == str(len(reply.body)), raw[:80]
    assert await client.at_eof(), raw[:80]
    await client.close()
    return reply


def serve(app, ssl=None, client_ssl=None, tick=0.05, linger_timeout=0.5, **bounds):
    """`async with serve(app, ...) as server`: the application served on a free port."""
    bounds['tick'] = tick
    bounds['linger_timeout'] = linger_timeout
    return Server(app, ssl, client_ssl, bounds)
