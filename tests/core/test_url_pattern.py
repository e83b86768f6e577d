"""URLPattern: what a pattern matches, what it hands on, and which patterns are refused."""

from microdot import URLPattern
from support import raises

ARABIC_ONE = '\u0661'

# pattern -> ((path, arguments or None), ...)
MATCHES = (
    ('', (('/', {}), ('', None), ('//', None), ('/foo', None))),
    ('/', (('/', {}), ('', None), ('//', None), ('/foo', None))),
    ('foo', (('/foo', {}), ('foo', None), ('/foo/', None), ('/', None))),
    ('//foo', (('/foo', {}), ('//foo', None))),
    (
        '/foo',
        (('/foo', {}), ('foo', None), ('/foo/', None), ('/foo/bar', None), ('/Foo', None)),
    ),
    ('/foo/', (('/foo/', {}), ('/foo', None), ('/foo//', None))),
    ('/foo/bar', (('/foo/bar', {}), ('/foo/bar/', None), ('/foo', None), ('/foo//bar', None))),
    (
        '/foo//bar/baz/',
        (
            ('/foo//bar/baz/', {}),
            ('/foo/bar/baz/', None),
            ('/foo//bar/baz', None),
            ('/foo/bar/baz', None),
        ),
    ),
    (
        '/<arg>',
        (
            ('/foo', {'arg': 'foo'}),
            ('/', None),
            ('//', None),
            ('', None),
            ('foo/', None),
            ('/foo/', None),
            ('//foo', None),
            ('/foo/bar', None),
            ('/a b', {'arg': 'a b'}),
            ('/a.b-c_d~e', {'arg': 'a.b-c_d~e'}),
            ('/caf\u00e9', {'arg': 'caf\u00e9'}),
        ),
    ),
    (
        '/<arg>/',
        (('/foo/', {'arg': 'foo'}), ('/foo', None), ('/', None), ('//', None), ('//foo/', None)),
    ),
    (
        '/<string:arg>/<string:other>',
        (('/a/b', {'arg': 'a', 'other': 'b'}), ('/a', None), ('/a/', None), ('/a/b/c', None)),
    ),
    (
        '/<arg>/bar/<other>/test',
        (
            ('/foo/bar/baz/test', {'arg': 'foo', 'other': 'baz'}),
            ('/foo/bar/baz/tes', None),
            ('/foo/bar//test', None),
        ),
    ),
    (
        '/users/<int:id>',
        (
            ('/users/123', {'id': 123}),
            ('/users/-123', {'id': -123}),
            ('/users/0', {'id': 0}),
            ('/users/007', {'id': 7}),
            ('/users/', None),
            ('/users/-', None),
            ('/users/--1', None),
            ('/users/+1', None),
            ('/users/1a', None),
            ('/users/a1', None),
            ('/users/1.5', None),
            ('/users/ 1', None),
            ('/users/1 ', None),
            ('/users/1_0', None),
            ('/users/1\n', None),
            ('/users/' + ARABIC_ONE, None),
            ('/users/123/', None),
            ('/users/123/abc', None),
        ),
    ),
    ('/users/<int:id>/', (('/users/5/', {'id': 5}), ('/users/5', None), ('/users/a/', None))),
    ('/foo\n', (('/foo\n', {}), ('/foo', None))),
    ('/users/all', (('/users/all\n', None), ('/users/all', {}))),
    (
        '/users/<path:p>',
        (
            ('/users/foo', {'p': 'foo'}),
            ('/users/foo/bar', {'p': 'foo/bar'}),
            ('/users/foo/', {'p': 'foo/'}),
            ('/users/', None),
            ('/users', None),
            ('/user/foo', None),
        ),
    ),
    (
        '/users/<path:path>/foo',
        (
            ('/users/foo/foo', {'path': 'foo'}),
            ('/users/foo/bar/foo', {'path': 'foo/bar'}),
            ('/users/foo/foo/foo', {'path': 'foo/foo'}),
            ('/users/foo', None),
            ('/users/foo/', None),
        ),
    ),
    (
        '/foo/<path:path>/<int:id>/bar/<name>',
        (
            ('/foo/abc/def/123/bar/test', {'path': 'abc/def', 'id': 123, 'name': 'test'}),
            ('/foo/abc/def/ghi/123/bar/test', {'path': 'abc/def/ghi', 'id': 123, 'name': 'test'}),
            ('/foo/123/bar/test', None),
        ),
    ),
    ('/<path:p>', (('/a/b', {'p': 'a/b'}), ('//', {'p': '/'}), ('/', None))),
    (
        '/users/<re:[a-c]*:id>',
        (
            ('/users/aab', {'id': 'aab'}),
            ('/users/abcd', None),
            ('/users/d', None),
            ('/users/a/b', None),
        ),
    ),
    ('/<re:[a-z]+:x>/<int:n>', (('/abc/5', {'x': 'abc', 'n': 5}), ('/5/5', None))),
    ('/<re:a:b:x>', (('/a:b', {'x': 'a:b'}), ('/a', None))),
    ('/<re:(a)(b):x>/<y>', (('/ab/c', {'x': 'ab', 'y': 'c'}), ('/a/c', None))),
    ('/<re:(a|bc)+:x>/<int:y>', (('/abca/7', {'x': 'abca', 'y': 7}), ('/b/7', None))),
    ('/<re:a|b:x>', (('/a', {'x': 'a'}), ('/b', {'x': 'b'}), ('/ab', None))),
    # A name used twice keeps the last value.
    ('/<x>/<x>', (('/a/b', {'x': 'b'}),)),
    # Static text stands for itself.
    ('/a.b', (('/a.b', {}), ('/axb', None))),
    ('/a.b/<x>', (('/a.b/c', {'x': 'c'}), ('/axb/c', None))),
    ('/a+/<x>', (('/a+/c', {'x': 'c'}), ('/aa/c', None))),
    ('/(a)/<x>', (('/(a)/c', {'x': 'c'}), ('/a/c', None))),
    ('/a|b/<x>', (('/a|b/c', {'x': 'c'}), ('/a', None), ('/b/c', None))),
    ('/[ab]*?^$/<x>', (('/[ab]*?^$/c', {'x': 'c'}), ('/a/c', None))),
    ('/a\\d/<x>', (('/a\\d/c', {'x': 'c'}), ('/a1/c', None))),
    ('/a<b>/<x>', (('/a<b>/c', {'x': 'c'}), ('/az/c', None))),
)

