"""Requests to the examples and what their answers must be: a table, and what plays it.

An exchange is a dictionary: `do` the request line, `form`, `json` or `body` what it sends, with
`headers`; then what is expected of the answer: `status` (200 unless given), `has` texts in its
body, `is` the JSON of the whole body, `with` parts of its headers (`None`: not there). Cookies are
kept from one exchange to the next; `forget` names one to drop before.
"""

import base64
import http.client
import json
from urllib.parse import urlencode

from serving import DEADLINE

FORM = 'application/x-www-form-urlencoded'
HTML = {'Content-Type': 'text/html'}
FOREIGN = {'Origin': 'http://evil.example'}
ALLOWED = {'Origin': 'http://localhost:5001'}
BEARER = {'Authorization': 'Bearer e1c9a6f2b7d84053'}
ORIGIN = 'Access-Control-Allow-Origin'
METHODS = 'Access-Control-Allow-Methods'
CSS = '/assets/style-1.css'


def basic(text):
    return {'Authorization': 'Basic ' + base64.b64encode(text.encode()).decode()}


def preflight(method, origin='http://localhost:5001'):
    return {
        'Origin': origin,
        'Access-Control-Request-Method': method,
        'Access-Control-Request-Headers': 'content-type',
    }


STATIC = [
    {'do': 'GET /', 'has': ['A static site'], 'with': {'Cache-Control': 'max-age=0'}},
    {'do': 'GET /about', 'status': 302, 'with': {'Location': '/about/'}},
    {'do': 'GET /about/', 'has': ['<h1>About'], 'with': HTML},
    {'do': 'GET /', 'headers': {'Range': 'bytes=0-14'}, 'status': 206, 'has': ['<!doctype html>']},
    {'do': 'GET /', 'headers': {'Range': 'bytes=99999-'}, 'status': 416},
    {'do': 'HEAD /', 'with': {'Accept-Ranges': 'bytes', 'ETag': '"'}},
    {'do': 'GET ' + CSS, 'has': ['max-width'], 'with': {'Cache-Control': 'immutable'}},
    {
        'do': 'GET ' + CSS,
        'headers': {'Accept-Encoding': 'gzip'},
        'with': {'Content-Encoding': 'gzip', 'Content-Type': 'text/css', 'Vary': 'Accept-Encoding'},
    },
    {'do': 'GET /nothing', 'status': 404, 'has': ['<h1>Not found'], 'with': HTML},
    {'do': 'GET /..%2Fmain.py', 'status': 404},
    {'do': 'POST /', 'status': 405},
    {'do': 'GET /api/uptime', 'has': ['"seconds"']},
]
SUBAPPS = [
    {'do': 'GET /', 'has': ['<a href="/lamps/moon">'], 'with': HTML},
    {'do': 'GET /lamps', 'is': {'desk': '/lamps/desk', 'door': '/lamps/door'}},
    {
        'do': 'GET /lamps/desk',
        'is': {'name': 'desk', 'on': False},
        'with': {'Cache-Control': 'no-store', 'Server-Timing': 'app;dur='},
    },
    {'do': 'PUT /lamps/desk', 'is': {'name': 'desk', 'on': True}},
    {'do': 'GET /lamps/moon', 'status': 404, 'has': ['no such lamp', 'door']},
    {'do': 'GET /nothing', 'status': 404, 'has': ['no such address']},
    {'do': 'GET /', 'with': {'Cache-Control': None, 'Server-Timing': 'app;dur='}},
    {'do': 'GET /timing', 'has': ['"requests": 5']},
]
OPENAPI = [
    {'do': 'GET /', 'status': 302, 'with': {'Location': '/docs'}},
    {'do': 'GET /docs', 'has': ['<title>Alarm clock</title>', '</html>'], 'with': HTML},
    {
        'do': 'GET /openapi.json',
        'has': ['"3.1.0"', '"/alarms/{number}"', '#/components/schemas/Alarm'],
        'with': {'Content-Type': 'application/json'},
    },
    {'do': 'POST /alarms', 'json': {'time': '22:05'}, 'status': 201, 'has': ['"volume": 5']},
    {
        'do': 'POST /alarms',
        'json': {'time': '25:00', 'volume': 11, 'days': ['mon', 'day']},
        'status': 422,
        'has': ['must match', '"volume"', 'must be at most 10', 'must be one of'],
        'with': {'Content-Type': 'application/problem+json'},
    },
    {'do': 'GET /alarms?day=mon', 'is': [{'time': '06:45', 'days': ['mon', 'tue'], 'volume': 5}]},
    {'do': 'GET /alarms?loud=loud', 'status': 422, 'has': ['"loud"', 'type integer']},
    {'do': 'PUT /alarms/1', 'json': {'time': '22:10', 'volume': 0}, 'has': ['22:10']},
    {'do': 'GET /alarms/1', 'is': {'time': '22:10', 'volume': 0}},
    {'do': 'DELETE /alarms/1', 'status': 204},
    {'do': 'GET /alarms/1', 'status': 404, 'has': ['There is no such alarm']},
]
TEMPLATES = [
    {'do': 'GET /', 'has': ['<title>Notes</title>', '<li>Values are &lt;escaped&gt; &amp;']},
    {'do': 'POST /', 'form': {'text': '<b>x</b>'}, 'status': 303, 'with': {'Location': '/'}},
    {'do': 'POST /', 'form': {'text': '  '}, 'status': 303},
    {'do': 'POST /', 'body': b'x', 'status': 303},
    {'do': 'GET /', 'has': ['<li>&lt;b&gt;x&lt;/b&gt;</li>\n</ol>', '</html>'], 'with': HTML},
]
SESSIONS = [
    {'do': 'GET /', 'has': ['Nothing yet.'], 'with': {'Set-Cookie': None}},
    {
        'do': 'POST /',
        'form': {'item': 'milk & <eggs>'},
        'status': 303,
        'with': {'Set-Cookie': 'Max-Age=604800'},
    },
    {'do': 'POST /', 'form': {'item': 'flour'}, 'status': 303},
    {'do': 'GET /', 'has': ['<ul><li>milk &amp; &lt;eggs&gt;<li>flour</ul>']},
    {'do': 'GET /', 'headers': {'Cookie': 'session=forged'}, 'has': ['Nothing yet.']},
    {'do': 'POST /clear', 'status': 303},
    {'do': 'GET /', 'has': ['Nothing yet.']},
]
ADA = {'name': 'ada', 'password': 'analytical'}
LOGIN = [
    {'do': 'GET /', 'status': 302, 'with': {'Location': '/login?next=/'}},
    {'do': 'GET /login', 'has': ['Remember me']},
    {
        'do': 'POST /login',
        'form': {**ADA, 'password': 'x'},
        'status': 403,
        'has': ['not go together'],
    },
    {'do': 'POST /login', 'form': {'name': 'x'}, 'status': 403},
    {'do': 'POST /login', 'form': ADA, 'headers': FOREIGN, 'status': 403, 'has': ['Forbidden']},
    {
        'do': 'POST /login?next=/vault',
        'form': ADA,
        'status': 302,
        'with': {'Location': '/vault', 'Set-Cookie': 'HttpOnly'},
    },
    {'do': 'GET /vault', 'has': ['ada']},
    {'do': 'GET /', 'has': ['Hello, ada']},
    {'do': 'POST /logout', 'headers': FOREIGN, 'status': 403},
    {'do': 'POST /logout', 'status': 303},
    {'do': 'GET /', 'status': 302},
    {'do': 'POST /login', 'form': {**ADA, 'remember': 'on'}, 'status': 302},
    {'do': 'GET /', 'forget': 'session', 'has': ['Hello, ada']},
    {'do': 'GET /vault', 'status': 302, 'with': {'Location': '/login?next=/vault'}},
]
AUTH = [
    {'do': 'GET /', 'status': 401, 'with': {'WWW-Authenticate': 'Basic realm="Examples"'}},
    {'do': 'GET /', 'headers': basic('ada:x'), 'status': 401},
    {'do': 'GET /', 'headers': basic('nobody:'), 'status': 401},
    {'do': 'GET /', 'headers': basic('ada:analytical'), 'has': ['Hello, ada!', 'It is 21.5']},
    {'do': 'GET /public', 'has': ['Hello, whoever you are!']},
    {'do': 'GET /public', 'headers': basic('grace:compiler'), 'has': ['Hello, grace!']},
    {
        'do': 'PUT /reading',
        'json': {'celsius': 9},
        'status': 401,
        'is': {'error': 'a valid token is needed'},
    },
    {
        'do': 'PUT /reading',
        'json': {'celsius': 9},
        'headers': basic('ada:analytical'),
        'status': 401,
    },
    {'do': 'PUT /reading', 'json': [9], 'headers': BEARER, 'status': 400},
    {
        'do': 'PUT /reading',
        'json': {'celsius': 9},
        'headers': BEARER,
        'is': {'celsius': 9, 'by': 'thermostat'},
    },
    {'do': 'GET /', 'headers': basic('ada:analytical'), 'has': ['It is 9 degrees']},
]
CORS = [
    {'do': 'GET /lamp', 'headers': ALLOWED, 'with': {ORIGIN: ALLOWED['Origin'], 'Vary': 'Origin'}},
    {'do': 'GET /lamp', 'headers': FOREIGN, 'with': {ORIGIN: None, 'Vary': 'Origin'}},
    {'do': 'GET /lamp', 'with': {ORIGIN: None, 'Vary': 'Origin'}},
    {
        'do': 'OPTIONS /lamp',
        'headers': preflight('PUT'),
        'with': {ORIGIN: ALLOWED['Origin'], METHODS: 'PUT', 'Access-Control-Max-Age': '600'},
    },
    {'do': 'OPTIONS /lamp', 'headers': preflight('DELETE'), 'with': {METHODS: None}},
    {'do': 'OPTIONS /lamp', 'headers': preflight('PUT', 'http://x'), 'with': {ORIGIN: None}},
    {'do': 'PUT /lamp', 'json': {'on': True}, 'headers': ALLOWED, 'is': {'on': True}},
]
PAY = {'amount': '10'}
ATTACK = {'Origin': 'http://localhost:5001', 'Sec-Fetch-Site': 'same-site'}
CSRF = [
    {'do': 'POST /transfer', 'form': PAY, 'status': 400},
    {'do': 'GET /', 'has': ['€ 1000'], 'with': {'Set-Cookie': 'customer=ada'}},
    {'do': 'POST /transfer', 'form': PAY, 'status': 303},
    {'do': 'POST /transfer', 'form': {'amount': '-5'}, 'status': 400},
    {'do': 'POST /transfer', 'form': PAY, 'headers': ATTACK, 'status': 403, 'has': ['another']},
    {'do': 'POST /transfer', 'form': PAY, 'headers': FOREIGN, 'status': 403},
    {'do': 'GET /', 'has': ['€ 990']},
    {'do': 'POST /unprotected', 'form': PAY, 'headers': ATTACK, 'status': 303},
    {'do': 'GET /', 'has': ['€ 980']},
]
GPIO = [
    {'do': 'GET /', 'has': ['<h1>Pins</h1>']},
    {
        'do': 'GET /pins',
        'is': {
            'outputs': {'lamp': False, 'fan': False, 'pump': False},
            'inputs': {'door': True},
        },
    },
    {'do': 'PUT /pins/fan', 'json': {'on': True}, 'has': ['"fan": true', '"lamp": false']},
    {'do': 'PUT /pins/fan', 'json': {'on': 7}, 'status': 400},
    {'do': 'PUT /pins/fan', 'json': 'on', 'status': 400},
    {'do': 'PUT /pins/door', 'json': {'on': True}, 'status': 404, 'has': ['No such output']},
    {'do': 'PUT /pins/lamp', 'json': {'on': True}, 'headers': FOREIGN, 'status': 403},
    {'do': 'GET /pins', 'has': ['"fan": true', '"lamp": false']},
]
WEATHER = [
    {'do': 'GET /', 'has': ['<h1>Weather station</h1>']},
    {'do': 'GET /now', 'has': ['"celsius": ', '"humidity": ', '"light": ']},
    {'do': 'GET /history', 'has': ['"seconds": 60', '"celsius": [']},
]
HOMEASSISTANT = [
    {'do': 'GET /', 'has': ['<h1>Desk</h1>', 'EventSource']},
    {'do': 'POST /switch', 'form': {'what': 'fan', 'on': '1'}, 'status': 303},
    {'do': 'POST /switch', 'form': {'what': 'lamp', 'on': '1'}, 'status': 303},
    {'do': 'GET /state', 'has': ['"fan": true', '"lamp": true', '"brightness": 255']},
    {'do': 'POST /switch', 'form': {'what': 'lamp', 'on': '0'}, 'status': 303},
    {'do': 'POST /switch', 'form': {'what': 'door'}, 'status': 400, 'has': ['lamp or fan']},
    {'do': 'POST /switch', 'status': 400},
    {'do': 'GET /state', 'has': ['"fan": true', '"lamp": false']},
]
BENCHMARK = [
    {'do': 'GET /', 'has': ['Hello!']},
    {'do': 'GET /items/21', 'is': {'number': 21, 'double': 42}},
    {'do': 'GET /long', 'has': ['0123456789' * 10000]},
]
ATTACKER = [{'do': 'GET /', 'has': ['Free kittens', '/transfer']}]
PAGE = [{'do': 'GET /', 'has': ['A page of another origin']}]

