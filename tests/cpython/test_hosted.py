"""What `microdot.asgi` and `microdot.wsgi` promise alike: one application, called by either."""

import asyncio
import inspect
import io
import json
import sys

import pytest

import microdot
from microdot import Response, asgi, wsgi

NESTED = b'[' * 5000
JSON = 'application/json'
INTERFACES = ['asgi', 'wsgi']


class Hosted:
    """Calls applications as a server of one interface does."""

    def __init__(self, interface):
        self.interface = interface
        self.module = {'asgi': asgi, 'wsgi': wsgi}[interface]
        self.sent = []  # what the server has got of the last response

    def ask(self, app, method='GET', path='/', headers=(), body=b'', query=b''):
        """Send a request; return the status and the body of the answer."""
        self.sent.clear()
        if self.interface == 'asgi':
            asyncio.run(self._ask_asgi(app, method, path, headers, body, query))
            (start, *parts) = self.sent
            return start['status'], b''.join(part['body'] for part in parts)
        return self._ask_wsgi(app, method, path, headers, body, query)

    async def _ask_asgi(self, app, method, path, headers, body, query):
        scope = {'type': 'http', 'http_version': '1.1', 'method': method, 'path': path}
        scope['query_string'] = query
        headers = [*headers, *([('content-length', str(len(body)))] if body else [])]
        scope['headers'] = [(name.encode(), value.encode()) for name, value in headers]

        async def receive():
            return {'type': 'http.request', 'body': body, 'more_body': False}

        async def send(message):
            self.sent.append(message)

        await app(scope, receive, send)

    def _ask_wsgi(self, app, method, path, headers, body, query):
        environ = {'REQUEST_METHOD': method, 'PATH_INFO': path, 'QUERY_STRING': query.decode()}
        environ.update({'SERVER_PROTOCOL': 'HTTP/1.1', 'wsgi.input': io.BytesIO(body)})
        for name, value in headers:
            name = name.upper().replace('-', '_')
            environ[name if name == 'CONTENT_TYPE' else 'HTTP_' + name] = value
        if body:
            environ['CONTENT_LENGTH'] = str(len(body))
        started = []
        result = app(environ, lambda status, headers: started.append(status))
        try:
            for part in result:
                self.sent.append(part)
        finally:
            if hasattr(result, 'close'):
                result.close()
        return int(started[0].split(' ')[0]), b''.join(self.sent)


@pytest.fixture(params=INTERFACES)
def hosted(request):
    return Hosted(request.param)


# What of a request is wrong, the status; whether the handler of the route comes to see it.
BAD = [
    ({'query': b'a=\xff'}, 400, False),
    ({'path': '/a\0'}, 400, False),
    ({'headers': [('content-length', 'x')]}, 400, False),
    ({'body': b'x' * 20000}, 413, False),
    ({'path': '/unknown/path'}, 404, False),
    ({'method': 'PUT'}, 405, False),
    ({'headers': [('content-type', JSON)], 'body': b'{'}, 400, True),
    ({'headers': [('content-type', JSON)], 'body': NESTED}, 400, True),
]


def app_for_bad(module):
    app, seen = module.Microdot(), []

    @app.post('/')
    async def handler(request):
        seen.append('route')
        return {'json': request.json}

    @app.errorhandler(Exception)
    async def any_exception(request, exc):
        seen.append('Exception')
        return 'taken', 500

    return app, seen


@pytest.mark.parametrize('bad, status, handled', BAD)
def test_refused_before_the_handler(hosted, bad, status, handled):
    """Goes to the handler of its status alone, not to one of exceptions."""
    if hosted.interface == 'wsgi' and 'query' in bad:
        bad = {**bad, 'path': '/\u20ac', 'query': b''}  # no text of an environ
    if hosted.interface == 'wsgi' and bad.get('headers') == [('content-length', 'x')]:
        pytest.skip('test_wsgi.py has it')
    app, seen = app_for_bad(hosted.module)
    given = []

    @app.errorhandler(status)
    async def of_status(request):
        given.append(request)
        return 'refused', status

    answer = hosted.ask(app, **{'method': 'POST', **bad})
    if handled:  # an error of a handler is one like any other
        assert answer == (500, b'taken') and seen == ['route', 'Exception'] and given == []
    else:
        assert answer == (status, b'refused') and seen == [] and len(given) == 1


@pytest.mark.parametrize('body', [b'{', NESTED, b'"\xff"'])
def test_malformed_json(hosted, body):
    """A ValueError, which the handler may catch; a 400 if nobody does."""
    app, caught = hosted.module.Microdot(), []

    @app.post('/<kind>')
    async def handler(request, kind):
        try:
            return {'json': request.json}
        except ValueError:
            caught.append(kind)
            if kind == 'raises':
                raise
            return 'caught'

    headers = [('content-type', JSON)]
    assert hosted.ask(app, 'POST', '/raises', headers, body) == (400, b'Bad request')
    assert hosted.ask(app, 'POST', '/catches', headers, body) == (200, b'caught')
    assert caught == ['raises', 'catches']


