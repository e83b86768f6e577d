"""An application that echoes WebSocket messages: websocket_program.py PORT."""

import sys

from microdot import Microdot
from microdot.websocket import with_websocket

app = Microdot()


@app.get('/')
async def index(request):
    return 'index'


@app.get('/echo')
@with_websocket(max_message_length=70000)
async def echo(request, ws):
    while True:
        await ws.send(await ws.receive())


if __name__ == '__main__':
    app.run(host='127.0.0.1', port=int(sys.argv[1]))
