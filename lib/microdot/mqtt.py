"""An MQTT 3.1.1 client on the event loop of the application::

    client = MQTTClient('broker.local', client_id='desk', will=('desk/status', 'offline'))

    @client.on('desk/lamp/set')
    def set_lamp(topic, payload, retained):
        lamp.value(payload == b'ON')

    client.publish('desk/temperature', 21.5, retain=True)
    asyncio.create_task(client.run())

``publish`` never waits: a message is queued, and what cannot be kept is counted. ``run`` connects,
and connects again for as long as it is not cancelled.
"""

import asyncio
import os

from .compat import close_stream, is_ahead, print_exception, ticks_diff, ticks_ms, write_out
from .compat_topics import Signal, wait_for
from .mqtt_packets import (
    MQTTError,
    check_filter,
    connect_packet,
    encoded_length,
    matches,
    payload_bytes,
    prefixed,
    read_connack,
    read_packet,
    topic_bytes,
)

_PUBLISH = 0x30  # the types of packets, in the high four bits of the first byte
_PUBACK = 0x40
_SUBSCRIBE = 0x82
_SUBACK = 0x90
_PINGREQ = b'\xc0\0'
_DISCONNECT = b'\xe0\0'
_QOS_1 = 2  # flags of a PUBLISH
_RETAIN, _DUP = 1, 8
_BLOCK = 512  # bytes of a payload that are read or written at once
# What ends a connection, for the next one to follow.
_ENDS = (OSError, EOFError, MQTTError, MemoryError, asyncio.TimeoutError)
_REFUSED = (  # what a CONNACK says, by its return code
    'the broker does not speak MQTT 3.1.1',
    'the broker refuses the client id',
    'the broker is unavailable',
    'wrong user or password',
    'not authorized',
)


