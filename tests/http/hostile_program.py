"""`program.py` with a WebSocket at /ws, which takes more memory."""

import sys

from program import app, main

from microdot.websocket import with_websocket


@app.get('/ws')
@with_websocket
async def echo_messages(request, ws):
    while True:
        await ws.send(await ws.receive())


if __name__ == '__main__':
    main(*sys.argv[1:])
