"""http1: heads as tables of bytes, in and out; and the heads of responses. No socket."""

import time

from heads import ACCEPTED, REFUSED
from microdot import Response
from microdot.http1 import CHUNKED, ClientError, is_token, parse_head, split_head
from microdot.response import http_date
from support import raises

MAX_LINE = 200


def parse(raw):
    """Parse one whole head given as bytes; empty lines before it are the server's to skip."""
    found, rest = split_head(raw.lstrip(b'\r\n'))
    assert rest == b'', raw
    return parse_head(found, MAX_LINE, 20)


def head(*fields, line=b'POST / HTTP/1.1'):
    return b'\r\n'.join((line, b'Host: h') + fields) + b'\r\n\r\n'


def test_refused_heads():
    for group, (status, requests) in REFUSED.items():
        for raw in requests:
            exc = raises(ClientError, parse, raw)
            assert exc.status_code == status, (group, raw, exc.status_code)


def test_accepted_heads():
    for raw, path in ACCEPTED:
        method, target, version, lines, length, persistent, expects = parse(raw)
        assert (method, length, expects) == ('GET', 0, False), raw
        assert target.partition('?')[0] in (path, path.replace(' ', '%20')), raw
        assert version in ('1.0', '1.1', '1.2') and persistent == (version != '1.0'), raw


def test_target_keeps_its_query():
    for target, expected in (
        (b'/a?b=c&d', '/a?b=c&d'),
        (b'http://h:80/a?b', '/a?b'),
        (b'http://h?b/c', '/?b/c'),
        (b'/?a=http://b', '/?a=http://b'),
        (b'//a//b', '//a//b'),
        (b'/\xc3\xa9', '/\xe9'),
    ):
        assert parse(head(line=b'GET ' + target + b' HTTP/1.1'))[1] == expected, target
    assert parse(head(line=b'OPTIONS * HTTP/1.1'))[:3] == ('OPTIONS', '*', '1.1')


def test_the_host_of_a_target_replaces_the_one_of_the_headers():
    for target, expected in (
        (b'http://other:8/a', [b'Host: other:8', b'A: b']),
        (b'HTTP://other?x', [b'Host: other', b'A: b']),
        (b'/http://other/', [b'Host: h', b'A: b']),
    ):
        assert parse(head(b'A: b', line=b'GET ' + target + b' HTTP/1.1'))[3] == expected, target
    for target in (b'http://u@h/', b'http://a:b/', b'http://h\\/'):
        exc = raises(ClientError, parse, head(line=b'GET ' + target + b' HTTP/1.1'))
        assert exc.status_code == 400, target


def test_methods_are_kept_as_sent():
    for method in ('GET', 'get', 'M-SEARCH', 'X!#$%'):
        assert parse(head(line=method.encode() + b' / HTTP/1.1'))[0] == method


def test_header_lines_are_handed_on_unchanged():
    lines = parse(head(b'X-Foo:a', b'x-foo: \tb c\t ', b'Empty:'))[3]
    assert lines == [b'Host: h', b'X-Foo:a', b'x-foo: \tb c\t ', b'Empty:']


LENGTHS = (
    ((), 0),
    ((b'Content-Length: 0',), 0),
    ((b'content-length:17',), 17),
    ((b'CONTENT-LENGTH: \t 0017 ',), 17),
    ((b'Content-Length: 5', b'Content-Length: 5'), 5),
    ((b'Content-Length: 123456789012',), 123456789012),
    ((b'Transfer-Encoding: chunked',), CHUNKED),
    ((b'transfer-encoding:\tChunked ',), CHUNKED),
    ((b'X-Content-Length: 5',), 0),
)


def test_length_of_the_body():
    for fields, length in LENGTHS:
        assert parse(head(*fields))[4] == length, fields


CONNECTION = (
    (b'1.1', (), True),
    (b'1.1', (b'Connection: keep-alive',), True),
    (b'1.1', (b'Connection: close',), False),
    (b'1.1', (b'connection: CLOSE',), False),
    (b'1.1', (b'Connection: upgrade, close',), False),
    (b'1.1', (b'Connection: close,upgrade',), False),
    (b'1.1', (b'Connection: a', b'Connection: close'), False),
    (b'1.1', (b'Connection: closed',), True),
    (b'1.1', (b'X-Connection: close',), True),
    (b'1.2', (), True),
    (b'1.0', (), False),
    (b'1.0', (b'Connection: keep-alive',), False),
)


def test_persistent_connections():
    for version, fields, persistent in CONNECTION:
        raw = head(*fields, line=b'GET / HTTP/' + version)
        assert parse(raw)[5] is persistent, (version, fields)


def test_expect():
    for value in (b'100-continue', b'100-Continue'):
        assert parse(head(b'Expect: ' + value))[6] is True
        assert parse(head(b'Expect: ' + value, line=b'POST / HTTP/1.0'))[6] is False
    assert parse(head(b'Expect: other', line=b'POST / HTTP/1.0'))[6] is False
    assert parse(head())[6] is False