class MQTTClient:
    """A client of one broker.

    :param host: the broker's name or address.
    :param port: its port; 1883, or 8883 with ``ssl``.
    :param client_id: a str of its own for each client. Without one the broker makes one up.
    :param user, password: str, if the broker asks for them.
    :param ssl: an ``SSLContext`` for TLS.
    :param will: what the broker publishes once the client has gone, however it went: a tuple of
        topic, payload, and optionally whether to retain it (``True``).
    :param keepalive: seconds without a sign of the broker after which it is taken for dead.
    :param clean: whether the broker forgets subscriptions and messages of QoS 1 while the client is
        away; ``False`` needs a ``client_id``.

    Raises ``ValueError`` for a will with a bad topic, ``clean=False`` without an id, or a
    ``keepalive`` of less than a second.
    """

    #: Most messages that wait to be sent or, with QoS 1, to be acknowledged. When there are more,
    #: the oldest of QoS 0 is dropped; if all are of QoS 1, the new one is.
    max_queue = 32
    #: Bytes of the largest payload that is taken; a longer one is skipped and counted.
    max_payload = 4096
    #: Seconds before the client connects again: the first time, and at most. Each failure doubles
    #: them; up to half of them are left out at random, so that not all come at once.
    backoff = (1, 60)

    #: Whether the broker has accepted the client.
    connected = False
    #: Why there is no connection, an exception; ``None`` if there is one or never was.
    error = None
    #: Messages that were not sent because the queue was full.
    dropped = 0
    #: Messages received that were larger than ``max_payload``.
    skipped = 0

    def __init__(
        self,
        host,
        port=None,
        client_id='',
        user=None,
        password=None,
        ssl=None,
        will=None,
        keepalive=60,
        clean=True,
    ):
        if not clean and not client_id:
            raise ValueError('clean=False needs a client_id')
        if keepalive < 1:
            raise ValueError('keepalive must be at least a second')
        if will:
            topic_bytes(will[0])
        self.host = host
        self.port = port or (8883 if ssl else 1883)
        self.client_id = client_id
        self.user = user
        self.password = password
        self.ssl = ssl
        self.will = will
        self.keepalive = keepalive
        self.clean = clean
        # Here, too, as they are assigned when there may be no memory for a new attribute.
        self.connected, self.error = False, None
        self.queue = []  # of [topic, payload, flags, packet id, whether it is a greeting]
        self._greeting = False  # whether a handler of ``on_connect`` runs
        self.handlers = []  # of (filter, function, QoS)
        self.connect_handlers = []
        self.joined = []  # of (what a topic sends, name, QoS, whether to retain)
        self._sent = 0  # how many of the queue wait only for their acknowledgment
        self._id = 0  # the last packet id
        self._control = []  # packets that go before the messages
        self._wake = Signal()  # set when there is something to send, by any thread
        self._over = None  # the event of a connection that is at its end

    def on(self, topic_filter, qos=0):
        """Decorate a function that gets the messages of the topics that match a filter.

        :param topic_filter: a topic; ``+`` in it stands for one level, ``#`` at its end for all.
        :param qos: 0 for at most once, 1 for at least once.

        It is called with the topic (str), the payload (bytes) and whether the broker had retained
        the message, and must not block; an exception is printed. Raises ``ValueError``
        (MQTT 3.1.1, 4.7.1).
        """
        check_filter(topic_filter)

        def register(f):
            self.handlers.append((topic_filter, f, qos))
            if self.connected:
                self._subscribe(topic_filter, qos)
            return f

        return register

    def on_connect(self, f):
        """Decorate a function without arguments that is called after each connecting.

        What it publishes is queued even if there is no room.
        """
        self.connect_handlers.append(f)
        return f

    def greet(self):
        """Call the functions of ``on_connect``, instead of what they published and nobody has."""
        kept = [message for message in self.queue if not message[4]]
        self._sent -= len([message for message in self.queue[: self._sent] if message[4]])
        self.queue = kept
        self._greeting = True
        for f in self.connect_handlers:
            _call(f)
        self._greeting = False

    def join(self, topic, name=None, incoming=None, qos=0, retain=False):
        """Join a ``microdot.topics.Topic`` to topics of the broker, while the client runs.

        :param topic: the ``Topic``.
        :param name: where what is published here is published, too; ``None`` for nowhere.
        :param incoming: a filter: what matches goes to those who listen here. If ``name`` matches
            it as well, they get all messages by way of the broker, in the order that all see.
        :param qos, retain: as of ``publish``.

        What the broker does not take in time waits in the ``Topic``, which keeps the newest 64.
        Raises ``ValueError`` for a bad name, and for a topic that is joined already.
        """
        if incoming:
            check_filter(incoming)
        if name:
            topic_bytes(name)
            outgoing = topic.join(bool(incoming) and matches(incoming, name))
            self.joined.append((outgoing, name, qos, retain))
        if incoming:
            self.on(incoming, qos)(lambda _, payload, retained: topic.deliver(_text(payload)))

    async def _forward(self, outgoing, name, qos, retain):
        listener = outgoing.listen()
        while True:
            try:
                async for message in listener:
                    while len(self.queue) >= self.max_queue:
                        await asyncio.sleep(0.05)
                    self.publish(name, message.data, qos, retain)
            except MemoryError as exc:
                print_exception(exc)  # the message is lost
                await asyncio.sleep(1)

    def publish(self, topic, payload, qos=0, retain=False):
        """Queue a message; never waits. Returns whether it is in the queue.

        It may be called by any thread, and by what ``micropython.schedule`` runs.

        :param topic: a str without wildcards.
        :param payload: bytes, str, a dict or list to send as JSON, anything else that has a str, or
            a function that returns an iterator of bytes each time it is called: so a large message
            is sent without being held in memory.
        :param qos: 0 for at most once, 1 for at least once: kept until the broker acknowledges it,
            and sent again after a lost connection.
        :param retain: whether the broker keeps it for those who subscribe later.

        Raises ``ValueError`` for a bad topic.
        """
        topic = topic_bytes(topic)
        if not callable(payload):
            payload = payload_bytes(payload)
        if len(self.queue) >= self.max_queue and not self._greeting:
            self.dropped += 1
            if not self._drop():
                return False
        flags = (_QOS_1 if qos else 0) | (_RETAIN if retain else 0)
        self.queue.append([topic, payload, flags, 0, self._greeting])
        self._wake.set()
        return True

    def _drop(self):
        for i in range(self._sent, len(self.queue)):
            if not self.queue[i][2] & _QOS_1 and not self.queue[i][4]:
                self.queue.pop(i)
                return True
        return False

    async def flush(self):
        """Wait until all messages are sent and, those with QoS 1, acknowledged."""
        while self.queue:
            await asyncio.sleep(0.02)

    async def run(self):
        """Connect, send and receive, and connect again, until it is cancelled."""
        forwarding = [asyncio.create_task(self._forward(*joined)) for joined in self.joined]
        try:
            await self._run()
        finally:
            for task in forwarding:
                task.cancel()

    async def _run(self):
        failures = 0
        while True:
            started = ticks_ms()
            try:
                await self._connection()
            except _ENDS as exc:
                self.error = exc
            if ticks_diff(ticks_ms(), started) > 1000 * self.keepalive:
                failures = 0  # it was a good one
            first, most = self.backoff
            wait = min(most, first * 2 ** min(failures, 10))
            failures += 1
            await asyncio.sleep(wait - wait / 2 * os.urandom(1)[0] / 256)

    async def _connection(self):
        """Serve one connection until it ends. Raises what ended it."""
        options = {'ssl': self.ssl, 'server_hostname': self.host} if self.ssl else {}
        streams, tasks = [], []
        self._over = asyncio.Event()
        try:
            await wait_for(self._open(streams, options), self.keepalive)
            await wait_for(self._introduce(*streams), self.keepalive)
            for serve, stream in zip((self._receive, self._send), streams):
                tasks.append(asyncio.create_task(self._until_over(serve, stream)))
            await self._watch()
            raise self.error
        except asyncio.CancelledError:
            if self.connected and not self.will:  # whose publishing this would prevent
                streams[1].write(_DISCONNECT)
            raise
        finally:
            self.connected = False
            for task in tasks:
                task.cancel()
            if streams:
                close_stream(streams[1], True)

    async def _open(self, streams, options):
        streams.extend(await asyncio.open_connection(self.host, self.port, **options))

    async def _until_over(self, serve, stream):
        try:
            await serve(stream)
        except _ENDS as exc:
            self.error = exc
        except Exception as exc:
            print_exception(exc)
            self.error = MQTTError(repr(exc))
        finally:
            self._over.set()

    async def _introduce(self, reader, writer):
        """Exchange CONNECT and CONNACK, and queue what a new connection needs."""
        writer.write(connect_packet(self))
        await writer.drain()
        kind, present, code = await read_connack(reader)
        if kind != 0x20:
            raise MQTTError('not an MQTT broker')
        if code:
            raise MQTTError(_REFUSED[code - 1] if code <= 5 else 'refused with %d' % code)
        self.connected = True
        self.error = None
        self._control = []
        self._heard = self._spoke = ticks_ms()
        for message in self.queue[: self._sent]:
            if present:  # only then the broker may know it (4.4)
                message[2] |= _DUP
            else:
                message[3] = 0
        self._sent = 0
        for topic_filter, _, qos in self.handlers:
            self._subscribe(topic_filter, qos)
        self.greet()
        self._wake.set()

    async def _watch(self):
        """Ask a silent broker for a sign of life, until the connection is over."""
        half = self.keepalive * 500
        while not self._over.is_set():
            try:
                await wait_for(self._over.wait(), half / 2000)
            except asyncio.TimeoutError:
                silent = ticks_diff(ticks_ms(), self._heard)
                if silent >= 2 * half:
                    self.error = MQTTError('the broker is silent')
                    return
                if silent >= half or ticks_diff(ticks_ms(), self._spoke) >= half:
                    if _PINGREQ not in self._control:
                        self._control.append(_PINGREQ)
                        self._wake.set()

    # -- sending

    async def _send(self, writer):
        while True:
            if self._control:
                await self._write(writer, self._control.pop(0))
            elif self._sent < len(self.queue):
                await self._send_message(writer)
            else:
                await self._wake.wait(self._has_some)

    def _has_some(self):
        return self._control or self._sent < len(self.queue)

    async def _send_message(self, writer):
        message = self.queue[self._sent]
        topic, payload, flags, packet_id, _ = message
        if flags & _QOS_1:
            if not packet_id:
                packet_id = message[3] = self._next_id()
            self._sent += 1
        else:
            self.queue.pop(self._sent)
        head = prefixed(topic) + (packet_id.to_bytes(2, 'big') if flags & _QOS_1 else b'')
        pieces = payload if callable(payload) else lambda: (payload,)
        size = len(head)
        for piece in pieces():
            size += len(piece)
        block = bytes((_PUBLISH | flags,)) + encoded_length(size) + head
        for piece in pieces():
            if len(block) + len(piece) > _BLOCK:
                await self._write(writer, block)
                block = b''
            block = block + piece if block else piece
        await self._write(writer, block)

    async def _write(self, writer, data):
        waiting = write_out(writer, data)
        if waiting:
            await waiting
        self._spoke = ticks_ms()

    def _next_id(self):
        used = [message[3] for message in self.queue[: self._sent]]
        while True:
            self._id = self._id % 65535 + 1
            if self._id not in used:
                return self._id

    def _subscribe(self, topic_filter, qos):
        body = self._next_id().to_bytes(2, 'big') + prefixed(topic_filter.encode()) + bytes((qos,))
        self._control.append(bytes((_SUBSCRIBE,)) + encoded_length(len(body)) + body)
        self._wake.set()

    # -- receiving

    async def _receive(self, reader):
        while True:
            if is_ahead(reader):
                await asyncio.sleep(0)  # others have their turn in a storm of messages
            kind, size = await read_packet(reader)
            self._heard = ticks_ms()
            if kind & 0xF0 == _PUBLISH:
                await self._receive_message(reader, kind, size)
                continue
            if size > 4:  # of what else a client gets, none is longer
                raise MQTTError('malformed packet')
            body = await reader.readexactly(size)
            if kind == _PUBACK and size == 2:
                self._acknowledged(int.from_bytes(body, 'big'))
            elif kind == _SUBACK and size == 3:
                if body[2] > 1:
                    print('MQTT: the broker refuses a subscription')
            elif kind != 0xD0 or size:
                raise MQTTError('unexpected packet')

    def _acknowledged(self, packet_id):
        for i in range(self._sent):
            if self.queue[i][3] == packet_id:
                self.queue.pop(i)
                self._sent -= 1
                return

    async def _receive_message(self, reader, kind, size):
        qos = kind >> 1 & 3
        if qos > 1 or size < 2:  # no such QoS was subscribed to
            raise MQTTError('malformed packet')
        named = int.from_bytes(await reader.readexactly(2), 'big')
        size -= 2 + named + 2 * qos
        if size < 0:
            raise MQTTError('malformed packet')
        topic = str(await reader.readexactly(named), 'utf-8')
        packet_id = await reader.readexactly(2) if qos else None
        if size > self.max_payload:
            self.skipped += 1
            while size:
                size -= len(await reader.readexactly(min(size, _BLOCK)))
                self._heard = ticks_ms()
        else:
            payload = (await reader.readexactly(size)) if size else b''
            for topic_filter, f, _ in self.handlers:
                if matches(topic_filter, topic):
                    _call(f, topic, payload, bool(kind & _RETAIN))
        if qos:
            while len(self._control) >= self.max_queue:  # the broker sends, and does not read
                await asyncio.sleep(0.1)
            self._control.append(bytes((_PUBACK, 2)) + packet_id)
            self._wake.set()


def _text(payload):
    """Return a payload as topics have it: str, unless it is none."""
    try:
        return str(payload, 'utf-8')
    except UnicodeError:
        return payload


def _call(f, *args):
    try:
        f(*args)
    except Exception as exc:
        print_exception(exc)
