"""What a request makes of its target and of single headers: path, args, cookies, content type."""

import json

from microdot import Microdot, Request
from microdot.microdot import MultiDict, NoCaseDict
from support import raises
from wire import post, serve


def request(url='/', headers=None):
    return Request('app', 'addr', 'GET', url, '1.0', NoCaseDict(headers))


# target, path, query string, args
TARGETS = (
    ('/', '/', None, {}),
    ('/?', '/', '', {}),
    ('/foo', '/foo', None, {}),
    ('/foo?', '/foo', '', {}),
    ('/foo?a', '/foo', 'a', {'a': ['']}),
    ('/foo?a=', '/foo', 'a=', {'a': ['']}),
    ('/foo?a=b', '/foo', 'a=b', {'a': ['b']}),
    ('/foo?a=b=c', '/foo', 'a=b=c', {'a': ['b=c']}),
    ('/foo?a=b?c', '/foo', 'a=b?c', {'a': ['b?c']}),
    ('/foo?a=1&a=2&b=3', '/foo', 'a=1&a=2&b=3', {'a': ['1', '2'], 'b': ['3']}),
    ('/foo?&&a=1&', '/foo', '&&a=1&', {'a': ['1']}),
    ('/foo?a+b=c+d', '/foo', 'a+b=c+d', {'a b': ['c d']}),
    ('/foo?a%20b=c%3Dd', '/foo', 'a%20b=c%3Dd', {'a b': ['c=d']}),
    ('/foo?%26=%2B', '/foo', '%26=%2B', {'&': ['+']}),
    ('/foo?x=%zz', '/foo', 'x=%zz', {'x': ['%zz']}),
    (
        '/?foo=bar&abc=def&foo&x=%2f%%',
        '/',
        'foo=bar&abc=def&foo&x=%2f%%',
        {'foo': ['bar', ''], 'abc': ['def'], 'x': ['/%%']},
    ),
    ('/a%20b', '/a b', None, {}),
    ('/a+b', '/a+b', None, {}),
    ('/a%2Bb', '/a+b', None, {}),
    ('/%zz/%a/%', '/%zz/%a/%', None, {}),
    ('/caf%c3%a9', '/caf\u00e9', None, {}),
    ('/dot%E2%80%A2dot?a=%E2%80%A2', '/dot\u2022dot', 'a=%E2%80%A2', {'a': ['\u2022']}),
    ('/a%3Fb?c=d', '/a?b', 'c=d', {'c': ['d']}),
    ('/a%2525', '/a%25', None, {}),
)


def test_targets():
    for url, path, query_string, args in TARGETS:
        req = request(url)
        assert req.url == url, url
        assert req.path == path, (url, req.path)
        assert req.query_string == query_string, (url, req.query_string)
        assert req.args == args, (url, req.args)
        assert isinstance(req.args, MultiDict), url


def test_args_made_once():
    req = request('/?a=b')
    assert req.args is req.args
    assert req.args['a'] == 'b'
    assert req.args.get('a') == 'b'
    assert request('/?a=5').args.get('a', type=int) == 5


def test_bad_utf8_in_args():
    for url in ('/?a=%ff', '/?%c3=b', '/?a=%e2%80'):
        try:
            raises(ValueError, lambda: request(url).args)
        except AssertionError:
            raise AssertionError(url)


def test_bad_path():
    for url in ('/%ff', '/a/%c3', '/%e2%80?a=b', '/a%00b'):
        try:
            raises(ValueError, lambda: request(url).path)
        except AssertionError:
            raise AssertionError(url)


COOKIES = (
    ('foo=bar', {'foo': 'bar'}),
    ('foo=bar; abc=def', {'foo': 'bar', 'abc': 'def'}),
    ('foo=bar;abc=def', {'foo': 'bar', 'abc': 'def'}),
    ('  foo=bar ;  abc=def  ', {'foo': 'bar', 'abc': 'def'}),
    ('foo=bar;nothing;abc=def;', {'foo': 'bar', 'nothing': '', 'abc': 'def', '': ''}),
    ('foo=', {'foo': ''}),
    ('foo=a=b', {'foo': 'a=b'}),
    ('foo=%20+', {'foo': '%20+'}),
    ('a=1; a=2', {'a': '2'}),
    ('a="x y"', {'a': 'x y'}),
    ('a="x y"; a=2;', {'a': '2', '': ''}),
    ('a=""', {'a': ''}),
    ('a="', {'a': '"'}),
    ('a="b', {'a': '"b'}),
    ('a=b"c"', {'a': 'b"c"'}),
    ('Foo=1; foo=2', {'Foo': '1', 'foo': '2'}),
    # Blanks and tabs alone are white space (RFC 6265, 5.2): or what a page of another site may set
    # would be read as a cookie with a prefix that no page can set.
    (' \t__Host-a=1\t ;\tb=2', {'__Host-a': '1', 'b': '2'}),
    ('\xa0__Host-a=1', {'\xa0__Host-a': '1'}),
    ('\u2003__Host-a=1; \u3000__Secure-b=2', {'\u2003__Host-a': '1', '\u3000__Secure-b': '2'}),
    ('\x85a=1', {'\x85a': '1'}),
    ('\u2028a=1\u2029', {'\u2028a': '1\u2029'}),
    ('\x1ca=1; \x0bb=2; \x0cc=3', {'\x1ca': '1', '\x0bb': '2', '\x0cc': '3'}),
    ('a\xa0=1\xa0', {'a\xa0': '1\xa0'}),
)


def test_cookies():
    for text, expected in COOKIES:
        for name in ('Cookie', 'cookie'):
            req = request('/', {name: text})
            assert req.cookies == expected, (text, req.cookies)


def test_no_cookies():
    assert request().cookies == {}


async def test_headers_that_are_asked_for_alone():
    """The content type and the cookies are found without the others, or in headers assigned."""
    app = Microdot()

    @app.before_request
    async def assign(request):
        if request.path == '/assigned':
            request.headers = {'Content-Type': 'application/json', 'Cookie': 'a=3'}

    @app.post('/<path>')
    async def index(request, path):
        return [request.json, request.content_type, request.cookies, len(request.headers)]

    headers = ('cOOKIE: a=1', 'Cookies: a=4', 'content-TYPE: text/x', 'Cookie: b=2')
    async with serve(app) as server:
        client = await server.open()
        for path, expected in (
            ('/sent', [None, 'text/x', {'a': '1', 'b': '2'}, 5]),
            ('/assigned', [5, 'application/json', {'a': '3'}, 2]),
        ):
            await client.send(post(path, b'5', *headers))
            response = await client.response()
            assert json.loads(response.body) == expected, response.body
