"""A weather station: a sensor on the I2C bus, another at an ADC, and a page with the last hours."""

import asyncio

import board
from sht31 import SHT31

from microdot import Microdot, send_file

SECONDS = 60  # between two readings that are kept
KEPT = 180

app = Microdot()
sensor = SHT31(board.bus)
history = []


async def read():
    celsius, humidity = await sensor.read()
    light = board.light.read_u16() * 100 // 65535
    return {'celsius': round(celsius, 1), 'humidity': round(humidity), 'light': light}


async def record():
    while True:
        try:
            history.append((await read())['celsius'])
            del history[:-KEPT]
        except OSError as exc:
            print('The sensor does not answer:', exc)
        await asyncio.sleep(SECONDS)


@app.get('/')
async def index(request):
    return send_file('index.html')


@app.get('/now')
async def now(request):
    try:
        return await read(), {'Cache-Control': 'no-store'}
    except OSError:
        return {'error': 'the sensor does not answer'}, 503


@app.get('/history')
async def past(request):
    return {'seconds': SECONDS, 'celsius': history}, {'Cache-Control': 'no-store'}


async def main():
    recording = asyncio.create_task(record())
    try:
        await app.start_server(debug=True)
    finally:
        recording.cancel()


if __name__ == '__main__':
    asyncio.run(main())
