"""Static files that are not in a directory of the usual kind: frozen resources, and ROMFS."""

from microdot import Microdot
from microdot.static import Static
from microdot.test_client import TestClient
from support import MICROPYTHON, skip

PAGE = b'<p>page</p>\n'
PACKED = b'\x1f\x8b packed'
LARGE = b'0123456789' * 900


class Resources:
    """What `microdot-kit resources` makes, but for being a module."""

    FILES = (
        ('data/large.bin', 'aaaa', LARGE, None),
        ('empty.txt', 'bbbb', b'', None),
        ('index.html', 'cccc', PAGE, PACKED),
        ('only.css', 'dddd', None, PACKED),
        ('sub/index.html', 'eeee', b'sub', None),
    )


# path, Accept-Encoding, status, body, ETag
SENT = (
    ('/', '', 200, PAGE, '"cccc"'),
    ('/index.html', 'gzip', 200, PACKED, '"cccc-gz"'),
    ('/data/large.bin', 'gzip', 200, LARGE, '"aaaa"'),
    ('/empty.txt', '', 200, b'', '"bbbb"'),
    ('/only.css', 'gzip', 200, PACKED, '"dddd-gz"'),
    ('/only.css', '', 406, None, None),
    ('/sub/', '', 200, b'sub', '"eeee"'),
    ('/sub', '', 302, None, None),
    ('/data', '', 404, None, None),
    ('/data/', '', 404, None, None),
    ('/index', '', 404, None, None),
    ('/index.htm', '', 404, None, None),
    ('/index.html.gz2', '', 404, None, None),
    ('/sub/../index.html', '', 404, None, None),
)


async def test_resources():
    app = Microdot()
    app.static('/', Resources)
    client = TestClient(app)
    for path, coding, status, body, tag in SENT:
        headers = {'Accept-Encoding': coding}
        res = await client.get(path, headers)
        assert res.status_code == status, path
        if status != 200:
            continue
        assert (res.body, res.headers['ETag']) == (body, tag), path
        assert res.headers['Content-Length'] == str(len(body)), path
        assert 'Last-Modified' not in res.headers
        assert (res.headers.get('Content-Encoding') == 'gzip') == tag.endswith('-gz"'), path
        headers['If-None-Match'] = tag
        assert (await client.get(path, headers)).status_code == 304, path
    headers = {'Range': 'bytes=5-14', 'If-Range': '"aaaa"'}
    res = await client.get('/data/large.bin', headers)
    assert (res.status_code, res.body) == (206, b'5678901234')


async def test_resources_are_not_copied():
    if not MICROPYTHON:
        skip('its heap cannot be measured')
    import gc

    app = Microdot()
    files = app.static('/', Resources)
    response = await files.serve(Request(), 'data/large.bin')
    gc.collect()
    before = gc.mem_alloc()
    count = 0
    async for data in response.body_iter():
        count += len(data)
    gc.collect()
    assert count == len(LARGE)
    assert gc.mem_alloc() - before < 3000


class Request:
    method = 'GET'
    path = '/'
    headers = {}


def number(value):
    """An integer as ROMFS has it: seven bits a byte, all but the last one marked."""
    data = bytes([value & 127])
    while value > 127:
        value >>= 7
        data = bytes([value & 127 | 128]) + data
    return data


def record(kind, payload):
    return number(kind) + number(len(payload)) + payload


def file(name, data):
    return record(5, number(len(name)) + name + record(2, data))


def folder(name, files):
    return record(4, number(len(name)) + name + files)


def mount(path, files):
    try:
        import vfs
    except ImportError:
        skip('no module vfs')
    if not hasattr(vfs, 'VfsRom'):
        skip('no ROMFS on this port')
    vfs.mount(vfs.VfsRom(b'\xd2\xcd\x31' + number(len(files)) + files), path)
    return vfs


async def test_romfs():
    image = file(b'index.html', PAGE) + file(b'index.html.gz', PACKED)
    image += folder(b'sub', file(b'index.html', b'sub') + file(b'large.bin', LARGE[:1500]))
    vfs = mount('/rom-test', folder(b'web', image))
    try:
        app = Microdot()
        files = app.static('/', '/rom-test/web')
        client = TestClient(app)
        res = await client.get('/')
        assert res.body == PAGE and 'Last-Modified' not in res.headers
        tag = res.headers['ETag']
        assert tag == '"7145a23c-c"'
        assert (await client.get('/', {'If-None-Match': tag})).status_code == 304
        assert (await client.get('/', {'Accept-Encoding': 'gzip'})).body == PACKED
        assert (await client.get('/sub')).headers['Location'] == '/sub/'
        assert (await client.get('/sub/')).body == b'sub'
        assert (await client.get('/sub/large.bin')).body == LARGE[:1500]
        res = await client.get('/sub/large.bin', {'Range': 'bytes=-7'})
        assert (res.status_code, res.body) == (206, b'3456789')
        for path in ('/none', '/index.html/', '/sub/../index.html', '/sub/large.bin/x'):
            assert (await client.get(path)).status_code == 404, path
        assert len(files.source.checksums) == 4
    finally:
        vfs.umount('/rom-test')


async def test_tags_follow_the_files():
    for data, tag in ((b'one', '"7a6c86f1-3"'), (b'two', '"11ca8a66-3"')):
        vfs = mount('/rom-test', file(b'a', data))
        try:
            assert (await Static('/rom-test').source.find('a'))[1] == tag
        finally:
            vfs.umount('/rom-test')
