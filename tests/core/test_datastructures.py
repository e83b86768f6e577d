"""NoCaseDict, MultiDict and AsyncBytesIO: the containers a request and a response are made of."""

from microdot import AsyncBytesIO
from microdot.microdot import MultiDict, NoCaseDict
from support import raises


def test_no_case_keeps_one_item():
    d = NoCaseDict()
    d['One'] = 1
    d['one'] = 2
    d['ONE'] = 3
    assert list(d.items()) == [('One', 3)]
    assert list(d) == ['One']
    assert list(d.keys()) == ['One']
    assert list(d.values()) == [3]
    assert len(d) == 1


def test_no_case_reads_any_spelling():
    d = NoCaseDict({'X-Foo': 'bar', 'low': 'er'})
    for key in ('X-Foo', 'x-foo', 'X-FOO'):
        assert d[key] == 'bar', key
        assert key in d, key
        assert d.get(key) == 'bar', key
        assert d.get(key, 'other') == 'bar', key
    assert d['LOW'] == 'er'
    assert 'Low' in d
    assert 'missing' not in d
    assert d.get('missing') is None
    assert d.get('missing', 5) == 5
    raises(KeyError, lambda: d['missing'])


def test_no_case_deletes_any_spelling():
    d = NoCaseDict({'One': 1, 'two': 2})
    del d['ONE']
    del d['Two']
    assert len(d) == 0
    assert 'one' not in d and 'two' not in d
    raises(KeyError, d.__delitem__, 'one')


def test_no_case_spelling_survives_deletion():
    d = NoCaseDict({'One': 1})
    del d['one']
    d['one'] = 2
    assert list(d.items()) == [('One', 2)]


def test_no_case_lower_case_first():
    d = NoCaseDict()
    d['one'] = 1
    d['One'] = 2
    d['ONE'] = 3
    assert len(d) == 1
    assert d['one'] == d['One'] == d['oNE'] == 3
    assert [key.lower() for key in d] == ['one']
    del d['One']
    assert len(d) == 0


def test_no_case_update():
    d = NoCaseDict({'One': 1})
    d.update({'ONE': 2, 'Two': 3})
    d.update(NoCaseDict({'two': 4}))
    assert d == {'One': 2, 'Two': 4}


def test_no_case_pop_and_setdefault():
    d = NoCaseDict({'One': 1})
    assert d.setdefault('ONE', 5) == 1
    assert d.setdefault('Two', 2) == 2
    assert d == {'One': 1, 'Two': 2}
    assert d.pop('oNE') == 1
    assert d == {'Two': 2}
    assert d.pop('one', 7) == 7
    assert d.pop('one', None) is None
    raises(KeyError, d.pop, 'one')
    assert d.pop('two') == 2
    assert len(d) == 0


def test_no_case_copy():
    d = NoCaseDict({'One': 1})
    c = d.copy()
    c['ONE'] = 2
    c['Three'] = 3
    assert c == {'One': 2, 'Three': 3}
    assert c['three'] == 3
    assert d == {'One': 1}


def test_no_case_equals_plain_dict():
    assert NoCaseDict({'X-Foo': 'Bar'}) == {'X-Foo': 'Bar'}
    assert NoCaseDict() == {}
    assert NoCaseDict(None) == {}
    assert not NoCaseDict()
    assert NoCaseDict({'X-Foo': 'Bar'}) != {'X-Foo': 'Baz'}
    assert isinstance(NoCaseDict(), dict)


def test_no_case_keymap():
    d = NoCaseDict({'One': 1, 'two': 2})
    assert d.keymap.get('one') == 'One'


def test_no_case_copies_its_source():
    source = {'A': 1}
    d = NoCaseDict(source)
    d['a'] = 2
    assert source == {'A': 1}


