"""What the tests of `microdot.asgi` and `microdot.wsgi` have in common: applications and tables."""

from pathlib import Path

import microdot
from microdot import Response, abort, send_file

NAMES = ('Request', 'Response', 'abort', 'redirect', 'send_file', 'URLPattern', 'AsyncBytesIO')
TYPE = 'Content-Type'
LENGTH = 'Content-Length'
INTERNAL = b'Internal server error'


def echo_app(cls, result):
    """An application of that class of which each route returns result(request)."""
    app = cls()

    async def handler(request, path=''):
        value = result(request)
        return await value if hasattr(value, '__await__') else value

    for pattern in ('/', '/<path:path>'):
        app.route(pattern, methods=['GET', 'POST'])(handler)
    return app


def check_names(module):
    """A star-import of the module brings what one of `microdot` does."""
    for name in (*NAMES, 'iscoroutine'):
        assert getattr(module, name) == getattr(microdot, name), name
    assert issubclass(module.Microdot, microdot.Microdot)


def app_for_request(cls):
    """An application for POST to /foo/..., and the list of the requests and names it gets."""
    app, seen = cls(), []

    @app.post('/foo/<name>')
    def handler(request, name):
        seen.append((request, name))
        return 'response', {TYPE: 'text/plain', 'Set-Cookie': ['a=b', 'c=d']}

    return app, seen


def check_request(app, request, name):
    """The request was a POST to /foo/bar?a=1 with two cookies, by TLS."""
    assert (name, request.app, request.method, request.path) == ('bar', app, 'POST', '/foo/bar')
    assert (request.url, request.query_string, request.args['a']) == ('/foo/bar?a=1', 'a=1', '1')
    assert request.cookies == {'a': 'b', 'c': 'd'}
    assert (request.http_version, request.scheme) == ('HTTP/1.1', 'https')
    assert request.client_addr == ('1.2.3.4', 5678)


# The headers of the response to it.
REQUEST_HEADERS = [
    (LENGTH, '8'),
    (TYPE, 'text/plain'),
    ('Set-Cookie', 'a=b'),
    ('Set-Cookie', 'c=d'),
]

BODY = b'one\ntwo;three'
# Calls on the stream of a body, and their results.
STREAMS = [
    (lambda s: s.read(), BODY),
    (lambda s: s.read(-1), BODY),
    (lambda s: s.read(0), b''),
    (lambda s: s.read(2), b'on'),
    (lambda s: s.readexactly(9), b'one\ntwo;t'),
    (lambda s: s.readline(), b'one\n'),
    (lambda s: s.readuntil(b';t'), b'one\ntwo;t'),
    (lambda s: s.readuntil(b'nowhere'), BODY),
]


async def generated():
    yield 'a'
    yield b''
    yield b'bc'


# The result of a route (made by a call), and what is answered: the status, headers (`None` for one
# that is not sent), the body.
RESPONSES = [
    (lambda: 'text', 200, {LENGTH: '4'}, b'text'),
    (lambda: '', 200, {LENGTH: '0'}, b''),
    (lambda: bytearray(b'ab'), 200, {LENGTH: '2'}, b'ab'),
    (lambda: {'a': 1}, 200, {TYPE: 'application/json; charset=UTF-8'}, b'{"a": 1}'),
    (lambda: ('x', 201, {'X-Y': 5}), 201, {'X-Y': '5'}, b'x'),
    (lambda: ('x', {'X': 'caf\u00e9'}), 200, {'X': 'caf\u00e9'}, b'x'),
    (lambda: None, 204, {LENGTH: None, TYPE: None}, b''),
    (lambda: ('never', 304), 304, {TYPE: None}, b''),
    (lambda: ('never', 204), 204, {LENGTH: None}, b''),
    (generated, 200, {LENGTH: None}, b'abc'),
    (lambda: iter(['1', b'', b'2']), 200, {LENGTH: None}, b'12'),
    (lambda: (generated(), {LENGTH: 2}), 200, {LENGTH: '2'}, b'ab'),
    (lambda: ('abc', {LENGTH: 2}), 200, {LENGTH: '2'}, b'ab'),
    (lambda: ('abc', {LENGTH: None}), 200, {LENGTH: '3'}, b'abc'),
    (lambda: (generated(), {LENGTH: None}), 200, {LENGTH: None}, b'abc'),
    (lambda: ('x', {'Connection': 'close'}), 200, {'Connection': None}, b'x'),
    (lambda: ('x', {'Transfer-Encoding': 'a'}), 200, {'Transfer-Encoding': None}, b'x'),
    (lambda: ('x', {'X': 'a\nb'}), 500, {'X': None}, INTERNAL),
    (lambda: ('x', {'X y': 'a'}), 500, {'X y': None}, INTERNAL),
    (lambda: ('x', {LENGTH: 'a'}), 500, {LENGTH: '21'}, INTERNAL),
    (lambda: ('x', {LENGTH: -1}), 500, {LENGTH: '21'}, INTERNAL),
    (lambda: ('x', 99), 500, {}, INTERNAL),
    (lambda: ('x', 100), 500, {}, INTERNAL),
    (lambda: Response('x', reason='a\nb'), 500, {}, INTERNAL),
    (lambda: next(iter(())), 500, {}, INTERNAL),
    (lambda: 1 / 0, 500, {}, INTERNAL),
    (lambda: abort(409, 'no'), 409, {}, b'no'),
    (
        lambda: send_file(__file__),
        200,
        {LENGTH: str(Path(__file__).stat().st_size)},
        Path(__file__).read_bytes(),
    ),
]


def check_response(row, method, status, pairs, body):
    """The answer to that method is the one of that row of RESPONSES; pairs are its headers."""
    _, wanted_status, headers, wanted_body = row
    assert status == wanted_status
    names = [name.lower() for name, _ in pairs]
    assert len(set(names)) == len(names)
    found = {name.lower(): value for name, value in pairs}
    for name, value in headers.items():
        assert found.get(name.lower()) == value, name
    assert body == (b'' if method == 'HEAD' else wanted_body)
