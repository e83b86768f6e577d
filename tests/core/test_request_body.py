"""The body of a request: loaded, streamed over the limit, as JSON and as a form."""

from microdot import AsyncBytesIO, Request
from microdot.microdot import MultiDict
from support import raises

FORM = 'application/x-www-form-urlencoded'
JSON = 'application/json'


def message(body, content_type=None, more=b''):
    head = 'POST /foo HTTP/1.0\nContent-Length: %d\n' % len(body)
    if content_type is not None:
        head += 'Content-Type: ' + content_type + '\n'
    return AsyncBytesIO(head.encode() + b'\n' + body + more)


async def create(body, content_type=None, more=b''):
    return await Request.create('app', message(body, content_type, more), 'writer', 'addr')


class Limits:
    """Sets the body limits of the class for the time of a `with` block."""

    def __init__(self, body, content):
        self.new = (body, content)

    def __enter__(self):
        self.old = (Request.max_body_length, Request.max_content_length)
        Request.max_body_length, Request.max_content_length = self.new

    def __exit__(self, *exc):
        Request.max_body_length, Request.max_content_length = self.old


async def test_loaded_body():
    req = await create(b'aaa', more=b'next')
    assert req.body == b'aaa'
    assert req.content_length == 3
    assert await req.stream.read() == b'aaa'
    assert req.stream is req.stream
    assert await req.stream.read() == b''


async def test_loaded_body_as_stream():
    req = await create(b'one\ntwo--three', more=b'next')
    assert await req.stream.readline() == b'one\n'
    assert await req.stream.readexactly(2) == b'tw'
    assert await req.stream.readuntil(b'--') == b'o--'
    assert await req.stream.read(2) == b'th'
    assert await req.stream.read(100) == b'ree'
    assert await req.stream.read(100) == b''
    assert req.body == b'one\ntwo--three'


async def test_limit_is_inclusive():
    with Limits(16, 100):
        req = await create(b'x' * 16)
        assert req.body == b'x' * 16
        req = await create(b'x' * 17)
        assert req.body == b''
        assert await req.stream.read() == b'x' * 17


async def test_streamed_body():
    body = b'aaaaaaaaaabbbbbbbbb'
    with Limits(16, 32):
        req = await create(body)
        assert req.content_length == 19
        assert req.body == b''
        assert await req.stream.read() == body


async def test_streamed_body_left_in_the_reader():
    body = b'aaaaaaaaaabbbbbbbbb'
    with Limits(16, 32):
        reader = message(body)
        req = await Request.create('app', reader, 'writer', 'addr')
        assert req.body == b''
        assert await reader.read() == body


async def test_streamed_body_in_pieces():
    body = b'one\ntwo--three\nfour'
    with Limits(4, 100):
        req = await create(body)
        stream = req.stream
        assert req.stream is stream
        assert await stream.readline() == b'one\n'
        assert await stream.readexactly(2) == b'tw'
        assert await stream.readuntil(b'--') == b'o--'
        assert await stream.read(2) == b'th'
        data = b''
        for _ in range(20):
            chunk = await stream.read(5)
            if not chunk:
                break
            assert len(chunk) <= 5
            data += chunk
        assert data == b'ree\nfour'
        assert await stream.read() == b''
        assert await stream.readline() == b''


async def test_streamed_last_line():
    with Limits(4, 100):
        req = await create(b'one\nlast')
        assert await req.stream.readline() == b'one\n'
        assert await req.stream.readline() == b'last'
        assert await req.stream.readline() == b''


async def test_no_body_no_stream():
    for head in (b'GET / HTTP/1.0\n\n', b'POST / HTTP/1.0\nContent-Length: 0\n\n'):
        reader = AsyncBytesIO(head)
        req = await Request.create('app', reader, 'writer', 'addr')
        assert req.body == b''
        assert await req.stream.read() == b''
        assert await req.stream.read(10) == b''
        assert await req.stream.readline() == b''


JSON_TYPES = (
    (JSON, True),
    ('application/json; charset=UTF-8', True),
    ('application/json;charset=UTF-8', True),
    ('application/json ; charset=UTF-8', True),
    ('Application/JSON', True),
    ('application/problem+json', True),
    ('application/vnd.api+JSON; x=y', True),
    ('text/json+x', False),
    ('application/jsonx', False),
    ('text/plain', False),
    ('application/x-www-form-urlencoded', False),
    (None, False),
)


async def test_json_types():
    for content_type, is_json in JSON_TYPES:
        req = await create(b'{"foo": "bar"}', content_type)
        assert req.json == ({'foo': 'bar'} if is_json else None), content_type


async def test_json_values():
    for body, value in (
        (b'{"foo": "bar"}', {'foo': 'bar'}),
        (b'[1, "2"]', [1, '2']),
        (b'null', None),
        (b'0', 0),
        ('"caf\u00e9"'.encode(), 'caf\u00e9'),
    ):
        req = await create(body, JSON)
        assert req.json == value, body


async def test_json_is_cached():
    req = await create(b'{"foo": "bar"}', JSON)
    first = req.json
    assert req.json is first
    first['more'] = 1
    assert req.json == {'foo': 'bar', 'more': 1}
    assert req.form is None


async def test_json_malformed():
    for body in (b'', b'{', b'[1, 2', b'x', b'"\xff"'):
        req = await create(body, JSON)
        try:
            raises(ValueError, lambda: req.json)
        except AssertionError:
            raise AssertionError(body)


FORM_TYPES = (
    (FORM, True),
    (FORM + '; charset=utf-8', True),
    (FORM + ' ;charset=utf-8', True),
    ('Application/X-WWW-Form-URLEncoded', True),
    ('multipart/form-data', False),
    (JSON + 'x', False),
    (None, False),
)


async def test_form_types():
    for content_type, is_form in FORM_TYPES:
        req = await create(b'a=b', content_type)
        assert req.form == ({'a': ['b']} if is_form else None), content_type
        assert req.json is None, content_type


async def test_form_values():
    for body, value in (
        (b'foo=bar&abc=def&x=%2f%%', {'foo': ['bar'], 'abc': ['def'], 'x': ['/%%']}),
        (b'a=1&a=2', {'a': ['1', '2']}),
        (b'a', {'a': ['']}),
        (b'a=&b', {'a': [''], 'b': ['']}),
        (b'a=b=c', {'a': ['b=c']}),
        (b'a+b=c+d', {'a b': ['c d']}),
        (b'&&a=1&', {'a': ['1']}),
        (b'a=%c3%a9', {'a': ['\u00e9']}),
        ('a=\u00e9'.encode(), {'a': ['\u00e9']}),
    ):
        req = await create(body, FORM)
        assert req.form == value, (body, req.form)
        assert isinstance(req.form, MultiDict)


async def test_form_is_cached():
    req = await create(b'a=b', FORM)
    assert req.form is req.form
    assert req.form['a'] == 'b'


async def test_form_bad_utf8():
    for body in (b'a=%ff', b'a=\xff', b'%c3=b'):
        req = await create(body, FORM)
        try:
            raises(ValueError, lambda: req.form)
        except AssertionError:
            raise AssertionError(body)
