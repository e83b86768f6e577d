"""Bodies of every kind: how they are iterated, written in pieces, and closed."""

import io

from microdot import Response
from support import MICROPYTHON, araises, skip

LINES = ('foo', b'bar', '\u00e9')
WHOLE = b'foobar\xc3\xa9'


class Stream:
    """Keeps what is written, or fails once it has kept `room` bytes."""

    def __init__(self, error=None, room=0):
        self.data = b''
        self.error = error
        self.room = room

    async def awrite(self, data):
        if self.error is not None and len(self.data) >= self.room:
            raise self.error
        self.data += data


class Closing:
    """A body that knows whether it was closed."""

    closed = 0

    def close(self):
        self.closed += 1


class SyncIterator(Closing):
    def __init__(self, items=LINES):
        self.items = list(items)

    def __iter__(self):
        return self

    def __next__(self):
        if not self.items:
            raise StopIteration
        return self.items.pop(0)


class AsyncIterator:
    closed = 0

    def __init__(self, items=LINES):
        self.items = list(items)

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.items:
            raise StopAsyncIteration
        return self.items.pop(0)

    async def aclose(self):
        self.closed += 1


class BareAsyncIterator:
    """No `aclose`."""

    def __init__(self, items=LINES):
        self.items = list(items)

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.items:
            raise StopAsyncIteration
        return self.items.pop(0)


class OnlyIter:
    def __iter__(self):
        return iter(LINES)


class OnlyAsyncIter:
    def __aiter__(self):
        return BareAsyncIterator()


class File(Closing):
    """A file that also is an iterator of lines, as files are: `read` must come first."""

    def __init__(self, data):
        self.file = io.BytesIO(data)
        self.sizes = []

    def read(self, n):
        self.sizes.append(n)
        return self.file.read(n)

    def __iter__(self):
        return self

    def __next__(self):
        raise AssertionError('iterated')


class AsyncFile:
    closed = 0

    def __init__(self, data):
        self.file = io.BytesIO(data)

    async def read(self, n):
        return self.file.read(n)

    async def close(self):
        self.closed += 1


def generator():
    yield from LINES


def empty():
    return
    yield


KINDS = (
    ('str', lambda: 'foobar\u00e9', WHOLE),
    ('bytes', lambda: WHOLE, WHOLE),
    ('bytearray', lambda: bytearray(WHOLE), WHOLE),
    ('memoryview', lambda: memoryview(WHOLE), WHOLE),
    ('sync generator', generator, WHOLE),
    ('empty generator', empty, b''),
    ('list iterator', lambda: iter(list(LINES)), WHOLE),
    ('tuple', lambda: LINES, WHOLE),
    ('empty tuple', lambda: (), b''),
    ('set', lambda: {'foo'}, b'foo'),
    ('generator expression', lambda: (x for x in LINES), WHOLE),
    ('sync iterator', SyncIterator, WHOLE),
    ('async iterator', AsyncIterator, WHOLE),
    ('async iterator without aclose', BareAsyncIterator, WHOLE),
    ('empty async iterator', lambda: AsyncIterator(()), b''),
    ('only __iter__', OnlyIter, WHOLE),
    ('only __aiter__', OnlyAsyncIter, WHOLE),
    ('file', lambda: File(WHOLE), WHOLE),
    ('empty file', lambda: File(b''), b''),
    ('long file', lambda: File(b'x' * 5000), b'x' * 5000),
    ('file of two buffers', lambda: File(b'x' * 2048), b'x' * 2048),
    ('async file', lambda: AsyncFile(b'x' * 3000), b'x' * 3000),
    ('BytesIO', lambda: io.BytesIO(WHOLE), WHOLE),
    ('StringIO', lambda: io.StringIO('foobar\u00e9'), WHOLE),
    ('None', lambda: None, b''),
    ('empty bytes', lambda: b'', b''),
)


