"""A board on MQTT, for test_mqtt_brokers.py; runs on both runtimes.

    python mqtt_program.py PORT ID

It answers `ID/cmd/echo` in `ID/reply`, counts what arrives below `ID/load` and `kept`, sends as
many messages as `ID/cmd/burst` asks for in `ID/burst`, and answers `ID/cmd/stats` with numbers.
Ten entities are told to Home Assistant.
"""

import asyncio
import gc
import sys

from microdot.homeassistant import Device
from microdot.mqtt import MQTTClient

port, name = int(sys.argv[1]), sys.argv[2]
client = MQTTClient('127.0.0.1', port, client_id=name, keepalive=2, clean=False)
client.backoff = (0.1, 0.5)
device = Device(client, name, configuration_url='http://desk.local', model='Pico')
counts = {'load': 0, 'kept': 0, 'starts': 0}
tasks = []

for i in range(5):
    device.add('sensor', 's%d' % i, device_class='temperature', unit_of_measurement='°C').set(i)
device.add('binary_sensor', 'door', device_class='door').set(False)
device.add('number', 'level', min=0, max=10, step=1).on_command(print)
device.add('button', 'restart', device_class='restart').on_command(print)
device.add('light', 'lamp', brightness=True).on_command(lambda on, brightness: None)
switch = device.add('switch', 'fan', name='Fan "1"')
switch.on_command(switch.set)


@client.on_connect
def connected():
    counts['starts'] += 1


@client.on(name + '/load/+', qos=1)
def load(topic, payload, retained):
    counts['load'] += 1


@client.on('kept/#', qos=1)
def kept(topic, payload, retained):
    counts['kept'] += 1


@client.on(name + '/cmd/echo', qos=1)
def echo(topic, payload, retained):
    client.publish(name + '/reply', payload, qos=1)


@client.on(name + '/cmd/burst', qos=1)
def burst(topic, payload, retained):
    tasks.append(asyncio.create_task(send(int(payload))))


async def send(count):
    for number in range(count):
        while len(client.queue) >= client.max_queue - 8:  # answers have room, too
            await asyncio.sleep(0.01)
        client.publish(name + '/burst', number, qos=1)


@client.on(name + '/cmd/stats', qos=1)
def stats(topic, payload, retained):
    gc.collect()
    counts['dropped'] = client.dropped
    counts['heap'] = gc.mem_alloc() if hasattr(gc, 'mem_alloc') else 0
    client.publish(name + '/stats', counts, qos=1)


asyncio.run(client.run())
