"""`microdot.openapi`: the document and its page over the wire."""

import json

from microdot import Microdot
from microdot.openapi import OpenAPI, describe
from wire import get, serve

LAMP = {'type': 'object', 'required': ['name'], 'properties': {'name': {'type': 'string'}}}


def make_app():
    app = Microdot()

    @app.post('/lamps/<int:n>')
    @describe('Set a lamp', body=LAMP, responses={200: LAMP, 404: 'There is no such lamp'})
    async def set_lamp(request, n, body):
        return body

    return app


async def test_over_the_wire():
    app = make_app()
    api = OpenAPI(app, schemas={'Lamp': LAMP})
    async with serve(app) as server:
        reply = await server.get('/openapi.json')
    assert json.loads(reply.body) == json.loads(''.join(api.pieces()))


async def page_of(app, target):
    """The first and the last 1000 bytes of a page, which a small heap has not room for twice."""
    async with serve(app) as server:
        client = await server.open()
        await client.send(get(target, version='1.0'))
        first = await client.read(1000)
        last = b''
        while await client._fill():
            last = (last + client.buffer)[-1000:]
            client.buffer = b''
    return first.decode(), last.decode()


async def test_the_page():
    app = make_app()
    OpenAPI(app, 'Lamps <1>')
    house = Microdot()
    house.mount(app, '/house')
    first, last = await page_of(house, '/house/docs')
    assert first.startswith('HTTP/1.0 200') and 'Content-Type: text/html' in first
    assert '<title>Lamps &lt;1></title>' in first
    assert 'data-root="./" data-document="./openapi.json"' in first
    assert last.endswith('</html>\n')
    app = make_app()
    OpenAPI(app, path='/api/v1.json', page='/for/people')
    first, last = await page_of(app, '/for/people')
    assert 'data-root="../" data-document="../api/v1.json"' in first
