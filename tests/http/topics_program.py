"""One publisher and its listeners, by a topic and by a list and `gather` as people write them.

topics_program.py PORT
"""

import asyncio
import gc
import sys

from microdot import Microdot
from microdot.server import Connection
from microdot.topics import Topic
from microdot.websocket import WebSocketError, with_websocket

try:
    from time import ticks_diff, ticks_us
except ImportError:
    from time import perf_counter_ns

    def ticks_us():
        return perf_counter_ns() // 1000

    def ticks_diff(end, start):
        return end - start


app = Microdot()
topic = Topic(16)
topic.keepalive = 0  # nobody is pinged: who never reads would be found out by that
members = []
stats = {}


def shorten(request):
    """Let the system hold back little of what the client does not take, as a board's does."""
    s = getattr(request.connection.writer, 's', None)  # MicroPython's
    s = s or request.connection.writer.get_extra_info('socket')
    s.setsockopt(1, 7, 4096)  # SOL_SOCKET, SO_SNDBUF on Linux


@app.get('/')
async def index(request):
    return 'index'


@app.get('/topic')
@with_websocket
async def by_topic(request, ws):
    shorten(request)
    await topic.to_websocket(ws)


@app.get('/gather')
@with_websocket
async def by_gather(request, ws):
    shorten(request)
    members.append(ws)
    try:
        while True:
            await ws.receive()
    finally:
        members.remove(ws)


async def tell(ws, text):
    try:
        await ws.send(text)
    except (OSError, WebSocketError):
        pass  # it is leaving


async def publish(kind, count, pause, length):
    total = worst = 0
    stats.update({'done': False, 'heap': [], 'count': 0})
    for i in range(count):
        text = '%d %s' % (i, 'x' * length)
        begun = ticks_us()
        if kind == 'topic':
            topic.publish(text)
        else:
            await asyncio.gather(*[tell(ws, text) for ws in list(members)])
        spent = ticks_diff(ticks_us(), begun)
        total += spent
        worst = max(worst, spent)
        stats['count'] = i + 1
        if i % 400 == 399 and hasattr(gc, 'mem_alloc'):
            gc.collect()
            stats['heap'].append(gc.mem_alloc())
        await asyncio.sleep(pause)
    stats.update({'done': True, 'mean': total / count, 'worst': worst})


@app.get('/start/<kind>/<int:count>/<int:milliseconds>/<int:length>/<int:timeout>')
async def start(request, kind, count, milliseconds, length, timeout):
    Connection.write_timeout = timeout
    asyncio.create_task(publish(kind, count, milliseconds / 1000, length))
    return ''


@app.get('/stats')
async def get_stats(request):
    stats['missed'] = topic.missed
    stats['listeners'] = topic.listeners + len(members)
    return stats


Connection.least_rate = 0
app.run(host='127.0.0.1', port=int(sys.argv[1]))
