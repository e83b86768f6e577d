"""Rooms with devices, described for OpenAPI: for the framework's own server on both runtimes, and
for ASGI. SERVED_BY=asgi in the environment says whose `Microdot` it is; without it the file is a
program: rooms.py PORT.
"""

import os
import sys

from microdot.openapi import OpenAPI, describe, hide

if os.getenv('SERVED_BY') == 'asgi':
    from microdot.asgi import Microdot
else:
    from microdot import Microdot

MOST = 8
NAME = {'type': 'string', 'minLength': 1, 'maxLength': 20, 'pattern': '^[a-z][a-z0-9-]*$'}
DEVICE = {
    'type': 'object',
    'required': ['name', 'kind'],
    'additionalProperties': False,
    'properties': {
        'name': NAME,
        'kind': {'type': 'string', 'enum': ['lamp', 'heater', 'sensor']},
        'level': {'type': 'integer', 'minimum': 0, 'maximum': 100, 'default': 0},
        'offset': {'type': 'number', 'exclusiveMinimum': -5, 'exclusiveMaximum': 5},
        'tags': {'type': 'array', 'maxItems': 4, 'items': {'type': 'string', 'maxLength': 8}},
        'note': {'type': ['string', 'null'], 'maxLength': 40},
    },
}
ROOM = {
    'type': 'object',
    'required': ['name', 'devices'],
    'properties': {'name': NAME, 'devices': {'type': 'array', 'items': DEVICE}},
}
WHERE = [
    {
        'name': 'room',
        'in': 'path',
        'required': True,
        'description': 'The name of the room',
        'schema': {'type': 'string', 'enum': ['hall', 'attic']},
    }
]
MISSING = 'There is none of that name'

rooms = Microdot()
devices = {'hall': [{'name': 'sun', 'kind': 'lamp', 'level': 5}], 'attic': []}


def room_of(name):
    if name not in devices:
        rooms.abort(404, MISSING)
    return devices[name]


@rooms.get('/')
@describe(
    'List the rooms',
    query={
        'limit': {'type': 'integer', 'minimum': 1, 'maximum': 10, 'default': 10},
        'name': {'type': 'array', 'items': {'type': 'string', 'maxLength': 20}, 'maxItems': 3},
        'empty': {'type': 'boolean'},
        'above': {'type': 'number', 'minimum': 0},
    },
    responses={200: ('The rooms', {'type': 'array', 'items': ROOM})},
)
async def list_rooms(request, query):
    found = []
    for name in sorted(devices):
        if name in query.get('name', [name]) and query.get('empty', not devices[name]) == (
            not devices[name]
        ):
            kept = [d for d in devices[name] if d['level'] >= query.get('above', 0)]
            found.append({'name': name, 'devices': kept})
    return found[: query['limit']]


@rooms.get('/<room>/devices')
@describe(
    'List the devices of a room',
    parameters=WHERE,
    responses={200: {'type': 'array', 'items': DEVICE}},
)
async def list_devices(request, room):
    return room_of(room)


@rooms.post('/<room>/devices')
@describe(
    'Add a device to a room',
    'Names are unique in their room.',
    body=DEVICE,
    parameters=WHERE,
    responses={201: DEVICE, 404: MISSING, 409: 'The room has one of this name, or is full'},
)
async def add_device(request, room, body):
    known = room_of(room)
    if len(known) >= MOST or body['name'] in [device['name'] for device in known]:
        rooms.abort(409)
    known.append(body)
    return body, 201


@rooms.get('/<room>/devices/<int:number>')
@describe('Show a device', parameters=WHERE, responses={200: DEVICE, 404: MISSING})
async def show_device(request, room, number):
    if not 0 <= number < len(room_of(room)):
        rooms.abort(404)
    return devices[room][number]


@rooms.put('/<room>/devices/<int:number>')
@describe(
    'Replace a device',
    query={'properties': {'by': NAME}, 'required': ['by']},
    body=DEVICE,
    parameters=WHERE,
    responses={200: DEVICE, 404: MISSING},
)
async def replace_device(request, room, number, query, body):
    if not 0 <= number < len(room_of(room)):
        rooms.abort(404)
    devices[room][number] = body
    return body


@rooms.delete('/<room>/devices/<int:number>')
@describe('Remove a device', parameters=WHERE, responses={204: 'It is gone', 404: MISSING})
async def remove_device(request, room, number):
    if not 0 <= number < len(room_of(room)):
        rooms.abort(404)
    del devices[room][number]
    return '', 204


app = Microdot()
app.mount(rooms, '/rooms')


@app.get('/version')
async def version(request):
    return {'version': 1}


@app.get('/releases/<re:v[0-9]+:tag>/<path:file>')
@describe('Say what a file of a release is', responses={200: {'type': 'object'}})
async def release(request, tag, file):
    return {'tag': tag, 'file': file}


@app.get('/stop')
@hide
async def stop(request):
    app.shutdown()
    return ''


OpenAPI(app, 'Rooms', '2.1', schemas={'Room': ROOM, 'Device': DEVICE})

if __name__ == '__main__':
    app.run(host='127.0.0.1', port=int(sys.argv[1]))
