"""Lamps to switch. Their error handler is for these routes: mount it with `local=True`."""

from microdot import Microdot, abort

lamps = Microdot()
state = {'desk': False, 'door': True}


@lamps.get('')
async def all_lamps(request):
    return {name: request.url_prefix + '/' + name for name in state}


@lamps.get('/<name>')
async def lamp(request, name):
    if name not in state:
        abort(404)
    return {'name': name, 'on': state[name]}


@lamps.put('/<name>')
async def switch(request, name):
    if name not in state:
        abort(404)
    state[name] = not state[name]
    return {'name': name, 'on': state[name]}


@lamps.errorhandler(404)
async def no_such_lamp(request):
    return {'error': 'no such lamp', 'lamps': sorted(state)}, 404


@lamps.after_request
async def not_for_caches(request, response):
    response.headers['Cache-Control'] = 'no-store'
