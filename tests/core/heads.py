"""Request heads as bytes, with what RFC 9110 and 9112 demand of a strict server.

Shared by the parser's tests and by those against a running server. Every head is complete, so a
server must answer without waiting for more.
"""

_END = b'Host: h\r\n\r\n'


def _lines(*lines):
    """Complete requests around these request lines."""
    return [line + b'\r\n' + _END for line in lines]


def _fields(*fields):
    """Complete requests with these header lines before a good Host."""
    return [b'GET / HTTP/1.1\r\n' + field + b'\r\n' + _END for field in fields]


def _lengths(*values):
    return [b'POST / HTTP/1.1\r\nContent-Length: ' + value + b'\r\n' + _END for value in values]


def _codings(*values):
    return [b'POST / HTTP/1.1\r\nTransfer-Encoding: ' + value + b'\r\n' + _END for value in values]


def _hosts(*fields):
    return [b'GET / HTTP/1.1\r\n' + field + b'\r\n' for field in fields]


# Heads that are refused, by the status of the refusal.
REFUSED = {
    'host': (
        400,
        _hosts(
            b'',
            b'Accept: */*\r\n',
            b'Host: a\r\nHost: b\r\n',
            b'Host: a\r\nhost: a\r\n',
            b'Host: a b\r\n',
            b'Host: a\tb\r\n',
            b'Host: a/b\r\n',
            b'Host: a\\b\r\n',
            b'Host: a?b\r\n',
            b'Host: a#b\r\n',
            b'Host: u@a\r\n',
            b'Host: a:b\r\n',
            b'Host: a:1:2\r\n',
            b'Host: a\x01\r\n',
            b'Host: a\r\r\n',
            b'Host: \xc3\xa9\r\n',
            b'Host: [::1\r\n',
            b'Host: ::1]\r\n',
            b'Host: [::1]:x\r\n',
            b'Host: [::1]80\r\n',
        ),
    ),
    'length': (
        400,
        _lengths(
            b'+3',
            b'-1',
            b'1_0',
            b'3,4',
            b'3, 4',
            b'3 3',
            b'',
            b'abc',
            b'0x10',
            b'1.0',
            b'3;',
            b'\xb2',
        )
        + [
            b'POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n' + _END,
            b'POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n' + _END,
            b'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n' + _END,
            b'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n',
        ],
    ),
    'codings': (400, _codings(b'', b'chunked, gzip', b'chunked, chunked')),
    'coding': (501, _codings(b'gzip', b'identity', b'gzip, chunked', b'xchunked', b'chunkedx')),
    'field': (
        400,
        _fields(
            b'Foo : a',
            b'Foo\t: a',
            b': a',
            b' : a',
            b'Foo',
            b'F oo: a',
            b'F(oo: a',
            b'F\xf6o: a',
            b'F\x00o: a',
            b'F\x7fo: a',
            b'Foo: a\r\n b',
            b'Foo: a\r\n\tb',
            b' Foo: a',
            b'Foo: a\x00b',
            b'Foo: a\x01b',
            b'Foo: a\x0bb',
            b'Foo: a\x1bb',
            b'Foo: a\x7fb',
            b'Foo: a\rb',
            b'Foo: a\r',
            b'\rFoo: a',
        ),
    ),
    'request line': (
        400,
        _lines(
            b'GET',
            b'GET /',
            b'GET  / HTTP/1.1',
            b'GET /  HTTP/1.1',
            b'GET / HTTP/1.1 ',
            b'GET / a HTTP/1.1',
            b' GET / HTTP/1.1',
            b'GET\t/\tHTTP/1.1',
            b'GET /\x0bHTTP/1.1',
            b'GET / HTTP/1.1\x00',
            b'GET /\rHTTP/1.1',
        ),
    ),
    'method': (
        400,
        _lines(b'G(T / HTTP/1.1', b'G\xc9T / HTTP/1.1', b'G\x00T / HTTP/1.1', b'"GET" / HTTP/1.1'),
    ),
    'target': (
        400,
        _lines(
            b'GET foo HTTP/1.1',
            b'GET ?x HTTP/1.1',
            b'GET * HTTP/1.1',
            b'GET h:80 HTTP/1.1',
            b'GET ftp://h/ HTTP/1.1',
            b'GET http:/h HTTP/1.1',
            b'GET http:// HTTP/1.1',
            b'GET http:///a HTTP/1.1',
            b'GET http://h/#a HTTP/1.1',
            b'GET /a#b HTTP/1.1',
            b'GET /a\x01b HTTP/1.1',
            b'GET /a\x00b HTTP/1.1',
            b'GET /a\tb HTTP/1.1',
            b'GET /a\xff HTTP/1.1',
            b'GET /a\x7fb HTTP/1.1',
        )
        + [b'GET http://u@h/ HTTP/1.0\r\n\r\n', b'GET http://h:x HTTP/1.0\r\n\r\n'],
    ),
    'version': (
        400,
        _lines(
            b'GET / HTTP/1',
            b'GET / HTTP/1.',
            b'GET / HTTP/.1',
            b'GET / HTTP/11',
            b'GET / HTTP/1.10',
            b'GET / HTTP/01.1',
            b'GET / HTTP/a.b',
            b'GET / HTTP/1.1x',
            b'GET / HTTP/1,1',
            b'GET / http/1.1',
            b'GET / FOO/1.1',
            b'GET / HTTP1.1',
        ),
    ),
    'major version': (505, _lines(b'GET / HTTP/2.0', b'GET / HTTP/0.9', b'GET / HTTP/3.0')),
    'connect': (501, _lines(b'CONNECT h:80 HTTP/1.1')),
    'expect': (417, _fields(b'Expect: foo', b'Expect: 100-continue-not')),
}

