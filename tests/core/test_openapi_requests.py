"""`microdot.openapi`: which requests are refused by what is described, and how that is said."""

import json

from described import LAMP
from microdot import Microdot
from microdot.openapi import OpenAPI, describe
from microdot.test_client import TestClient
from support import MICROPYTHON, raises
from wire import post, serve

PROBLEM = 'application/problem+json'


def make_app():
    app = Microdot()

    @app.post('/lamps/<int:n>')
    @describe(
        query={'fade': {'type': 'integer', 'minimum': 0, 'default': 0}, 'by': {'type': 'string'}},
        body=LAMP,
    )
    async def set_lamp(request, n, query, body):
        return {'n': n, 'query': query, 'body': body}

    return app


async def test_requests_are_checked():
    client = TestClient(make_app())
    response = await client.post('/lamps/-7?fade=3&by=me&more=1', body={'name': 'sun'})
    assert response.status_code == 200
    answer = response.json
    assert answer['n'] == -7
    assert answer['query'] == {'fade': 3, 'by': 'me'}
    assert answer['body'] == {'name': 'sun', 'level': 50}
    response = await client.post('/lamps/1?fade=-1', body={'name': '', 'level': 5.5, 'x': 1})
    assert response.status_code == 422
    assert response.headers['Content-Type'] == PROBLEM
    problem = json.loads(response.text)
    assert problem['status'] == 422 and problem['title'] == 'Unprocessable Content'
    errors = {'/'.join(e['at']): e['message'] for e in problem['errors']}
    assert errors == {
        'query/fade': 'must be at least 0',
        'body/name': 'must be at least 1 characters',
        'body/level': 'must be of the type integer',
        'body/x': 'is not known',
    }


async def test_bodies_that_are_not_json():
    client = TestClient(make_app())
    sent = {'Content-Type': 'application/json'}
    response = await client.post('/lamps/1')
    assert response.status_code == 422
    errors = json.loads(response.text)['errors']
    assert errors == [{'at': ['body'], 'message': 'is missing'}]
    response = await client.post('/lamps/1', body='null', headers=sent)
    message = 'must be of the type object'
    assert json.loads(response.text)['errors'] == [{'at': ['body'], 'message': message}]
    for body, headers, status in (
        ('{"name": ', sent, 400),
        ('name=sun', {'Content-Type': 'application/x-www-form-urlencoded'}, 415),
        ('{"name": "sun"}', {'Content-Type': 'text/plain'}, 415),
        ('{"name": "sun"}', {'Content-Type': 'application/problem+json'}, 200),
    ):
        response = await client.post('/lamps/1', body=body, headers=headers)
        assert response.status_code == status, (body, response.status_code)
    response = await client.post('/lamps/1?fade=%FF', body={'name': 'sun'})
    assert response.status_code == 400


async def test_a_body_left_to_the_stream():
    body = b'{"name": "' + b'x' * 300 + b'"}'
    request = post('/lamps/1', body, 'Content-Type: application/json')
    async with serve(make_app(), max_body_length=200) as server:
        client = await server.open()
        await client.send(request)
        assert (await client.response()).status == 413


async def test_the_applications_own_answer():
    app = make_app()

    @app.errorhandler(422)
    def refused(request):
        return 'Mend: ' + ', '.join([e['at'][-1] for e in request.g.invalid]), 422

    response = await TestClient(app).post('/lamps/1', body={})
    assert response.status_code == 422
    assert response.text == 'Mend: name'
    assert response.headers['Content-Type'].startswith('text/plain')


async def test_an_argument_of_the_same_name():
    app = Microdot()

    @app.post('/<body>')
    @describe(body={})
    def handler(request, body):
        return ''

    raised = []

    @app.errorhandler(TypeError)
    def fault(request, exc):
        raised.append(str(exc))
        return '', 500

    await TestClient(app).post('/x', body={})
    assert raised == ['an argument of the path is called body: rename it']


def test_schemas_that_could_not_be_checked():
    loop = {'type': 'array'}
    loop['items'] = loop
    for schema, message in (
        ({'oneOf': []}, 'oneOf'),
        ({'type': 'strnig'}, 'strnig'),
        ({'properties': {'a': {'items': {'const': 1}}}}, 'const'),
        ({'additionalProperties': {'not': {}}}, 'not'),
        ({'type': 'string', 'pattern': 'a'}, 'maxLength'),
        ({'type': 'array', 'default': []}, 'default'),
        (loop, '12 levels'),
    ):
        assert message in str(raises(ValueError, describe, body=schema))
    describe(responses={200: {'oneOf': []}})  # which is told alone
    raises(ValueError, OpenAPI, Microdot(), schemas={'Loop': loop})


def test_types_on_micropython():
    if MICROPYTHON:
        assert 'is a dictionary' in str(raises(TypeError, describe, body=int))
