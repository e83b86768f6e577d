"""The broker's end of MQTT 3.1.1 for tests of the client: each connection runs a script.

async with Broker(script, script) as broker:    # the last one serves all that come later
    client = MQTTClient(HOST, broker.port)

async def script(peer):
    await peer.accept()                 # CONNECT in, CONNACK out
    topic, payload, flags, packet_id = await peer.published()
    await peer.send(b'...')
"""

import asyncio

from microdot.mqtt import MQTTClient
from wire import DEADLINE, HOST, free_port


class Peer:
    """One connection of a client."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer
        self.hello = None  # the body of the CONNECT

    async def packet(self):
        """Return the first byte and the body of the next packet."""
        return await asyncio.wait_for(self._packet(), DEADLINE)

    async def _packet(self):
        kind = (await self.reader.readexactly(1))[0]
        size = shift = 0
        while True:
            byte = (await self.reader.readexactly(1))[0]
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        return kind, (await self.reader.readexactly(size)) if size else b''

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def accept(self, code=0, present=0):
        kind, self.hello = await self.packet()
        assert kind == 0x10, kind
        await self.send(bytes((0x20, 2, present, code)))

    async def published(self, acknowledge=True):
        """Return topic, payload, flags and packet id of the next message; answers what is asked."""
        while True:
            kind, body = await self.packet()
            if kind == 0x82:
                await self.subscribed(body)
                continue
            assert kind & 0xF0 == 0x30, kind
            size = int.from_bytes(body[:2], 'big')
            topic, rest = body[2 : 2 + size], body[2 + size :]
            packet_id = None
            if kind & 6:
                packet_id, rest = int.from_bytes(rest[:2], 'big'), rest[2:]
                if acknowledge:
                    await self.acknowledge(packet_id)
            return topic, rest, kind & 15, packet_id

    async def acknowledge(self, packet_id):
        await self.send(b'\x40\x02' + packet_id.to_bytes(2, 'big'))

    async def subscribed(self, body=None):
        """Return the filter and QoS of the next SUBSCRIBE, and grant it."""
        if body is None:
            kind, body = await self.packet()
            assert kind == 0x82, kind
        await self.send(b'\x90\x03' + body[:2] + body[-1:])
        return body[4:-1], body[-1]

    async def message(self, topic, payload, flags=0, packet_id=1):
        body = len(topic).to_bytes(2, 'big') + topic
        if flags & 6:
            body += packet_id.to_bytes(2, 'big')
        size = len(body) + len(payload)
        length = bytes((size,)) if size < 128 else bytes((size & 127 | 128, size >> 7))
        await self.send(bytes((0x30 | flags,)) + length + body + payload)


class Broker:
    def __init__(self, *scripts):
        self.scripts = list(scripts)
        self.port = free_port()
        self.errors = []
        self.tasks = []
        self.served = 0  # connections

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._serve, HOST, self.port)
        return self

    async def _serve(self, reader, writer):
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        self.served += 1
        self.tasks.append(asyncio.current_task())
        try:
            await script(Peer(reader, writer))
        except (EOFError, OSError, asyncio.TimeoutError):
            pass
        except Exception as exc:
            self.errors.append(exc)
        finally:
            writer.close()
            try:
                await writer.wait_closed()  # on MicroPython this is what closes
            except OSError:
                pass

    async def __aexit__(self, *exc_info):
        self.server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.sleep(0.02)
        assert not self.errors, self.errors


class Running:
    """A client that runs meanwhile; it connects again after 100 ms."""

    def __init__(self, broker, **options):
        self.client = MQTTClient(HOST, broker.port, **options)
        self.client.backoff = (0.1, 0.1)

    async def __aenter__(self):
        self.task = asyncio.create_task(self.client.run())
        return self.client

    async def __aexit__(self, *exc_info):
        assert not self.task.done()
        self.task.cancel()
        try:
            await self.task
        except asyncio.CancelledError:
            pass
