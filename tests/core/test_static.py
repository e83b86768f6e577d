"""Static files of a directory: what is sent with which headers, and what is not there."""

import os
import time

from microdot import Microdot, Response
from microdot import static as static_module
from microdot.response import http_date
from microdot.static import Static
from microdot.test_client import TestClient
from support import raises

ROOT = __file__[: __file__.rfind('/') + 1] + 'static'
HTML = 'text/html; charset=UTF-8'
CSS = 'text/css; charset=UTF-8'
OCTETS = 'application/octet-stream'
GZIP = {'Accept-Encoding': 'gzip'}


def contents(name):
    with open(ROOT + '/' + name, 'rb') as f:
        return f.read()


def make_client(prefix='/static', source=ROOT, max_checked=1000, **options):
    app = Microdot()
    app.static(prefix, source, **options).source.max_checked = max_checked
    return TestClient(app)


# path, request headers, status, Content-Type, Content-Encoding, Vary, file that is the body
SENT = (
    ('/static/index.html', {}, 200, HTML, None, None, 'index.html'),
    ('/static/', {}, 200, HTML, None, None, 'index.html'),
    ('/static/?a=1', {}, 200, HTML, None, None, 'index.html'),
    ('/static/sub/', {}, 200, HTML, None, None, 'sub/index.html'),
    ('/static/data.bin', {}, 200, OCTETS, None, None, 'data.bin'),
    ('/static/data.bin', GZIP, 200, OCTETS, None, None, 'data.bin'),
    ('/static/nothing.txt', {}, 200, 'text/plain; charset=UTF-8', None, None, 'nothing.txt'),
    (
        '/static/sub/deep/a%20b.txt',
        {},
        200,
        'text/plain; charset=UTF-8',
        None,
        None,
        'sub/deep/a b.txt',
    ),
    ('/static/css/site.css', {}, 200, CSS, None, 'Accept-Encoding', 'css/site.css'),
    ('/static/css/site.css', GZIP, 200, CSS, 'gzip', 'Accept-Encoding', 'css/site.css.gz'),
    ('/static/css/site.css.gz', {}, 200, OCTETS, None, None, 'css/site.css.gz'),
    ('/static/packed/', GZIP, 200, HTML, 'gzip', 'Accept-Encoding', 'packed/index.html.gz'),
    ('/static/packed/', {}, 406, None, None, 'Accept-Encoding', None),
    ('/static/none.html', {}, 404, None, None, None, None),
    ('/static/none/', {}, 404, None, None, None, None),
    ('/static/empty', {}, 404, None, None, None, None),
    ('/static/empty/', {}, 404, None, None, None, None),
    ('/static/index.html/', {}, 404, None, None, None, None),
    ('/static/index.html/x', {}, 404, None, None, None, None),
    ('/other', {}, 404, None, None, None, None),
)


async def test_sent():
    client = make_client()
    for path, headers, status, content_type, coding, vary, name in SENT:
        for method in ('GET', 'HEAD'):
            case = method, path, headers
            res = await client.request(method, path, headers)
            assert res.status_code == status, (case, res.status_code)
            assert res.headers.get('Vary') == vary, case
            if status != 200:
                continue
            data = contents(name)
            assert res.headers['Content-Type'] == content_type, case
            assert res.headers.get('Content-Encoding') == coding, case
            assert res.headers['Content-Length'] == str(len(data)), case
            assert res.headers['Accept-Ranges'] == 'bytes', case
            modified = os.stat(ROOT + '/' + name)[8]
            assert res.headers['Last-Modified'] == http_date(time.gmtime(modified)), case
            assert 'Cache-Control' not in res.headers, case
            assert (res.body or b'') == (b'' if method == 'HEAD' else data), case


# value of Accept-Encoding, whether the compressed file is sent
ACCEPTED = (
    ('gzip', True),
    ('GZIP', True),
    ('x-gzip', True),
    ('br, gzip', True),
    ('br,gzip;q=0.1', True),
    ('gzip ; q=1.0', True),
    ('deflate, *', True),
    ('*;q=0.5', True),
    ('identity;q=0.5, gzip;q=0.5', True),
    ('identity;q=0, gzip', True),
    ('gzip;q=0', False),
    ('gzip;q=0.000', False),
    ('gzip;q=0, *', False),
    ('*;q=0', False),
    ('identity, gzip;q=0.5', False),
    ('gzip;q=x', False),
    ('gzip;q=nan', False),
    ('gzipped', False),
    ('br', False),
    ('identity', False),
    ('', False),
)


async def test_accepted_codings():
    client = make_client()
    for value, expected in ACCEPTED:
        res = await client.get('/static/css/site.css', {'Accept-Encoding': value})
        assert ('Content-Encoding' in res.headers) == expected, value
        assert res.headers['Vary'] == 'Accept-Encoding'
    res = await make_client(compressed=False).get('/static/css/site.css', GZIP)
    assert res.body == contents('css/site.css')
    assert 'Vary' not in res.headers


# prefix, path, where it redirects to
REDIRECTS = (
    ('/static', '/static', '/static/'),
    ('/static', '/static/sub', '/static/sub/'),
    ('/static/', '/static/sub', '/static/sub/'),
    ('static', '/static/packed?x=1&y=%2F', '/static/packed/?x=1&y=%2F'),
    ('/a%b', '/a%25b', '/a%25b/'),
    ('/', '/sub', '/sub/'),
    ('', '/sub?', '/sub/'),
    ('/', '/sub?//evil', '/sub/?//evil'),
)


