"""OutgoingBody: what is gathered of a streamed response, and how it is written. No socket."""

import asyncio

import microdot.streaming
from microdot.http1 import CHUNKED
from microdot.streaming import OutgoingBody
from support import araises, raises

END = b'0\r\n\r\n'
LARGE = b'x' * 3000

# length, pieces, what is written of them together with the head
GATHERED = (
    (CHUNKED, (), [b'head']),
    (CHUNKED, (b'abc',), [b'head3\r\nabc\r\n']),
    (CHUNKED, (b'a' * 20, 'bcdefg'), [b'head1a\r\n' + b'a' * 20 + b'bcdefg\r\n']),
    (CHUNKED, ('', b'', '\u20ac'), [b'head3\r\n\xe2\x82\xac\r\n']),
    (CHUNKED, (bytearray(b'ab'), memoryview(b'cd')), [b'head4\r\nabcd\r\n']),
    (CHUNKED, (LARGE,), [b'headbb8\r\n', LARGE, b'\r\n']),
    (CHUNKED, (b'ab', LARGE), [b'headbba\r\nab', LARGE, b'\r\n']),
    (CHUNKED, (b'x' * 1000, b'y' * 1000), [b'head7d0\r\n' + b'x' * 1000, b'y' * 1000 + b'\r\n']),
    (None, (b'abc', 'def'), [b'headabcdef']),
    (None, (LARGE,), [b'head', LARGE]),
    (6, (b'abc', 'def'), [b'headabcdef']),
    (6, (b'abc',), [b'headabc']),
    (5, (b'abc', 'def', b'ghi'), [b'headabcde']),
)


class Stream:
    """A stream that keeps each write."""

    def __init__(self):
        self.written = []

    async def awrite(self, data):
        self.written.append(bytes(data))


class Slow(Stream):
    """A stream to a client that takes each write only after a while."""

    async def awrite(self, data):
        for _ in range(5):
            await asyncio.sleep(0)
        self.written.append(bytes(data))


class Source:
    """An asynchronous iterator over pieces that are all there."""

    waits = False

    def __init__(self, pieces):
        self.pieces = list(pieces)

    async def __anext__(self):
        if not self.pieces:
            raise StopAsyncIteration
        return self.pieces.pop(0)


# What is joined at most: MicroPython's, so that the table holds on both runtimes. The package may
# be a single file.
microdot.streaming.BLOCK = microdot.BLOCK = 1280


def gathered(length, pieces):
    body = OutgoingBody(Stream(), b'head', length)
    for piece in pieces:
        body.add(piece)
    return body


async def test_pieces_leave_together():
    for length, pieces, expected in GATHERED:
        body = gathered(length, pieces)
        await body.flush()
        assert body.stream.written == expected, (length, pieces)


async def test_the_end_leaves_with_the_last_pieces():
    for length, pieces, expected in GATHERED:
        body = OutgoingBody(Stream(), b'head', length)
        await body.pour(Source(pieces))
        found = b''.join(body.stream.written)
        if len(expected) > 1:  # more than is gathered
            assert found.startswith(b'head') and found.endswith(END if length == CHUNKED else b'')
        else:
            end = END if length == CHUNKED else b''
            assert found == b''.join(expected) + end, (length, pieces)


async def test_nothing_is_lost_while_the_client_is_slow():
    """What was begun to be written while the source waited is written to its end."""

    class Waiting(Source):
        waits = True

        async def __anext__(self):
            await asyncio.sleep(0)  # the head is on its way
            return await super().__anext__()

    class Failing(Waiting):
        async def __anext__(self):
            try:
                return await super().__anext__()
            except StopAsyncIteration:
                raise RuntimeError('on purpose')

    pieces = [b'a' * 700, b'b' * 700, b'c' * 700]
    for head in (b'head', b'h' * 1279, b'h' * 3000):
        for count in range(4):
            expected = head + b''.join(pieces[:count])
            body = OutgoingBody(Slow(), head, 700 * count)
            assert await body.pour(Waiting(pieces[:count]))
            assert b''.join(body.stream.written) == expected, (len(head), count)
            body = OutgoingBody(Slow(), head, None)
            await araises(RuntimeError, body.pour(Failing(pieces[:count])))
            assert b''.join(body.stream.written) == expected, (len(head), count)


async def test_what_is_written_is_forgotten():
    body = gathered(CHUNKED, (b'ab',))
    await body.flush()
    body.stream.written.clear()
    await body.flush()
    assert body.size == 0 and body.stream.written == []
    body.add(b'c')
    await body.flush()
    assert body.stream.written == [b'1\r\nc\r\n']


async def test_pour_tells_whether_all_has_come():
    for length, pieces, complete in (
        (CHUNKED, (), True),
        (None, (), True),
        (None, (b'abc',), True),
        (3, (b'abc',), True),
        (3, (b'abcd',), True),
        (3, (b'ab',), False),
        (3, (), False),
    ):
        body = OutgoingBody(Stream(), b'head', length)
        assert await body.pour(Source(pieces)) is complete, (length, pieces)


async def test_a_buffer_may_be_used_again():
    buffer = bytearray(b'ab')
    body = gathered(CHUNKED, (memoryview(buffer),))
    buffer[:] = b'cd'
    body.add(buffer)
    await body.flush()
    assert body.stream.written == [b'head4\r\nabcd\r\n']


def test_other_pieces_are_refused():
    for piece in (5, None, ('a',), {}):
        raises(TypeError, gathered, CHUNKED, (piece,))
