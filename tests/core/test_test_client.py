"""TestClient and TestResponse: what is sent, what is kept, what an answer shows."""

import io

from microdot import Microdot, Response
from microdot.test_client import TestClient, TestResponse
from support import araises


def create_app():
    app = Microdot()
    methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'QUERY', 'PROPFIND']

    @app.route('/echo', methods=methods)
    async def echo(request):
        return {
            'method': request.method,
            'url': request.url,
            'version': request.http_version,
            'host': request.headers.get('Host'),
            'foo': request.headers.get('X-Foo'),
            'length': request.headers.get('Content-Length'),
            'type': request.content_type,
            'cookie': request.headers.get('Cookie'),
            'body': request.body.decode(),
            'addr': list(request.client_addr),
            'scheme': request.scheme,
        }

    @app.get('/cookies/<int:step>')
    async def cookies(request, step):
        response = Response(request.headers.get('Cookie', ''))
        COOKIE_STEPS[step](response)
        return response

    @app.get('/cookies/path/more')
    async def more(request):
        return request.headers.get('Cookie', '')

    return app


def nothing(response):
    pass


def set_three(response):
    response.set_cookie('one', '1', path='/cookies')
    response.set_cookie('two', '2')
    response.set_cookie('five', 'a=5', path='/')


def delete_some(response):
    response.delete_cookie('two', path='/')
    response.delete_cookie('one', path='/bad')
    response.delete_cookie('five')


def delete_by_age(response):
    response.set_cookie('one', 'x', path='/cookies', max_age=0)
    response.set_cookie('six', 'x', max_age='what')
    response.set_cookie('seven', 'x', max_age=5)


COOKIE_STEPS = (nothing, set_three, delete_some, delete_by_age)


async def echoed(method, *args, **kwargs):
    client = TestClient(create_app())
    return (await getattr(client, method)(*args, **kwargs)).json


async def test_defaults():
    client = TestClient('app')
    assert client.app == 'app'
    assert client.cookies == {}
    assert client.scheme is None
    assert client.host == 'example.com:1234'
    assert TestClient.__test__ is False
    assert (await echoed('get', '/echo?a=b')) == {
        'method': 'GET',
        'url': '/echo?a=b',
        'version': '1.0',
        'host': 'example.com:1234',
        'foo': None,
        'length': None,
        'type': None,
        'cookie': None,
        'body': '',
        'addr': ['127.0.0.1', 1234],
        'scheme': 'http',
    }


async def test_scheme_and_host():
    client = TestClient(create_app(), scheme='https', host='foo.com')
    found = (await client.get('/echo')).json
    assert (found['scheme'], found['host']) == ('https', 'foo.com')
    found = (await client.get('/echo', headers={'Host': 'bar.com', 'X-Foo': 'a'})).json
    assert (found['host'], found['foo']) == ('bar.com', 'a')


async def test_methods():
    client = TestClient(create_app())
    headers = {'X-Foo': 'bar'}
    for name in ('get', 'post', 'put', 'patch', 'delete', 'query'):
        found = (await getattr(client, name)('/echo', headers=dict(headers))).json
        assert (found['method'], found['foo']) == (name.upper(), 'bar'), name
    for name in ('post', 'put', 'patch', 'query'):
        found = (await getattr(client, name)('/echo', body='x')).json
        assert (found['method'], found['body']) == (name.upper(), 'x'), name
        found = (await getattr(client, name)('/echo', {'X-Foo': 'bar'}, b'y')).json
        assert (found['foo'], found['body']) == ('bar', 'y'), name
    found = (await client.request('PROPFIND', '/echo', body='z')).json
    assert (found['method'], found['body']) == ('PROPFIND', 'z')


# body, headers, as received, length, type
BODIES = (
    (None, {}, '', None, None),
    ('', {}, '', None, None),
    ('foo', {}, 'foo', '3', None),
    (b'foo', {}, 'foo', '3', None),
    ('caf\u00e9', {}, 'caf\u00e9', '5', None),
    ({'a': 1}, {}, '{"a": 1}', '8', 'application/json'),
    ([1], {}, '[1]', '3', 'application/json'),
    ([1], {'Content-Type': 'a/b'}, '[1]', '3', 'a/b'),
    ('foo', {'Content-Type': 'a/b'}, 'foo', '3', 'a/b'),
    ('foobar', {'Content-Length': '3'}, 'foo', '3', None),
)


async def test_bodies():
    for body, headers, text, length, content_type in BODIES:
        found = await echoed('post', '/echo', headers=dict(headers), body=body)
        shown = (found['body'], found['length'], found['type'])
        assert shown == (text, length, content_type), (body, shown)