# By the file, the exchanges on both runtimes.
CHOSEN = basic('me:correct horse')
NO_BOARD = ['There is no key in this firmware']
UPDATE = [
    {'do': 'GET /', 'has': ['Nobody has chosen a password yet'], 'with': HTML},
    {'do': 'GET /update', 'headers': basic('me:'), 'status': 401},
    {'do': 'POST /password', 'status': 400, 'has': ['10 char']},
    {'do': 'POST /password', 'form': {'password': 'short'}, 'status': 400, 'has': ['10 char']},
    {
        'do': 'POST /password',
        'form': {'password': 'correct horse'},
        'headers': FOREIGN,
        'status': 403,
    },
    {'do': 'POST /password', 'form': {'password': 'correct horse'}, 'status': 302},
    {'do': 'POST /password', 'form': {'password': 'another one'}, 'status': 409},
    {'do': 'GET /', 'has': ['href="/update"']},
    {'do': 'GET /update', 'status': 401, 'with': {'WWW-Authenticate': 'Desk'}},
    {'do': 'GET /update', 'headers': basic('me:another one'), 'status': 401},
    {'do': 'GET /update', 'headers': CHOSEN, 'has': NO_BOARD},
    {
        'do': 'GET /update',
        'headers': {**CHOSEN, 'Accept': 'text/html'},
        'has': ['<h1>Update</h1>'],
        'with': HTML,
    },
    {'do': 'POST /update', 'body': 'x', 'headers': CHOSEN, 'status': 501, 'has': NO_BOARD},
]
BOTH = {
    'static/main.py': STATIC,
    'openapi/main.py': OPENAPI,
    'subapps/main.py': SUBAPPS,
    'templates/main.py': TEMPLATES,
    'sessions/main.py': SESSIONS,
    'login/main.py': LOGIN,
    'auth/main.py': AUTH,
    'cors/api.py': CORS,
    'cors/page.py': PAGE,
    'csrf/bank.py': CSRF,
    'csrf/attacker.py': ATTACKER,
    'update/main.py': UPDATE,
    'gpio/main.py': GPIO,
    'homeassistant/main.py': HOMEASSISTANT,
    'weather/main.py': WEATHER,
}
CPYTHON = {
    'templates/with_jinja.py': TEMPLATES,
    'servers/hello_asgi.py': [{'do': 'GET /hello/Ada', 'is': {'hello': 'Ada'}}],
    'servers/hello_wsgi.py': [{'do': 'GET /hello/Ada', 'is': {'hello': 'Ada'}}],
}


