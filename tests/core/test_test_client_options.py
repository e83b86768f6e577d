"""What TestClient sends by keyword: JSON, forms, files, queries; redirects; malformed requests."""

import io

from microdot import Microdot, Request, redirect
from microdot.multipart import FileUpload, FormDataIter
from microdot.test_client import TestClient
from microdot.test_client_options import resolve
from support import araises


def create_app():
    app = Microdot()

    @app.route('/echo', methods=['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'])
    async def echo(request):
        return {
            'method': request.method,
            'query': request.query_string,
            'type': request.content_type,
            'body': request.body.decode(),
            'auth': request.headers.get('Authorization'),
            'host': request.headers['Host'],
            'scheme': request.scheme,
        }

    @app.post('/form')
    async def form(request):
        return {name: request.form.getlist(name) for name in request.form}

    @app.post('/files')
    async def files(request):
        found, fields = [], {}
        async for name, value in FormDataIter(request):
            if isinstance(value, FileUpload):
                data = (await value.read()).decode()
                found.append([name, value.filename, value.content_type, data])
            else:
                fields.setdefault(name, []).append(value)
        return [found, fields]

    @app.route('/to', methods=['GET', 'POST', 'HEAD'])
    async def to(request):
        return redirect(request.args['url'], request.args.get('code', 302, type=int))

    return app


async def echoed(method='POST', path='/echo', **options):
    client = TestClient(create_app())
    return (await client.request(method, path, **options)).json


async def test_json():
    for value in ({'a': [1]}, [], 'text', 5, None, True):
        found = await echoed(json=value)
        assert found['type'] == 'application/json'
        assert (await TestClient(create_app()).post('/echo', json=value)).json == found
    assert (await echoed(json=None))['body'] == 'null'
    found = await echoed(json=[1], headers={'content-type': 'a/b'})
    assert (found['type'], found['body']) == ('a/b', '[1]')


# form, what arrives
FORMS = (
    ({}, {}),
    ({'a': 'b'}, {'a': ['b']}),
    ({'a': 5, 'ž &=+%': 'ü\r\n'}, {'a': ['5'], 'ž &=+%': ['ü\r\n']}),
    ({'a': ['1', '2']}, {'a': ['1', '2']}),
    ([('a', '1'), ('a', 2)], {'a': ['1', '2']}),
)


async def test_forms_and_queries():
    client = TestClient(create_app())
    for form, arrived in FORMS:
        assert (await client.post('/form', form=form)).json == arrived, form
        assert (await client.post('/files', form=form, files={'f': ''})).json[1] == arrived, form
    assert (await echoed(query={'a': 'b c'}))['query'] == 'a=b+c'
    assert (await echoed(path='/echo?x', query=[('a', '1'), ('a', '2')]))['query'] == 'x&a=1&a=2'
    assert (await echoed(query={}))['query'] is None


# file, what arrives of it
FILES = (
    (b'data', ['f', 'application/octet-stream', 'data']),
    ('žluť', ['f', 'application/octet-stream', 'žluť']),
    (('x.txt', 'data'), ['x.txt', 'application/octet-stream', 'data']),
    (('x.txt', b'data', 'text/plain'), ['x.txt', 'text/plain', 'data']),
    (('a"b\\.txt', io.BytesIO(b'\r\n--boundary')), None),
    (('ž.txt', b''), ['ž.txt', 'application/octet-stream', '']),
)


async def test_files():
    client = TestClient(create_app())
    for file, arrived in FILES:
        (found,) = (await client.post('/files', files={'f': file})).json[0]
        arrived = arrived or ['a%22b\\.txt', 'application/octet-stream', '\r\n--boundary']
        assert found == ['f'] + arrived, file
    found, fields = (
        await client.post('/files', files={'f': [b'1', ('x', b'2')], 'g': b'3'}, form={'a': 'b'})
    ).json
    assert sorted([file[1] for file in found]) == ['f', 'g', 'x']
    assert fields == {'a': ['b']}


async def test_authentication():
    found = await echoed(auth=('user', 'pass:žluť'))
    assert found['auth'] == 'Basic dXNlcjpwYXNzOsW+bHXFpQ=='
    found = await echoed(auth=('user', 'x'), headers={'authorization': 'Bearer x'})
    assert found['auth'] == 'Bearer x'


