"""A board in Home Assistant: a temperature, a lamp and a fan, by MQTT and by its own page.

What is switched at either place is shown at the other at once.
"""

import asyncio

import board
import settings

from microdot import Microdot, redirect, send_file
from microdot.csrf import CSRF
from microdot.homeassistant import Device
from microdot.mqtt import MQTTClient
from microdot.topics import Topic

SECONDS = 5  # between two readings

app = Microdot()
CSRF(app)  # forms posted from pages of other sites are refused
live = Topic(4)
client = MQTTClient(
    settings.BROKER,
    settings.PORT,
    client_id=settings.NAME,
    user=settings.USER,
    password=settings.PASSWORD,
)
device = Device(
    client, settings.NAME, name='Desk', model='microdot example', configuration_url=settings.URL
)
temperature = device.add(
    'sensor',
    'temperature',
    device_class='temperature',
    state_class='measurement',
    unit_of_measurement='°C',
)
lamp = device.add('light', 'lamp', name='Lamp', brightness=True)
fan = device.add('switch', 'fan', name='Fan', icon='mdi:fan')
restart = device.add('button', 'restart', device_class='restart')


def state():
    """All that the page shows."""
    on, brightness = lamp.value
    return {
        'temperature': temperature.value,
        'lamp': on,
        'brightness': brightness,
        'fan': fan.value,
        'broker': client.connected,
        'error': '' if client.connected else str(client.error or ''),
    }


@lamp.on_command
def shine(on, brightness=None):
    if brightness is None:
        brightness = lamp.value[1] if lamp.value else 255
    board.shine(brightness if on else 0)
    lamp.set((on, brightness))
    tell()


@fan.on_command
def blow(on):
    board.blow(on)
    fan.set(on)
    tell()


@restart.on_command
def start_again():
    board.restart()


def tell():
    """Tell all who look at the page."""
    if lamp.value and fan.value is not None:
        live.publish(state())


@app.get('/')
async def index(request):
    return send_file('index.html')


@app.get('/state')
async def read_state(request):
    return state()


@app.get('/events')
async def events(request):
    return live.to_sse(request, last=1)


@app.post('/switch')
async def switch(request):
    """A form of the page: what is switched, and to what."""
    form = request.form or {}
    on = form.get('on') == '1'
    if form.get('what') == 'lamp':
        shine(on)
    elif form.get('what') == 'fan':
        blow(on)
    else:
        return 'what: lamp or fan', 400
    return redirect('/', 303)


@app.create_task
async def measure():
    while True:
        temperature.set(board.celsius())
        tell()
        await asyncio.sleep(SECONDS)


@app.create_task
async def connect():
    await client.run()


@client.on_connect
def connected():
    print('Connected to', settings.BROKER)
    tell()


shine(False, 255)
blow(False)

if __name__ == '__main__':
    app.run(debug=True)
