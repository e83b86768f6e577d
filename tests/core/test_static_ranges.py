"""Conditional and range requests: dates, preconditions, ranges, and the bodies they lead to."""

import os
import time
from binascii import hexlify

from microdot import Microdot
from microdot.ranges import evaluate, parse_date, parse_ranges, precondition
from microdot.response import http_date
from microdot.static import Static
from microdot.test_client import TestClient

ROOT = __file__[: __file__.rfind('/') + 1] + 'static'
DATA = bytes(range(256))
WHEN = (1994, 11, 6, 8, 49, 37)

# text, what it means
DATES = (
    ('Sun, 06 Nov 1994 08:49:37 GMT', WHEN),
    ('Sunday, 06-Nov-94 08:49:37 GMT', WHEN),
    ('Sun Nov  6 08:49:37 1994', WHEN),
    ('Thu, 31 Dec 2026 23:59:60 GMT', (2026, 12, 31, 23, 59, 60)),
    ('Tuesday, 01-Jan-30 00:00:00 GMT', (2030, 1, 1, 0, 0, 0)),
    ('Sun, 06 Nov 1994 08:49:37', None),
    ('Sun, 06 Nov 1994 08:49:37 CET', None),
    ('Sun, 06 Nov 1994 08:49:37 +0000', None),
    ('Sun, 06 November 1994 08:49:37 GMT', None),
    ('Sun, 06 Sun 1994 08:49:37 GMT', None),
    ('Sun, 06 ovN 1994 08:49:37 GMT', None),
    ('Sun, 32 Nov 1994 08:49:37 GMT', None),
    ('Sun, 06 Nov 1994 24:49:37 GMT', None),
    ('Sun, x6 Nov 1994 08:49:37 GMT', None),
    ('1994-11-06T08:49:37Z', None),
    ('1' * 5000, None),
    ('Sun, 06\x85Nov 1994 08:49:37 GMT', None),
    ('Sun, 06 Nov\u2028 1994 08:49:37 GMT', None),
    ('0', None),
    ('', None),
    (None, None),
)


def test_dates():
    for text, expected in DATES:
        assert parse_date(text) == expected, text


BEFORE = 'Sun, 06 Nov 1994 08:49:36 GMT'
SAME = 'Sunday, 06-Nov-94 08:49:37 GMT'
AFTER = 'Sun Nov  6 08:49:38 1994'

# header fields, status with the tag "a" and the date above
PRECONDITIONS = (
    ({}, 200),
    ({'If-None-Match': '"a"'}, 304),
    ({'If-None-Match': 'W/"a"'}, 304),
    ({'If-None-Match': '"x", W/"y" , "a"'}, 304),
    ({'If-None-Match': '*'}, 304),
    ({'If-None-Match': '"b"'}, 200),
    ({'If-None-Match': 'a'}, 200),
    ({'If-None-Match': ''}, 200),
    ({'If-None-Match': '"a-gz"'}, 200),
    ({'If-Modified-Since': BEFORE}, 200),
    ({'If-Modified-Since': SAME}, 304),
    ({'If-Modified-Since': AFTER}, 304),
    ({'If-Modified-Since': 'yesterday'}, 200),
    ({'If-None-Match': '"b"', 'If-Modified-Since': AFTER}, 200),
    ({'If-None-Match': '"a"', 'If-Modified-Since': BEFORE}, 304),
    ({'If-Match': '"a"'}, 200),
    ({'If-Match': '"x", "a"'}, 200),
    ({'If-Match': '*'}, 200),
    ({'If-Match': '"b"'}, 412),
    ({'If-Match': 'W/"a"'}, 412),
    ({'If-Match': ''}, 412),
    ({'If-Unmodified-Since': BEFORE}, 412),
    ({'If-Unmodified-Since': SAME}, 200),
    ({'If-Unmodified-Since': AFTER}, 200),
    ({'If-Unmodified-Since': 'yesterday'}, 200),
    ({'If-Match': '"a"', 'If-Unmodified-Since': BEFORE}, 200),
    ({'If-Match': '"a"', 'If-None-Match': '"a"'}, 304),
    ({'If-Match': '"b"', 'If-None-Match': '"a"'}, 412),
)


