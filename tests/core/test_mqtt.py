"""`microdot.mqtt` against scripts of a broker: the bytes, the queue, what ends a connection."""

import asyncio

import microdot  # noqa: F401 before `broker`, which would import it from deeper in the stack
from broker import Broker, Running
from microdot.mqtt import MQTTClient, matches
from support import araises, raises
from wire import DEADLINE, HOST, until

MATCHES = (
    # MQTT 3.1.1, 4.7: filter, topic, whether they match
    ('a/b', 'a/b', True),
    ('a/b', 'a/c', False),
    ('a/b', 'a', False),
    ('a/+', 'a/b', True),
    ('a/+', 'a/', True),
    ('a/+', 'a', False),
    ('a/+', 'a/b/c', False),
    ('+/b', 'a/b', True),
    ('+', 'a', True),
    ('+', '/a', False),
    ('+/+', '/a', True),
    ('#', 'a/b/c', True),
    ('a/#', 'a/b/c', True),
    ('a/#', 'a', True),
    ('a/#', 'b', False),
    ('a/+/c', 'a/b/c', True),
    ('#', '$SYS/a', False),
    ('+/a', '$SYS/a', False),
    ('$SYS/#', '$SYS/a', True),
    ('A', 'a', False),
)
BAD_FILTERS = ('', 'a#', 'a/#/b', '#/a', 'a+/b', 'a/+b', 'a\0')
BAD_TOPICS = ('', 'a/+', '#', 'a\0b')
HELLOS = (
    ({}, b'\0\4MQTT\4\x02\0\x3c\0\0'),
    ({'client_id': 'me', 'keepalive': 300}, b'\0\4MQTT\4\x02\1\x2c\0\2me'),
    ({'client_id': 'me', 'clean': False}, b'\0\4MQTT\4\x00\0\x3c\0\2me'),
    ({'user': 'u'}, b'\0\4MQTT\4\x82\0\x3c\0\0\0\1u'),
    ({'user': 'u', 'password': 'ž'}, b'\0\4MQTT\4\xc2\0\x3c\0\0\0\1u\0\2\xc5\xbe'),
    ({'will': ('t', 'w')}, b'\0\4MQTT\4\x2e\0\x3c\0\0\0\1t\0\1w'),
    ({'will': ('t', 'w', False), 'user': 'u'}, b'\0\4MQTT\4\x8e\0\x3c\0\0\0\1t\0\1w\0\1u'),
)
MALFORMED = (
    b'\x36\x05\0\1tid',  # QoS 3
    b'\x30\x01\0',  # shorter than its own topic
    b'\x30\x03\0\x09t',
    b'\x32\x03\0\1t',  # QoS 1 without an id
    b'\x30\xff\xff\xff\xff\xff',  # a length of five bytes
    b'\x20\x02\0\0',  # a second CONNACK
    b'\x40\x03\0\1\0',
    b'\xd0\x01\0',
    b'\x82\x05\0\1\0\1a',  # a SUBSCRIBE of a broker
)


async def _quiet(peer):
    await peer.accept()
    await asyncio.sleep(DEADLINE)


def test_filters():
    for topic_filter, topic, expected in MATCHES:
        assert matches(topic_filter, topic) == expected, (topic_filter, topic)


def test_bad_names_are_refused():
    client = MQTTClient(HOST)
    for name in BAD_FILTERS:
        raises(ValueError, client.on, name)
    for name in BAD_TOPICS:
        raises(ValueError, client.publish, name, 'x')
        raises(ValueError, MQTTClient, HOST, will=(name, 'x'))
    raises(ValueError, MQTTClient, HOST, clean=False)
    raises(ValueError, MQTTClient, HOST, keepalive=0)
    assert not client.queue and not client.handlers


def test_default_ports():
    assert MQTTClient(HOST).port == 1883
    assert MQTTClient(HOST, ssl=object()).port == 8883
    assert MQTTClient(HOST, 1234, ssl=object()).port == 1234


async def test_bytes_of_connecting():
    for options, expected in HELLOS:
        seen = []

        async def script(peer, seen=seen):
            await peer.accept()
            seen.append(peer.hello)
            await peer.packet()

        async with Broker(script) as broker:
            async with Running(broker, **options) as client:
                await until(lambda client=client: client.connected)
                await until(lambda seen=seen: seen)
        assert seen == [expected], (options, seen)


