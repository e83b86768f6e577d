"""Cookies set and deleted by a response: exact texts, and what is refused."""

from microdot import Response
from support import MICROPYTHON, raises, skip


def keywords(**kwargs):
    return kwargs


# name, value, options, text
SET = (
    ('foo1', 'bar1', keywords(), 'foo1=bar1'),
    ('foo', '', keywords(), 'foo='),
    ('foo2', 'bar2', keywords(path='/', partitioned=True), 'foo2=bar2; Path=/; Partitioned'),
    (
        'foo3',
        'bar3',
        keywords(domain='example.com:1234'),
        'foo3=bar3; Domain=example.com:1234',
    ),
    (
        'foo5',
        'bar5',
        keywords(expires='Tue, 05 Nov 2019 02:23:54 GMT'),
        'foo5=bar5; Expires=Tue, 05 Nov 2019 02:23:54 GMT',
    ),
    ('foo6', 'bar6', keywords(max_age=123), 'foo6=bar6; Max-Age=123'),
    ('foo6', 'bar6', keywords(max_age=0), 'foo6=bar6; Max-Age=0'),
    ('foo6', 'bar6', keywords(max_age='15'), 'foo6=bar6; Max-Age=15'),
    ('foo7', 'bar7', keywords(secure=True), 'foo7=bar7; Secure'),
    ('foo8', 'bar8', keywords(http_only=True), 'foo8=bar8; HttpOnly'),
    ('foo', 'bar', keywords(path='', domain='', expires=''), 'foo=bar'),
    ('foo', 'bar', keywords(path=None, domain=None, expires=None, max_age=None), 'foo=bar'),
    ('foo', 'bar', keywords(secure=False, http_only=False, partitioned=False), 'foo=bar'),
    (
        'foo9',
        'bar9',
        keywords(
            path='/s',
            domain='e.com',
            expires='never',
            max_age=1,
            secure=True,
            http_only=True,
            partitioned=True,
        ),
        'foo9=bar9; Path=/s; Domain=e.com; Expires=never; Max-Age=1; Secure; HttpOnly; Partitioned',
    ),
    ('foo', 'bar', keywords(same_site='Lax'), 'foo=bar; SameSite=Lax'),
    ('foo', 'bar', keywords(same_site=None), 'foo=bar'),
    (
        'foo',
        'bar',
        keywords(same_site='None', secure=True, partitioned=True, http_only=True),
        'foo=bar; Secure; HttpOnly; Partitioned; SameSite=None',
    ),
    ('a.b-c_d', 'x y=z"1"', keywords(), 'a.b-c_d=x y=z"1"'),
)

DELETED = (
    (keywords(), 'c=; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0'),
    (
        keywords(path='/s', expires='never', max_age=123),
        'c=; Path=/s; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0',
    ),
    (
        keywords(domain='e.com', secure=True, http_only=True, partitioned=True),
        'c=; Domain=e.com; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0'
        '; Secure; HttpOnly; Partitioned',
    ),
)

# name, value, options, the exact message or None for any
REFUSED = (
    ('foo', 'a\r\nb', keywords(), 'invalid cookie'),
    ('foo', 'a\nb', keywords(), 'invalid cookie'),
    ('foo', 'a\rb', keywords(), 'invalid cookie'),
    ('foo\r\n', 'a', keywords(), 'invalid cookie'),
    ('foo', 'a', keywords(path='/\r\nX: y'), 'invalid cookie'),
    ('foo', 'a', keywords(domain='e\nX: y'), 'invalid cookie'),
    ('foo', 'a', keywords(expires='e\nX: y'), 'invalid cookie'),
    ('foo', 'a', keywords(max_age='1\nX: y'), 'invalid cookie'),
    ('foo', 'a', keywords(same_site='Lax\nX: y'), 'invalid cookie'),
    ('foo', 'a;b', keywords(), 'invalid cookie value'),
    ('foo', 'a; Path=/\r\n', keywords(), 'invalid cookie value'),
    ('foo', 'a\x00b', keywords(), None),
    ('foo', 'a\x7fb', keywords(), None),
    ('', 'a', keywords(), None),
    ('f o', 'a', keywords(), None),
    ('f;o', 'a', keywords(), None),
    ('f=o', 'a', keywords(), None),
    ('f,o', 'a', keywords(), None),
    ('f\to', 'a', keywords(), None),
    ('f"o', 'a', keywords(), None),
    ('f(o)', 'a', keywords(), None),
    ('f\x00o', 'a', keywords(), None),
    ('foo', 'a', keywords(path='/; Domain=e.com'), None),
    ('foo', 'a', keywords(path='/\x00'), None),
    ('foo', 'a', keywords(domain='e.com; Secure'), None),
    ('foo', 'a', keywords(domain='e\x01.com'), None),
)


