"""Response: what construction does, the exact bytes of `write`, what `complete` adds."""

from microdot import Response
from support import MICROPYTHON, araises, raises, skip

TEXT = 'text/plain; charset=UTF-8'
JSON = 'application/json; charset=UTF-8'


class Stream:
    """Keeps what is written; `awrite` is all that `Response.write` may use."""

    def __init__(self):
        self.data = b''

    async def awrite(self, data):
        self.data += data


async def written(response):
    stream = Stream()
    await response.write(stream)
    return stream.data


def split(data):
    """Return status line, sorted header lines and body: MicroPython's dicts have no order."""
    head, _, body = data.partition(b'\r\n\r\n')
    lines = head.decode().split('\r\n')
    return lines[0], sorted(lines[1:]), body


def one(*args, **kwargs):
    return args, kwargs


# arguments, status line, headers, body as written
WRITTEN = (
    (one(), '200 OK', {'Content-Length': '0', 'Content-Type': TEXT}, b''),
    (one('foo'), '200 OK', {'Content-Length': '3', 'Content-Type': TEXT}, b'foo'),
    (one(b'foo'), '200 OK', {'Content-Length': '3', 'Content-Type': TEXT}, b'foo'),
    (one('f\u00e9'), '200 OK', {'Content-Length': '3', 'Content-Type': TEXT}, b'f\xc3\xa9'),
    (one(b''), '200 OK', {'Content-Length': '0', 'Content-Type': TEXT}, b''),
    (one(None), '204 N/A', {'Content-Length': '0', 'Content-Type': TEXT}, b''),
    (one(None, 200), '204 N/A', {'Content-Length': '0', 'Content-Type': TEXT}, b''),
    (one(None, 404), '404 N/A', {'Content-Type': TEXT}, b''),
    (one('foo', 201), '201 N/A', {'Content-Length': '3', 'Content-Type': TEXT}, b'foo'),
    (one('foo', 404), '404 N/A', {'Content-Length': '3', 'Content-Type': TEXT}, b'foo'),
    (one('', 204), '204 N/A', {'Content-Length': '0', 'Content-Type': TEXT}, b''),
    (
        one('foo', 200, None, 'ALL GOOD!'),
        '200 ALL GOOD!',
        {'Content-Length': '3', 'Content-Type': TEXT},
        b'foo',
    ),
    (
        one('foo', status_code=404, reason='Lost'),
        '404 Lost',
        {'Content-Length': '3', 'Content-Type': TEXT},
        b'foo',
    ),
    (
        one({'foo': 'bar'}),
        '200 OK',
        {'Content-Length': '14', 'Content-Type': JSON},
        b'{"foo": "bar"}',
    ),
    (one([1, '2']), '200 OK', {'Content-Length': '8', 'Content-Type': JSON}, b'[1, "2"]'),
    (one([]), '200 OK', {'Content-Length': '2', 'Content-Type': JSON}, b'[]'),
    (one({}), '200 OK', {'Content-Length': '2', 'Content-Type': JSON}, b'{}'),
    (
        one({'a': 1}, 422, {'Content-Type': 'application/problem+json'}),
        '422 N/A',
        {'Content-Length': '8', 'Content-Type': 'application/problem+json'},
        b'{"a": 1}',
    ),
    (
        one([1], headers={'content-type': 'text/x'}),
        '200 OK',
        {'Content-Length': '3', 'content-type': 'text/x'},
        b'[1]',
    ),
    (
        one('foo', 200, {'Content-Type': 'text/html'}),
        '200 OK',
        {'Content-Length': '3', 'Content-Type': 'text/html'},
        b'foo',
    ),
    (
        one('foo', 200, {'content-type': 'text/html'}),
        '200 OK',
        {'Content-Length': '3', 'content-type': 'text/html'},
        b'foo',
    ),
    (
        one('foo', headers={'Content-Length': '2', 'X-Foo': 'Bar'}),
        '200 OK',
        {'Content-Length': '2', 'Content-Type': TEXT, 'X-Foo': 'Bar'},
        b'foo',
    ),
    (
        one('foo', headers={'X-Number': 5, 'X-List': ['a', 'b', 7]}),
        '200 OK',
        {'Content-Length': '3', 'Content-Type': TEXT, 'X-Number': 5, 'X-List': ['a', 'b', 7]},
        b'foo',
    ),
    (one(bytearray(b'abc')), '200 OK', {'Content-Length': '3', 'Content-Type': TEXT}, b'abc'),
    (one(memoryview(b'abcd')), '200 OK', {'Content-Length': '4', 'Content-Type': TEXT}, b'abcd'),
)


def lines_of(headers):
    lines = []
    for name in headers:
        values = headers[name]
        for value in values if isinstance(values, list) else [values]:
            lines.append('{}: {}'.format(name, value))
    return sorted(lines)


async def test_written():
    for (args, kwargs), status, headers, body in WRITTEN:
        found = split(await written(Response(*args, **kwargs)))
        assert found[0] == 'HTTP/1.0 ' + status, found
        assert found[1] == lines_of(headers), found
        assert found[2] == body, found


async def test_written_for_head():
    for (args, kwargs), status, headers, _ in WRITTEN:
        response = Response(*args, **kwargs)
        response.is_head = True
        found = split(await written(response))
        assert found == ('HTTP/1.0 ' + status, lines_of(headers), b''), found


