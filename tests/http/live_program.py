"""The dashboard with ten entities in Home Assistant, for test_live_dashboard.py.

    micropython live_program.py PORT BROKER-PORT FOLDER-OF-THE-DASHBOARD

Five sensors are set each second, to the number of the second; `/counts` tells how often, and what
was lost on the way.
"""

import asyncio
import gc
import sys

sys.path.insert(0, sys.argv[3])

import main as dashboard

from microdot.homeassistant import Device
from microdot.mqtt import MQTTClient

SENSORS = ('heap', 'uptime', 'requests', 'pages', 'missed')
app = dashboard.app
live = dashboard.live
client = MQTTClient('127.0.0.1', int(sys.argv[2]), client_id='board')
device = Device(client, 'board', 'Dashboard', configuration_url='http://desk.local')
sensors = [device.add('sensor', name, icon='mdi:gauge') for name in SENSORS]
lamp = device.add('switch', 'lamp', name='Lamp')
light = device.add('light', 'light', brightness=True)
level = device.add('number', 'level', min=0, max=100)
door = device.add('binary_sensor', 'door', device_class='door')
restart = device.add('button', 'restart', device_class='restart')
counts = {'published': 0, 'pressed': 0}


@lamp.on_command
def switch(on):
    dashboard.apply({'led': on})
    lamp.set(on)


@light.on_command
def shine(on, brightness):
    light.set((on, brightness))


level.on_command(level.set)


@restart.on_command
def press():
    counts['pressed'] += 1


@app.create_task
async def measure():
    while True:
        if client.connected:
            counts['published'] += 1
            for sensor in sensors:
                sensor.set(counts['published'])
        await asyncio.sleep(1)


@app.create_task
async def connect():
    await client.run()


@app.get('/counts')
async def read_counts(request):
    gc.collect()
    counts['heap'] = gc.mem_alloc()
    counts['of'] = gc.mem_alloc() + gc.mem_free()
    counts['dropped'] = client.dropped
    counts['missed'] = live.missed
    counts['listeners'] = live.listeners
    counts['events'] = live.number
    return counts


app.run(host='127.0.0.1', port=int(sys.argv[1]))