class Visitor:
    """A client over one connection that keeps cookies."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=DEADLINE)
        self.cookies = {}

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.connection.close()

    def send(self, exchange):
        """Return `(status, headers, body)` of the answer."""
        method, path = exchange['do'].split()
        headers = {'Cookie': '; '.join([f'{k}={v}' for k, v in self.cookies.items()])}
        body = exchange.get('body')
        if 'form' in exchange:
            body, headers['Content-Type'] = urlencode(exchange['form']), FORM
        elif 'json' in exchange:
            body, headers['Content-Type'] = json.dumps(exchange['json']), 'application/json'
        headers.update(exchange.get('headers', {}))
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        for text in response.headers.get_all('Set-Cookie') or ():
            name, _, value = text.partition(';')[0].partition('=')
            self.cookies[name] = value
        return response.status, response.headers, response.read()

    def check(self, exchange):
        """Make an exchange; AssertionError with what differs if the answer is another."""
        self.cookies.pop(exchange.get('forget'), None)
        status, headers, body = self.send(exchange)
        said = exchange['do'], status, dict(headers), body[:500]
        assert status == exchange.get('status', 200), said
        for text in exchange.get('has', ()):
            assert text in body.decode(), (text, *said)
        if 'is' in exchange:
            assert json.loads(body) == exchange['is'], said
        for name, part in exchange.get('with', {}).items():
            value = ', '.join(headers.get_all(name) or ())
            assert (name not in headers) if part is None else (part in value), (name, *said)


def play(server, exchanges):
    """Make all exchanges, one after the other, as one visitor."""
    with Visitor(server) as visitor:
        for exchange in exchanges:
            visitor.check(exchange)
