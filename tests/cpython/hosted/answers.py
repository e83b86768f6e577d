"""What `everywhere.py` has to answer, whatever server it runs under.

Rows of (method, target, headers, body, status, headers of the answer, its body): a body is bytes,
or a list of bytes to be sent in chunks. A header of `None` must be absent, a list is of all fields
of the name. The body of an answer is bytes, a dictionary that its JSON has to contain, or `None`
for any.
"""

TEXT = {'content-type': 'text/plain; charset=UTF-8', 'x-after': 'yes'}
JSON = {'content-type': 'application/json; charset=UTF-8', 'x-after': 'yes'}
FORM = {'Content-Type': 'application/x-www-form-urlencoded'}
LONG = bytes(range(256)) * 150


def error(status, text, **headers):
    return status, {'x-after': None, 'content-type': TEXT['content-type'], **headers}, text


def described(**values):
    return 200, JSON, values


ANSWERS = [
    # Methods and routes
    ('GET', '/', {}, b'', 200, {**TEXT, 'content-length': '5'}, b'index'),
    ('GET', '/sync', {}, b'', 200, TEXT, b'sync'),
    ('HEAD', '/', {}, b'', 200, {**TEXT, 'content-length': '5'}, b''),
    ('HEAD', '/pieces', {}, b'', 200, {'content-type': 'text/x-pieces'}, b''),
    ('HEAD', '/file', {}, b'', 200, {'content-length': '15'}, b''),
    ('HEAD', '/missing', {}, b'', *error(404, b'')),
    ('OPTIONS', '/echo', {}, b'', 200, {'allow': 'POST, OPTIONS'}, b''),
    ('GET', '/missing', {}, b'', *error(404, b'Not found')),
    ('DELETE', '/sync', {}, b'', *error(405, b'Not found', allow='GET, HEAD, OPTIONS')),
    ('GET', '/teapot', {}, b'', *error(418, b'short and stout')),
    ('GET', '/error', {}, b'', *error(500, b'Internal server error')),
    ('GET', '/key-error', {}, b'', *error(409, b'no such key')),
    # Targets
    ('GET', '/request/a', {}, b'', *described(path='/request/a', url='/request/a', args={})),
    ('GET', '/request/a?', {}, b'', *described(path='/request/a', args={})),
    ('GET', '/request/caf%C3%A9', {}, b'', *described(rest='caf\u00e9', url='/request/caf%C3%A9')),
    ('GET', '/request/a%3Fb%23c', {}, b'', *described(rest='a?b#c', url='/request/a%3Fb%23c')),
    ('GET', '/request/a%2Fb', {}, b'', *described(rest='a/b')),
    ('GET', '/request/%25zz', {}, b'', *described(rest='%zz', args={})),
    ('GET', '/request/%2561', {}, b'', *described(rest='%61', url='/request/%2561')),
    ('GET', '/request/a%20b+c', {}, b'', *described(rest='a b+c')),
    (
        'GET',
        '/request/a?x=1&x=%C3%A9&y&z=a%26b',
        {},
        b'',
        *described(
            query='x=1&x=%C3%A9&y&z=a%26b', args={'x': ['1', '\u00e9'], 'y': [''], 'z': ['a&b']}
        ),
    ),
    ('GET', '/request/a?x=%ff', {}, b'', *error(400, b'Bad request')),
    ('GET', '/request/%ff', {}, b'', *error(400, b'Bad request')),
    ('GET', '/request/a%00b', {}, b'', *error(400, b'Bad request')),
    # Headers
    ('GET', '/request/a', {'X-Many': ['1', '2']}, b'', *described(many=['1', '2'])),
    (
        'GET',
        '/request/a',
        {'Cookie': 'a=1; b=x=y'},
        b'',
        *described(cookies={'a': '1', 'b': 'x=y'}),
    ),
    ('GET', '/cookies', {}, b'', 200, {'set-cookie': ['a=1; Path=/', 'b=2; HttpOnly']}, b'cookies'),
    ('GET', '/number', {}, b'', 200, {'x-number': '5'}, b'n'),
    ('GET', '/bad-header', {}, b'', 500, {'x-injected': None}, b'Internal server error'),
    ('GET', '/redirect', {}, b'', 302, {'location': '/caf%C3%A9?a=b'}, b''),
    # Bodies of requests
    ('POST', '/echo', {}, b'abc', 200, {'content-length': '3'}, b'abc'),
    ('POST', '/echo', {}, b'', 200, {'content-length': '0'}, b''),
    ('POST', '/echo', {}, [b'ab', b'cde'], 200, {'content-length': '5'}, b'abcde'),
    ('POST', '/echo', {}, LONG[:16384], 200, {'content-length': '16384'}, LONG[:16384]),
    ('POST', '/stream', {}, b'abc', 200, TEXT, b'3 3 294'),
    ('POST', '/stream', {}, LONG, 200, TEXT, b'0 38400 46336'),
    ('POST', '/stream', {}, [LONG[:5000]] * 6, 200, TEXT, b'0 30000 40488'),
    ('POST', '/lines', {}, b'one\ntwo\nx;y;z', 200, TEXT, b'one\n|two|\nx;|y;z'),
    ('POST', '/echo', {}, b'x' * 60001, *error(413, b'Payload too large')),
    (
        'POST',
        '/request/a',
        FORM,
        b'a=1&a=2&b=%C3%A9',
        *described(form={'a': ['1', '2'], 'b': ['\u00e9']}),
    ),
    (
        'PUT',
        '/request/a',
        {'Content-Type': 'application/json'},
        b'{"a": [1]}',
        *described(method='PUT', json={'a': [1]}, length=10, type='application/json'),
    ),
    (
        'POST',
        '/request/a',
        {'Content-Type': 'application/json'},
        b'{',
        *error(400, b'Bad request'),
    ),
    (
        'POST',
        '/request/a',
        {'Content-Type': 'application/json'},
        b'[' * 5000,
        *error(400, b'Bad request'),
    ),
    ('POST', '/echo', {'Origin': 'http://evil.example'}, b'abc', *error(403, b'Forbidden')),
    # Bodies of responses
    ('GET', '/pieces', {}, b'', 200, {'content-length': None}, 'one tw\u00f6 three'.encode()),
    ('GET', '/sized', {}, b'', 200, {'content-length': '8'}, b'12345678'),
    ('GET', '/generator', {}, b'', 200, TEXT, b'01234'),
    (
        'GET',
        '/file',
        {},
        b'',
        200,
        {'content-type': 'text/html', 'content-length': '15', 'cache-control': 'max-age=60'},
        b'<p>A page.</p>\n',
    ),
    ('GET', '/nothing', {}, b'', 204, {'content-length': None, 'x-after': 'yes'}, b''),
    ('GET', '/not-modified', {}, b'', 304, {'etag': '"1"'}, b''),
    (
        'GET',
        '/events',
        {},
        b'',
        200,
        {'content-type': 'text/event-stream', 'cache-control': 'no-cache'},
        b'id: 0\ndata: {"i": 0}\n\nid: 1\ndata: {"i": 1}\n\nid: 2\ndata: {"i": 2}\n\n',
    ),
    # WebSockets asked for by a plain request
    ('GET', '/ws', {}, b'', *error(400, b'400 error')),
]

# These granian gets wrong under WSGI: it takes the characters of headers for UTF-8.
NOT_ASCII = [
    ('GET', '/request/a', {'X-Many': 'caf\u00e9'}, b'', *described(many=['caf\u00e9'])),
    ('GET', '/number', {}, b'', 200, {'x-text': 'caf\u00e9'}, b'n'),
]