async def test_redirects():
    for prefix, path, location in REDIRECTS:
        client = make_client(prefix)
        for method in ('GET', 'HEAD'):
            res = await client.request(method, path)
            assert (res.status_code, res.headers['Location']) == (302, location), path


async def test_at_the_root():
    client = make_client('/')
    assert (await client.get('/')).body == contents('index.html')
    assert (await client.get('/css/site.css')).body == contents('css/site.css')
    client = make_client('/', index=None)
    for path in ('/', '/sub', '/sub/'):
        assert (await client.get(path)).status_code == 404, path
    client = make_client('/', ROOT + '/', index='note.txt')
    assert (await client.get('/empty/')).body == contents('empty/note.txt')


async def test_routes_and_mounting():
    sub, app = Microdot(), Microdot()

    @app.get('/files/css/site.css')
    async def style(request):
        return 'own'

    @app.errorhandler(404)
    async def missing(request):
        return 'gone: ' + request.path, 404

    files = sub.static('/', ROOT)
    app.mount(sub, '/files')

    @app.get('/page/<path:path>')
    async def page(request, path):
        return await files.serve(request, 'sub/' + path)

    client = TestClient(app)
    assert (await client.get('/files/css/site.css')).text == 'own'
    assert (await client.get('/files/')).body == contents('index.html')
    assert (await client.get('/files/data.bin')).body == contents('data.bin')
    assert (await client.get('/files')).headers['Location'] == '/files/'
    assert (await client.get('/page/index.html')).body == contents('sub/index.html')
    for path in ('/page/../index.html', '/files/none'):
        res = await client.get(path)
        assert (res.status_code, res.text) == (404, 'gone: ' + path)


async def test_methods():
    client = make_client()
    for method in ('POST', 'PUT', 'DELETE', 'PATCH', 'get2'):
        for path in ('/static', '/static/', '/static/index.html', '/static/none'):
            res = await client.request(method, path)
            assert res.status_code == 405, (method, path)
            assert sorted(res.headers['Allow'].split(', ')) == ['GET', 'HEAD', 'OPTIONS']
    res = await client.request('OPTIONS', '/static/index.html')
    assert sorted(res.headers['Allow'].split(', ')) == ['GET', 'HEAD', 'OPTIONS']


# options, Cache-Control, Content-Type of the style sheet
OPTIONS = (
    ({'max_age': 60}, 'max-age=60', CSS),
    ({'max_age': 0}, 'max-age=0', CSS),
    ({'max_age': 31536000, 'immutable': True}, 'max-age=31536000, immutable', CSS),
    ({'immutable': True}, 'immutable', CSS),
    ({'charset': 'latin-1'}, None, 'text/css; charset=latin-1'),
    ({'charset': None}, None, 'text/css'),
)


async def test_options():
    for options, control, content_type in OPTIONS:
        client = make_client(**options)
        res = await client.get('/static/css/site.css')
        assert res.headers.get('Cache-Control') == control, options
        assert res.headers['Content-Type'] == content_type, options
        if control:
            again = await client.get('/static/css/site.css', {'If-None-Match': '*'})
            assert (again.status_code, again.headers['Cache-Control']) == (304, control)
    Response.default_send_file_max_age = 5
    try:
        res = await make_client().get('/static/css/site.css')
        assert res.headers['Cache-Control'] == 'max-age=5'
    finally:
        Response.default_send_file_max_age = None


async def test_dates_of_a_clock_that_is_not_set():
    directory = Static(ROOT).source
    saved = static_module._UNSET
    size, dated, modified, path = await directory.find('data.bin')
    assert (size, modified, contents('data.bin')) == (256, os.stat(path)[8], bytes(range(256)))
    static_module._UNSET = tuple(range(1970, 2100))
    try:
        size, tag, modified, _ = await directory.find('data.bin')
        # The CRC-32 of the bytes, as zlib has it, and the size.
        assert (size, tag, modified) == (256, '"29058c73-100"', None)
        assert (await directory.find('data.bin'))[1] == tag
        for i in range(100):  # however many files there are, not all checksums are kept
            directory.checksums['other'] = directory.checksums.pop(path, None)
            directory.checksums[i] = None
            await directory.find('data.bin')
        assert len(directory.checksums) < 100
        res = await make_client().get('/static/data.bin')
        assert res.headers['ETag'] == tag and 'Last-Modified' not in res.headers
        client = make_client(max_checked=200)
        res = await client.get('/static/data.bin', {'If-None-Match': tag})
        assert res.status_code == 200 and 'ETag' not in res.headers
        headers = {'Accept-Encoding': 'gzip', 'If-None-Match': tag}
        assert 'ETag' not in (await client.get('/static/css/site.css', headers)).headers
    finally:
        static_module._UNSET = saved
    assert dated != tag


def test_sources_that_are_none():
    for source in (ROOT + '/none', ROOT + '/index.html'):
        raises(OSError, Static, source)
    raises(ValueError, Microdot().static, '/<name>', ROOT)
