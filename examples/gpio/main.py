"""Pins of a board, to switch and to watch from a phone."""

import board

from microdot import Microdot, abort, send_file
from microdot.csrf import CSRF

app = Microdot()
CSRF(app)


def state():
    return {
        'outputs': {name: bool(pin.value()) for name, pin in board.OUTPUTS.items()},
        'inputs': {name: bool(pin.value()) for name, pin in board.INPUTS.items()},
    }


@app.get('/')
async def index(request):
    return send_file('index.html')


@app.get('/pins')
async def pins(request):
    return state(), {'Cache-Control': 'no-store'}


@app.put('/pins/<name>')
async def switch(request, name):
    if name not in board.OUTPUTS:
        abort(404, 'No such output')
    wanted = request.json.get('on') if isinstance(request.json, dict) else None
    if wanted not in (True, False):
        abort(400, 'Send {"on": true} or {"on": false}')
    board.OUTPUTS[name].value(1 if wanted else 0)
    return state()


if __name__ == '__main__':
    app.run(debug=True)