async def test_mistakes():
    client = TestClient(create_app())
    for options in (
        {'jsn': 1},
        {'body': 'x', 'json': 1},
        {'body': '', 'form': {}},
        {'json': 1, 'form': {}},
        {'json': 1, 'files': {}},
    ):
        await araises(TypeError, client.post('/echo', **options))


async def test_methods():
    client = TestClient(create_app())
    assert (await client.options('/echo')).json['method'] == 'OPTIONS'
    assert (await client.get('/echo', query={'a': 1})).json['query'] == 'a=1'
    assert (await client.delete('/echo', json=1)).json['body'] == '1'
    head = await client.head('/echo')
    assert (head.status_code, head.body) == (200, None)


# status, method, method afterwards
REDIRECTS = (
    (301, 'GET', 'GET'),
    (301, 'POST', 'GET'),
    (302, 'POST', 'GET'),
    (303, 'POST', 'GET'),
    (307, 'POST', 'POST'),
    (308, 'POST', 'POST'),
)


async def test_redirects():
    for code, method, after in REDIRECTS:
        client = TestClient(create_app())
        options = {'json': {'a': 1}} if method == 'POST' else {}
        path = '/to?url=/echo?x&code=%d' % code
        response = await client.request(method, path, follow_redirects=True, **options)
        kept = after == 'POST'
        found = response.json
        assert (found['method'], found['query']) == (after, 'x'), code
        assert (found['body'], found['type'] is not None) == ('{"a": 1}' if kept else '', kept)
        assert [r.status_code for r in response.history] == [code]
        response = await client.request(method, path, **options)
        assert (response.status_code, len(response.history)) == (code, 0)


async def test_redirects_to_other_hosts():
    client = TestClient(create_app())
    options = {'auth': ('a', 'b'), 'follow_redirects': True}
    found = (await client.get('/to?url=echo', **options)).json
    assert (found['host'], found['scheme'], bool(found['auth'])) == (
        'example.com:1234', 'http', True,
    )  # fmt: skip
    found = (await client.get('/to?url=https://other.com/echo', **options)).json
    assert (found['host'], found['scheme'], found['auth']) == ('other.com', 'https', None)
    assert found['method'] == 'GET'


async def test_redirects_without_end():
    client = TestClient(create_app())
    app = client.app

    @app.get('/loop')
    async def loop(request):
        return redirect('/loop')

    await araises(ValueError, client.get('/loop', follow_redirects=True))


def test_resolving():
    # location, scheme, host, path
    for location, *expected in (
        ('/x', '', '', '/x'),
        ('x', '', '', '/a/x'),
        ('./x?y/..', '', '', '/a/x?y/..'),
        ('../x', '', '', '/x'),
        ('../../x', '', '', '/x'),
        ('..', '', '', '/'),
        ('?x', '', '', '/a/b?x'),
        ('', '', '', '/a/b'),
        ('#x', '', '', '/a/b'),
        ('//h:1/x', '', 'h:1', '/x'),
        ('HTTPS://h', 'https', 'h', '/'),
        ('https://h?x', 'https', 'h', '/?x'),
        ('/x?u=http://y', '', '', '/x?u=http://y'),
    ):
        assert list(resolve('/a/b?c', location)) == expected, location


async def test_malformed_requests():
    app = create_app()
    seen = []

    @app.errorhandler(400)
    async def bad(request):
        seen.append(request)
        return 'bad', 400

    client = TestClient(app)
    long = 'x' * Request.max_readline
    for status, path, headers, body in (
        (400, '/%ff', {}, None),
        (400, '/echo', {'Content-Length': 'x'}, None),
        (400, '/echo', {'a b': 'c'}, None),
        (400, '/echo', {'Content-Length': '5'}, b'four'),
        (414, '/' + long, {}, None),
        (431, '/', {'X-Long': long}, None),
    ):
        response = await client.get(path, headers, **({} if body is None else {'body': body}))
        assert response.status_code == status, (path[:20], headers, response.status_code)
    assert seen == [None] * 4
