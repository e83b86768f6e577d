"""Request.create: what it reads from a reader, and what the request then shows."""

from microdot import AsyncBytesIO, Request
from microdot.microdot import MultiDict, NoCaseDict
from support import araises


class Reader:
    """Gives what `Request.create` may use and nothing more: `readline` and `readexactly`."""

    def __init__(self, data):
        self._reader = AsyncBytesIO(data)

    async def readline(self):
        return await self._reader.readline()

    async def readexactly(self, n):
        return await self._reader.readexactly(n)


def message(start, headers=(), body=b'', end='\n'):
    lines = [start]
    lines.extend(headers)
    return (end.join(lines) + end + end).encode() + body


async def create(start, headers=(), body=b'', end='\n'):
    reader = Reader(message(start, headers, body, end))
    return await Request.create('app', reader, 'writer', 'addr')


async def test_both_line_ends():
    for end in ('\n', '\r\n'):
        req = await create('GET /foo HTTP/1.0', ('Host: h:1', 'X-Foo: b'), end=end)
        assert req.app == 'app'
        assert req.client_addr == 'addr'
        assert req.method == 'GET'
        assert req.url == '/foo'
        assert req.path == '/foo'
        assert req.http_version == '1.0'
        assert req.query_string is None
        assert req.args == {}
        assert req.headers == {'Host': 'h:1', 'X-Foo': 'b'}
        assert req.content_length == 0
        assert req.content_type is None
        assert req.cookies == {}
        assert req.body == b''
        assert req.json is None
        assert req.form is None
        assert req.files is None


async def test_http_1_1():
    req = await create('DELETE /x HTTP/1.1', ('Host: example.com',))
    assert req.http_version == '1.1'
    assert req.method == 'DELETE'


async def test_defaults():
    req = await create('GET / HTTP/1.0')
    assert req.scheme == 'http'
    assert req.url_prefix == ''
    assert req.subapp is None
    assert req.route is None
    assert req.body_used is False
    assert req.after_request_handlers == []
    assert req.headers == {}
    assert isinstance(req.g, req.G)


async def test_scheme():
    reader = Reader(b'GET / HTTP/1.0\n\n')
    req = await Request.create('app', reader, 'writer', 'addr', 'https')
    assert req.scheme == 'https'
    reader = Reader(b'GET / HTTP/1.0\n\n')
    req = await Request.create('app', reader, 'writer', 'addr', scheme='https')
    assert req.scheme == 'https'


async def test_g_is_fresh():
    one = await create('GET / HTTP/1.0')
    two = await create('GET / HTTP/1.0')
    one.g.value = 5
    assert one.g.value == 5
    assert not hasattr(two.g, 'value')


def test_class_attributes():
    assert Request.max_content_length == 16384
    assert Request.max_body_length == 16384
    assert Request.max_readline == 2048


def test_constructor():
    headers = NoCaseDict({'Content-Length': '3'})
    req = Request('app', ('1.2.3.4', 5), 'PUT', '/a?b=c', '1.1', headers, b'abc')
    assert (req.method, req.path, req.query_string) == ('PUT', '/a', 'b=c')
    assert req.client_addr == ('1.2.3.4', 5)
    assert req.body == b'abc'
    assert req.content_length == 3
    assert req.headers == {'Content-Length': '3'}
    assert req.headers['content-length'] == '3'
    assert req.sock is None
    req = Request('app', None, 'GET', '/', '1.1', {}, scheme='https', url_prefix='/p', subapp='s')
    assert (req.scheme, req.url_prefix, req.subapp) == ('https', '/p', 's')


async def test_headers():
    req = await create(
        'GET / HTTP/1.0',
        ('Host: h', 'Content-Type: a/b; c=d', 'x-Odd-CASE:no blank', 'X-Empty:', 'X-Colon: a:b '),
    )
    assert req.headers == {
        'Host': 'h',
        'Content-Type': 'a/b; c=d',
        'x-Odd-CASE': 'no blank',
        'X-Empty': '',
        'X-Colon': 'a:b',
    }
    assert req.headers['X-ODD-case'] == 'no blank'
    assert req.headers.get('x-none') is None
    assert req.content_type == 'a/b; c=d'
    req = await create('GET / HTTP/1.0', ('cONTENT-tYPE: text/x', 'CONTENT-length: 0'))
    assert req.content_type == 'text/x'
    assert req.content_length == 0