async def test_header_value_with_a_newline():
    found = await echoed('get', '/echo', headers={'X-Foo': 'bar\n', 'X-Bar': 'x'})
    assert found['foo'] == 'bar'


async def test_cookies_sent():
    # jar, Cookie header, sent
    for jar, header, sent in (
        ({'a': 'b'}, None, ['a=b']),
        ({'a': 'b', 'c': 'd'}, None, ['a=b', 'c=d']),
        ({'a': 'b'}, 'x=y', ['a=b', 'x=y']),
        ({'a': ('b', '/echo')}, None, ['a=b']),
        ({'a': ('b', '/other'), 'c': 'd'}, None, ['c=d']),
    ):
        client = TestClient(create_app(), cookies=dict(jar))
        headers = {} if header is None else {'Cookie': header}
        found = (await client.get('/echo', headers=headers)).json
        assert sorted(found['cookie'].split('; ')) == sent, (jar, found['cookie'])


async def test_cookies_kept():
    client = TestClient(create_app())
    await client.get('/cookies/1')
    assert client.cookies == {'one': ('1', '/cookies'), 'two': '2', 'five': 'a=5'}
    res = await client.get('/cookies/path/more')
    assert sorted(res.text.split('; ')) == ['five=a=5', 'one=1', 'two=2']
    assert (await client.get('/echo')).json['cookie'].count('one=') == 0
    await client.get('/cookies/2')
    assert client.cookies == {'one': ('1', '/cookies')}
    client.cookies['six'] = '6'
    await client.get('/cookies/3')
    assert client.cookies == {'seven': 'x'}


async def respond(make):
    app = Microdot()

    @app.get('/')
    async def index(request):
        return make()

    return await TestClient(app).get('/')


# result of a route, body, text, json
ANSWERS = (
    (lambda: 'foo', b'foo', 'foo', None),
    (lambda: '', b'', '', None),
    (lambda: {'a': [1]}, b'{"a": [1]}', '{"a": [1]}', {'a': [1]}),
    (lambda: b'\xff\xfe', b'\xff\xfe', None, None),
    (lambda: iter(['foo', b'bar']), b'foobar', 'foobar', None),
    (lambda: io.BytesIO(b'x' * 3000), b'x' * 3000, 'x' * 3000, None),
    (lambda: ('[1]', {'Content-Type': 'application/json'}), b'[1]', '[1]', [1]),
    (lambda: ('[1]', {'Content-Type': 'application/jsonp'}), b'[1]', '[1]', None),
    (lambda: ('[1]', {'Content-Type': 'text/plain'}), b'[1]', '[1]', None),
    (lambda: ('', {'Content-Type': 'application/json'}), b'', '', None),
    (lambda: ('{', {'Content-Type': 'application/json'}), b'{', '{', None),
)


async def test_answers():
    for make, body, text, json in ANSWERS:
        res = await respond(make)
        assert isinstance(res, TestResponse)
        assert (res.status_code, res.body, res.text, res.json) == (200, body, text, json), body
        assert res.reason is None


# What a server would not send: 500 in its place. (body, status, headers, reason)
UNSENDABLE = (
    ('x', 200, {'X': 'a\r\nb'}, None),
    ('x', 200, {'X': 'a\0'}, None),
    ('x', 200, {'X y': 'a'}, None),
    ('x', 200, {'Content-Type': 'a\nb'}, None),
    ('x', 200, {'Content-Length': 'a'}, None),
    ('x', 200, {'Content-Length': '-1'}, None),
    ('x', 100, {}, None),
    ('x', 1000, {}, None),
    ('x', 200, {}, 'a\nb'),
    (5.5, 200, {}, None),
)


async def test_what_cannot_be_sent():
    for row in UNSENDABLE:
        res = await respond(lambda: Response(*row))
        assert (res.status_code, res.text) == (500, 'Internal server error'), row
        assert 'X' not in res.headers and 'X y' not in res.headers
    Response.default_content_type = 'a\r\nX: b'
    try:
        res = await respond(lambda: 'x')
    finally:
        Response.default_content_type = 'text/plain'
    assert (res.status_code, res.headers['Content-Type']) == (500, 'text/plain; charset=UTF-8')


def pieces():
    yield 'one'
    yield b''
    yield bytearray(b'two')


# What is sent of a body: (result of a route, body)
SENT = (
    (lambda: ('abc', {'Content-Length': 2}), b'ab'),
    (lambda: (iter(pieces()), {'Content-Length': '4'}), b'onet'),
    (lambda: (iter(pieces()), {'Content-Length': '9'}), b'onetwo'),
    (lambda: iter(pieces()), b'onetwo'),
    (lambda: ('never', 204), b''),
    (lambda: ('never', 304), b''),
    (lambda: (iter(pieces()), 304), b''),
)


