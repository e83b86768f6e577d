"""An application put together from two others, of which each is a module that knows no other."""

from lamps import lamps
from timing import timing

from microdot import Microdot

PATHS = ('/lamps', '/lamps/desk', '/lamps/moon', '/timing', '/nothing')
PAGE = """<!doctype html>
<html lang="en">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sub-applications</title>
<style>
:root { color-scheme: light dark; }
body { margin: 1rem; font: 1rem/1.5 system-ui, sans-serif; }
a { display: inline-block; padding: .5rem 0; color: inherit; }
</style>
<h1>Sub-applications</h1>
<ul>%s</ul>
"""

app = Microdot()


@app.get('/')
async def index(request):
    links = ''.join(['<li><a href="%s">%s</a>' % (path, path) for path in PATHS])
    return PAGE % links, {'Content-Type': 'text/html'}


@app.errorhandler(404)
async def not_found(request):
    return {'error': 'no such address'}, 404


# Local: its handlers are for its own routes. Otherwise they become those of the whole application.
app.mount(lamps, '/lamps', local=True)
app.mount(timing, '/timing')


if __name__ == '__main__':
    app.run(debug=True)