def test_preconditions():
    for headers, expected in PRECONDITIONS:
        assert precondition(headers, '"a"', WHEN) == expected, headers
    # A weak tag and no date, then no tag either.
    for headers, expected in (
        ({'If-None-Match': '"a"'}, 304),
        ({'If-None-Match': 'W/"a"'}, 304),
        ({'If-Match': 'W/"a"'}, 412),
        ({'If-Match': '*'}, 200),
        ({'If-Modified-Since': AFTER}, 200),
        ({'If-Unmodified-Since': BEFORE}, 200),
    ):
        assert precondition(headers, 'W/"a"', None) == expected, headers
    for headers, expected in (
        ({'If-None-Match': '"a", None, '}, 200),
        ({'If-None-Match': '*'}, 304),
        ({'If-Match': '"a", None, '}, 412),
        ({'If-Match': '*'}, 200),
    ):
        assert precondition(headers, None, None) == expected, headers


# value, size, ranges
RANGES = (
    ('bytes=0-9', 100, [(0, 10)]),
    ('Bytes = 0-9', 100, [(0, 10)]),
    ('bytes=0-0', 100, [(0, 1)]),
    ('bytes=99-', 100, [(99, 100)]),
    ('bytes=0-', 100, [(0, 100)]),
    ('bytes=90-1000', 100, [(90, 100)]),
    ('bytes=-1', 100, [(99, 100)]),
    ('bytes=-1000', 100, [(0, 100)]),
    ('bytes=0-1, 10-11', 100, [(0, 2), (10, 12)]),
    ('bytes=10-11,0-1', 100, [(10, 12), (0, 2)]),
    ('bytes=0-1,,10-11,', 100, [(0, 2), (10, 12)]),
    ('bytes=0-1,100-', 100, [(0, 2)]),
    ('bytes=50-,0-1,60-70', 100, [(0, 2), (50, 100)]),
    ('bytes=0-1,2-3', 100, [(0, 4)]),
    ('bytes=0-,-1', 100, [(0, 100)]),
    ('bytes=' + '0-,' * 8, 100, [(0, 100)]),
    ('bytes=100-', 100, []),
    ('bytes=100-200,1000-', 100, []),
    ('bytes=-0', 100, []),
    ('bytes=99999999999999999999-', 100, []),
    ('bytes=0-', 0, []),
    ('bytes=-5', 0, None),
    ('bytes=' + '0-,' * 9, 100, None),
    ('bytes=9-0', 100, None),
    ('bytes=0-1,9-0', 100, None),
    ('bytes=', 100, None),
    ('bytes=-', 100, None),
    ('bytes=,', 100, None),
    ('bytes=0', 100, None),
    ('bytes=a-b', 100, None),
    ('bytes=+1-2', 100, None),
    ('bytes=1--2', 100, None),
    ('bytes=1_0-20', 100, None),
    ('bytes=1 -2', 100, None),
    ('bytes=\u0661-\u0662', 100, None),
    ('bytes=0-' + '9' * 5000, 100, None),
    ('bytes=0-1\x85', 100, None),
    ('bytes\u2028=0-1', 100, None),
    ('bytes\t= 0-1 ,\t3-4', 100, [(0, 2), (3, 5)]),
    ('bytes 0-9', 100, None),
    ('items=0-9', 100, None),
    ('', 100, None),
)


def test_ranges():
    for value, size, expected in RANGES:
        assert parse_ranges(value, size) == expected, value


def make_client():
    app = Microdot()
    app.static('/', ROOT)
    return TestClient(app)


async def test_single_ranges():
    client = make_client()
    for value, start, end in (('0-9', 0, 10), ('250-', 250, 256), ('-3', 253, 256)):
        res = await client.get('/data.bin', {'Range': 'bytes=' + value})
        assert (res.status_code, res.body) == (206, DATA[start:end]), value
        assert res.headers['Content-Range'] == 'bytes %d-%d/256' % (start, end - 1)
        assert res.headers['Content-Length'] == str(end - start)
        assert res.headers['Content-Type'] == 'application/octet-stream'
        assert res.headers['Accept-Ranges'] == 'bytes' and 'ETag' in res.headers
    for value in ('bytes=9-0', 'lines=1-2', 'bytes=' + '0-0,' * 20):
        res = await client.get('/data.bin', {'Range': value})
        assert (res.status_code, res.body) == (200, DATA), value
    res = await client.request('HEAD', '/data.bin', {'Range': 'bytes=0-9'})
    assert (res.status_code, res.headers['Content-Length']) == (200, '256')
    for path, size in (('/data.bin', 256), ('/nothing.txt', 0)):
        res = await client.get(path, {'Range': 'bytes=256-'})
        assert (res.status_code, res.headers['Content-Range']) == (416, 'bytes */%d' % size)


