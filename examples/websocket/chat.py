"""A chat: what one says goes to all who are there."""

from microdot import Microdot, send_file
from microdot.csrf import CSRF
from microdot.topics import Topic
from microdot.websocket import with_websocket

LENGTH = 500  # characters of a message

app = Microdot()
CSRF(app)  # keeps pages of other sites from opening the WebSocket
talk = Topic()
members = []


@app.get('/')
async def index(request):
    return send_file('chat.html')


@app.get('/chat/<name>')
@with_websocket(max_message_length=4 * LENGTH, ping_interval=20)
async def chat(request, ws, name):
    name = name[:20]

    async def say(text):
        if isinstance(text, str) and text.strip():
            talk.publish(name + ': ' + text[:LENGTH])

    members.append(name)
    try:
        talk.publish(name + ' has come. Here: ' + ', '.join(sorted(members)))
        await talk.to_websocket(ws, say, last=1)  # its own arrival is the last message
    finally:
        members.remove(name)
        talk.publish(name + ' has left.')


if __name__ == '__main__':
    app.run(debug=True)