async def test_what_is_sent_of_a_body():
    for make, body in SENT:
        assert (await respond(make)).body == body, body
        app = Microdot()

        @app.get('/')
        async def index(request):
            return make()

        found = b''
        async with TestClient(app).stream('GET', '/') as stream:
            async for piece in stream:
                assert isinstance(piece, bytes) and piece
                found += piece
        assert found == body, body


async def test_pieces_that_are_no_pieces():
    await araises(TypeError, respond(lambda: iter([5])))


def after_app():
    app = Microdot()
    app.events = []

    class Body:
        def __init__(self):
            self.left = ['a', 'b']

        def __aiter__(self):
            return self

        async def __anext__(self):
            if not self.left:
                raise StopAsyncIteration
            app.events.append(self.left[0])
            return self.left.pop(0)

        async def aclose(self):
            app.events.append('closed')

    @app.get('/<kind>')
    async def handler(request, kind):
        async def done(request, response):
            app.events.append(response.status_code)

        def fails(request, response):
            raise ZeroDivisionError

        request.after_response(fails)
        request.after_response(done)
        if kind == 'fails':
            raise ZeroDivisionError
        return Body() if kind == 'body' else 'text'

    return app


async def test_after_response():
    app = after_app()
    for method, path, events in (
        ('GET', '/body', ['a', 'b', 'closed', 200]),
        ('HEAD', '/body', ['closed', 200]),
        ('GET', '/text', [200]),
        ('GET', '/fails', [500]),
        ('GET', '/a/b', []),
    ):
        app.events.clear()
        await TestClient(app).request(method, path)
        assert app.events == events, (method, path, app.events)


async def test_after_response_of_a_stream():
    app = after_app()
    async with TestClient(app).stream('GET', '/body') as stream:
        async for piece in stream:
            assert (piece, app.events) == (b'a', ['a'])
            break
    assert app.events == ['a', 'closed', 200]


async def test_headers_and_reason():
    res = await respond(lambda: Response('foo', 201, {'X-Foo': 'bar', 'X-N': 5}, 'Good'))
    assert (res.status_code, res.reason) == (201, 'Good')
    assert res.headers == {
        'X-Foo': 'bar',
        'X-N': 5,
        'Content-Length': '3',
        'Content-Type': 'text/plain; charset=UTF-8',
    }
    assert res.headers['x-foo'] == 'bar'


async def test_empty_responses():
    for res in (TestResponse(), await respond(lambda: Response.already_handled)):
        assert res.status_code is None
        assert res.reason is None
        assert res.headers == {}
        assert res.body is None
        assert res.text is None
        assert res.json is None
        assert res.events is None


async def test_response_create():
    response = Response('foo', 404)
    response.complete()
    res = await TestResponse.create(response)
    assert (res.status_code, res.text) == (404, 'foo')


# text of a stream of events, what is found (data, event, id, retry, JSON)
EVENTS = (
    ('data: foo\n\n', b'foo', None, None, None, None),
    ('data: {"a": 1}\n\n', b'{"a": 1}', None, None, None, {'a': 1}),
    ('event: x\ndata: foo\n\n', b'foo', 'x', None, None, None),
    ('id: 5\nevent: x\nretry: 2500\ndata: [1]\n\n', b'[1]', 'x', '5', 2.5, [1]),
    ('data: {\ndata:  "a"\ndata\ndata: : 1}\n\n', b'{\n "a"\n\n: 1}', None, None, None, {'a': 1}),
    ('data:\nid\n\n', b'', None, '', None, None),
    ('data: a\r\nretry: x\r\ndata: b\r\n\r\n', b'a\nb', None, None, None, None),
    ('data: c\rretry: 1\r\r', b'c', None, None, 0.001, None),
)


async def test_events():
    stream = ': comment\n\n' + ''.join([row[0] for row in EVENTS]) + ': end\n\n'
    res = await respond(lambda: (stream, {'Content-Type': 'text/event-stream'}))
    assert len(res.events) == len(EVENTS)
    for found, row in zip(res.events, EVENTS):
        names = ('data', 'event', 'event_id', 'retry', 'data_json')
        assert tuple([found[name] for name in names]) == row[1:], (row, found)
    assert (await respond(lambda: 'data: foo\n\n')).events is None


async def test_exceptions_of_bodies_reach_the_caller():
    def failing():
        yield 'foo'
        raise ZeroDivisionError

    await araises(ZeroDivisionError, respond(failing))
