"""The client's side of ``TestClient.websocket``."""

from .compat import iscoroutine
from .websocket import WebSocket

_GONE = (32, 'Websocket connection closed')


class Client:
    """The connection between a WebSocket of an application and the generator that plays its client.

    :param client: the generator, an asynchronous one too.
    """

    buffer = b''
    reading = False

    def __init__(self, client):
        self.client = client
        self.started = False
        self.upgraded = False

    async def readline(self):
        i = self.buffer.find(b'\n') + 1
        line, self.buffer = self.buffer[:i], self.buffer[i:]
        return line

    async def fill(self):
        while not self.buffer:
            await self.advance(None)
        return True

    async def awrite(self, data):
        if not self.upgraded:
            self.upgraded = True
            return
        _, opcode, _, length = WebSocket._parse_frame_header(data)
        if opcode <= WebSocket.BINARY:
            payload = data[2 - min(length, 0) :]
            if not self.started:
                await self.advance(None)
            await self.advance(payload.decode() if opcode == WebSocket.TEXT else payload)

    async def aclose(self):
        pass

    async def advance(self, message):
        """Give the client a message and take the one that it answers with.

        Raises ``OSError`` at its end.
        """
        self.started = True
        try:
            if hasattr(self.client, 'asend'):
                answer = await self.client.asend(message)
            else:
                answer = self.client.send(message)
        except (StopIteration, StopAsyncIteration):
            raise OSError(*_GONE) from None
        opcode = WebSocket.TEXT if isinstance(answer, str) else WebSocket.BINARY
        if answer is not None:
            self.buffer += masked(opcode, answer)


def masked(opcode, payload):
    """Return a frame of a client, with a mask that changes nothing (RFC 6455, 5.3)."""
    data = WebSocket._encode_websocket_frame(opcode, payload)
    start = 2 - min(WebSocket._parse_frame_header(data)[3], 0)
    return data[:1] + bytes((data[1] | 0x80,)) + data[2:start] + bytes(4) + data[start:]


def handshake(headers):
    """Return the header fields of a handshake, with these beside or in place of the usual ones."""
    every = {
        'Upgrade': 'websocket',
        'Connection': 'Upgrade',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    }
    given = [name.lower() for name in headers or {}]
    for name in list(every):
        if name.lower() in given:
            del every[name]
    every.update(headers or {})
    return every


async def converse(test_client, path, client, headers):
    """Do what ``TestClient.websocket`` says."""
    every = handshake(headers)
    generator = client()
    connection = Client(generator)
    try:
        return await test_client.request('GET', path, every, sock=(connection, connection))
    finally:
        closing = (generator.aclose if hasattr(generator, 'asend') else generator.close)()
        if hasattr(closing, '__await__') or iscoroutine(closing):
            await closing
