"""`microdot.homeassistant`: what Home Assistant is told, states, commands."""

import asyncio
import json

import microdot  # noqa: F401 before `broker`, which would import it from deeper in the stack
from broker import Broker
from microdot.homeassistant import Device
from microdot.mqtt import MQTTClient
from support import raises
from wire import DEADLINE, HOST, until

NOTHING = object()
COMMANDS = (
    # platform, options, payload, the arguments of the handler
    ('switch', {}, b'ON', (True,)),
    ('switch', {}, b'OFF', (False,)),
    ('switch', {}, b'on', NOTHING),
    ('switch', {}, b'', NOTHING),
    ('button', {}, b'PRESS', ()),
    ('button', {}, b'ON', NOTHING),
    ('number', {}, b'7', (7,)),
    ('number', {}, b'7.5', (7.5,)),
    ('number', {}, b'100', (100,)),
    ('number', {}, b'0', NOTHING),
    ('number', {}, b'100.5', NOTHING),
    ('number', {'min': -5, 'max': 5}, b'-5.0', (-5,)),
    ('number', {'min': -5, 'max': 5}, b'nan', NOTHING),
    ('number', {}, b'', NOTHING),
    ('number', {}, b'seven', NOTHING),
    ('light', {}, b'{"state": "ON"}', (True, None)),
    ('light', {'brightness': True}, b'{"state": "ON", "brightness": 128}', (True, 128)),
    ('light', {}, b'{"state": "OFF"}', (False, None)),
    ('light', {}, b'{"state": "ON", "brightness": 256}', NOTHING),
    ('light', {}, b'{"state": "ON", "brightness": "x"}', NOTHING),
    ('light', {}, b'{"state": 1}', NOTHING),
    ('light', {}, b'{}', NOTHING),
    ('light', {}, b'[1]', NOTHING),
    ('light', {}, b'{"state": "ON"', NOTHING),
)
STATES = (
    ('sensor', 21.5, b'21.5'),
    ('sensor', 'wet', b'wet'),
    ('sensor', 0, b'0'),
    ('binary_sensor', 1, b'ON'),
    ('binary_sensor', False, b'OFF'),
    ('switch', True, b'ON'),
    ('number', 5, b'5'),
    ('light', True, {'state': 'ON'}),
    ('light', (True, 128), {'state': 'ON', 'brightness': 128, 'color_mode': 'brightness'}),
    ('light', (False, None), {'state': 'OFF'}),
)
BAD_IDS = ('', 'a b', 'a/b', 'ž', 'a+', '#')


def _device(port=1883):
    client = MQTTClient(HOST, port)
    client.backoff = (0.1, 0.1)
    return client, Device(client, 'desk', 'The desk', configuration_url='http://desk.local')


def test_bad_names_are_refused():
    client, device = _device()
    for name in BAD_IDS:
        raises(ValueError, Device, MQTTClient(HOST), name)
        raises(ValueError, device.add, 'sensor', name)
    raises(ValueError, device.add, 'lamp', 'lamp')
    device.add('sensor', 'a')
    raises(ValueError, device.add, 'switch', 'a')
    raises(ValueError, Device, client, 'other')
    raises(ValueError, device.add('button', 'b').set, True)
    raises(ValueError, device.entities['a'].on_command, print)
    assert sorted(device.entities) == ['a', 'b']


def test_what_is_told():
    client, device = _device()
    device.add('sensor', 't', device_class='temperature', unit_of_measurement='°C')
    device.add('light', 'lamp', name='Lamp "1"', brightness=True)
    device.add('button', 'go')
    pieces = [bytes(piece) for piece in device.discovery()]
    assert len(pieces) == 5 and max([len(piece) for piece in pieces]) < 300
    told = json.loads(b''.join(pieces))
    assert told['device'] == {
        'identifiers': ['desk'],
        'name': 'The desk',
        'configuration_url': 'http://desk.local',
    }
    assert told['availability_topic'] == client.will[0] == 'desk/available'
    assert told['origin']['name'] == 'microdot'
    assert told['components'] == {
        't': {
            'platform': 'sensor',
            'unique_id': 'desk_t',
            'state_topic': 'desk/t/state',
            'device_class': 'temperature',
            'unit_of_measurement': '°C',
        },
        'lamp': {
            'platform': 'light',
            'schema': 'json',
            'unique_id': 'desk_lamp',
            'name': 'Lamp "1"',
            'state_topic': 'desk/lamp/state',
            'command_topic': 'desk/lamp/set',
            'brightness': True,
            'supported_color_modes': ['brightness'],
        },
        'go': {'platform': 'button', 'unique_id': 'desk_go', 'command_topic': 'desk/go/set'},
    }


async def _published(peer, count):
    messages = []
    for _ in range(count):
        messages.append((await peer.published())[:3])
    return messages


async def test_it_is_told_at_each_start_of_home_assistant():
    seen = []

    async def script(peer):
        await peer.accept()
        seen.append(await _published(peer, 3))
        await peer.message(b'homeassistant/status', b'online', 1)  # from before: retained
        await peer.message(b'homeassistant/status', b'offline')
        await peer.message(b'homeassistant/status', b'online')
        seen.append(await _published(peer, 3))
        seen.append((await peer.published())[:2])
        await asyncio.sleep(DEADLINE)

    async with Broker(script) as broker:
        client, device = _device(broker.port)
        entity = device.add('sensor', 't')
        entity.set(1)
        entity.set(2)  # not connected: only the last one counts
        task = asyncio.create_task(client.run())
        await until(lambda: len(seen) == 2)
        entity.set(3)
        await until(lambda: len(seen) == 3)
        task.cancel()
    first, again, later = seen
    assert [message[0] for message in first] == [
        b'homeassistant/device/desk/config',
        b'desk/available',
        b'desk/t/state',
    ]
    assert [message[2] for message in first] == [3, 3, 1]  # QoS 1 and retained; retained
    assert json.loads(first[0][1])['components']['t']['platform'] == 'sensor'
    assert first[1][1] == b'online' and first[2][1] == b'2'
    assert again == first
    assert later == (b'desk/t/state', b'3')


def test_states():
    for platform, value, expected in STATES:
        client, device = _device()
        client.connected = True
        device.add(platform, 'e').set(value)
        topic, payload, flags = client.queue.pop()[:3]
        if isinstance(expected, dict):
            payload = json.loads(payload)
        assert (topic, payload, flags) == (b'desk/e/state', expected, 1), (platform, value)


def test_commands():
    for platform, options, payload, expected in COMMANDS:
        calls = []
        client, device = _device()
        entity = device.add(platform, 'e', **options)

        def handler(*args, calls=calls):
            calls.append(args)

        assert entity.on_command(handler) is handler
        device._command('desk/e/set', payload, False)
        assert calls == ([] if expected is NOTHING else [expected]), (platform, payload)
    device._command('desk/unknown/set', b'ON', False)


def test_an_exception_of_a_command_is_printed():
    _, device = _device()
    device.add('button', 'b').on_command(lambda: 1 // 0)
    device._command('desk/b/set', b'PRESS', False)


def test_room_for_all_states():
    client, device = _device()
    while client.publish('a', 'x', qos=1):
        pass
    for i in range(60):
        device.add('sensor', 's%d' % i).set(i)
    for _ in range(3):  # not once more at each connecting
        client.greet()
        assert len(client.queue) == client.max_queue + 62
