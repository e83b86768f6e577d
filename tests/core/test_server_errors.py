"""Failing applications behind a running server: the client learns of it, the server lives on."""

import sys

from microdot import Microdot, Response, URLPattern, abort
from support import araises
from wire import get, post, serve, until


class Traces:
    """`with Traces() as seen`: the exceptions that the package would have printed meanwhile."""

    def __enter__(self):
        self.seen = []
        self.saved = []
        for name, module in list(sys.modules.items()):
            if name.startswith('microdot') and hasattr(module, 'print_exception'):
                self.saved.append((module, module.print_exception))
                module.print_exception = self.seen.append
        return self.seen

    def __exit__(self, *exc):
        for module, function in self.saved:
            module.print_exception = function


class Failing:
    """An async iterator that fails after two pieces; `aclose` is noted."""

    def __init__(self, notes, exception):
        self.notes = notes
        self.exception = exception
        self.left = 2

    def __aiter__(self):
        return self

    async def __anext__(self):
        self.left -= 1
        if self.left < 0:
            raise self.exception
        return b'piece'

    async def aclose(self):
        self.notes.append('closed')


def failing_generator(exception):
    yield b'piece'
    yield b'piece'
    raise exception


class FailingFile:
    def __init__(self, notes):
        self.notes = notes

    def read(self, size):
        raise OSError(5)

    def close(self):
        self.notes.append('closed')


def make_app():
    app = Microdot()
    notes = app.notes = []

    @app.get('/')
    async def index(request):
        return 'index'

    @app.get('/value')
    async def value(request):
        raise ValueError('text only for the console')

    @app.get('/sync')
    def sync(request):
        raise KeyError('text only for the console')

    @app.get('/memory')
    async def memory(request):
        raise MemoryError

    @app.get('/allocate')
    async def allocate(request):
        return bytearray(sys.maxsize // 2)

    @app.get('/abort')
    async def aborting(request):
        abort(418, 'teapot')

    @app.get('/stream/<name>')
    async def stream(request, name):
        if name == 'iterator':
            return Failing(notes, ValueError('in the body'))
        if name == 'memory':
            return Failing(notes, MemoryError())
        if name == 'file':
            return FailingFile(notes)
        if name == 'type':
            return iter([b'piece', 5])
        return failing_generator(ValueError('in the body'))

    return app


async def test_exceptions_become_500_and_the_connection_lives():
    async with serve(make_app()) as server:
        client = await server.open()
        for path in ('/value', '/sync', '/value'):
            with Traces() as seen:
                await client.send(get(path))
                reply = await client.response()
            assert (reply.status, reply.body) == (500, b'Internal server error'), path
            assert len(seen) == 1, (path, seen)
        await client.send(get('/abort') + get('/'))
        reply = await client.response()
        assert (reply.status, reply.body) == (418, b'teapot')
        assert (await client.response()).body == b'index'


async def test_memory_errors_become_503():
    async with serve(make_app()) as server:
        for path in ('/memory', '/allocate', '/memory'):
            with Traces():
                reply = await server.get(path)
            assert (reply.status, reply.reason) == (503, 'Service Unavailable'), path
            assert (await server.get('/')).body == b'index'


async def test_failing_streams_are_incomplete_messages():
    async with serve(make_app()) as server:
        for name in ('iterator', 'generator', 'memory', 'type', 'file'):
            server.app.notes.clear()
            client = await server.open()
            with Traces() as seen:
                await client.send(get('/stream/' + name) + get('/'))
                data = await client.read_until_eof()
            assert data.count(b'HTTP/1.1 ') == 1, (name, data)
            assert b'0\r\n\r\n' not in data and b'console' not in data, (name, data)
            assert b'piece' in data or name == 'file', (name, data)
            assert len(seen) == 1, (name, seen)
            if name in ('iterator', 'memory', 'file'):
                await until(lambda: server.app.notes)
                assert server.app.notes == ['closed'], name
            assert (await server.get('/')).body == b'index'


async def test_reading_a_failing_stream_raises_in_the_client():
    async with serve(make_app()) as server:
        with Traces():
            await araises(EOFError, server.get('/stream/generator'))


def handlers_app(kind):
    """An application where just the handler of this kind fails."""
    app = make_app()

    async def failing(*args):
        app.notes.append(kind)
        raise RuntimeError('in the handler of kind ' + str(kind))

    if kind in (404, 405, 418, 500, ValueError):
        app.errorhandler(kind)(failing)
    elif kind == 'before':
        app.before_request(failing)
    elif kind == 'after':
        app.after_request(failing)
    elif kind == 'after error':
        app.after_error_request(failing)
    return app


async def test_failing_handlers_of_the_application():
    for kind, path in (
        (404, '/nowhere'),
        (418, '/abort'),
        (500, '/value'),
        (ValueError, '/value'),
        ('before', '/'),
        ('after', '/'),
        ('after error', '/nowhere'),
    ):
        app = handlers_app(kind)
        async with serve(app) as server:
            client = await server.open()
            with Traces() as seen:
                await client.send(get(path))
                reply = await client.response()
            assert (reply.status, reply.body) == (500, b'Internal server error'), kind
            assert kind in app.notes and seen, kind
            if kind not in ('before', 'after'):
                await client.send(get('/'))
                assert (await client.response()).body == b'index', kind


async def test_failing_url_parsers():
    def parser(value):
        if value == 'value':
            raise ValueError('no match')
        raise TypeError('a fault')

    URLPattern.register_type('picky', parser=parser)
    app = make_app()

    @app.get('/picky/<picky:x>')
    async def picky(request, x):
        return 'never'

    async with serve(app) as server:
        with Traces():
            assert (await server.get('/picky/value')).status == 404
            assert (await server.get('/picky/type')).status == 500
        assert (await server.get('/')).body == b'index'


async def test_malformed_json_and_forms_are_400():
    app = make_app()

    @app.post('/json')
    async def json(request):
        return str(request.json)

    @app.post('/form')
    async def form(request):
        return str(request.form['a'])

    @app.get('/args')
    async def args(request):
        return request.args['a']

    async with serve(app) as server:
        with Traces():
            kind = 'Content-Type: application/json'
            assert (await server.request(post('/json', b'{"a": ', kind))).status == 400
            assert (await server.request(post('/json', b'5', kind))).body == b'5'
            kind = 'Content-Type: application/x-www-form-urlencoded'
            assert (await server.request(post('/form', b'a=%ff', kind))).status == 400
            assert (await server.get('/args?a=%ff')).status == 400
            assert (await server.get('/args?a=%zz')).body == b'%zz'


async def test_already_handled_writes_nothing_more():
    app = make_app()

    @app.get('/raw')
    async def raw(request):
        _, writer = request.sock
        await writer.awrite(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi')
        return Response.already_handled

    async with serve(app) as server:
        data = await server.exchange(get('/raw', 'Connection: close'))
        assert data == b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'
