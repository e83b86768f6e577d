"""Something to load: a short answer, one from a path with an argument, and a long one in pieces."""

from microdot import Microdot

app = Microdot()
LINE = b'0123456789' * 100


@app.get('/')
async def index(request):
    return 'Hello!'


@app.get('/items/<int:number>')
async def item(request, number):
    return {'number': number, 'double': 2 * number}


@app.get('/long')
async def long(request):
    return (LINE for _ in range(100))


if __name__ == '__main__':
    app.run()
