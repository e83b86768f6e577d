"""h11, which reads HTTP/1.1 by the book, beside the server: the same requests, the same verdicts.

hypothesis makes requests, and things that are nearly requests; each is sent whole, byte by byte and
in two pieces. What h11 takes the server takes, and the other way round, but for what is in two
tables below.
"""

import os
import re

import h11
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from piped import Piped

import tables

EXAMPLES = {False: 150, True: 1000}
SEED = int(os.environ.get('WIRE_SEED', '1'))


# What one of them refuses and the other takes: a reason, and how to tell that it is there.
STRICTER = (
    ('RFC 9112, 5.2: obs-fold may be refused', rb'\n[ \t]'),
    (
        'RFC 9112, 6.3: Content-Length beside Transfer-Encoding',
        rb'(?is)content-length.*transfer-enc',
    ),
    (
        'RFC 9112, 6.3: Transfer-Encoding beside Content-Length',
        rb'(?is)transfer-enc.*content-length',
    ),
    ('RFC 9112, 6.1: no Transfer-Encoding in HTTP/1.0', rb'(?is)HTTP/1\.0.*transfer-encoding'),
    ('RFC 9110, 2.5: HTTP/1.2 is read as HTTP/1.1, with a Host', rb'HTTP/1\.2'),
    ('RFC 9110, 15.6.6: 505', rb'HTTP/[02-9]'),
    ('RFC 9112, 3.2: the form of the target', rb' (\*|[^/ ]*#|/[^ ]*#|[a-z]+:?[^ ]*) HTTP'),
    ('RFC 9110, 7.2: what a Host may be', rb'(?i)host:[^\n]*[ /@,"]+[^\n]*\w'),
    ('RFC 9110, 10.1.1: 417', rb'(?i)expect: *[^1]'),
    ('RFC 9110, 15.5.14: 413', rb'(?i)content-length: *0*[0-9]{5,}|[0-9a-f]{4}\r\n'),
)
LAXER = (
    ('UTF-8 in a target: see deviations.txt', rb' /[^ ]*[\x80-\xff][^ ]* HTTP'),
    ('RFC 9112, 2.2: empty lines before a request', rb'(^|\n\r?\n|abc)\r?\n'),
)


