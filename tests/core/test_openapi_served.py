"""`microdot.openapi`: where the document is served, and routes under decorators."""

import os

from described import document
from microdot import Microdot
from microdot.auth import TokenAuth
from microdot.openapi import OpenAPI, describe, hide
from microdot.test_client import TestClient

LAMP = {'type': 'object', 'required': ['name'], 'properties': {'name': {'type': 'string'}}}


def make_app():
    app = Microdot()

    @app.post('/lamps/<int:n>')
    @describe('Set a lamp', body=LAMP, responses={200: LAMP, 404: 'There is no such lamp'})
    async def set_lamp(request, n, body):
        return body

    @app.get('/lamps')
    def list_lamps(request):
        return [{'name': 'sun'}]

    return app


async def test_under_other_decorators():
    app = Microdot()
    auth = TokenAuth()

    @auth.authenticate
    async def check(request, token):
        return token == 'right'

    @app.get('/a')
    @auth
    @describe('Described below', query={'n': {'type': 'integer'}}, security=[{'token': []}])
    async def below(request, query):
        return query

    @app.get('/b')
    @describe('Described above', query={'n': {'type': 'integer'}})
    @auth
    async def above(request, query):
        return query

    @app.get('/c')
    @auth
    @hide
    async def hidden(request):
        return 'c'

    schemes = {'securitySchemes': {'token': {'type': 'http', 'scheme': 'bearer'}}}
    api = document(app, components=schemes, servers=[{'url': '/x'}], info={'summary': 'Short'})
    assert api['servers'] == [{'url': '/x'}] and api['info']['summary'] == 'Short'
    assert api['components']['securitySchemes'] == schemes['securitySchemes']
    assert sorted(api['paths']) == ['/a', '/b']
    assert api['paths']['/a']['get']['security'] == [{'token': []}]
    assert api['paths']['/b']['get']['summary'] == 'Described above'
    client = TestClient(app)
    right = {'Authorization': 'Bearer right'}
    for path in ('/a', '/b'):
        assert (await client.get(path + '?n=5', headers=right)).json == {'n': 5}
        assert (await client.get(path + '?n=x', headers=right)).status_code == 422
    assert (await client.get('/a?n=x')).status_code == 401
    assert (await client.get('/b?n=x')).status_code == 422
    assert (await client.get('/c', headers=right)).text == 'c'


async def test_it_is_served():
    app = make_app()
    OpenAPI(app, 'Lamps <1>')
    house = Microdot()
    house.mount(app, '/house')
    client = TestClient(house)
    response = await client.get('/house/openapi.json')
    assert response.headers['Content-Type'] == 'application/json'
    api = response.json
    assert api['servers'] == [{'url': '/house'}]
    assert sorted(api['paths']) == ['/lamps', '/lamps/{n}']
    assert 'servers' not in (await TestClient(app).get('/openapi.json')).json
    assert sorted(document(house)['paths']) == ['/house/lamps', '/house/lamps/{n}']


async def test_other_addresses():
    app = make_app()
    OpenAPI(app, path='/api/v1.json', page='/for/people')
    client = TestClient(app)
    assert (await client.get('/api/v1.json')).status_code == 200
    assert (await client.get('/docs')).status_code == 404
    app = make_app()
    OpenAPI(app, path=None)
    assert (await TestClient(app).get('/docs')).status_code == 404
    app = make_app()
    OpenAPI(app, page=None)
    assert (await TestClient(app).get('/docs')).status_code == 404


async def test_a_document_made_beforehand():
    app = make_app()
    name = 'openapi-made-beforehand.json'
    with open(name, 'w') as f:
        f.write('{"made": "beforehand"}')
    try:
        OpenAPI(app, file=name)
        response = await TestClient(app).get('/openapi.json')
    finally:
        os.remove(name)
    assert response.headers['Content-Type'].startswith('application/json')
    assert response.json == {'made': 'beforehand'}
