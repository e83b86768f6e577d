"""A chat: what one says goes to all who are there."""

import asyncio

from microdot import Microdot, send_file
from microdot.csrf import CSRF
from microdot.websocket import WebSocketError, with_websocket

LENGTH = 500  # characters of a message

app = Microdot()
CSRF(app)  # keeps pages of other sites from opening the WebSocket
members = {}


async def tell(ws, text):
    try:
        await ws.send(text)
    except (OSError, WebSocketError):
        pass  # it is leaving; its own handler takes it out


async def tell_all(text):
    # To all at once: somebody whose network is slow keeps nobody but the speaker waiting.
    await asyncio.gather(*[tell(ws, text) for ws in list(members)])


@app.get('/')
async def index(request):
    return send_file('chat.html')


@app.get('/chat/<name>')
@with_websocket(max_message_length=4 * LENGTH, ping_interval=20)
async def chat(request, ws, name):
    name = name[:20]
    members[ws] = name
    try:
        await tell_all(name + ' has come. Here: ' + ', '.join(sorted(members.values())))
        while True:
            text = await ws.receive()
            if isinstance(text, str) and text.strip():
                await tell_all(name + ': ' + text[:LENGTH])
    finally:
        del members[ws]
        await tell_all(name + ' has left.')


if __name__ == '__main__':
    app.run(debug=True)
