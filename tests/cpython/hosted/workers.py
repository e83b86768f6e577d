"""An application of several processes: a topic that they have together, and sessions.

SERVED_BY says whose `Microdot` it is, REDIS where Redis is.
"""

import os

from microdot.relay import Relay
from microdot.session import Session, with_session
from microdot.topics import Topic
from microdot.websocket import with_websocket

if os.environ['SERVED_BY'] == 'asgi':
    from microdot.asgi import Microdot
else:
    from microdot.wsgi import Microdot

app = Microdot()
Session(app, secret_key='a key that all of the processes know, of 32 bytes or more')
talk = Topic(64)
Relay(app, os.environ['REDIS']).join(talk, 'talk')


@app.get('/events')
async def events(request):
    body, status, headers = talk.to_sse(request)
    return body, status, {**headers, 'X-Process': str(os.getpid())}


@app.get('/socket')
@with_websocket
async def socket(request, ws):
    await ws.send(str(os.getpid()))
    await talk.to_websocket(ws, talk.publish)


@app.post('/say')
def say(request):  # in a thread
    talk.publish(request.json)
    return {'process': os.getpid()}


@app.get('/visits')
@with_session
async def visits(request, session):
    session['visits'] = session.get('visits', 0) + 1
    session.save()
    return {'visits': session['visits'], 'process': os.getpid()}
