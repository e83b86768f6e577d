"""An application put together from two others, of which each is a module that knows no other."""

from lamps import lamps
from timing import timing

from microdot import Microdot

app = Microdot()


@app.get('/')
async def index(request):
    return {'try': ['/lamps', '/lamps/desk', '/lamps/moon', '/timing', '/nothing']}


@app.errorhandler(404)
async def not_found(request):
    return {'error': 'no such address'}, 404


# Local: its handlers are for its own routes. Otherwise they become those of the whole application.
app.mount(lamps, '/lamps', local=True)
app.mount(timing, '/timing')


if __name__ == '__main__':
    app.run(debug=True)
