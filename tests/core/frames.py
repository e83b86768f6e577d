"""The client's end of a WebSocket, frame by frame, for tests over real connections."""

from microdot.websocket import unmask
from wire import get

MASK = b'\x11\x22\x33\x44'
UPGRADE = (
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
)


def frame(first, payload, length=None):
    """A masked frame (the second byte and the length may lie)."""
    n = len(payload) if length is None else length
    head = bytes((first, 0x80 | n)) if n < 126 else bytes((first, 0xFE)) + n.to_bytes(2, 'big')
    return head + MASK + unmask(payload, MASK)


async def connect(server, *headers, path='/'):
    client = await server.open()
    await client.send(get(path, *(UPGRADE + headers)))
    reply = await client.head()
    assert reply.status == 101
    return client, reply


async def read_frame(client):
    """The (first byte, payload) of the server's next frame."""
    first, n = await client.read(2)
    assert n < 127, n
    if n == 126:
        n = int.from_bytes(await client.read(2), 'big')
    return first, await client.read(n)