def test_set_cookie():
    for name, value, options, text in SET:
        response = Response('x')
        response.set_cookie(name, value, **options)
        assert response.headers == {'Set-Cookie': [text]}, response.headers


def test_positional_order():
    response = Response('x')
    response.set_cookie('a', 'b', '/p', 'd.com', 'never', 5, True, True, True)
    assert response.headers['Set-Cookie'] == [
        'a=b; Path=/p; Domain=d.com; Expires=never; Max-Age=5; Secure; HttpOnly; Partitioned'
    ]


def test_delete_cookie():
    for options, text in DELETED:
        response = Response('x')
        response.delete_cookie('c', **options)
        assert response.headers == {'Set-Cookie': [text]}, response.headers


def test_cookies_are_collected():
    response = Response('x')
    response.set_cookie('a', 'b')
    response.set_cookie('a', 'c', path='/')
    response.delete_cookie('d')
    assert response.headers['set-cookie'] == [
        'a=b',
        'a=c; Path=/',
        'd=; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0',
    ]
    assert len(response.headers) == 1


def test_header_given_as_text():
    response = Response('x', headers={'Set-Cookie': 'a=b'})
    response.set_cookie('c', 'd')
    assert response.headers == {'Set-Cookie': ['a=b', 'c=d']}
    given = ['a=b']
    response = Response('x', headers={'set-cookie': given})
    response.set_cookie('c', 'd')
    assert response.headers['Set-Cookie'] == ['a=b', 'c=d']


def test_refused():
    for name, value, options, message in REFUSED:
        response = Response('x')
        response.set_cookie('first', 'one')
        try:
            error = raises(ValueError, response.set_cookie, name, value, **options)
        except AssertionError:
            raise AssertionError((name, value, options))
        assert message is None or str(error) == message, (name, value, options, str(error))
        assert response.headers == {'Set-Cookie': ['first=one']}, (name, value, options)


def test_refused_names_when_deleting():
    for name, options in (('f o', {}), ('foo', {'path': '/;'}), ('foo', {'domain': 'a\n'})):
        response = Response('x')
        raises(ValueError, response.delete_cookie, name, **options)
        assert response.headers == {}, name


def test_datetime_expires():
    if MICROPYTHON:
        skip('no datetime')
    from datetime import datetime, timedelta, timezone

    naive = datetime(2020, 1, 2, 3, 4, 5)
    for expires, text in (
        (naive, 'Thu, 02 Jan 2020 03:04:05 GMT'),
        (naive.replace(tzinfo=timezone.utc), 'Thu, 02 Jan 2020 03:04:05 GMT'),
        (
            naive.replace(tzinfo=timezone(timedelta(hours=5))),
            'Wed, 01 Jan 2020 22:04:05 GMT',
        ),
        (
            naive.replace(tzinfo=timezone(timedelta(hours=-1))),
            'Thu, 02 Jan 2020 04:04:05 GMT',
        ),
    ):
        response = Response('x')
        response.set_cookie('foo4', 'bar4', expires=expires)
        assert response.headers['Set-Cookie'] == ['foo4=bar4; Expires=' + text], text
