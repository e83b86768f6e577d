"""framing: what is gathered of a streamed response, and how it is written; without a socket."""

from microdot.framing import Gathering
from microdot.http1 import CHUNKED
from support import raises

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


def gathered(length, pieces):
    gathering = Gathering(b'head', length)
    for piece in pieces:
        gathering.add(piece)
    return gathering


def test_pieces_leave_together():
    for length, pieces, expected in GATHERED:
        assert gathered(length, pieces).take() == expected, (length, pieces)


def test_the_end_leaves_with_the_last_pieces():
    for length, pieces, expected in GATHERED:
        gathering = gathered(length, pieces)
        gathering.end()
        found = b''.join(gathering.take())
        assert found == b''.join(expected) + (END if length == CHUNKED else b''), (length, pieces)


def test_what_is_taken_is_forgotten():
    for length, pieces, _ in GATHERED:
        gathering = gathered(length, pieces)
        gathering.take()
        assert gathering.size == 0
        assert gathering.take() == [], (length, pieces)
    gathering = gathered(CHUNKED, (b'ab',))
    gathering.take()
    gathering.add(b'c')
    assert gathering.take() == [b'1\r\nc\r\n']
    gathering.end()
    assert gathering.take() == [END]


def test_end_tells_whether_all_has_come():
    for length, pieces, complete in (
        (CHUNKED, (), True),
        (None, (), True),
        (None, (b'abc',), True),
        (3, (b'abc',), True),
        (3, (b'abcd',), True),
        (3, (b'ab',), False),
        (3, (), False),
    ):
        assert gathered(length, pieces).end() is complete, (length, pieces)


def test_a_buffer_may_be_used_again():
    buffer = bytearray(b'ab')
    gathering = gathered(CHUNKED, (memoryview(buffer),))
    buffer[:] = b'cd'
    gathering.add(buffer)
    assert gathering.take() == [b'head4\r\nabcd\r\n']


def test_other_pieces_are_refused():
    for piece in (5, None, ('a',), {}):
        raises(TypeError, gathered, CHUNKED, (piece,))
