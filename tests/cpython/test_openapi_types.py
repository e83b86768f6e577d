"""`microdot.openapi` on CPython: types as schemas, by msgspec and pydantic, and its command."""

import asyncio
import dataclasses
import json
import os
import subprocess
import sys
from typing import Annotated, Optional, TypedDict

import pytest

import needs
from microdot import Microdot
from microdot.openapi import OpenAPI, describe
from microdot.test_client import TestClient
from microdot_kit import runtimes

try:
    import msgspec
    import pydantic
    from openapi_spec_validator import validate
except ImportError as exc:
    if needs.in_ci():
        raise
    needs.absent(f'{exc.name} is not installed: make .venv/stamps/openapi')

JSON = {'Content-Type': 'application/json'}


@dataclasses.dataclass
class Place:
    row: int
    label: Optional[str] = None


class Window(TypedDict):
    wide: int
    places: list[Place]


class Lamp(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(max_length=5)]
    places: list[Place] = []
    level: Annotated[int, msgspec.Meta(ge=0, le=100)] = 50


class Heater(pydantic.BaseModel):
    name: str = pydantic.Field(max_length=5)
    places: list[Place] = []
    level: int = pydantic.Field(50, ge=0, le=100)


class Filter(msgspec.Struct):
    limit: Annotated[int, msgspec.Meta(ge=1)]
    deep: bool = False
    tags: list[str] = []
    below: Optional[float] = None


class Choice(pydantic.BaseModel):
    limit: int = pydantic.Field(ge=1)
    deep: bool = False
    tags: list[str] = []
    below: Optional[float] = None


def make_app(body, query=None):
    """An application whose only route wants these types, and keeps what it got in `seen`."""
    app = Microdot()
    app.seen = []

    @app.post('/')
    @describe('Add', query=query, body=body, responses={201: body, 404: 'None'})
    async def add(request, body, query=None):
        app.seen.append((body, query))
        return body, 201

    return app


def post(app, target, body):
    response = asyncio.run(TestClient(app).post(target, body=json.dumps(body), headers=JSON))
    return response.status_code, json.loads(response.text)


def document(app):
    api = json.loads(''.join(OpenAPI(app).pieces()))
    validate(api)
    return api


@pytest.mark.parametrize('kind', [Lamp, Heater])
def test_objects_of_classes(kind):
    app = make_app(kind)
    sent = {'name': 'sun', 'places': [{'row': 1, 'label': 'a'}]}
    full = {**sent, 'level': 50}
    assert post(app, '/', sent) == (201, full)
    assert app.seen == [(kind(name='sun', places=[Place(1, 'a')]), None)]
    api = document(app)
    schemas = api['components']['schemas']
    assert sorted(schemas) == sorted([kind.__name__, 'Place', 'ValidationProblem'])
    operation = api['paths']['/']['post']
    wanted = {'$ref': '#/components/schemas/' + kind.__name__}
    assert operation['requestBody']['content']['application/json']['schema'] == wanted
    assert operation['responses']['201']['content']['application/json']['schema'] == wanted
    assert schemas[kind.__name__]['properties']['level']['maximum'] == 100


@pytest.mark.parametrize('kind', [Lamp, Heater])
@pytest.mark.parametrize(
    ('wrong', 'at'),
    [
        ({'name': 'sunlight'}, ['name']),
        ({'name': 'sun', 'level': '5'}, ['level']),
        ({'name': 'sun', 'places': [{'row': 1}, {'row': 'x'}]}, ['places', 1, 'row']),
        ([], []),
    ],
)
def test_what_does_not_fit_a_class(kind, wrong, at):
    app = make_app(kind)
    status, problem = post(app, '/', wrong)
    assert status == 422 and not app.seen
    (error,) = problem['errors']
    assert error['at'] == ['body', *at]
    assert error['message']


def test_all_that_pydantic_finds_is_told():
    status, problem = post(make_app(Heater), '/', {'name': 1, 'level': 101})
    assert [error['at'][-1] for error in problem['errors']] == ['name', 'level']


def test_dataclasses_and_dictionaries():
    app = make_app(Place)
    assert post(app, '/', {'row': 3, 'label': 'a'}) == (201, {'row': 3, 'label': 'a'})
    assert app.seen == [(Place(3, 'a'), None)]
    assert post(app, '/', {'row': None})[1]['errors'][0]['at'] == ['body', 'row']
    app = make_app(Window)
    assert post(app, '/', {'wide': 2, 'places': [{'row': 3}]})[0] == 201
    assert app.seen == [({'wide': 2, 'places': [Place(3)]}, None)]
    assert post(app, '/', {'wide': 2})[1]['errors'][0]['message'].count('places')
    assert sorted(document(app)['components']['schemas'])[:2] == ['Place', 'ValidationProblem']


@pytest.mark.parametrize('kind', [list[Lamp], list[Heater], list[Place]])
def test_lists(kind):
    app = make_app(kind)
    made = {'name': 'sun'} if kind != list[Place] else {'row': 1}
    status, found = post(app, '/', [made, made])
    assert status == 201 and len(found) == 2 and found[0].items() >= made.items()
    assert post(app, '/', [made, 5])[1]['errors'][0]['at'] == ['body', 1]
    schema = document(app)['paths']['/']['post']['requestBody']['content']['application/json']
    assert schema['schema']['type'] == 'array'


