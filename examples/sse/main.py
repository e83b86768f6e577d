"""Live readings for any number of pages, by server-sent events that resume where they broke off."""

import asyncio
import gc
import time

from microdot import Microdot, send_file
from microdot.sse import with_sse

SECONDS = 1
KEPT = 30

app = Microdot()
readings = []  # (number, reading), the last ones
changed = asyncio.Event()


async def measure():
    number = 0
    while True:
        number += 1
        memory = gc.mem_free() if hasattr(gc, 'mem_free') else 0
        clock = '%02d:%02d:%02d' % time.localtime()[3:6]
        readings.append((number, {'time': clock, 'free': memory}))
        del readings[:-KEPT]
        changed.set()  # wakes up all who wait
        changed.clear()
        await asyncio.sleep(SECONDS)


@app.get('/')
async def index(request):
    return send_file('index.html')


@app.get('/events')
@with_sse
async def events(request, sse):
    seen = request.headers.get('Last-Event-ID', '')  # sent by a browser that connects again
    seen = int(seen) if seen and min(seen) >= '0' and max(seen) <= '9' else 0
    await sse.send('hello', event='hello', retry=2)
    while True:
        for number, reading in list(readings):
            if number > seen:
                await sse.send(reading, event='reading', event_id=number)
                seen = number
        await changed.wait()


async def main():
    measuring = asyncio.create_task(measure())
    try:
        await app.start_server(debug=True)
    finally:
        measuring.cancel()


if __name__ == '__main__':
    asyncio.run(main())
