"""Sends each message of a WebSocket back."""

from microdot import Microdot, send_file
from microdot.websocket import with_websocket

app = Microdot()


@app.get('/')
async def index(request):
    return send_file('echo.html')


@app.get('/echo')
@with_websocket(max_message_length=4096)
async def echo(request, ws):
    while True:  # until the client leaves: receive() ends with an exception then
        await ws.send(await ws.receive())


if __name__ == '__main__':
    app.run(debug=True)
