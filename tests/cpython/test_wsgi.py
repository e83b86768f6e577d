"""`microdot.wsgi`, by environs made here and the standard library's validator."""

import io
import os
import signal
from unittest import mock

import pytest
import shims
from environs import Answer, echo_app, environ

from microdot import asgi, websocket, wsgi
from microdot.wsgi import Microdot, Request, Response


def test_names():
    shims.check_names(wsgi)
    assert wsgi.os is os
    for module in (asgi, wsgi):
        assert module.with_websocket is websocket.with_websocket
        assert module.websocket_upgrade is websocket.websocket_upgrade
    assert wsgi.WebSocket is websocket.WebSocket


def test_request():
    app, seen = shims.app_for_request(Microdot)
    values = {
        'CONTENT_TYPE': 'text/x',
        'HTTP_AUTHORIZATION': 'Bearer x',
        'HTTP_COOKIE': 'a=b; c=d',
        'HTTP_X_TEXT': 'caf\u00c3\u00a9',
        'HTTP_HOST': None,
        'QUERY_STRING': 'a=1',
        'REMOTE_ADDR': '1.2.3.4',
        'REMOTE_PORT': '5678',
        'wsgi.url_scheme': 'https',
    }
    given = environ('POST', '/foo/bar', b'body', **values)
    answer = Answer(app, given)
    request, name = seen[0]
    shims.check_request(app, request, name)
    assert request.headers == {
        'Authorization': 'Bearer x',
        'Cookie': 'a=b; c=d',
        'X-Text': 'caf\u00e9',
        'Content-Length': '4',
        'Content-Type': 'text/x',
    }
    assert (request.body, request.content_length) == (b'body', 4)
    assert request.environ['PATH_INFO'] == '/foo/bar'
    assert request.sock == (None, None)
    assert (answer.status, answer.started_before, answer.body) == ('200 OK', 1, b'response')
    assert sorted(answer.headers) == shims.REQUEST_HEADERS


TARGETS = [
    # environ -> path, url
    ({'PATH_INFO': '/a'}, '/a', '/a'),
    ({'PATH_INFO': '/a', 'QUERY_STRING': 'x=%20'}, '/a', '/a?x=%20'),
    ({'PATH_INFO': '/a', 'QUERY_STRING': None}, '/a', '/a'),
    ({'PATH_INFO': '/b', 'SCRIPT_NAME': '/a'}, '/a/b', '/a/b'),
    ({'PATH_INFO': None, 'SCRIPT_NAME': '/a'}, '/a', '/a'),
    ({'PATH_INFO': '/a', 'SCRIPT_NAME': None}, '/a', '/a'),
    ({'PATH_INFO': '/caf\u00c3\u00a9'}, '/caf\u00e9', '/caf%C3%A9'),
    ({'PATH_INFO': '/a?b'}, '/a?b', '/a%3Fb'),
    ({'PATH_INFO': '/a%20'}, '/a%20', '/a%2520'),
    ({'PATH_INFO': '/a/b', 'RAW_URI': '/a%2Fb?x'}, '/a/b', '/a%2Fb'),
    ({'PATH_INFO': '/a/b', 'REQUEST_URI': '/a%2Fb'}, '/a/b', '/a%2Fb'),
    ({'PATH_INFO': '/a b', 'REQUEST_URI': 'http://h/a%20b'}, '/a b', '/a%20b'),
]


@pytest.mark.parametrize('values, path, url', TARGETS)
def test_targets(values, path, url):
    seen = []
    app = echo_app(lambda request: seen.append((request.path, request.url)))
    validated = None not in values.values()
    assert Answer(app, environ(**values), validated).code == 204
    assert seen == [(path, url)]


@pytest.mark.parametrize(
    'values, status',
    [
        ({'PATH_INFO': '/\u00ff'}, 400),
        ({'PATH_INFO': '/a\0'}, 400),
        ({'PATH_INFO': '/\u20ac'}, 400),
        ({'QUERY_STRING': 'a=\u00ff'}, 400),
        ({'CONTENT_LENGTH': '-1'}, 400),
        ({'CONTENT_LENGTH': 'x'}, 400),
        ({'CONTENT_LENGTH': '60000'}, 413),
        ({'HTTP_TRANSFER_ENCODING': 'chunked'}, 411),
    ],
)
def test_refused(values, status):
    app = echo_app(lambda request: 'never')
    assert Answer(app, environ('POST', **values), validated=False).code == status


def test_little_known():
    app = echo_app(lambda request: '%s %s' % (request.client_addr, request.body))
    given = {'REQUEST_METHOD': 'GET', 'SERVER_PROTOCOL': 'HTTP/1.1', 'CONTENT_LENGTH': ''}
    given.update({'PATH_INFO': '/', 'CONTENT_TYPE': ''})
    assert Answer(app, given, validated=False).body == b"None b''"
    given.update({'REMOTE_ADDR': 'h', 'REMOTE_PORT': ''})
    assert Answer(app, given, validated=False).body == b"('h', 0) b''"


class Slow(io.BytesIO):
    """A file that gives a byte or two at a time."""

    def read(self, n=-1):
        return super().read(min(n, 2))


