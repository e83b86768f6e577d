"""send_file: exact bytes, content types, compressed variants, caching, and what is missing."""

import io

from microdot import Response, send_file
from microdot.streaming import BodyIterator, OutgoingBody, read_file
from support import raises

FILES = __file__[: __file__.rfind('/') + 1] + 'files/'
OCTETS = 'application/octet-stream'


class Stream:
    def __init__(self):
        self.data = b''

    async def awrite(self, data):
        self.data += data


async def written(response):
    stream = Stream()
    await response.write(stream)
    return stream.data


def contents(name):
    with open(FILES + name, 'rb') as f:
        return f.read()


# file, options, headers, file whose bytes are the body
SENT = (
    ('test.txt', {}, {'Content-Type': 'text/plain'}, 'test.txt'),
    ('test.html', {}, {'Content-Type': 'text/html'}, 'test.html'),
    ('style.min.css', {}, {'Content-Type': 'text/css'}, 'style.min.css'),
    ('noextension', {}, {'Content-Type': OCTETS}, 'noextension'),
    ('html', {}, {'Content-Type': OCTETS}, 'html'),
    ('UPPER.TXT', {}, {'Content-Type': 'text/plain'}, 'UPPER.TXT'),
    ('test.txt', {'content_type': 'text/html'}, {'Content-Type': 'text/html'}, 'test.txt'),
    ('noextension', {'content_type': 'a/b; c=d'}, {'Content-Type': 'a/b; c=d'}, 'noextension'),
    ('test.txt', {'status_code': 404}, {'Content-Type': 'text/plain'}, 'test.txt'),
    ('test.txt.gz', {}, {'Content-Type': OCTETS}, 'test.txt.gz'),
    ('test.txt.gz', {'compressed': False}, {'Content-Type': OCTETS}, 'test.txt.gz'),
    (
        'test.txt.gz',
        {'compressed': True},
        {'Content-Type': 'text/plain', 'Content-Encoding': 'gzip'},
        'test.txt.gz',
    ),
    (
        'test.txt.gz',
        {'compressed': 'br'},
        {'Content-Type': 'text/plain', 'Content-Encoding': 'br'},
        'test.txt.gz',
    ),
    (
        'test.txt',
        {'compressed': True, 'file_extension': '.gz'},
        {'Content-Type': 'text/plain', 'Content-Encoding': 'gzip'},
        'test.txt.gz',
    ),
    ('test.txt', {'file_extension': '.gz'}, {'Content-Type': 'text/plain'}, 'test.txt.gz'),
    (
        'test.txt',
        {'max_age': 123},
        {'Content-Type': 'text/plain', 'Cache-Control': 'max-age=123'},
        'test.txt',
    ),
    (
        'test.txt',
        {'max_age': 0},
        {'Content-Type': 'text/plain', 'Cache-Control': 'max-age=0'},
        'test.txt',
    ),
)


async def test_sent():
    for name, options, headers, source in SENT:
        response = Response.send_file(FILES + name, **options)
        assert response.status_code == options.get('status_code', 200), name
        assert response.headers == headers, (name, options, response.headers)
        data = await written(response)
        assert data.endswith(b'\r\n\r\n' + contents(source)), (name, options)
        lines = data[: data.find(b'\r\n\r\n')].decode().split('\r\n')[1:]
        expected = ['{}: {}'.format(key, headers[key]) for key in headers]
        assert sorted(lines) == sorted(expected), (name, lines)


async def test_exact_bytes():
    data = await written(Response.send_file(FILES + 'test.html'))
    assert data == b'HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\nfoo\n'
    data = await written(send_file(FILES + 'test.txt', content_type='text/html'))
    assert data == b'HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\nfoo\n'
    data = await written(send_file(FILES + 'test.txt', status_code=404))
    assert data == b'HTTP/1.0 404 N/A\r\nContent-Type: text/plain\r\n\r\nfoo\n'


async def test_exact_bytes_with_a_small_buffer():
    saved = Response.send_file_buffer_size
    try:
        for size in (1, 2, 3, 4, 5):
            Response.send_file_buffer_size = size
            data = await written(Response.send_file(FILES + 'test.txt', content_type='text/html'))
            assert data == b'HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\nfoo\n', size
    finally:
        Response.send_file_buffer_size = saved


