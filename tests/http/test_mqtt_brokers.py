"""`microdot.mqtt` with real brokers, mosquitto and amqtt, on both runtimes; paho-mqtt looks on."""

import contextlib
import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from paho.mqtt.client import CallbackAPIVersion, Client
from servers import HOST, ROOT, RUNTIMES, environment, eventually, free_port

import needs

PROGRAM = Path(__file__).parent / 'mqtt_program.py'
AMQTT = 'amqtt==0.12.1'  # in a folder of its own: it wants other versions than the other tests
MOSQUITTO = 'listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n'
AMQTT_CONFIGURATION = """
listeners:
  default: {{type: tcp, bind: '127.0.0.1:{port}', max_connections: 50}}
plugins:
  amqtt.plugins.authentication.AnonymousAuthPlugin: {{allow_anonymous: true}}
"""
HEAP = '192K'
DEADLINE = 60
LOAD = {'mosquitto': 5000, 'amqtt': 1000}
KEPT = 1000

TEXT = {'type': 'string', 'minLength': 1}
TOPIC = {'type': 'string', 'pattern': '^[^+#]+$'}
COMMANDED = {'required': ['command_topic']}
STATED = {'required': ['state_topic']}
# What Home Assistant's documentation of "MQTT device discovery" asks for.
DISCOVERY = {
    'type': 'object',
    'required': ['device', 'origin', 'components'],
    'additionalProperties': False,
    'properties': {
        'device': {
            'type': 'object',
            'required': ['identifiers', 'name'],
            'properties': {
                'identifiers': {'type': 'array', 'items': TEXT, 'minItems': 1},
                'configuration_url': {'type': 'string', 'pattern': '^(https?|homeassistant)://'},
                **dict.fromkeys(('name', 'model', 'manufacturer', 'sw_version'), TEXT),
            },
        },
        'origin': {'type': 'object', 'required': ['name'], 'properties': {'name': TEXT}},
        'availability_topic': TOPIC,
        'qos': {'enum': [0, 1, 2]},
        'components': {
            'type': 'object',
            'minProperties': 1,
            'propertyNames': {'pattern': '^[a-zA-Z0-9_-]+$'},
            'additionalProperties': {
                'type': 'object',
                'required': ['platform', 'unique_id'],
                'properties': {
                    'unique_id': TEXT,
                    'state_topic': TOPIC,
                    'command_topic': TOPIC,
                    'min': {'type': 'number'},
                    'max': {'type': 'number'},
                },
                'oneOf': [
                    {'properties': {'platform': {'const': 'sensor'}}, **STATED},
                    {'properties': {'platform': {'const': 'binary_sensor'}}, **STATED},
                    {'properties': {'platform': {'const': 'switch'}}, **COMMANDED},
                    {'properties': {'platform': {'const': 'number'}}, **COMMANDED},
                    {'properties': {'platform': {'const': 'button'}}, **COMMANDED},
                    {
                        'properties': {
                            'platform': {'const': 'light'},
                            'schema': {'const': 'json'},
                            'supported_color_modes': {'items': {'enum': ['brightness', 'onoff']}},
                        },
                        **COMMANDED,
                    },
                ],
            },
        },
    },
}


def check_discovery(told):
    """Check what Home Assistant is told; ``jsonschema.ValidationError`` if it does not take it."""
    import jsonschema  # here, as loading it takes seconds

    jsonschema.validate(told, DISCOVERY)


def mosquitto(folder, port):
    hint = 'install it (Debian: apt-get install mosquitto)'
    command = needs.require(('mosquitto', '/usr/sbin/mosquitto'), hint)
    configuration = folder / 'mosquitto.conf'
    configuration.write_text(MOSQUITTO.format(port=port))
    return [command, '-c', configuration], None


