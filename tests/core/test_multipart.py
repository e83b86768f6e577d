"""``FormDataIter``: uploads of every size, in every chunking, come out byte for byte."""

import gc
import io

from microdot import Request
from microdot.microdot import NoCaseDict
from microdot.multipart import FileUpload, FormDataIter
from support import MICROPYTHON, araises

BOUNDARY = 'bound-ary'
# Beginnings of the delimiter, line ends and dashes: whatever a parser might stumble over.
NEARLY = b'\r\n--bound-arx\r\n--bound-\r\r\n--\r\n-\r--bound-ary\n--bound-ary\r\n\r\n--bound-ar'
DATA = (NEARLY + bytes(range(256))) * 10


class Pieces:
    """A stream of which each read gives at most ``size`` bytes."""

    def __init__(self, data, size):
        self.data = data
        self.size = size
        self.longest = self.at = 0

    async def read(self, n):
        assert n > 0
        self.longest = max(n, self.longest)
        data = self.data[self.at : self.at + min(n, self.size)]
        self.at += len(data)
        return data


def part(disposition, data, *headers):
    lines = ['Content-Disposition: form-data; ' + disposition]
    lines.extend(headers)
    return '\r\n'.join(lines).encode() + b'\r\n\r\n' + data


def body_of(*parts, boundary=BOUNDARY):
    mark = b'--' + boundary.encode()
    return b''.join([mark + b'\r\n' + p + b'\r\n' for p in parts]) + mark + b'--\r\n'


def request_for(body, size=10000, content_type='multipart/form-data; boundary=' + BOUNDARY):
    headers = NoCaseDict({'Content-Type': content_type} if content_type else {})
    stream = body if hasattr(body, 'read') else Pieces(body, size)
    return Request('app', None, 'POST', '/', '1.1', headers, None, stream)


async def parsed(*args, **kwargs):
    """The items of a form: (name, text) or (name, filename, content type, data)."""
    items = []
    async for name, value in FormDataIter(request_for(*args, **kwargs)):
        if isinstance(value, FileUpload):
            items.append((name, value.filename, value.content_type, await value.read()))
        else:
            items.append((name, value))
    return items


async def check(length, size, **kwargs):
    """One upload as middle and as last part of a form, read in pieces of ``size``."""
    if MICROPYTHON:
        gc.collect()  # some 30 KB a form: what is left of the last one must not lie between
    data = DATA[:length]
    upload = part('name="f"; filename="x"', data)
    boundary = kwargs.pop('boundary', BOUNDARY)
    body = body_of(part('name="a"', b'1'), upload, upload, boundary=boundary)
    kwargs['content_type'] = 'multipart/form-data; boundary="%s"' % boundary
    file = ('f', 'x', None, data)
    assert await parsed(body, size, **kwargs) == [('a', '1'), file, file], (length, size)


async def all_sizes(size):
    """Ends at each place of a piece (13 has no factor in common with any size), and of a buffer."""
    for length in range(0, 3001, 13):
        await check(length, size)
    for length in range(900, 1100, 40 if MICROPYTHON else 1):
        await check(length, size)


async def test_every_size_in_one_piece():
    await all_sizes(100000)


async def test_every_size_in_pieces_of_10():
    await all_sizes(10)


async def test_every_size_in_pieces_of_50():
    await all_sizes(50)


async def test_every_size_in_pieces_of_100():
    await all_sizes(100)


async def test_every_size_in_pieces_of_255():
    await all_sizes(255)


async def test_every_size_byte_by_byte():
    for length in range(0, 60, 1 + 6 * MICROPYTHON):
        await check(length, 1)
    for length in range(200, 320, 1 + 40 * MICROPYTHON):
        await check(length, 1)


async def test_every_piece_size():
    for size in range(1, 400, 1 + 22 * MICROPYTHON):
        await check(700, size)


async def test_every_buffer_size():
    saved = FormDataIter.buffer_size
    try:
        for buffer_size in range(1, 400, 1 + 22 * MICROPYTHON):
            FormDataIter.buffer_size = buffer_size
            await check(500, 10000)
            await check(500, 33)
    finally:
        FormDataIter.buffer_size = saved


async def test_boundaries():
    for boundary in ('x', '-', '--', "'()+_,-./:=?", '-' * 27 + '8' * 43, 'y' * 200):
        await check(600, 10000, boundary=boundary)
        await check(600, 7, boundary=boundary)


async def test_reads_of_every_size():
    for n in (1, 2, 7, 100, 256, 257, 300, 1000, 5000):
        body = body_of(part('name="f"; filename="x"', DATA[:1500]), part('name="a"', b'1'))
        for size in (10000, 20):
            form = FormDataIter(request_for(body, size))
            name, upload = await form.__anext__()
            data = b''
            while len(data) < 1500:
                more = await upload.read(n)
                assert len(more) == min(n, 1500 - len(data))
                data += more
            assert data == DATA[:1500]
            assert await upload.read(n) == b'' and await upload.read() == b''
            assert await upload.read(0) == b''
            assert await form.__anext__() == ('a', '1')


async def test_parts_left_unread_are_skipped():
    upload = part('name="f"; filename="x"', DATA[:900])
    form = FormDataIter(request_for(body_of(upload, upload, upload, part('name="a"', b'1'))))
    _, first = await form.__anext__()
    assert await first.read(300) == DATA[:300]
    _, second = await form.__anext__()
    await araises(ValueError, first.read())
    _, third = await form.__anext__()
    assert await third.read(1) == DATA[:1]
    assert await form.__anext__() == ('a', '1')
    await araises(ValueError, third.read())


async def test_the_end_comes_once_and_needs_no_line_end():
    for end in (b'', b'\r\n', b'--', b'\r\nepilogue', b'\r\n--bound-ary\r\n' * 3):
        body = body_of(part('name="a"', b'1'))[:-2] + end
        form = FormDataIter(request_for(body, 1))
        assert await form.__anext__() == ('a', '1')
        for _ in range(3):
            await araises(StopAsyncIteration, form.__anext__())


async def test_text_before_the_first_boundary_is_skipped():
    for text in (b'\r\n', b'some\r\ntext\r\n', b'--bound-arx\r\n', b'x' * 1000 + b'\r\n'):
        assert await parsed(text + body_of(part('name="a"', b'1'))) == [('a', '1')]


async def test_no_more_is_read_at_once_than_the_buffer_takes():
    stream = Pieces(body_of(part('name="f"; filename="x"', DATA[:2000] * 2)), 10000)
    form = FormDataIter(request_for(stream))
    assert form.boundary == b'--bound-ary' and form.extra_size == 15
    _, upload = await form.__anext__()
    while await upload.read(2000):
        assert len(form.buffer) < form.buffer_size + 2 * 15
    assert stream.longest <= form.buffer_size


async def test_save_writes_pieces():
    class Writes(list):
        def write(self, data):
            self.append(bytes(data))

    data = DATA[:1000] * 5
    body = body_of(part('name="f"; filename="x"', data))
    _, upload = await FormDataIter(request_for(body)).__anext__()
    writes = Writes()
    await upload.save(writes)
    assert b''.join(writes) == data
    sizes = [len(w) for w in writes]
    assert 0 < min(sizes) and max(sizes) <= FormDataIter.buffer_size and len(sizes) < 12
    file = io.BytesIO()
    await upload.save(file)
    assert file.getvalue() == b''
