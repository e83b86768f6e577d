"""One application for the framework's own server on both runtimes, for ASGI and for WSGI.

SERVED_BY=asgi or wsgi in the environment says whose `Microdot` it is; without it the file is a
program: everywhere.py PORT. What the answers have to be is in `answers.py`.
"""

import asyncio
import os
import sys

from microdot.csrf import CSRF
from microdot.sse import with_sse
from microdot.websocket import with_websocket

SERVED_BY = os.getenv('SERVED_BY')

if SERVED_BY == 'asgi':
    from microdot.asgi import Microdot, Request, Response, abort, redirect, send_file
elif SERVED_BY == 'wsgi':
    from microdot.wsgi import Microdot, Request, Response, abort, redirect, send_file
else:
    from microdot import Microdot, Request, Response, abort, redirect, send_file


def started(scope):
    print('lifespan: started', flush=True)


async def ended(scope):
    print('lifespan: ended', flush=True)


app = Microdot(started, ended) if SERVED_BY == 'asgi' else Microdot()


@app.on_startup
async def begin():
    print('hook: started')


@app.create_task
async def work():
    print('task: started')
    try:
        await asyncio.sleep(3600)
    finally:
        print('task: ended')


@app.on_shutdown
def end():
    print('hook: ended')


counts = {'opened': 0, 'closed': 0, 'ticks': 0, 'left': 0}
CSRF(app)


class Pieces:
    """A body of the given pieces, then one every 0.02 s until nobody wants more."""

    def __init__(self, pieces, endless=False):
        self.pieces = list(pieces)
        self.endless = endless
        counts['opened'] += 1

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.pieces:
            if not self.endless:
                raise StopAsyncIteration
            await asyncio.sleep(0.02)
            return b'more\n'
        return self.pieces.pop(0)

    async def aclose(self):
        counts['closed'] += 1


@app.after_request
async def mark(request, response):
    response.headers['X-After'] = 'yes'


@app.errorhandler(KeyError)
async def key_error(request, exc):
    return 'no such key', 409


@app.get('/')
async def index(request):
    return 'index'


@app.get('/sync')
def sync(request):
    return 'sync'


@app.route('/request/<path:rest>', methods=['GET', 'POST', 'PUT'])
async def describe(request, rest):
    return {
        'method': request.method,
        'path': request.path,
        'rest': rest,
        'url': request.url,
        'query': request.query_string,
        'args': {name: request.args.getlist(name) for name in request.args},
        'cookies': request.cookies,
        'many': [value.strip() for value in request.headers.get('X-Many', '').split(',')],
        'length': request.content_length,
        'type': request.content_type,
        'form': request.form and {name: request.form.getlist(name) for name in request.form},
        'json': request.json,
        'scheme': request.scheme,
    }


@app.post('/echo')
async def echo(request):
    return request.body, {'Content-Type': 'application/octet-stream'}


@app.post('/stream')
async def stream(request):
    size = total = 0
    while True:
        data = await request.stream.read(1000)
        if not data:
            return '%d %d %d' % (len(request.body), size, total)
        size += len(data)
        total = (total + sum(data)) % 65536


@app.post('/lines')
async def lines(request):
    first = await request.stream.readline()
    second = await request.stream.readexactly(3)
    third = await request.stream.readuntil(b';')
    return b'|'.join([first, second, third, await request.stream.read()])


@app.get('/pieces')
async def pieces(request):
    return Pieces([b'one ', 'tw\u00f6 ', b'', b'three']), {'Content-Type': 'text/x-pieces'}


@app.get('/sized')
async def sized(request):
    return Pieces([b'12345', b'67890', b'more']), {'Content-Length': '8'}


@app.get('/endless')
async def endless(request):
    return Pieces([b'first\n'], endless=True)


@app.get('/generator')
def generator(request):
    def numbers():
        for i in range(5):
            yield str(i)

    # MicroPython awaits generators that plain functions return.
    return numbers() if sys.implementation.name == 'cpython' else Pieces('01234')


@app.get('/file')
async def file(request):
    return send_file(__file__.rsplit('/', 1)[0] + '/page.html', max_age=60)


@app.get('/redirect')
async def elsewhere(request):
    return redirect('/caf\u00e9?a=b')


@app.get('/cookies')
async def cookies(request):
    response = Response('cookies')
    response.set_cookie('a', '1', path='/')
    response.set_cookie('b', '2', http_only=True)
    return response


@app.get('/number')
async def number(request):
    return 'n', {'X-Number': 5, 'X-Text': 'caf\u00e9'}


@app.get('/nothing')
async def nothing(request):
    return None


@app.get('/not-modified')
async def not_modified(request):
    return b'', 304, {'ETag': '"1"'}


@app.get('/bad-header')
async def bad_header(request):
    return 'x', {'X-Bad': 'a\r\nX-Injected: b'}


@app.get('/teapot')
async def teapot(request):
    abort(418, 'short and stout')


@app.get('/error')
async def error(request):
    raise ZeroDivisionError


@app.get('/key-error')
async def fail(request):
    raise KeyError('k')


@app.get('/events')
@with_sse
async def events(request, sse):
    for i in range(3):
        await sse.send({'i': i}, event_id=i)


@app.get('/counts')
async def count(request):
    return counts


@app.get('/hang')
async def hang(request):
    counts['opened'] += 1
    try:
        await asyncio.sleep(600)
    finally:
        counts['closed'] += 1


@app.get('/background')
async def background(request):
    async def tick():
        while True:
            await asyncio.sleep(0.02)
            counts['ticks'] += 1

    app.background = asyncio.create_task(tick())
    return 'started'


@app.get('/after')
async def after(request):
    @request.after_response
    def count(request, response):
        counts['left'] += 1

    return Pieces(['a', 'b']) if 'streamed' in request.args else 'ab'


@app.get('/process')
async def process(request):
    return str(os.getpid())


@app.get('/stop')
async def stop(request):
    request.app.shutdown()
    return 'stopping'


@app.get('/ws')
@with_websocket(subprotocols=('b', 'a'), max_message_length=1000)
async def websocket(request, ws):
    while True:
        message = await ws.receive()
        if message == 'close':
            await ws.close(4001, 'as told')
        elif message == 'fail':
            raise ZeroDivisionError
        else:
            await ws.send(message)


@app.get('/ws/echo')
@with_websocket(max_message_length=70000)
async def echo_messages(request, ws):
    while True:
        await ws.send(await ws.receive())


@app.get('/ws/own')
@with_websocket(allowed_origins=True)
async def own_websocket(request, ws):
    await ws.send(request.headers['Host'])


@app.get('/ws/none')
@with_websocket
async def refused_websocket(request, ws):
    abort(409)


@app.get('/ws/hang')
@with_websocket
async def hanging_websocket(request, ws):
    await hang(request)


# For a server that is told to serve below a prefix.
site = Microdot()
site.mount(app, '/app', local=True)

Request.max_content_length = 60000

if __name__ == '__main__':
    app.run(host='127.0.0.1', port=int(sys.argv[1]))