async def test_header_order():
    if MICROPYTHON:
        skip('dicts keep no order there')
    response = Response('foo', 200, {'X-Foo': 'Bar', 'A': ['1', '2']})
    assert await written(response) == (
        b'HTTP/1.0 200 OK\r\nX-Foo: Bar\r\nA: 1\r\nA: 2\r\nContent-Length: 3\r\n'
        b'Content-Type: text/plain; charset=UTF-8\r\n\r\nfoo'
    )


async def test_list_values_keep_their_order():
    data = await written(Response('x', headers={'X-List': ['b', 'a', 'c']}))
    assert b'X-List: b\r\nX-List: a\r\nX-List: c\r\n' in data


def test_construction():
    response = Response('foo')
    assert response.status_code == 200
    assert response.headers == {}
    assert response.body == b'foo'
    assert response.reason is None
    assert response.is_head is False
    assert Response(b'foo').body == b'foo'
    assert Response().body == b''
    response = Response(None)
    assert (response.status_code, response.body, response.headers) == (204, b'', {})
    response = Response(None, 404)
    assert (response.status_code, response.body) == (404, None)
    assert Response(23.7).body == 23.7
    response = Response({'foo': 'bar'})
    assert response.headers == {'Content-Type': JSON}
    assert response.body == b'{"foo": "bar"}'
    assert Response([1, '2']).headers == {'Content-Type': JSON}
    body = iter(('a', 'b'))
    assert Response(body).body is body


def test_headers_are_copied():
    given = {'X-Foo': 'Bar'}
    response = Response('foo', 200, given)
    assert response.headers == {'X-Foo': 'Bar'}
    assert response.headers['x-foo'] == 'Bar'
    response.headers['x-foo'] = 'Baz'
    response.complete()
    assert given == {'X-Foo': 'Bar'}


def test_complete():
    response = Response('foo')
    for _ in range(2):
        response.complete()
        assert response.headers == {'Content-Length': '3', 'Content-Type': TEXT}
    response = Response('foo')
    response.body += b'bar'
    response.complete()
    assert response.headers['Content-Length'] == '6'
    for body in (iter(('a',)), 23.7):
        response = Response(body)
        response.complete()
        assert response.headers == {'Content-Type': TEXT}


def test_default_content_type():
    for default, expected in (
        ('text/html', 'text/html; charset=UTF-8'),
        ('text/html; charset=ISO-8859-1', 'text/html; charset=ISO-8859-1'),
        ('application/x', 'application/x; charset=UTF-8'),
    ):
        saved = Response.default_content_type
        Response.default_content_type = default
        try:
            response = Response('foo')
            response.complete()
        finally:
            Response.default_content_type = saved
        assert response.headers['Content-Type'] == expected, default


def test_class_attributes():
    assert Response.default_content_type == 'text/plain'
    assert Response.send_file_buffer_size == 1024
    assert Response.default_send_file_max_age is None


# headers, reason: nothing of it may reach the wire
REFUSED = (
    ({'X-Foo': 'a\r\nb: c'}, None),
    ({'X-Foo': 'a\nb'}, None),
    ({'X-Foo': 'a\rb'}, None),
    ({'X-Foo': 'a\x00b'}, None),
    ({'X-Foo': 'a\x1bb'}, None),
    ({'X-Foo': 'a\x7fb'}, None),
    ({'X-Foo': ['a', 'b\r\nc: d']}, None),
    ({'X-Foo\r\nA': 'a'}, None),
    ({'X-Foo: a\r\nB': 'a'}, None),
    ({'X Foo': 'a'}, None),
    ({'X-Foo:': 'a'}, None),
    ({'': 'a'}, None),
    ({'Content-Type': 'text/plain\r\nA: b'}, None),
    ({}, 'OK\r\nA: b'),
    ({}, 'O\nK'),
    ({}, 'O\x00K'),
)


async def test_injection_refused():
    for headers, reason in REFUSED:
        response = Response('foo', 200, headers, reason)
        stream = Stream()
        try:
            await araises(ValueError, response.write(stream))
        except AssertionError:
            raise AssertionError((headers, reason, stream.data))
        assert stream.data == b'', (headers, reason)


REDIRECTS = (
    ('/foo', '/foo'),
    ('http://a.b:5/c?d=e&f=g#h', 'http://a.b:5/c?d=e&f=g#h'),
    ('/a%20b', '/a%20b'),
    ('/?a=%zz+b', '/?a=%zz+b'),
    ('/\u00e9', '/%C3%A9'),
    ('/a b', '/a%20b'),
    ('/caf\u00e9?x=\u20ac y', '/caf%C3%A9?x=%E2%82%AC%20y'),
)


def test_redirect():
    for location, expected in REDIRECTS:
        response = Response.redirect(location)
        assert response.status_code == 302
        assert response.headers == {'Location': expected}, response.headers
        assert response.body == b''
    assert Response.redirect('/foo', status_code=301).status_code == 301
    assert Response.redirect('/foo', 307).status_code == 307


def test_redirect_refused():
    for location in ('/foo\r\n\r\nbar', '/foo\nbar', '/foo\rbar', '\r\n'):
        error = raises(ValueError, Response.redirect, location)
        assert str(error) == 'invalid redirect URL', location


def test_redirect_of_a_subclass():
    class Mine(Response):
        pass

    assert type(Mine.redirect('/')) is Mine


def test_already_handled_keeps_nothing():
    handled = Response.already_handled
    assert handled is Response.already_handled
    for _ in range(2):
        handled.headers['X-Foo'] = 'Bar'
        handled.set_cookie('a', 'b')
        handled.delete_cookie('c')
        assert Response.already_handled.headers == {}