def by_h11(raw):
    """(the requests, how it ends) of what h11 makes of bytes, as `outcomes` has them."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=4096)
    found = []
    try:
        connection.receive_data(raw)
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                request, size = event, 0
            elif isinstance(event, h11.Data):
                size += len(event.data)
            elif isinstance(event, h11.EndOfMessage):
                found.append(f'{request.method.decode()} {request.target.decode()} {size}')
                connection.send(h11.Response(status_code=200, headers=[('Content-Length', '0')]))
                connection.send(h11.EndOfMessage())
                if connection.our_state is h11.MUST_CLOSE:
                    return found, 'closed'
                connection.start_next_cycle()
            else:
                return found, 'waits' if event is h11.NEED_DATA else 'closed'
    except (h11.RemoteProtocolError, h11.LocalProtocolError) as exc:
        return found, 'refused: ' + str(exc)


def reasons(table, raw):
    return [reason for reason, pattern in table if re.search(pattern, raw)]


def compare(raw, found, end):
    """AssertionError unless the server and h11 agree; the reason if they may disagree."""
    theirs, their_end = by_h11(raw)
    both = min(len(found), len(theirs))
    assert found[:both] == theirs[:both], (raw, found, theirs)  # out of step
    said = (raw, found, end, theirs, their_end)
    if end.startswith('refused') and not their_end.startswith('refused'):
        assert reasons(STRICTER, raw), said
        return reasons(STRICTER, raw)[0]
    if len(found) > len(theirs):
        assert reasons(LAXER, raw), said
        return reasons(LAXER, raw)[0]
    if len(found) < len(theirs):
        assert end.startswith('refused') and reasons(STRICTER, raw), said
        return reasons(STRICTER, raw)[0]
    return None


def often(good, *others):
    """A strategy that mostly gives the good value."""
    return st.one_of(*[st.just(good)] * 4, st.sampled_from(others))


END = often(b'\r\n', b'\n', b'\r', b'\r\r\n', b'')
METHOD = often(b'GET', b'POST', b'HEAD', b'PUT', b'x-Y', b'G(T', b'', b'OPTIONS')
TARGET = often(b'/a?b', b'/', b'/%20#c', b'*', b'/\xc3\xa4', b'/\x7f', b'a', b'', b'/a b')
VERSION = often(b'HTTP/1.1', b'HTTP/1.0', b'HTTP/2.0', b'HTTP/1.', b'http/1.1', b'HTTP/1.2')
BLANK = often(b' ', b'  ', b'\t', b'')
FIELD = st.sampled_from(
    [
        b'Host: a', b'Host: a b', b'X: y', b'X:', b'X :y', b': y', b'X', b' X: y', b'\tfolded',
        b'X: \xff\t"', b'X: a\0', b'X: a\x1f', b'X-\xc3\xa4: b', b"!#$%&'*+-.^_`|~: z",
        b'Content-Length: 3', b'Content-Length: 4', b'Content-Length: 3, 3', b'content-length:03',
        b'Content-Length: +3', b'Content-Length: 3 3', b'Content-Length: ',
        b'Content-Length: 99999',
        b'Transfer-Encoding: chunked', b'Transfer-Encoding: Chunked', b'Transfer-Encoding: gzip',
        b'Transfer-Encoding: gzip, chunked', b'Transfer-Encoding:\tchunked ',
        b'Transfer-Encoding: chunked, chunked', b'Transfer-Encoding: \x0bchunked',
        b'Connection: close', b'Connection: keep-alive', b'Connection: x, Close',
        b'Expect: 100-continue', b'Expect: 200-ok',
    ]
)  # fmt: skip
SIZE = often(b'3', b'0', b'03', b'3;x', b'3;x="y"', b'3 ;x', b'3 ', b' 3', b'+3', b'0x3', b'', b'4')
CHUNK = st.builds(lambda *parts: b''.join(parts), SIZE, END, often(b'abc', b'', b'abcd'), END)
TRAILER = often(b'', b'X: y\r\n', b'X: y\r\n z\r\n', b': y\r\n', b'Content-Length: 5\r\n')
CHUNKS = st.builds(
    lambda chunks, size, end, trailer, last: b''.join([*chunks, size, end, trailer, last]),
    st.lists(CHUNK, max_size=3), often(b'0', b'00', b'0;x', b'0 '), END, TRAILER, END,
)  # fmt: skip


@st.composite
def request(draw):
    """The bytes of a request that is mostly a good one."""
    parts = [draw(often(b'', b'\r\n', b'\n', b'\r\n\r\n', b'\r', b' '))]
    parts += [draw(METHOD), draw(BLANK), draw(TARGET), draw(BLANK), draw(VERSION), draw(END)]
    parts += [draw(often(b'Host: h\r\n', b''))]
    for field in draw(st.lists(FIELD, max_size=4)):
        parts += [field, draw(END)]
    parts += [draw(END), draw(st.one_of(st.just(b''), st.just(b'abc'), CHUNKS))]
    return b''.join(parts)


REQUESTS = st.lists(request(), min_size=1, max_size=3).map(b''.join)


def test_against_h11(runtime, everything):
    count, why = 0, {}
    with Piped(runtime) as piped:

        @settings(
            max_examples=EXAMPLES[everything],
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
        )
        @seed(SEED)
        @given(REQUESTS, st.integers(0, 1000))
        def run(raw, place):
            nonlocal count
            count += 1
            whole = piped.ask('server', [raw])
            assert piped.ask('server', [raw[i : i + 1] for i in range(len(raw))]) == whole
            place %= len(raw) + 1
            assert piped.ask('server', [raw[:place], raw[place:]]) == whole
            *found, end = whole.split('; ')
            reason = compare(raw, found, end)
            if reason:
                why[reason] = why.get(reason, 0) + 1

        run()
    columns = ('Runtime', 'Requests', 'Allowed differences', 'Of these the most frequent')
    most = sorted(why, key=why.get, reverse=True)[:3]
    row = (runtime, count, sum(why.values()), '; '.join(f'{name}: {why[name]}' for name in most))
    tables.add('Beside h11', columns, row)
