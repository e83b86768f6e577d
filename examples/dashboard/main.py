"""A page that watches the machine that serves it: uptime, memory, requests, and a lamp to switch.

`make run` serves it from MicroPython in a heap of 256 KB; it runs unchanged on CPython. All
handlers are coroutines: they take turns on one event loop, so nothing here needs a lock.
"""

import asyncio

import assets
import device
import pages
from monitor import RequestLog, Samples

from microdot import Microdot, Request, abort, redirect
from microdot.csrf import CSRF
from microdot.server import Connection
from microdot.topics import Topic

NAME_LENGTH = 24
SAMPLE_SECONDS = 1
CACHE_SECONDS = 3600
SITE_HEADERS = {
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'self'; frame-ancestors 'none'",
    'Content-Type': 'text/html; charset=UTF-8',
}
ERRORS = {
    403: 'This form belongs to another site.',
    404: 'There is nothing at this address.',
    405: 'This address does not answer to that method.',
    413: 'That is more than this device takes at once.',
    500: 'Something went wrong on the device; its console says what.',
}

Request.max_content_length = 1024  # bytes; the form is the largest body there is
Connection.max_connections = 8  # each page has one for its events
Connection.idle_timeout = 2  # seconds; it needs the others no more

app = Microdot()
CSRF(app)  # forms posted from pages of other sites are refused
app.allowed_hosts = device.names()  # and so are sites whose names are made to lead here
api = Microdot()
clock = device.Clock()
samples = Samples()
requests = RequestLog()
live = Topic(8, slow='tell')  # what changes, in parts of what `read_status` answers
settings = {'name': 'Microdot device', 'led': True, 'color': '#22c55e'}


def measure():
    """`(used, total, scale)` in bytes; the scale is what the top of the chart stands for."""
    used, total = device.memory()
    scale = total or 1048576
    while scale < max(samples.range()):
        scale *= 2
    return used, total, scale


def page(form=settings, error='', code=200, saved=False):
    """The dashboard; `form` is what the fields hold, `error` what is wrong with it."""
    note = pages.note(error, saved)
    parts = pages.dashboard(settings, clock.now(), measure(), samples, requests, form, note)
    return pages.pieces(parts), code, SITE_HEADERS


@app.get('/')
async def index(request):
    return page(saved='saved' in request.args)


@app.post('/')
async def change(request):
    form = request.form or {}
    wanted = {
        'name': form.get('name', '').strip(),
        'led': 'led' in form,
        'color': form.get('color', '').lower(),
    }
    error = problem(wanted)
    if error:
        return page(wanted, error, 400)
    apply(wanted)
    return redirect('/?saved=1', 303)


def apply(wanted):
    """Make these the settings, for the device and all who look at the page."""
    settings.update(wanted)
    device.switch_led(settings['led'])
    live.publish({'settings': settings})


def problem(wanted):
    """What is wrong with the settings of a form, in words; empty if nothing is."""
    name, color = wanted['name'], wanted['color']
    if not 1 <= len(name) <= NAME_LENGTH or min(name) < ' ':
        return 'Please give the device a name of 1 to %d characters.' % NAME_LENGTH
    if len(color) != 7 or color[0] != '#' or color[1:].strip('0123456789abcdef'):
        return 'Please give the color as #rrggbb, for example #22c55e.'
    return ''


@api.get('/status')
async def read_status(request):
    """All that the page shows. `?from=` leaves out the memory samples the asker has already."""
    try:
        first = request.args.get('from', 0, type=int)
    except ValueError:
        abort(400, 'from: a whole number is needed')
    if not 0 <= first <= samples.count:  # such as one from before the last restart
        first = 0
    return {
        'settings': settings,
        'uptime': clock.now(),
        'memory': memory_from(first),
        'requests': {'total': requests.total, 'rows': requests.rows},
    }, {'Cache-Control': 'no-store'}


def memory_from(first):
    """What is known of the memory, with the samples from that number on."""
    new = list(samples.items(first))
    used, total, scale = measure()
    return {
        'used': used,
        'total': total,
        'scale': scale,
        'first': new[0][0] if new else first,
        'samples': [value for _, value in new],
    }


@api.get('/events')
async def events(request):
    """What changes from now on; what is so already is the status."""
    return live.to_sse(request)


@api.get('/memory.csv')
async def read_memory(request):
    def lines():
        yield 'sample,used_bytes\r\n'
        for number, used in samples.items():
            yield '%d,%d\r\n' % (number, used)

    return lines(), {
        'Cache-Control': 'no-store',
        'Content-Type': 'text/csv; charset=UTF-8',
        'Content-Disposition': 'attachment; filename="memory.csv"',
    }


app.mount(api, '/api')


@app.get('/<re:style.css|app.js|icon.svg:name>')
async def asset(request, name):
    content_type, body = assets.FILES[name]
    return body, {'Content-Type': content_type, 'Cache-Control': 'max-age=%d' % CACHE_SECONDS}


@app.create_task
async def sample_memory():
    while True:
        samples.add(device.memory()[0])
        live.publish({'uptime': clock.now(), 'memory': memory_from(samples.count - 1)})
        await asyncio.sleep(SAMPLE_SECONDS)


@app.after_request
@app.after_error_request
async def remember(request, response):
    if request:  # there is none when it could not be parsed
        client = request.client_addr[0]
        row = requests.add(clock.now(), request.method, request.path, client, response.status_code)
        live.publish({'requests': {'total': requests.total, 'rows': [row]}})


def answer_error(code):
    """Register the error page for one status."""

    @app.errorhandler(code)
    async def handler(request):
        return pages.error(settings['name'], code, ERRORS[code]), code, SITE_HEADERS


for code in ERRORS:
    answer_error(code)


if __name__ == '__main__':
    app.run(debug=True)