async def test_payloads():
    received = []

    def pieces():
        for i in range(30):
            yield b'%03d,' % i * 10

    async def script(peer):
        await peer.accept()
        while True:
            received.append((await peer.published())[:3])

    payloads = (
        ('text ž', 'text ž'.encode()),
        (b'\0\1', b'\0\1'),
        ('', b''),
        (21.5, b'21.5'),
        (True, b'True'),
        (bytearray(3000), bytes(3000)),
        (pieces, b''.join(pieces())),
    )
    async with Broker(script) as broker:
        async with Running(broker) as client:
            for value, _ in payloads:
                assert client.publish('a/ž', value, retain=True)
            client.publish('json', {'a': [1]})
            await client.flush()
            await until(lambda: len(received) == len(payloads) + 1)
    for got, (_, expected) in zip(received, payloads):
        assert got == ('a/ž'.encode(), expected, 1)
    assert received[-1][1].replace(b' ', b'') == b'{"a":[1]}'


async def test_messages_reach_their_handlers():
    acknowledged = []
    calls = []

    async def script(peer):
        await peer.accept()
        assert await peer.subscribed() == (b'a/+', 1)
        assert await peer.subscribed() == (b'#', 0)
        await peer.message(b'a/b', b'one')
        await peer.message(b'a/b', b'kept', 1)
        await peer.message(b'c', b'')
        await peer.message(b'a/c', b'two', 2, 500)
        await peer.message(b'a/d', b'x' * 300)
        acknowledged.append(await peer.packet())
        await peer.packet()

    async with Broker(script) as broker:
        running = Running(broker)

        @running.client.on('a/+', qos=1)
        def some(topic, payload, retained):
            calls.append(('some', topic, payload, retained))
            raise ValueError('printed')

        @running.client.on('#')
        def every(topic, payload, retained):
            calls.append(('every', topic, payload, retained))

        async with running:
            await until(lambda: len(calls) == 9)
            await until(lambda: acknowledged)
    assert [call[1:] for call in calls if call[0] == 'some'] == [
        ('a/b', b'one', False),
        ('a/b', b'kept', True),
        ('a/c', b'two', False),
        ('a/d', b'x' * 300, False),
    ]
    assert ('every', 'c', b'', False) in calls
    assert acknowledged == [(0x40, b'\x01\xf4')]


async def test_subscribing_while_connected():
    filters = []

    async def script(peer):
        await peer.accept()
        filters.append(await peer.subscribed())
        await peer.packet()

    async with Broker(script) as broker:
        async with Running(broker) as client:
            await until(lambda: client.connected)
            client.on('late/#')(print)
            await until(lambda: filters)
    assert filters == [(b'late/#', 0)]


async def test_a_large_message_is_skipped():
    calls = []

    async def script(peer):
        await peer.accept()
        await peer.subscribed()
        await peer.message(b'a', b'x' * 5000, 2, 7)
        await peer.message(b'a', b'y' * 4096)
        assert await peer.packet() == (0x40, b'\0\7')
        await peer.packet()

    async with Broker(script) as broker:
        running = Running(broker)
        running.client.on('a', 1)(lambda *message: calls.append(message))
        async with running as client:
            await until(lambda: calls)
            assert client.skipped == 1
    assert calls == [('a', b'y' * 4096, False)]


async def test_qos_1_is_sent_again():
    seen = []

    async def loses(peer):
        await peer.accept()
        seen.append(await peer.published(acknowledge=False))
        seen.append(await peer.published(acknowledge=False))

    async def remembers(peer):
        await peer.accept(present=1)
        for _ in range(2):
            seen.append(await peer.published(acknowledge=False))
        await peer.acknowledge(seen[-1][3])  # in any order
        await peer.acknowledge(seen[-2][3])
        await peer.packet()

    async with Broker(loses, remembers) as broker:
        async with Running(broker, client_id='me', clean=False) as client:
            client.publish('a', 'one', qos=1)
            client.publish('a', 'two', qos=1, retain=True)
            await client.flush()
            assert not client.queue
    (one, two, one_again, two_again) = seen
    assert one[:3] == (b'a', b'one', 2) and two[:3] == (b'a', b'two', 3)
    assert one[3] != two[3]
    assert one_again == (b'a', b'one', 2 | 8, one[3])
    assert two_again == (b'a', b'two', 3 | 8, two[3])


async def test_a_new_session_knows_no_duplicates():
    seen = []

    async def loses(peer):
        await peer.accept()
        seen.append(await peer.published(acknowledge=False))

    async def forgets(peer):
        await peer.accept(present=0)
        seen.append(await peer.published())
        await peer.packet()

    async with Broker(loses, forgets) as broker:
        async with Running(broker) as client:
            client.publish('a', 'one', qos=1)
            await client.flush()
    assert [message[:3] for message in seen] == [(b'a', b'one', 2)] * 2


