"""The application that the hostile clients talk to, on both runtimes.

program.py PORT [name=number ...]: the names are bounds of `Request` or `Connection`.
"""

import asyncio
import sys

from microdot import Microdot, Request
from microdot.server import Connection

app = Microdot()
counts = {'started': 0, 'finished': 0}


class Pieces:
    """A body of `count` pieces of 1000 bytes."""

    def __init__(self, count):
        self.count = count
        counts['started'] += 1

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.count:
            raise StopAsyncIteration
        self.count -= 1
        return b'x' * 1000

    async def aclose(self):
        counts['finished'] += 1


@app.get('/')
async def index(request):
    return 'index'


@app.get('/counts')
async def count_handlers(request):
    return counts


@app.post('/echo')
async def echo(request):
    return request.body


@app.post('/count')
async def count_bytes(request):
    total = 0
    while True:
        data = await request.stream.read(1000)
        if not data:
            return str(total)
        total += len(data)


@app.get('/wait')
async def wait(request):
    counts['started'] += 1
    try:
        await asyncio.sleep(60)
    finally:
        counts['finished'] += 1


@app.get('/soon')
async def soon(request):
    await asyncio.sleep(0.2)
    return 'soon'


@app.get('/pieces/<int:count>')
async def pieces(request, count):
    return Pieces(count)


@app.get('/stop')
async def stop(request):
    request.app.shutdown()
    return 'stopped'


def main(port, *bounds):
    Connection.tick = 0.1
    for bound in bounds:
        name, _, value = bound.partition('=')
        owner = Connection if hasattr(Connection, name) else Request
        getattr(owner, name)
        setattr(owner, name, float(value) if '.' in value else int(value))
    app.run(host='127.0.0.1', port=int(port))
    print('ended')


if __name__ == '__main__':
    main(*sys.argv[1:])