REFUSED = (
    ('/users/<foo:bar', 'invalid URL pattern'),
    ('/users/<foo', 'invalid URL pattern'),
    ('/<name>.txt', 'invalid URL pattern'),
    ('/<a>b/<c>', 'invalid URL pattern'),
    ('/users/<foo:bar>', 'invalid URL segment type'),
    ('/<INT:x>', 'invalid URL segment type'),
)


def check(pattern, cases):
    for path, expected in cases:
        found = pattern.match(path)
        assert found == expected, (pattern.url_pattern, path, found)


def test_match():
    for text, cases in MATCHES:
        check(URLPattern(text), cases)


def test_match_after_compiling_twice():
    for text, cases in MATCHES:
        pattern = URLPattern(text)
        pattern.compile()
        pattern.compile()
        check(pattern, cases)


def test_types_of_values():
    args = URLPattern('/<int:i>/<s>').match('/1/1')
    assert type(args['i']) is int
    assert type(args['s']) is str


def test_refused_by_compile():
    for text, message in REFUSED:
        pattern = URLPattern(text)
        try:
            error = raises(ValueError, pattern.compile)
        except AssertionError:
            raise AssertionError('accepted ' + text)
        assert str(error) == message, (text, str(error))


def test_repr():
    assert repr(URLPattern('/users/<int:id>')) == 'URLPattern: /users/<int:id>'


def test_long_paths():
    for text, path, expected in (
        ('/u/<name>', '/u/' + 'a' * 1500, {'name': 'a' * 1500}),
        ('/u/<path:p>', '/u' + '/abc' * 400, {'p': '/'.join(['abc'] * 400)}),
        ('/u/<name>', '/u/' + 'a' * 1500 + '/', None),
        ('/u/<int:n>', '/u/' + '1' * 1500 + 'a', None),
    ):
        assert URLPattern(text).match(path) == expected, text


def test_registered_types():
    URLPattern.register_type('hextest', '[0-9a-f]+', parser=lambda value: int(value, 16))
    URLPattern.register_type('anytest')
    URLPattern.register_type('eventest', '[0-9]+', lambda v: int(v) if int(v) % 2 == 0 else None)
    check(
        URLPattern('/<hextest:x>/y'),
        (('/0/y', {'x': 0}), ('/ff/y', {'x': 255}), ('/fg/y', None), ('/FF/y', None)),
    )
    check(
        URLPattern('/<anytest:x>'),
        (('/a.b', {'x': 'a.b'}), ('/a/b', None), ('/', None)),
    )
    check(
        URLPattern('/<eventest:x>'),
        (('/2', {'x': 2}), ('/0', {'x': 0}), ('/3', None)),
    )


def test_type_registered_again():
    URLPattern.register_type('changetest', '[a-z]+', parser=lambda value: value + '1')
    pattern = URLPattern('/<changetest:x>')
    assert pattern.match('/a') == {'x': 'a1'}
    URLPattern.register_type('changetest', '[a-z]+', parser=lambda value: value + '2')
    assert pattern.match('/a') == {'x': 'a2'}
    assert URLPattern('/<changetest:x>').match('/a') == {'x': 'a2'}


def test_raising_parsers():
    def refuse(value):
        return int(value, 16)

    def fail(value):
        raise OSError('parser')

    URLPattern.register_type('strictest', parser=refuse)
    URLPattern.register_type('failtest', parser=fail)
    assert URLPattern('/<strictest:x>').match('/zz') is None
    assert URLPattern('/<strictest:x>').match('/1f') == {'x': 31}
    error = raises(OSError, URLPattern('/<failtest:x>').match, '/a')
    assert str(error) == 'parser'


def test_class_data():
    for name in ('string', 'int', 'path'):
        assert name in URLPattern.segment_patterns, name
    assert 'int' in URLPattern.segment_parsers
