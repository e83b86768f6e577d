"""The application that is measured: `basic`, with a WebSocket and events as most pages have them.

The command is `page.py PORT`.
"""

import asyncio
import sys

from basic import app, state

from microdot.sse import with_sse
from microdot.websocket import with_websocket


@app.get('/echo')
@with_websocket
async def echo(request, ws):
    while True:
        await ws.send(await ws.receive())


@app.get('/events')
@with_sse
async def events(request, sse):
    for number in range(30):
        await sse.send({'number': number, 'level': state['level']}, event='level')
        await asyncio.sleep(0)


if __name__ == '__main__':
    app.run(host='127.0.0.1', port=int(sys.argv[1]))
