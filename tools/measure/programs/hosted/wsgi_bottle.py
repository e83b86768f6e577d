"""The same by Bottle."""

from bottle import Bottle, request, response

app = Bottle()


@app.get('/')
def index():
    response.content_type = 'text/plain; charset=UTF-8'
    return 'Hello, world!'


@app.put('/state')
def put_state():
    return {'level': request.json['level']}