async def test_repeated_headers():
    for lines, name, value in (
        (('X-A: 1', 'X-A: 2'), 'X-A', '1, 2'),
        (('X-A: 1', 'x-a: 2', 'X-a: 3'), 'X-A', '1, 2, 3'),
        (('Cookie: a=1', 'Cookie: b=2'), 'Cookie', 'a=1; b=2'),
    ):
        req = await create('GET / HTTP/1.0', lines)
        assert req.headers[name] == value, lines
        assert len(req.headers) == 1, lines


async def test_repeated_cookie_headers():
    req = await create('GET / HTTP/1.0', ('Cookie: a=1; b=2', 'Cookie: c=3'))
    assert req.cookies == {'a': '1', 'b': '2', 'c': '3'}


async def test_nothing_sent():
    for data in (b'', b'\n', b'\r\n'):
        assert await Request.create('app', Reader(data), 'writer', 'addr') is None, data


MALFORMED = (
    b'GET\n\n',
    b'GET /\n\n',
    b'GET / HTTP\n\n',
    b'GET / x HTTP/1.0\n\n',
    b'GET / HTTP/1.0 x\n\n',
    b'GET / HTTP/x\n\n',
    b'G@T / HTTP/1.0\n\n',
    b'GET foo HTTP/1.0\n\n',
    b'GET /\xff HTTP/1.0\n\n',
    b'GET / HTTP/1.0\nNoColon\n\n',
    b'GET / HTTP/1.0\n: empty name\n\n',
    b'GET / HTTP/1.0\nA b: c\n\n',
    b'GET / HTTP/1.0\nA : c\n\n',
    b'GET / HTTP/1.0\nA: b\n folded\n\n',
    b'GET / HTTP/1.0\nA: b\x00c\n\n',
    b'GET / HTTP/1.0\nA: b\rc\n\n',
    b'GET / HTTP/1.1\n\n',
    b'GET / HTTP/1.1\nHost: a\nHost: b\n\n',
    b'POST / HTTP/1.0\nContent-Length: x\n\nabc',
    b'POST / HTTP/1.0\nContent-Length: +3\n\nabc',
    b'POST / HTTP/1.0\nContent-Length: -1\n\nabc',
    b'POST / HTTP/1.0\nContent-Length: 1_0\n\nabcdefghij',
    b'POST / HTTP/1.0\nContent-Length: 3,4\n\nabcd',
    b'POST / HTTP/1.0\nContent-Length: 3\nContent-Length: 4\n\nabcd',
)


async def test_malformed():
    for data in MALFORMED:
        try:
            await araises(ValueError, Request.create('app', Reader(data), 'writer', 'addr'))
        except AssertionError:
            raise AssertionError(data)


async def test_after_request():
    def handler(request, response):
        pass

    req = await create('GET / HTTP/1.0')
    assert req.after_request(handler) is handler
    assert req.after_request(test_headers) is test_headers
    assert req.after_request_handlers == [handler, test_headers]


async def test_max_readline():
    saved = Request.max_readline
    Request.max_readline = 40
    try:
        for length, accepted in ((40, True), (41, False), (400, False)):
            for end in (b'\n', b'\r\n'):
                target = b'/' + b'a' * (length - len(b'GET / HTTP/1.0') - len(end))
                data = b'GET ' + target + b' HTTP/1.0' + end + end
                await check_line(data, accepted)
                header = b'A: ' + b'b' * (length - 3 - len(end)) + end
                await check_line(b'GET / HTTP/1.0' + end + header + end, accepted)
    finally:
        Request.max_readline = saved


async def check_line(data, accepted):
    creating = Request.create('app', Reader(data), 'writer', 'addr')
    if accepted:
        assert (await creating).method == 'GET', data
    else:
        try:
            await araises(ValueError, creating)
        except AssertionError:
            raise AssertionError(data)


async def test_request_line_too_long():
    data = b'GET /' + b'a' * Request.max_readline + b' HTTP/1.0\n\n'
    error = await araises(ValueError, Request.create('app', Reader(data), 'writer', 'addr'))
    assert 'line too long' in str(error), str(error)


async def test_args_are_a_multi_dict():
    req = await create('GET / HTTP/1.0')
    assert isinstance(req.args, MultiDict)
    assert req.args.getlist('x') == []
    assert req.args.get('x', 5, type=int) == 5
