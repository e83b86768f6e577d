"""For WSGI servers, by the framework or by Microdot itself: a text, and JSON in and out."""

from microdot.wsgi import Microdot

app = Microdot()


@app.get('/')
def index(request):
    return 'Hello, world!'


@app.put('/state')
def put_state(request):
    return {'level': request.json['level']}
