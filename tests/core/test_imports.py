"""The names an application may import, from the package and from `microdot.microdot`."""

import sys

import microdot
import microdot.microdot as single
from support import raises, skip

PUBLIC = (
    'Microdot',
    'Request',
    'Response',
    'abort',
    'redirect',
    'send_file',
    'URLPattern',
    'AsyncBytesIO',
    'iscoroutine',
)

SINGLE = PUBLIC + (
    'urldecode',
    'urlencode',
    'NoCaseDict',
    'MultiDict',
    'mro',
    'HTTPException',
    'invoke_handler',
    'print_exception',
    'MUTED_SOCKET_ERRORS',
    'json',
)


def test_package_names():
    for name in PUBLIC:
        assert hasattr(microdot, name), name
        if name not in ('redirect', 'send_file'):  # bound methods, made at each access
            assert getattr(microdot, name) is getattr(single, name), name


def test_single_module_names():
    for name in SINGLE:
        assert hasattr(single, name), name


def test_version():
    assert isinstance(microdot.__version__, str)
    assert microdot.__version__.count('.') >= 2


def test_from_imports():
    names = {}
    exec('from microdot import ' + ', '.join(PUBLIC), names)
    exec('from microdot.microdot import ' + ', '.join(SINGLE), names)
    for name in SINGLE:
        assert name in names, name


def test_star_import():
    if sys.implementation.version < (1, 26):
        skip('this MicroPython imports by * what a module has loaded, not what __all__ names')
    names = {}
    exec('from microdot import *', names)
    for name in PUBLIC:
        assert name in names, name


def test_test_client_names():
    from microdot import test_client

    assert sorted(test_client.__all__) == ['TestClient', 'TestResponse']


def test_muted_socket_errors():
    assert single.MUTED_SOCKET_ERRORS == [32, 54, 104, 128]


def test_http_exception():
    error = single.HTTPException(404)
    assert isinstance(error, Exception)
    assert error.status_code == 404
    assert error.reason == '404 error'
    assert repr(error) == 'HTTPException: 404'
    error = single.HTTPException(418, 'short and stout')
    assert error.status_code == 418
    assert error.reason == 'short and stout'


def test_abort():
    error = raises(single.HTTPException, microdot.abort, 406)
    assert (error.status_code, error.reason) == (406, '406 error')
    error = raises(single.HTTPException, microdot.abort, 406, 'no way')
    assert (error.status_code, error.reason) == (406, 'no way')
    error = raises(single.HTTPException, microdot.Microdot.abort, 500)
    assert error.status_code == 500


def test_redirect_and_send_file_are_of_the_base_response():
    assert type(microdot.redirect('/')) is microdot.Response
    assert microdot.redirect('/x').headers == {'Location': '/x'}
    assert microdot.redirect('/x', 301).status_code == 301
    stream = microdot.AsyncBytesIO(b'text')
    response = microdot.send_file('name.txt', stream=stream)
    assert type(response) is microdot.Response
    assert response.body is stream


def test_mro():
    class A:
        pass

    class B(A):
        pass

    class C(A):
        pass

    class D(B, C):
        pass

    order = [cls for cls in single.mro(D) if cls in (A, B, C, D)]
    assert order[0] is D
    assert order[-1] is A
    assert len(order) == 4


def test_mro_of_exceptions():
    class Mine(ValueError):
        pass

    order = [cls for cls in single.mro(Mine) if cls in (Mine, ValueError, Exception)]
    assert order == [Mine, ValueError, Exception]


def test_iscoroutine():
    async def f():
        return 5

    coroutine = f()
    assert single.iscoroutine(coroutine)
    coroutine.close()
    for other in (f, 5, None, 'text', []):
        assert not single.iscoroutine(other)


def test_json():
    assert single.json.loads('{"a": [1, null]}') == {'a': [1, None]}