async def generated():
    yield 'one'
    yield 'two'


@pytest.mark.parametrize(
    'result, body',
    [
        (lambda: 'text', b'text'),
        (lambda: None, b''),
        (generated, b'onetwo'),
        (lambda: iter(['one', b'two']), b'onetwo'),
        (lambda: 1 / 0, b'Internal server error'),
        (lambda: ('x', {'X': 'a\r\nb'}), b'Internal server error'),
    ],
)
def test_after_response(hosted, result, body, capsys):
    """Runs when the server has got all of the response, whatever that is."""
    app, seen = hosted.module.Microdot(), []

    @app.get('/')
    def handler(request):
        def first(request, response):
            seen.append((request.path, response.status_code, len(hosted.sent)))

        async def fails(request, response):
            raise KeyError('printed')

        async def last(request, response):
            await asyncio.sleep(0)
            seen.append('last')

        for f in (first, fails, last):
            assert request.after_response(f) is f
        return result()

    status, found = hosted.ask(app)
    assert found == body
    assert seen[1:] == ['last']
    assert seen[0][0] == '/' and seen[0][2] == len(hosted.sent)
    assert "KeyError: 'printed'" in capsys.readouterr().err


@pytest.mark.parametrize(
    'make, args',
    [
        (microdot.Microdot, ('scope',)),
        (microdot.Microdot, ('scope', 'receive', 'send')),
        (microdot.Microdot, ('environ', 'start_response')),
        (asgi.Microdot, ('environ', 'start_response')),
        (asgi.Microdot, ('scope',)),
        (wsgi.Microdot, ('scope',)),
        (wsgi.Microdot, ('scope', 'receive', 'send')),
    ],
)
def test_wrong_server(make, args):
    """One sentence says which Microdot to take, at the call, not when its result is used."""
    with pytest.raises(TypeError) as caught:
        make()(*args)
    message = str(caught.value)
    assert 'microdot.asgi for an ASGI server' in message
    assert 'microdot.wsgi for a WSGI server' in message


def test_servers_know_the_interface():
    """As uvicorn and others ask."""
    for app, is_asgi in ((asgi.Microdot(), True), (wsgi.Microdot(), False)):
        assert callable(app) and inspect.iscoroutinefunction(app.__call__) == is_asgi


def test_json_body(hosted):
    app = hosted.module.Microdot()

    @app.get('/')
    async def handler(request):
        return {'values': [1, float('nan')], 'headers': dict(request.headers)}

    status, body = hosted.ask(app, headers=[('x-one', '1'), ('x-two', 'caf\u00e9')])
    assert status == 200
    found = json.loads(body)
    assert found['values'] == [1, None]
    assert found['headers']['X-One'] == '1'


def test_response_object_twice(hosted):
    """What is sent leaves no trace in a response that is kept for all requests."""
    app, kept = hosted.module.Microdot(), Response('kept', headers={'Connection': 'close'})

    @app.get('/')
    async def handler(request):
        return kept

    for _ in range(2):
        assert hosted.ask(app) == (200, b'kept')
    assert kept.headers == {'Connection': 'close'}


class Own(BaseException):
    pass


class Failing:
    """A body that fails at its second piece, as an iterator of either kind."""

    def __init__(self, exc_type):
        self.exc_type = exc_type
        self.first = True

    def __next__(self):
        if not self.first:
            raise self.exc_type
        self.first = False
        return 'a'

    async def __anext__(self):
        await asyncio.sleep(0.001)
        return next(self)


class Plain(Failing):
    def __iter__(self):
        return self


class Asynchronous(Failing):
    def __aiter__(self):
        return self


@pytest.mark.parametrize('kind', [Plain, Asynchronous])
@pytest.mark.parametrize('exc_type', [SystemExit, Own, GeneratorExit, asyncio.CancelledError])
def test_a_body_ends_no_server(hosted, exc_type, kind):
    """What would end the server, or the loop of all requests, is an exception like others."""
    if hosted.interface == 'asgi' and exc_type in (GeneratorExit, asyncio.CancelledError):
        pytest.skip('these end the task of a request, and no more')
    app = hosted.module.Microdot()
    app.get('/')(lambda request: kind(exc_type))

    @app.get('/good')
    async def good(request):
        await asyncio.sleep(0.001)
        return 'good'

    with pytest.raises(RuntimeError, match='raised ' + exc_type.__name__):
        hosted.ask(app)
    assert hosted.ask(app, path='/good') == (200, b'good')


@pytest.mark.skipif(sys.version_info < (3, 11), reason='who cancelled is not known before')
def test_leaked_cancellation():
    """Under WSGI, where no server cancels anything, it is a fault of the handler."""
    app = wsgi.Microdot()

    @app.get('/')
    async def leaks(request):
        raise asyncio.CancelledError

    assert Hosted('wsgi').ask(app) == (500, b'Internal server error')