@pytest.mark.parametrize('kind', [Filter, Choice])
def test_queries(kind):
    app = make_app(Place, kind)
    assert post(app, '/?limit=3&deep=true&tags=a&tags=b&below=1.5', {'row': 1})[0] == 201
    assert app.seen[0][1] == kind(limit=3, deep=True, tags=['a', 'b'], below=1.5)
    assert post(app, '/?limit=3', {'row': 1})[0] == 201
    assert app.seen[1][1] == kind(limit=3)
    assert post(app, '/?limit=0', {'row': 1})[1]['errors'][0]['at'] == ['query', 'limit']
    assert post(app, '/?limit=x', {'row': 1})[1]['errors'][0]['at'] == ['query', 'limit']
    assert post(app, '/', {'row': 1})[0] == 422
    parameters = document(app)['paths']['/']['post']['parameters']
    assert [(p['name'], p['required']) for p in parameters] == [
        ('limit', True),
        ('deep', False),
        ('tags', False),
        ('below', False),
    ]


def test_what_a_route_returns():
    app = Microdot()
    results = {
        'object': Lamp('sun'),
        'status': (Lamp('sun'), 201),
        'list': [Lamp('sun')],
        'dict': {'name': 'sun'},
        'text': 'sun',
        'nothing': ('', 204),
    }

    @app.get('/<name>')
    @describe(responses={200: Lamp})
    def show(request, name):
        return results[name]

    async def ask(name):
        response = await TestClient(app).get('/' + name)
        return response.status_code, response.text

    lamp = {'name': 'sun', 'places': [], 'level': 50}
    for name, status, expected in (
        ('object', 200, lamp),
        ('status', 201, lamp),
        ('list', 200, [lamp]),
        ('dict', 200, {'name': 'sun'}),
    ):
        found = asyncio.run(ask(name))
        assert (found[0], json.loads(found[1])) == (status, expected), name
    assert asyncio.run(ask('text')) == (200, 'sun')
    assert asyncio.run(ask('nothing')) == (204, '')


def test_types_that_nobody_knows():
    class Unknown:
        pass

    with pytest.raises(TypeError, match='no schema of'):
        describe(body=Unknown)


def test_two_types_of_one_name():
    app = make_app(Place)

    @dataclasses.dataclass
    class Other:
        column: int

    Other.__name__ = 'Place'
    app.put('/')(describe(body=Other)(lambda request, body: ''))
    with pytest.raises(ValueError, match='two schemas are called Place'):
        document(app)


def in_a_new_python(code, *without):
    """Run a program in which some packages cannot be imported; return its output."""
    block = ''.join(f'sys.modules[{name!r}] = None\n' for name in without)
    ended = subprocess.run(
        [sys.executable, '-c', 'import sys\n' + block + code],
        env={**os.environ, 'PYTHONPATH': str(runtimes.LIB)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return ended.stdout + ended.stderr


DATACLASS = """
import dataclasses
from microdot.openapi import describe

@dataclasses.dataclass
class Place:
    row: int

describe(body=Place)
print('taken')
"""


def test_each_of_the_packages_is_enough():
    assert in_a_new_python(DATACLASS, 'msgspec') == 'taken\n'
    assert in_a_new_python(DATACLASS, 'pydantic') == 'taken\n'
    last = in_a_new_python(DATACLASS, 'msgspec', 'pydantic').splitlines()[-1]
    expected = 'a schema that is a type needs msgspec or pydantic: pip install msgspec'
    assert last == 'TypeError: ' + expected


def test_dictionaries_need_no_package():
    code = (
        "from microdot.openapi import describe; describe(body={'type': 'string'}); print('taken')"
    )
    assert in_a_new_python(code, 'msgspec', 'pydantic') == 'taken\n'


APP = """
from microdot import Microdot
from microdot.openapi import OpenAPI, describe

plain = Microdot()
app = Microdot()


@app.get('/lamps')
@describe('List')
def lamps(request):
    return []


plain.get('/x')(lamps)
api = OpenAPI(app, 'Lamps')
number = 5
"""


def command(folder, *arguments):
    (folder / 'house.py').write_text(APP)
    ended = subprocess.run(
        [sys.executable, '-m', 'microdot.openapi', *arguments],
        cwd=folder,
        env={**os.environ, 'PYTHONPATH': str(runtimes.LIB)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return ended.returncode, ended.stdout, ended.stderr


@pytest.mark.parametrize(
    ('target', 'title', 'path'),
    [('house', 'Lamps', '/lamps'), ('house:api', 'Lamps', '/lamps'), ('house:plain', 'API', '/x')],
)
def test_the_command(tmp_path, target, title, path):
    status, output, errors = command(tmp_path, target)
    assert (status, errors) == (0, '')
    api = json.loads(output)
    validate(api)
    assert api['info']['title'] == title
    assert list(api['paths']) == [path]
    assert api['paths'][path]['get']['summary'] == 'List'


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        ([], 'python -m microdot.openapi module:app > openapi.json'),
        (['--help'], 'python -m microdot.openapi module:app > openapi.json'),
        (['shed:app'], "shed:app: No module named 'shed'. Name it as in main:app"),
        (['house:nothing'], 'Name it as in main:app'),
        (['house:number'], 'house:number is no application: name it as in main:app'),
    ],
)
def test_the_command_refuses(tmp_path, arguments, said):
    status, output, errors = command(tmp_path, *arguments)
    assert status == 1 and not output
    assert errors.endswith(said + '\n') and errors.count('\n') == 1