def amqtt(folder, port):
    packages = ROOT / 'build' / AMQTT
    if not packages.is_dir():
        new = folder / 'packages'
        command = [sys.executable, '-m', 'pip', 'install', '-q', '--target', new, AMQTT]
        if subprocess.run(command, capture_output=True).returncode:
            needs.missing(f'{AMQTT} cannot be installed: pip needs a network')
        packages.parent.mkdir(exist_ok=True)
        with contextlib.suppress(OSError):  # another process was faster
            shutil.move(new, packages)
    configuration = folder / 'amqtt.yaml'
    configuration.write_text(AMQTT_CONFIGURATION.format(port=port))
    command = [sys.executable, packages / 'bin' / 'amqtt', '-c', configuration]
    return command, {**os.environ, 'PYTHONPATH': str(packages)}


class Broker:
    def __init__(self, make, folder):
        self.folder, self.port = folder, free_port()
        self.command, self.environment = make(folder, self.port)
        self.start()

    def start(self):
        with (self.folder / 'broker.log').open('ab') as log:
            options = {'stdout': log, 'stderr': log, 'env': self.environment, 'cwd': self.folder}
            self.process = subprocess.Popen(self.command, **options)
        eventually(self.answers)

    def answers(self):
        assert self.process.poll() is None, (self.folder / 'broker.log').read_text()
        with contextlib.suppress(OSError):
            socket.create_connection((HOST, self.port), timeout=1).close()
            return True
        return False

    def kill(self):
        self.process.kill()
        self.process.wait()


class Observer:
    """A client of paho-mqtt that keeps what it receives, by topic."""

    def __init__(self, port, *filters):
        self.messages = queue.Queue()
        self.filters = filters
        self.granted = 0
        self.client = Client(CallbackAPIVersion.VERSION2, clean_session=True)
        self.client.max_queued_messages_set(0)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = self._subscribe
        self.client.on_subscribe = lambda *_: setattr(self, 'granted', self.granted + 1)
        self.client.on_message = lambda client, data, message: self.messages.put(message)
        self.client.connect(HOST, port)
        self.client.loop_start()
        eventually(lambda: self.granted == len(filters))

    def _subscribe(self, *_):
        for topic_filter in self.filters:
            self.client.subscribe(topic_filter, 1)

    def send(self, topic, payload='', qos=1, retain=False):
        self.client.publish(topic, payload, qos, retain).wait_for_publish(DEADLINE)

    def next(self, topic, condition=lambda payload: True, seconds=DEADLINE):
        """The next message of a topic whose payload fulfills the condition."""
        end = time.monotonic() + seconds
        while True:
            message = self.messages.get(timeout=max(0.01, end - time.monotonic()))
            if message.topic == topic and condition(message.payload):
                return message

    def all_of(self, *topics):
        """The payloads of the last messages of these topics, in whatever order they come."""
        found = {}
        while len(found) < len(topics):
            message = self.messages.get(timeout=DEADLINE)
            if message.topic in topics:
                found[message.topic] = message.payload
        return [found[topic] for topic in topics]

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()


class Program:
    def __init__(self, runtime, port, folder):
        self.log = folder / 'program.log'
        command = [sys.executable]
        if runtime == 'micropython':
            command = [needs.micropython(), '-X', 'heapsize=' + HEAP]
        with self.log.open('wb') as log:
            command += [PROGRAM, str(port), 'board']
            options = {'stdout': log, 'stderr': log, 'env': environment()}
            self.process = subprocess.Popen(command, **options)

    def stop(self):
        if self.process.returncode is not None:  # it was stopped before
            return
        assert self.process.poll() is None, self.log.read_text()
        self.process.kill()
        self.process.wait()
        output = self.log.read_text()
        assert 'Traceback' not in output, output


@contextlib.contextmanager
def running(make, runtime, folder):
    with contextlib.ExitStack() as stack:
        broker = Broker(make, folder)
        stack.callback(lambda: broker.kill())
        observer = Observer(broker.port, 'board/#', 'homeassistant/#')
        stack.callback(observer.stop)
        program = Program(runtime, broker.port, folder)
        stack.callback(program.stop)
        observer.next('board/available', lambda payload: payload == b'online')
        yield broker, observer, program


