"""Hello for ASGI servers: `uvicorn hello_asgi:app`. Run as a program it serves itself."""

from microdot.asgi import Microdot
from microdot.websocket import with_websocket


async def start(scope):
    print('Before the first request.')


async def end(scope):
    print('After the last one.')


app = Microdot(lifespan_startup=start, lifespan_shutdown=end)


@app.get('/')
@app.get('/hello/<name>')
async def hello(request, name='world'):
    return {'hello': name}


@app.get('/echo')
@with_websocket
async def echo(request, ws):
    while True:
        await ws.send(await ws.receive())


if __name__ == '__main__':
    app.run(debug=True)