# Heads that are fine: (bytes, the path that the application sees).
ACCEPTED = (
    (b'GET /a HTTP/1.1\r\nHost: h\r\n\r\n', '/a'),
    (b'GET /a HTTP/1.1\nHost: h\n\n', '/a'),
    (b'GET /a HTTP/1.1\nHost: h\r\n\n', '/a'),
    (b'\r\n\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n', '/a'),
    (b'GET /a HTTP/1.0\r\n\r\n', '/a'),
    (b'GET /a HTTP/1.2\r\nHost: h\r\n\r\n', '/a'),
    (b'GET /a HTTP/1.1\r\nhost: [::1]:80\r\n\r\n', '/a'),
    (b'GET /a HTTP/1.1\r\nHOST:h:80\t \r\n\r\n', '/a'),
    (b'GET /a HTTP/1.1\r\nHost: [::1]\r\n\r\n', '/a'),
    (b'GET /a HTTP/1.1\r\nHost: h:\r\n\r\n', '/a'),
    (b'GET /a HTTP/1.1\r\nHost:\r\n\r\n', '/a'),
    (b'GET http://h/a HTTP/1.1\r\nHost: h\r\n\r\n', '/a'),
    (b'GET https://h:1/a?b HTTP/1.1\r\nHost: h\r\n\r\n', '/a'),
    (b'GET HTTP://h HTTP/1.1\r\nHost: h\r\n\r\n', '/'),
    (b'GET http://h?b HTTP/1.1\r\nHost: h\r\n\r\n', '/'),
    (b'GET /a?b=http://c/?d HTTP/1.1\r\nHost: h\r\n\r\n', '/a'),
    (b'GET /a HTTP/1.1\r\nHost: h\r\nFoo:\r\nBar: \r\n\r\n', '/a'),
    (b'GET /a HTTP/1.1\r\nHost: h\r\nFoo: a\tb \xc3\xa9 "c:d" \r\n\r\n', '/a'),
    (b"GET /a HTTP/1.1\r\nHost: h\r\n!#$%&'*+-.^_`|~09aZ: x\r\n\r\n", '/a'),
    (b'GET /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\ncontent-length: 0\r\n\r\n', '/a'),
    (b'GET /a HTTP/1.1\r\nHost: h\r\nContent-Length: 000\r\n\r\n', '/a'),
    (b'GET /a%20b HTTP/1.1\r\nHost: h\r\n\r\n', '/a b'),
)