# name, type
TYPES = (
    ('a.css', 'text/css'),
    ('a.gif', 'image/gif'),
    ('a.html', 'text/html'),
    ('a.jpg', 'image/jpeg'),
    ('a.js', 'application/javascript'),
    ('a.json', 'application/json'),
    ('a.png', 'image/png'),
    ('a.txt', 'text/plain'),
    ('a.svg', 'image/svg+xml'),
    ('a.b.txt', 'text/plain'),
    ('d.d/a.txt', 'text/plain'),
    ('A.TXT', 'text/plain'),
    ('a.JpG', 'image/jpeg'),
    ('a.jpeg', 'image/jpeg'),
    ('a.ico', ('image/x-icon', 'image/vnd.microsoft.icon')),
    ('a.woff2', 'font/woff2'),
    ('a.pdf', 'application/pdf'),
    ('a.wasm', 'application/wasm'),
    ('a.mjs', ('application/javascript', 'text/javascript')),
    ('a.webp', 'image/webp'),
    ('a.xml', ('application/xml', 'text/xml')),
    ('a.map', 'application/json'),
    ('a.unknown', OCTETS),
    ('a', OCTETS),
    ('txt', OCTETS),
    ('d/html', OCTETS),
    ('d.txt/a', OCTETS),
    ('a.', OCTETS),
    ('', OCTETS),
)


def test_types():
    for name, expected in TYPES:
        found = Response.send_file(name, stream=io.BytesIO(b'')).headers['Content-Type']
        expected = expected if isinstance(expected, tuple) else (expected,)
        assert found in expected, (name, found)


def test_types_map_of_a_subclass():
    class Mine(Response):
        types_map = {'foo': 'x/foo'}

    response = Mine.send_file('a.foo', stream=io.BytesIO(b''))
    assert type(response) is Mine
    assert response.headers == {'Content-Type': 'x/foo'}
    assert Response.send_file('a.foo', stream=io.BytesIO(b'')).headers['Content-Type'] == OCTETS


def test_types_map_can_be_added_to():
    Response.types_map['footest'] = 'x/foo'
    try:
        response = Response.send_file('a.footest', stream=io.BytesIO(b''))
        assert response.headers['Content-Type'] == 'x/foo'
    finally:
        del Response.types_map['footest']


def test_default_max_age():
    saved = Response.default_send_file_max_age
    Response.default_send_file_max_age = 100
    try:
        for options, expected in (
            ({}, 'max-age=100'),
            ({'max_age': None}, 'max-age=100'),
            ({'max_age': 5}, 'max-age=5'),
            ({'max_age': 0}, 'max-age=0'),
        ):
            response = Response.send_file('a.txt', stream=io.BytesIO(b''), **options)
            assert response.headers['Cache-Control'] == expected, options
    finally:
        Response.default_send_file_max_age = saved


async def test_stream():
    response = Response.send_file('none.txt', stream=io.BytesIO(b'abc'))
    assert await written(response) == b'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nabc'


def test_missing_files():
    for name in (FILES + 'none.txt', FILES, FILES[:-1], FILES + 'none/test.txt'):
        try:
            raises(OSError, Response.send_file, name)
        except AssertionError:
            raise AssertionError(name)
    raises(OSError, send_file, FILES + 'test.txt', file_extension='.none')


async def test_file_is_closed():
    for is_head in (False, True):
        f = open(FILES + 'test.txt', 'rb')
        response = Response.send_file('test.txt', stream=f)
        response.is_head = is_head
        data = await written(response)
        assert data.endswith(b'\r\n\r\n' if is_head else b'\r\n\r\nfoo\n')
        raises((OSError, ValueError), f.read, 1)


class Cramped:
    """A file in a heap whose largest free piece is of `free` bytes."""

    def __init__(self, data, free):
        self.data = data
        self.free = free

    def read(self, n):
        if n > self.free:
            raise MemoryError
        data, self.data = self.data[:n], self.data[n:]
        return data


def test_files_are_read_in_what_pieces_there_is_memory_for():
    data = bytes(range(250))
    for free in (64, 100, 1000):
        file = Cramped(data, free)
        pieces = [read_file(file, 1024)]
        while pieces[-1]:
            pieces.append(read_file(file, 1024))
        assert b''.join(pieces) == data, free
    raises(MemoryError, read_file, Cramped(data, 20), 1024)


class Head:
    """A head that there is no memory to put anything behind."""

    def __len__(self):
        return 4

    def __add__(self, data):
        raise MemoryError


async def test_a_head_leaves_alone_if_there_is_no_memory_for_it_and_data():
    head = Head()
    written = []

    class Client:
        async def awrite(self, data):
            written.append(data if data is head else bytes(data))

    source = BodyIterator(io.BytesIO(b'data'), 1024, False)
    assert await OutgoingBody(Client(), head, 4).pour(source)
    assert written == [head, b'data']