async def test_written_whole():
    for name, make, expected in KINDS:
        stream = Stream()
        await Response(make()).write(stream)
        head, _, body = stream.data.partition(b'\r\n\r\n')
        assert body == expected, name
        assert head.startswith(b'HTTP/1.0 20'), name


async def test_iterated_whole():
    for name, make, expected in KINDS:
        data = b''
        async for chunk in Response(make()).body_iter():
            data += chunk.encode() if isinstance(chunk, str) else bytes(chunk)
        assert data == expected, name


async def test_iterators_have_no_length():
    for name, make, _ in KINDS:
        response = Response(make())
        known = isinstance(response.body, (bytes, bytearray, memoryview))
        response.complete()
        assert ('Content-Length' in response.headers) == known, name


async def test_closed_after_the_last_chunk():
    for make in (lambda: File(WHOLE), AsyncIterator, SyncIterator, lambda: AsyncFile(WHOLE)):
        body = make()
        await Response(body).write(Stream())
        assert body.closed == 1, body


async def test_closed_for_head():
    for make in (lambda: File(WHOLE), AsyncIterator, SyncIterator, lambda: AsyncFile(WHOLE)):
        body = make()
        response = Response(body)
        response.is_head = True
        stream = Stream()
        await response.write(stream)
        assert stream.data.endswith(b'\r\n\r\n')
        assert body.closed >= 1, body


async def test_iterator_can_be_closed_twice():
    body = File(WHOLE)
    iterator = Response(body).body_iter()
    assert await iterator.__anext__() == WHOLE
    await iterator.aclose()
    await iterator.aclose()
    assert body.closed >= 1


async def test_async_iterator_is_given_back():
    body = AsyncIterator()
    assert Response(body).body_iter() is body


async def test_closing_a_generator():
    ended = []

    def numbers():
        try:
            yield 'a'
            yield 'b'
        finally:
            ended.append(1)

    iterator = Response(numbers()).body_iter()
    assert await iterator.__anext__() == 'a'
    await iterator.aclose()
    assert ended == [1]


async def test_buffer_size():
    saved = Response.send_file_buffer_size
    try:
        for size in (1, 2, 3, 8, 100):
            Response.send_file_buffer_size = size
            body = File(WHOLE)
            stream = Stream()
            await Response(body).write(stream)
            assert stream.data.endswith(b'\r\n\r\n' + WHOLE), size
            assert max(body.sizes) == size, body.sizes
    finally:
        Response.send_file_buffer_size = saved


async def test_gone_clients_are_muted():
    for error in (
        OSError(32, 'pipe'),
        OSError(54, 'x'),
        OSError(104, 'reset'),
        OSError(128, 'closed'),
        OSError('Connection lost'),
    ):
        await Response('foo').write(Stream(error))
        for body in (AsyncIterator(['x' * 500] * 20), SyncIterator(['x' * 500] * 20)):
            stream = Stream(error, 400)
            await Response(body).write(stream)
            assert body.closed == 1, error
            assert len(stream.data) < 9000, error


async def test_other_errors_pass():
    for body in ('foo', AsyncIterator()):
        error = await araises(OSError, Response(body).write(Stream(OSError(5, 'io'))))
        assert error.args[0] == 5
        await araises(ZeroDivisionError, Response(body).write(Stream(ZeroDivisionError())))


async def test_errors_of_the_body_pass():
    def failing():
        yield 'foo'
        raise ZeroDivisionError('body')

    stream = Stream()
    await araises(ZeroDivisionError, Response(failing()).write(stream))
    assert stream.data.endswith(b'\r\n\r\nfoo')


async def test_odd_chunks_are_refused():
    for body in ((1, 2), iter([None]), range(3), iter([['a']])):
        await araises((TypeError, ValueError), Response(body).write(Stream()))


async def test_async_generator():
    if MICROPYTHON:
        skip('no asynchronous generators')
    names = {}
    exec('async def chunks():\n    for x in ("foo", b"bar"):\n        yield x\n', names)
    stream = Stream()
    await Response(names['chunks']()).write(stream)
    assert stream.data.endswith(b'\r\n\r\nfoobar')