def test_multi_dict():
    d = MultiDict()
    assert dict(d) == {}
    assert d.get('zero') is None
    assert d.get('zero', default=0) == 0
    assert d.getlist('zero') == []
    assert d.getlist('zero', type=int) == []
    raises(KeyError, lambda: d['zero'])
    d['one'] = 1
    d['two'] = 2
    d['two'] = 22
    assert d['one'] == 1
    assert d['two'] == 2
    assert d.get('two') == 2
    assert d.getlist('one') == [1]
    assert d.getlist('two') == [2, 22]
    assert 'one' in d and 'zero' not in d
    assert len(d) == 2
    assert sorted(d.items()) == [('one', [1]), ('two', [2, 22])]
    assert sorted(d.values()) == [[1], [2, 22]]


def test_multi_dict_types():
    d = MultiDict({'one': '1', 'text': 'x'})
    d['one'] = '11'
    assert d.get('one', type=int) == 1
    assert d.getlist('one', type=int) == [1, 11]
    assert d.get('zero', default='d', type=int) == 'd'
    raises(ValueError, d.get, 'text', type=int)
    raises(ValueError, d.getlist, 'text', type=int)


def test_multi_dict_equals_lists():
    assert MultiDict({'baz': '1'}) == {'baz': ['1']}
    assert MultiDict() == {}
    assert MultiDict(None) == {}
    assert isinstance(MultiDict(), dict)


def test_multi_dict_update_keeps_lists():
    d = MultiDict({'a': '1'})
    d.update({'b': '2', 'a': '3'})
    assert d['b'] == '2'
    assert d.getlist('b') == ['2']
    assert d.getlist('a')[-1] == '3'
    assert isinstance(d['a'], str)
    d.update(MultiDict({'c': '4'}))
    assert d['c'] == '4'
    assert d.getlist('c') == ['4']


def test_multi_dict_setdefault_keeps_lists():
    d = MultiDict({'a': '1'})
    d['a'] = '2'
    assert d.setdefault('a', '9') == '1'
    assert d.setdefault('b', '3') == '3'
    assert d.getlist('a') == ['1', '2']
    assert d.getlist('b') == ['3']


def test_multi_dict_pop():
    d = MultiDict({'a': '1'})
    d['a'] = '2'
    assert d.pop('a') == '1'
    assert 'a' not in d
    assert d.getlist('a') == []
    assert d.pop('a', 'gone') == 'gone'
    assert d.pop('a', ['x', 'y']) == ['x', 'y']
    raises(KeyError, d.pop, 'a')


def test_multi_dict_del():
    d = MultiDict({'a': '1', 'b': '2'})
    del d['a']
    assert d == {'b': ['2']}


async def test_async_bytes_io_reads():
    f = AsyncBytesIO(b'one\ntwo\nthree')
    assert await f.readline() == b'one\n'
    assert await f.readexactly(2) == b'tw'
    assert await f.read(1) == b'o'
    assert await f.read(0) == b''
    assert await f.readuntil() == b'\n'
    assert await f.read() == b'three'
    assert await f.read() == b''
    assert await f.readline() == b''
    await f.aclose()
    assert f.stream.getvalue() == b'one\ntwo\nthree'


async def test_async_bytes_io_short_at_the_end():
    f = AsyncBytesIO(b'abc')
    assert await f.readexactly(10) == b'abc'
    assert await AsyncBytesIO(b'abc').read(-1) == b'abc'
    assert await AsyncBytesIO(b'abc').readline() == b'abc'


async def test_async_bytes_io_readuntil():
    f = AsyncBytesIO(b'a--b-c--d')
    assert await f.readuntil(b'--') == b'a--'
    assert await f.readuntil(b'--') == b'b-c--'
    assert await AsyncBytesIO(b'one\ntwo').readuntil() == b'one\n'


async def test_async_bytes_io_writes():
    f = AsyncBytesIO(b'')
    await f.awrite(b'abc')
    await f.awrite(b'def')
    assert f.stream.getvalue() == b'abcdef'
