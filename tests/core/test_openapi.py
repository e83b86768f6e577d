"""`microdot.openapi`: what the document says of routes."""

from described import LAMP, document
from microdot import Microdot, URLPattern
from microdot.openapi import OpenAPI, describe

REF = {'$ref': '#/components/schemas/Lamp'}


def make_app():
    app = Microdot()

    @app.post('/lamps/<int:n>')
    @describe(
        'Set a lamp',
        query={'fade': {'type': 'integer', 'minimum': 0, 'default': 0}, 'by': {'type': 'string'}},
        body=LAMP,
        responses={200: LAMP, 404: 'There is no such lamp'},
    )
    async def set_lamp(request, n, query, body):
        return {'n': n, 'query': query, 'body': body}

    @app.get('/lamps')
    @describe('List', responses={200: ('All', {'type': 'array', 'items': LAMP})})
    def list_lamps(request):
        return [{'name': 'sun'}]

    return app


def test_a_described_route():
    api = document(make_app(), 'Lamps', '2.0', schemas={'Lamp': LAMP})
    assert api['openapi'] == '3.1.0'
    assert api['info'] == {'title': 'Lamps', 'version': '2.0'}
    assert sorted(api['paths']) == ['/lamps', '/lamps/{n}']
    operation = api['paths']['/lamps/{n}']['post']
    assert operation['operationId'] == 'set_lamp'
    assert operation['summary'] == 'Set a lamp'
    n, fade, by = sorted(operation['parameters'], key=lambda p: 'nfb'.index(p['name'][0]))
    assert n == {'name': 'n', 'in': 'path', 'required': True, 'schema': {'type': 'integer'}}
    assert fade['in'] == 'query' and not fade['required']
    assert fade['schema'] == {'type': 'integer', 'minimum': 0, 'default': 0}
    assert by['schema'] == {'type': 'string'}
    body = operation['requestBody']
    assert body == {'required': True, 'content': {'application/json': {'schema': REF}}}
    responses = operation['responses']
    assert sorted(responses) == ['200', '404', '422', 'default']
    assert responses['200'] == {
        'description': 'OK',
        'content': {'application/json': {'schema': REF}},
    }
    assert responses['404'] == {'description': 'There is no such lamp'}
    problem = responses['422']['content']['application/problem+json']['schema']['$ref']
    listed = api['paths']['/lamps']['get']['responses']['200']
    assert listed['description'] == 'All'
    assert listed['content']['application/json']['schema'] == {'type': 'array', 'items': REF}
    schemas = api['components']['schemas']
    assert sorted(schemas) == ['Lamp', 'ValidationProblem'] and problem.endswith(
        '/' + 'ValidationProblem'
    )
    assert schemas['Lamp'] == LAMP


def test_routes_without_a_description():
    app = Microdot()
    URLPattern.register_type('hex', '[0-9a-f]+', lambda text: int(text, 16))

    def handler(request, **args):
        return ''

    for methods, pattern in (
        ('GET', '/'),
        ('GET PUT', '/a/<name>'),
        ('GET', '/b/<int:n>/c/<path:rest>'),
        ('GET', '/d/<re:v[0-9]+:tag>/<hex:color>'),
        ('QUERY', '/e'),
        ('GET', '/f {}/'),
    ):
        app.route(pattern, methods=methods.split())(handler)
    paths = document(app)['paths']
    found = sorted(paths)
    assert found[:3] == ['/', '/a/{name}', '/b/{n}/c/{rest}']
    assert found[3:] == ['/d/{tag}/{color}', '/e', '/f%20%7B%7D/']
    assert paths['/e'] == {}  # OpenAPI 3.1 has no such method
    assert sorted(paths['/a/{name}']) == ['get', 'put']
    schemas = [p['schema'] for p in paths['/b/{n}/c/{rest}']['get']['parameters']]
    assert schemas == [{'type': 'integer'}, {'type': 'string'}]
    schemas = [p['schema']['pattern'] for p in paths['/d/{tag}/{color}']['get']['parameters']]
    assert schemas == ['^(?:v[0-9]+)$', '^(?:[0-9a-f]+)$']
    assert paths['/']['get']['responses']['200'] == {'description': 'OK'}
    names = [o['operationId'] for methods in paths.values() for o in methods.values()]
    assert len(names) == len(set(names)) == 6
    for name in names:
        letters = [c for c in name if not (c.isalpha() or c.isdigit() or c == '_')]
        assert not letters and name[0].isalpha(), name


def test_paths_that_differ_in_types_alone():
    app = Microdot()

    @app.get('/a/<int:number>')
    def by_number(request, number):
        return ''

    @app.get('/a/<name>')
    def by_name(request, name):
        return ''

    @app.delete('/a/<name>')
    def forget(request, name):
        return ''

    paths = document(app)['paths']
    assert list(paths) == ['/a/{number}']
    methods = paths['/a/{number}']
    assert sorted(methods) == ['delete', 'get']
    assert methods['get']['parameters'][0]['schema'] == {'type': 'integer'}
    (parameter,) = methods['delete']['parameters']
    assert parameter['name'] == 'number' and parameter['schema'] == {'type': 'string'}


def test_mounted_applications():
    app, sub, inner = Microdot(), Microdot(), Microdot()

    @inner.get('/x/<int:n>')
    @describe('Inner')
    def x(request, n):
        return ''

    @sub.get('/')
    @describe(tags=['mine'])
    def root(request):
        return ''

    sub.mount(inner, '/inner')
    app.mount(sub, '/sub')
    paths = document(app)['paths']
    assert sorted(paths) == ['/sub/', '/sub/inner/x/{n}']
    assert paths['/sub/']['get']['tags'] == ['mine']
    assert paths['/sub/inner/x/{n}']['get']['tags'] == ['sub/inner']
    assert paths['/sub/inner/x/{n}']['get']['summary'] == 'Inner'
    assert 'tags' not in document(inner)['paths']['/x/{n}']['get']


def test_more_of_an_operation():
    app = Microdot()
    page = {'description': 'The page', 'content': {'text/html': {}}}
    room = {
        'name': 'room',
        'in': 'path',
        'required': True,
        'schema': {'type': 'string', 'enum': ['hall']},
    }
    header = {'name': 'X-Who', 'in': 'header', 'schema': {'type': 'string'}}

    @app.get('/<room>/<int:n>')
    @describe(
        operationId='showRoom',
        deprecated=True,
        parameters=[room, header],
        responses={200: page, 204: LAMP, 'default': 'Whatever', '4XX': LAMP},
    )
    def show(request, room, n):
        return ''

    operation = document(app)['paths']['/{room}/{n}']['get']
    assert operation['operationId'] == 'showRoom' and operation['deprecated'] is True
    assert [p['name'] for p in operation['parameters']] == ['n', 'room', 'X-Who']
    assert operation['parameters'][1] == room
    responses = operation['responses']
    assert sorted(responses) == ['200', '204', '4XX', 'default']
    assert responses['200'] == page and responses['default'] == {'description': 'Whatever'}
    assert responses['204']['description'] == 'No content'
    assert responses['4XX']['description'] == '4XX'
    assert responses['4XX']['content']['application/json']['schema'] == LAMP


def test_pieces_are_small():
    app = Microdot()
    for i in range(12):
        app.post('/things/%d' % i)(describe('Do', body=LAMP, responses={200: LAMP})(lambda r: ''))
    sizes = [len(piece) for piece in OpenAPI(app, schemas={'Lamp': LAMP}).pieces()]
    assert len(sizes) > 12
    assert max(sizes) < 800, max(sizes)