def test_sizes():
    assert parse(head(line=b'GET /' + b'a' * 180 + b' HTTP/1.1'))[0] == 'GET'
    long = head(line=b'GET /' + b'a' * 200 + b' HTTP/1.1')
    assert raises(ClientError, parse, long).status_code == 414
    assert len(parse(head(b'X: ' + b'a' * 190))[3]) == 2
    assert raises(ClientError, parse, head(b'X: ' + b'a' * 200)).status_code == 431
    assert len(parse(head(*[b'X: a'] * 19))[3]) == 20
    assert raises(ClientError, parse, head(*[b'X: a'] * 20)).status_code == 431


SPLITS = (
    (b'', None),
    (b'GET', None),
    (b'GET\r\n', None),
    (b'GET\r\nA: b\r\n', None),
    (b'GET\r\nA: b\r\n\r', None),
    (b'GET\r\n\r\n', (b'GET', b'')),
    (b'GET\r\nA: b\r\n\r\n', (b'GET\r\nA: b', b'')),
    (b'GET\r\nA: b\r\n\r\nrest\r\n\r\n', (b'GET\r\nA: b', b'rest\r\n\r\n')),
    (b'GET\nA: b\n\nrest\n\n', (b'GET\nA: b', b'rest\n\n')),
    (b'GET\nA: b\r\n\nrest', (b'GET\nA: b', b'rest')),
    (b'GET\r\nA: b\n\r\nrest', (b'GET\r\nA: b', b'rest')),
    (b'GET\r\nA: b\nC: d\r\nE: f\n\n\r\n', (b'GET\r\nA: b\nC: d\r\nE: f', b'\r\n')),
    (b'GET\rA\r\n\r\n', (b'GET\rA', b'')),
    (b'GET\r\r\n\r\n', (b'GET\r', b'')),
    (b'GET\r\r\n\n', (b'GET\r', b'')),
    (b'GET\nA: b\r\r\n\r\n', (b'GET\nA: b\r', b'')),
)


def test_split_head():
    for data, expected in SPLITS:
        found = split_head(data)
        assert found == expected, (data, found)


def test_split_head_piece_by_piece():
    for data, expected in SPLITS:
        found = None
        for end in range(len(data) + 1):
            found = split_head(data[:end])
            if found:
                assert (found[0], found[1] + data[end:]) == expected, data
                break
        assert (found is None) == (expected is None), data


def test_tokens():
    for good in ('a', 'GET', 'X-Foo', '-', "!#$%&'*+-.^_`|~", '0a'):
        assert is_token(good), good
    for code in list(range(33)) + [127, 128, 255] + list(b'"(),/:;<=>?@[\\]{}'):
        assert not is_token('a' + chr(code)), code
    assert not is_token('')


DATES = (
    (784111777, 'Sun, 06 Nov 1994 08:49:37 GMT'),
    (1582934400, 'Sat, 29 Feb 2020 00:00:00 GMT'),
    (1767225599, 'Wed, 31 Dec 2025 23:59:59 GMT'),
    (1893456000, 'Tue, 01 Jan 2030 00:00:00 GMT'),
)


def test_dates():
    for seconds, text in DATES:
        assert http_date(time.gmtime(seconds)) == text


MORE_THAN_THE_BODY = (
    ({}, []),
    ({'X-A': 'b'}, [('X-A', 'b')]),
    ({'X-A': 5}, [('X-A', '5')]),
    ({'X-A': ['b', 6]}, [('X-A', 'b'), ('X-A', '6')]),
    ({'X-A': 'tab\t\xe9'}, [('X-A', 'tab\t\xe9')]),
    ({'X-A': []}, []),
    ({'Connection': 'close', 'Transfer-Encoding': 'chunked'}, []),
)


def test_fields_of_responses():
    own = [('Content-Length', '1'), ('Content-Type', 'text/plain; charset=UTF-8')]
    for headers, fields in MORE_THAN_THE_BODY:
        assert Response('x', headers=headers).prepare() == (fields + own, 1), headers
        assert Response('x', headers=headers).prepare()[0] == fields + own, 'nothing is taken away'


def test_injection_is_refused_everywhere():
    for bad in ('a\r\nb', 'a\nb', 'a\rb', 'a\0b', 'a\x1bb', 'a\x7fb'):
        for headers in ({'X-A': bad}, {'X-A': ['fine', bad]}, {bad: 'x'}, {'Content-Type': bad}):
            raises(ValueError, Response('', headers=headers).prepare)
        raises(ValueError, Response('', reason=bad).prepare)
        response = Response('x')
        response.default_content_type = bad
        raises(ValueError, response.prepare)
    for bad in ('', 'a b', 'a:', '\xe9'):
        raises(ValueError, Response('', headers={bad: 'x'}).prepare)


def test_responses_that_cannot_be_sent():
    for status in (0, 99, 100, 101, 103, 199, 1000):
        raises(ValueError, Response('x', status).prepare)
    for length in (-1, 'x'):
        raises(ValueError, Response('x', headers={'Content-Length': length}).prepare)
    for body in (5, 2.5, object()):
        raises(TypeError, Response(body).prepare)
