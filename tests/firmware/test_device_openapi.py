"""`microdot.openapi` on the emulated board: what it takes, and a service that is described."""

import json

import board as boards

CORE = """
import gc, json, re
from microdot import Microdot, Request
import microdot.urlencoded, microdot.helpers

def free():
    gc.collect()
    return gc.mem_free()

async def handler(request, n, query, body):
    return body
"""
ROUTES = 10
DESCRIBED = """
app = Microdot()
for i in range({routes}):
    app.post('/things/%d/<int:n>' % i)(
        describe('Do it', query={{'a': count}}, body=thing, responses={{200: thing}})(handler))
api = OpenAPI(app, schemas={{'Thing': thing}})
"""
UNDESCRIBED = """
app = Microdot()
for i in range({routes}):
    app.post('/things/%d/<int:n>' % i)(handler)
"""
SCHEMAS = """
count = {'type': 'integer', 'minimum': 0}
thing = {'type': 'object', 'properties': {'name': {'type': 'string', 'maxLength': 9}}}
"""
# Bytes of heap, each well above what was measured.
CEILINGS = {'module': 2500, 'a route': 800, 'writing the document': 4000}
PROGRAM = """
from microdot import Microdot
from microdot.openapi import OpenAPI, describe

NAME = {'type': 'object', 'required': ['name'], 'properties': {'name': {'type': 'string'}}}
app = Microdot()

@app.get('/')
async def index(request):
    return 'ready'

@app.post('/things/<int:n>')
@describe('Name it', body=NAME, responses={200: NAME})
async def name(request, n, body):
    return body

OpenAPI(app, 'Things', schemas={'Name': NAME})
app.run(port=5000)
"""


def free(board):
    return int(board.exec('print(free())'))


def test_what_it_takes(board):
    board.fresh()
    board.exec(CORE)
    board.exec(SCHEMAS)
    taken = {}
    start = free(board)
    board.exec('from microdot.openapi import OpenAPI, describe')
    taken['module'] = start - free(board)
    start = free(board)
    board.exec(UNDESCRIBED.format(routes=ROUTES))
    plain = start - free(board)
    board.exec('app = None')
    start = free(board)
    board.exec(DESCRIBED.format(routes=ROUTES))
    taken['a route'] = (start - free(board) - plain) // ROUTES
    start = free(board)
    sizes = json.loads(board.exec('print([len(piece) for piece in api.pieces()])'))
    taken['writing the document'] = start - free(board)
    for name, figure in taken.items():
        boards.figures.append((f'heap of microdot.openapi: {name}', figure, 'bytes'))
    boards.figures.append(('largest piece of its document', max(sizes), 'characters'))
    assert len(sizes) > ROUTES
    for name, ceiling in CEILINGS.items():
        assert taken[name] < ceiling, (name, taken)
    assert max(sizes) < 1000


def test_a_described_service(board):
    board.fresh()
    with board.serving(PROGRAM):
        api = json.loads(board.request('GET', '/openapi.json')[2])
        assert sorted(api['paths']) == ['/', '/things/{n}']
        assert sorted(api['components']['schemas']) == ['Name', 'ValidationProblem']
        sent = {'Content-Type': 'application/json'}
        ask = ('POST', '/things/1')
        status, _, body = board.request(*ask, b'{"name": "door"}', sent)
        assert (status, json.loads(body)) == (200, {'name': 'door'})
        status, _, body = board.request(*ask, b'{"name": 5}', sent)
        assert status == 422
        assert json.loads(body)['errors'][0]['at'] == ['body', 'name']
        page = board.request('GET', '/docs')[2]
        assert b'<title>Things</title>' in page and page.endswith(b'</html>\n')
