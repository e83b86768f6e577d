"""urldecode and urlencode: exact texts, and one gives back what the other took."""

from microdot.microdot import urldecode, urlencode
from support import raises

DECODED = (
    ('', ''),
    ('abc', 'abc'),
    ('a+b', 'a b'),
    ('a%20b', 'a b'),
    ('a%2Bb', 'a+b'),
    ('%41%42', 'AB'),
    ('%2f%2F', '//'),
    ('%3Ffoo%3Dbar%26x', '?foo=bar&x'),
    ('dot%e2%80%a2dot', 'dot\u2022dot'),
    ('dot%E2%80%A2dot', 'dot\u2022dot'),
    ('dot\u2022dot', 'dot\u2022dot'),
    ('%', '%'),
    ('%%', '%%'),
    ('foo%', 'foo%'),
    ('/%%', '/%%'),
    ('%2f%%', '/%%'),
    ('%%41', '%A'),
    ('%41%', 'A%'),
    # Escapes that are no two hexadecimal digits stay as they are.
    ('%zz', '%zz'),
    ('%a', '%a'),
    ('%a%41', '%aA'),
    ('%4g', '%4g'),
    ('%g4', '%g4'),
    ('%+1', '% 1'),
    ('%-1', '%-1'),
    ('%0x', '%0x'),
    ('%1_', '%1_'),
    ('100%!', '100%!'),
    ('a%00b', 'a\x00b'),
)

NOT_UTF8 = ('%ff', '%e2%80', 'a%c3', '%c3%28', '%80')

ENCODED = (
    ('', ''),
    ('abc', 'abc'),
    ('?foo=bar&x', '%3Ffoo%3Dbar%26x'),
    ('a b', 'a+b'),
    ('a+b', 'a%2Bb'),
    ('100%', '100%25'),
    ('%2B', '%252B'),
    ('a#b', 'a%23b'),
    ('/a/b', '/a/b'),
    ('AZaz09-._', 'AZaz09-._'),
    ('\u00e9', '%C3%A9'),
    ('\u2022', '%E2%80%A2'),
)

ROUND_TRIPS = (
    '+',
    '% +%',
    '?foo=bar&x',
    'a+b c%d',
    '%2B',
    'caf\u00e9 \u2022 \u20ac',
    '"quoted"; \'semi\'',
    'tab\tnew\r\nline',
    '\U0001f600',
    '\x00\x7f',
)


def test_urldecode():
    for text, expected in DECODED:
        assert urldecode(text) == expected, text


def test_parameters_by_name():
    assert (urldecode(s='a+b'), urlencode(s='a b')) == ('a b', 'a+b')


def test_urldecode_bytes():
    for text, expected in DECODED:
        assert urldecode(text.encode()) == expected, text


def test_urldecode_bad_utf8():
    for text in NOT_UTF8:
        try:
            raises(ValueError, urldecode, text)
            raises(ValueError, urldecode, text.encode())
        except AssertionError:
            raise AssertionError(text)


def test_urlencode():
    for text, expected in ENCODED:
        assert urlencode(text) == expected, text


def test_round_trip():
    for text in ROUND_TRIPS:
        encoded = urlencode(text)
        assert urldecode(encoded) == text, text
        for char in encoded:
            assert ' ' < char < '\x7f' and char not in '"&=?#', (text, char)