def test_what_a_full_queue_drops():
    client = MQTTClient(HOST)
    client.max_queue = 3
    assert client.publish('a', 'first')
    assert client.publish('a', 'second', qos=1)
    assert client.publish('a', 'third')
    assert client.publish('a', 'fourth')
    assert [message[1] for message in client.queue] == [b'second', b'third', b'fourth']
    assert client.publish('a', 'fifth', qos=1) and client.publish('a', 'sixth', qos=1)
    assert not client.publish('a', 'seventh') and not client.publish('a', 'eighth', qos=1)
    assert [message[1] for message in client.queue] == [b'second', b'fifth', b'sixth']
    assert client.dropped == 5


async def test_a_refused_client_says_why():
    async def refuses(peer):
        await peer.accept(code=5)

    async with Broker(refuses, _quiet) as broker:
        async with Running(broker) as client:
            await until(lambda: client.error)
            assert str(client.error) == 'not authorized'
            await until(lambda: client.connected)
            assert client.error is None


async def test_what_is_no_broker():
    async def answers(peer):
        await peer.packet()
        await peer.send(b'HTTP/1.1 400 Bad Request\r\n\r\n')

    async with Broker(answers, _quiet) as broker:
        async with Running(broker) as client:
            await until(lambda: client.error)
            assert 'not an MQTT broker' in str(client.error)
            await until(lambda: client.connected)


async def test_malformed_packets_end_the_connection():
    def sends(data):
        async def script(peer):
            await peer.accept()
            await peer.send(data)
            await peer.packet()

        return script

    scripts = [sends(data) for data in MALFORMED]
    async with Broker(*scripts, _quiet) as broker:
        async with Running(broker) as client:
            await until(lambda: broker.served > len(MALFORMED))
            await until(lambda: client.connected)


async def test_a_silent_broker_is_left():
    pings = []

    async def answers_once(peer):
        await peer.accept()
        pings.append(await peer.packet())
        await peer.send(b'\xd0\0')
        pings.append(await peer.packet())
        await peer.packet()

    async with Broker(answers_once, _quiet) as broker:
        async with Running(broker, keepalive=1) as client:
            await until(lambda: broker.served == 2)
            await until(lambda: client.connected)
    assert pings == [(0xC0, b'')] * 2


async def test_the_broker_is_told_of_a_client_that_leaves():
    for options, expected in (({}, (0xE0, b'')), ({'will': ('t', 'gone')}, None)):
        last = []

        async def script(peer, last=last):
            await peer.accept()
            try:
                last.append(await peer.packet())
            except (EOFError, OSError):
                last.append(None)

        async with Broker(script) as broker:
            async with Running(broker, **options) as client:
                await until(lambda client=client: client.connected)
            await until(lambda last=last: last)
        assert last == [expected]


async def test_cancel_at_every_turn():
    """A client that is cancelled, wherever it is, leaves no connection and no task; it runs again.

    What it had queued with QoS 1 arrives then, if it has not before.
    """
    open_ones, got = [], []

    async def script(peer):
        open_ones.append(peer)
        try:
            await peer.accept()
            while True:
                got.append((await peer.published())[1])
        except AssertionError as exc:
            assert exc.args == (0xE0,)  # DISCONNECT
        finally:
            open_ones.remove(peer)

    async with Broker(script) as broker:
        for turns in range(24):
            client = MQTTClient(HOST, broker.port)
            payload = b'%d' % turns
            client.publish('t', payload, 1)
            task = asyncio.create_task(client.run())
            for _ in range(turns):
                await asyncio.sleep(0.001 if turns % 2 else 0)
            task.cancel()
            await araises(asyncio.CancelledError, task)
            assert not client.connected
            await until(lambda: not open_ones)
            task = asyncio.create_task(client.run())
            await until(lambda client=client: not client.queue)
            assert payload in got, turns
            task.cancel()
            await araises(asyncio.CancelledError, task)
            await until(lambda: not open_ones)


async def test_handlers_of_connecting():
    seen = []

    async def once(peer):
        await peer.accept()
        seen.append(await peer.published())

    async def again(peer):
        await peer.accept()
        seen.append(await peer.published())
        await peer.packet()

    async with Broker(once, again) as broker:
        running = Running(broker)

        @running.client.on_connect
        def hello():
            running.client.publish('hello', 'x')

        async with running:
            await until(lambda: len(seen) == 2)
    assert [message[:2] for message in seen] == [(b'hello', b'x')] * 2


async def test_nobody_there():
    async with Broker(_quiet) as broker:
        pass
    async with Running(broker) as client:
        await until(lambda: client.error)
        assert isinstance(client.error, OSError) and not client.connected
        client.publish('a', 'kept')
        broker.errors.clear()
        async with broker:
            await until(lambda: client.connected and not client.queue)