def stats(observer):
    for _ in range(12):  # amqtt loses what it gets while the board is away
        observer.send('board/cmd/stats')
        with contextlib.suppress(queue.Empty):
            return json.loads(observer.next('board/stats', seconds=5).payload)
    raise AssertionError('the board does not answer')


@pytest.fixture(params=(mosquitto, amqtt), ids=('mosquitto', 'amqtt'))
def make(request):
    return request.param


@pytest.mark.parametrize('runtime', RUNTIMES)
def test_a_board(make, runtime, tmp_path):
    with running(make, runtime, tmp_path) as (broker, observer, program):
        later = Observer(broker.port, 'homeassistant/#', 'board/#')  # what is retained
        kept = later.all_of(
            'homeassistant/device/board/config', *(f'board/s{i}/state' for i in range(5))
        )
        told = json.loads(kept[0])
        check_discovery(told)
        assert len(told['components']) == 10
        assert kept[1:] == [b'0', b'1', b'2', b'3', b'4']
        later.stop()
        observer.send('board/fan/set', 'ON')
        assert observer.next('board/fan/state').payload == b'ON'
        for size in (0, 1, 127, 128, 4000):
            observer.send('board/cmd/echo', b'x' * size)
            assert observer.next('board/reply').payload == b'x' * size
        observer.send('homeassistant/status', 'online')  # it is told again
        again = observer.next('homeassistant/device/board/config').payload
        assert json.loads(again) == told
        heap = stats(observer)['heap']
        load = LOAD[make.__name__]
        for i in range(load):
            observer.client.publish(f'board/load/{i % 7}', b'%d' % i, 1)
        observer.send('board/cmd/burst', '300')
        numbers = [int(observer.next('board/burst').payload) for _ in range(300)]
        assert sorted(set(numbers)) == list(range(300))
        after = stats(observer)
        assert after['load'] >= load and after['dropped'] == 0
        print(f'{runtime}: {after["heap"] - heap} bytes of heap more after {load} messages')
        assert after['heap'] - heap < 3000
        program.stop()
        assert observer.next('board/available', lambda payload: payload == b'offline')


@pytest.mark.parametrize('runtime', RUNTIMES)
def test_a_storm_of_retained_messages(make, runtime, tmp_path):
    broker = Broker(make, tmp_path)
    observer = Observer(broker.port, 'board/#')
    for i in range(KEPT):
        observer.client.publish(f'kept/{i}', b'x' * 50, 1, True)
    observer.send('kept/last', 'x', retain=True)
    program = Program(runtime, broker.port, tmp_path)
    try:
        observer.next('board/available', lambda payload: payload == b'online')
        eventually(lambda: stats(observer)['kept'] >= KEPT + 1)
    finally:
        program.stop()
        observer.stop()
        broker.kill()


@pytest.mark.parametrize('runtime', RUNTIMES)
def test_a_broker_that_is_killed_and_comes_back(make, runtime, tmp_path):
    with running(make, runtime, tmp_path) as (broker, observer, program):
        observer.send('board/cmd/burst', '2000')
        observer.next('board/burst', lambda payload: int(payload) >= 100)
        granted = observer.granted
        broker.kill()
        time.sleep(1)
        broker.start()
        # What one of them sends before the other has subscribed again is nobody's.
        eventually(lambda: observer.granted > granted)
        stats(observer)
        observer.send('board/cmd/burst', '50')
        observer.next('board/burst', lambda payload: int(payload) == 49)
        after = stats(observer)
        assert after['starts'] >= 2 and after['dropped'] == 0


# Not with amqtt: after it, the board sometimes gets no answer. Whose fault that is, is not known.
@pytest.mark.parametrize('make', [mosquitto])
@pytest.mark.parametrize('runtime', RUNTIMES)
def test_a_broker_that_falls_silent(make, runtime, tmp_path):
    with running(make, runtime, tmp_path) as (broker, observer, program):
        broker.process.send_signal(signal.SIGSTOP)
        time.sleep(3)  # the keepalive is 2 s
        broker.process.send_signal(signal.SIGCONT)
        eventually(lambda: stats(observer)['starts'] >= 2)