async def test_multiple_ranges():
    res = await make_client().get('/data.bin', {'Range': 'bytes=13-13,0-2,-4'})
    media_type, _, boundary = res.headers['Content-Type'].partition('; boundary=')
    assert (res.status_code, media_type, len(boundary)) == (206, 'multipart/byteranges', 24)
    assert 'Content-Range' not in res.headers
    expected = b''
    for start, end in ((13, 14), (0, 3), (252, 256)):
        head = '\r\n--%s\r\nContent-Type: application/octet-stream\r\n' % boundary
        head += 'Content-Range: bytes %d-%d/256\r\n\r\n' % (start, end - 1)
        expected += head.encode() + DATA[start:end]
    expected = expected[2:] + ('\r\n--%s--\r\n' % boundary).encode()
    assert res.body == expected
    assert res.headers['Content-Length'] == str(len(expected))


async def test_ranges_with_conditions():
    client = make_client()
    res = await client.get('/data.bin')
    tag, date = res.headers['ETag'], res.headers['Last-Modified']
    for value, status in (
        (tag, 206),
        (date, 206),
        ('W/' + tag, 200),
        ('"other"', 200),
        (http_date(time.gmtime(0)), 200),
        ('nonsense', 200),
        ('', 200),
    ):
        headers = {'Range': 'bytes=0-9', 'If-Range': value}
        res = await client.get('/data.bin', headers)
        assert res.status_code == status, value
        assert res.body == (DATA[:10] if status == 206 else DATA), value
    for field, value, status in (
        ('If-None-Match', tag, 304),
        ('If-Modified-Since', date, 304),
        ('If-Match', '"other"', 412),
    ):
        res = await client.get('/data.bin', {'Range': 'bytes=0-9', field: value})
        assert res.status_code == status, field


def test_weak_tags_never_keep_a_range():
    class Request:
        method = 'GET'
        headers = {'Range': 'bytes=0-9'}

    assert evaluate(Request, 100, 'W/"a"', None) == (206, [(0, 10)])
    for value in ('W/"a"', '"a"', ''):
        Request.headers['If-Range'] = value
        assert evaluate(Request, 100, 'W/"a"', None) == (200, None), value
        assert evaluate(Request, 100, None, None) == (200, None), value


async def test_compressed_files_have_tags_and_ranges_of_their_own():
    client = make_client()
    plain = await client.get('/css/site.css')
    packed = await client.get('/css/site.css', {'Accept-Encoding': 'gzip'})
    assert plain.headers['ETag'] != packed.headers['ETag']
    headers = {'Accept-Encoding': 'gzip', 'If-None-Match': plain.headers['ETag']}
    assert (await client.get('/css/site.css', headers)).status_code == 200
    headers['If-None-Match'] = packed.headers['ETag']
    res = await client.get('/css/site.css', headers)
    assert (res.status_code, res.body, res.headers['Vary']) == (304, b'', 'Accept-Encoding')
    assert res.headers['ETag'] == packed.headers['ETag']
    for name in ('Content-Length', 'Content-Encoding', 'Last-Modified', 'Accept-Ranges'):
        assert name not in res.headers, name
    headers = {'Accept-Encoding': 'gzip', 'Range': 'bytes=2-5'}
    res = await client.get('/css/site.css', headers)
    assert (res.body, res.headers['Content-Encoding']) == (packed.body[2:6], 'gzip')


async def test_tags_change_with_the_file():
    name = 'changing-' + hexlify(os.urandom(8)).decode() + '.tmp'
    path = ROOT + '/' + name
    source = Static(ROOT).source
    tags = []
    try:
        for text in ('a', 'b', 'ab', 'ba'):
            with open(path, 'w') as f:
                f.write(text)
            tags.append((await source.find(name))[1])
        source.max_checked = 1
        large = (await source.find(name))[1]
    finally:
        os.remove(path)
    assert len(set(tags)) == 4
    # What is too long to be read twice has the tag of a time, a weak one while that means little.
    assert large not in tags and large.startswith('W/') == large.endswith('-new"')
    assert await source.find(name) is None
