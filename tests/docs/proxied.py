# What test_proxy.py adds to the application of docs/howto/proxy.md, which is `app`.
# ruff: noqa: F821

import asyncio

from microdot import Request, Response, redirect
from microdot.csrf import CSRF
from microdot.sse import with_sse
from microdot.websocket import with_websocket

CSRF(app)
Request.max_body_length = 4096  # bytes: what is longer is read in pieces, as on a small board
gate = asyncio.Event()  # what waits for it goes on when a request for /open has come
counts = {'requests': 0, 'waiting': 0}
peers = []  # the proxy's end of each of its connections that has brought a request


@app.before_request
async def count(request):
    counts['requests'] += 1
    if 'X-Forwarded-For' in request.headers and request.client_addr not in peers:
        peers.append(request.client_addr)


@app.get('/counts')
async def get_counts(request):
    counts['connections'] = len(peers)
    return counts


@app.get('/open')
async def open_gate(request):
    gate.set()
    return 'open'


@app.get('/close')
async def close_gate(request):
    gate.clear()
    peers.clear()
    return 'closed'


@app.get('/wait')
async def wait(request):
    counts['waiting'] += 1
    await gate.wait()
    counts['waiting'] -= 1
    return 'over'


@app.post('/length')
async def length(request):
    total = 0
    while True:
        data = await request.stream.read(1000)
        if not data:
            return {'told': request.content_length, 'read': total}
        total += len(data)


class Parts:
    """A body of two parts; the second one waits for the gate."""

    def __init__(self):
        self.parts = ['first\n', 'second\n']

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.parts:
            raise StopAsyncIteration
        if len(self.parts) == 1:
            await gate.wait()
        return self.parts.pop(0)


@app.get('/parts')
async def parts(request):
    return Parts()


@app.get('/parts/at-once')
async def parts_at_once(request):
    return Parts(), {'X-Accel-Buffering': 'no'}


@app.get('/events')
@with_sse
async def events(request, sse):
    await sse.send('first')
    await gate.wait()
    await sse.send('second')


@app.get('/socket')
@with_websocket(allowed_origins=True)
async def socket(request, ws):
    while True:
        await ws.send(await ws.receive())


@app.get('/old')
async def old(request):
    return redirect(request.url_prefix + '/new')


@app.get('/new')
async def new(request):
    response = Response('new at ' + request.path)
    response.set_cookie('seen', 'yes', path=request.url_prefix + '/')
    return response
