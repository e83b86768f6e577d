"""For ASGI servers, by the framework or by Microdot itself: a text, and JSON in and out."""

from microdot.asgi import Microdot

app = Microdot()


@app.get('/')
async def index(request):
    return 'Hello, world!'


@app.put('/state')
async def put_state(request):
    return {'level': request.json['level']}
