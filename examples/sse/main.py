"""Live readings for any number of pages, by server-sent events that resume where they broke off."""

import asyncio
import gc
import time

from microdot import Microdot, send_file
from microdot.topics import Topic

SECONDS = 1
KEPT = 30

app = Microdot()
readings = Topic(KEPT)


@app.create_task
async def measure():
    while True:
        memory = gc.mem_free() if hasattr(gc, 'mem_free') else 0
        clock = '%02d:%02d:%02d' % time.localtime()[3:6]
        readings.publish({'time': clock, 'free': memory}, event='reading')
        await asyncio.sleep(SECONDS)


@app.get('/')
async def index(request):
    return send_file('index.html')


@app.get('/events')
async def events(request):
    return readings.to_sse(request, last=KEPT)


if __name__ == '__main__':
    app.run(debug=True)