@pytest.mark.parametrize('limit', [5, 16384])
@pytest.mark.parametrize('terminated', [False, True])
@pytest.mark.parametrize('call, result', shims.STREAMS)
def test_streams(call, result, terminated, limit, monkeypatch):
    monkeypatch.setattr(Request, 'max_body_length', limit)
    bodies = []

    async def handler(request):
        bodies.append(request.body)
        return await call(request.stream)

    values = {'wsgi.input': Slow(shims.BODY)}
    if terminated:
        values.update({'HTTP_TRANSFER_ENCODING': 'chunked', 'wsgi.input_terminated': True})
    else:
        # There may be more to read, of the next request, or nothing, for ever.
        values.update({'CONTENT_LENGTH': '13', 'wsgi.input': Slow(shims.BODY + b'...')})
    assert Answer(echo_app(handler), environ('POST', **values)).body == result
    assert bodies == [b'' if limit == 5 else shims.BODY]


@pytest.mark.parametrize(
    'file',
    [
        io.BytesIO(b'abc'),
        mock.Mock(read=mock.Mock(side_effect=OSError)),
        mock.Mock(read=mock.Mock(side_effect=Exception)),  # gunicorn's for a malformed chunk
    ],
)
def test_body_ends_early(file):
    app = echo_app(lambda request: 'never')
    values = {'CONTENT_LENGTH': '4', 'wsgi.input': file}
    assert Answer(app, environ('POST', **values), validated=False).code == 400


def test_chunked_too_large(monkeypatch):
    monkeypatch.setattr(Request, 'max_content_length', 16)
    values = {'HTTP_TRANSFER_ENCODING': 'chunked', 'wsgi.input_terminated': True}
    values['wsgi.input'] = io.BytesIO(b'x' * 17)
    assert Answer(echo_app(lambda request: 'never'), environ('POST', **values)).code == 413


@pytest.mark.parametrize('method', ['GET', 'HEAD'])
@pytest.mark.parametrize('row', shims.RESPONSES)
def test_responses(row, method):
    answer = Answer(echo_app(lambda request: row[0]()), environ(method))
    # PEP 3333: each character stands for a byte.
    pairs = [(name, value.encode('latin-1').decode()) for name, value in answer.headers]
    shims.check_response(row, method, answer.code, pairs, answer.body)
    assert b'' not in answer.parts


@pytest.mark.parametrize(
    'result, status',
    [
        ('x', '200 OK'),
        (('x', 201), '201 Created'),
        (None, '204 N/A'),
        (304, '304 Not Modified'),
        (('x', 426, {'Upgrade': 'a'}), '426 Upgrade Required'),
        (('x', 299), '299 N/A'),
        (Response('x', 299, reason='Why not'), '299 Why not'),
        (('x', 99), '500 Internal Server Error'),
        (Response.already_handled, '200 OK'),
    ],
)
def test_status_lines(result, status):
    answer = Answer(echo_app(lambda request: result), environ())
    assert answer.status == status
    assert 'Upgrade' not in dict(answer.headers)  # not for applications to send


def test_parts_come_one_by_one():
    """The first part is there before the second is made; closing closes the generator."""
    events = []

    async def body():
        try:
            for i in range(10):
                events.append(i)
                yield str(i)
        finally:
            events.append('closed')

    result = echo_app(lambda request: body())(environ(), lambda status, headers: None)
    assert events == []
    assert (next(result), next(result), events) == (b'0', b'1', [0, 1])
    result.close()
    assert events == [0, 1, 'closed']
    result.close()
    assert list(result) == []


def test_start_response_fails():
    closed = []

    class Body:
        async def __anext__(self):
            raise AssertionError('not wanted')

        async def aclose(self):
            closed.append(True)

    def start_response(status, headers):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        echo_app(lambda request: Body())(environ(), start_response)
    assert closed == [True]


def test_websocket_is_refused():
    app = Microdot()
    app.get('/ws')(websocket.with_websocket(lambda request, ws: None))
    values = {'HTTP_UPGRADE': 'websocket', 'HTTP_CONNECTION': 'Upgrade', 'PATH_INFO': '/ws'}
    assert Answer(app, environ(**values)).code == 400
    values.update({'HTTP_SEC_WEBSOCKET_KEY': 'dGhlIHNhbXBsZSBub25jZQ=='})
    tls = mock.Mock(dup=mock.Mock(side_effect=NotImplementedError))  # as ssl.SSLSocket has it
    for version, sock, status in (('13', None, 501), ('13', tls, 501), ('8', None, 426)):
        values.update({'HTTP_SEC_WEBSOCKET_VERSION': version, 'gunicorn.socket': sock})
        answer = Answer(app, environ(**values))
        assert answer.code == status
    assert ('Sec-WebSocket-Version', '13') in answer.headers


def test_already_handled():
    """gunicorn is made to write nothing; others have to write something."""
    app = echo_app(lambda request: Response.already_handled)
    with pytest.raises(StopIteration):
        app(environ(**{'gunicorn.socket': mock.Mock()}), None)
    assert Response.already_handled.headers == {}


def test_shutdown():
    with mock.patch('microdot.wsgi.os.kill') as kill:
        Microdot().shutdown()
    kill.assert_called_once_with(os.getpgrp(), signal.SIGTERM)


def test_own_server():
    app = Microdot()
    with mock.patch('microdot.application.Microdot.run') as run:
        app.run('127.0.0.1', 8000, debug=True, ssl=None)
    assert app.embedded_server
    run.assert_called_once_with('127.0.0.1', 8000, True, None)
    with mock.patch('microdot.wsgi.os.kill') as kill:
        app.shutdown()
    assert not kill.called
