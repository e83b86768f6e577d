"""Classes are what they seem: each public method may be overridden, and is called.

One subclass overrides all of a class's methods by ones that call ``super()``; after a use of all
features each has been called. A method that is added and not used here fails the test.
"""

import asyncio
import socket

import microdot
import microdot.microdot as single
from microdot import AsyncBytesIO, Microdot, Request, Response, URLPattern, abort
from microdot.microdot import HTTPException, MultiDict, NoCaseDict
from overriding import overridden, public
from support import raises
from wire import HOST, free_port, get, post, serve, until

HERE = __file__[: __file__.rfind('/') + 1]


class Sink:
    """What a response may be written to."""

    def __init__(self):
        self.data = b''

    async def awrite(self, data):
        self.data += data


def register(app, base):
    """Use all that registers."""
    for method in ('get', 'post', 'put', 'patch', 'delete', 'query'):
        getattr(app, method)('/' + method)(lambda request: 'text')
    app.before_request(lambda request: None)
    app.after_request(lambda request, response: None)
    app.after_error_request(lambda request, response: None)
    app.errorhandler(418)(lambda request: ('tea', 418))
    app.get('/tea')(lambda request: app.abort(418))
    app.mount(base(), '/sub')
    app.static('/static', HERE + 'static')
    app.on_startup(lambda: None)
    app.on_shutdown(lambda: None)
    app.create_task(lambda: None)


async def test_application():
    made, seen, names = overridden(Microdot)
    made.abort = staticmethod(abort)
    names.discard('abort')  # a static one has no super()
    app = made()
    register(app, Microdot)
    results = {'/get': 200, '/tea': 418, '/none': 404, '/static/none': 404}
    async with serve(app, max_connections=2) as server:
        for path, status in results.items():
            assert (await server.get(path)).status == status, path
        reply = await server.request(get('/post', method='OPTIONS'))
        assert reply.header('Allow') == 'POST, OPTIONS'
        await server.open_many(2)
        await asyncio.sleep(0.05)
        await server.get('/get')
    names.discard('run')  # see below
    assert seen == names, names - seen


def test_run():
    made, seen, _ = overridden(Microdot)
    taken = socket.socket()
    try:
        port = free_port()
        taken.bind(socket.getaddrinfo(HOST, port)[0][-1])
        taken.listen(1)
        # A board raises what start_server does; in a shell one line says it.
        raises((OSError, SystemExit), made().run, host=HOST, port=port)
    finally:
        taken.close()
    assert {'run', 'start_server'} <= seen


async def test_error_response_of_a_subclass():
    class Mine(Microdot):
        async def error_response(self, request, status_code, reason=None):
            text, status_code = await super().error_response(request, status_code, reason)
            return {'status': status_code, 'text': text}, status_code

    app = Mine()

    @app.get('/fail')
    async def fail(request):
        return {}[1]

    async with serve(app) as server:
        for path, status in (('/none', 404), ('/fail', 500)):
            reply = await server.get(path)
            assert reply.status == status
            assert b'"status": %d' % status in reply.body, reply.body
        reply = await server.request(get('/', method='BAD METHOD'))
        assert reply.status == 400 and b'"text": "Bad request"' in reply.body


async def test_handle_request_of_a_subclass():
    """It is called once a connection, which then serves one request."""
    notes = []

    class Mine(Microdot):
        async def handle_request(self, reader, writer):
            notes.append('before')
            await super().handle_request(reader, writer)
            notes.append('after')

    app = Mine()
    app.get('/')(lambda request: 'ok')
    async with serve(app) as server:
        for _ in range(2):
            client = await server.open()
            await client.send(get('/') + get('/'))
            reply = await client.response()
            assert (reply.body, reply.header('Connection')) == (b'ok', 'close')
            assert await client.at_eof()
        await until(lambda: notes.count('after') == 2)
    assert sorted(notes) == ['after', 'after', 'before', 'before']


async def test_request():
    made, seen, names = overridden(Request, of_class=('create',))
    raw = b'GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n'
    request = await made.create(Microdot(), AsyncBytesIO(raw), None, ('1.2.3.4', 5))
    assert request.args['b'] == 'c'
    request = made(Microdot(), None, 'GET', '/', '1.1', NoCaseDict())
    request.after_request(print)
    request.after_response(print)
    request.vary('Accept')
    assert request.after_request_handlers == [print] and request.g._vary == {'Accept'}
    assert seen == names, names - seen


async def test_response():
    made, seen, names = overridden(Response, of_class=('redirect', 'send_file'))
    app = Microdot()

    @app.get('/')
    async def index(request):
        response = made(iter(['a', 'b']))
        response.set_cookie('a', 'b')
        response.delete_cookie('c')
        return response

    async with serve(app) as server:
        reply = await server.get('/')
        assert reply.body == b'ab' and 'a=b' in reply.header('Set-Cookie')
    sink = Sink()
    await made('text').write(sink)
    assert sink.data.endswith(b'\r\n\r\ntext')
    assert made.redirect('/there').headers['Location'] == '/there'
    response = made.send_file(HERE + 'support.py')
    response.body.close()
    assert seen == names, names - seen


async def test_pattern():
    made, seen, names = overridden(URLPattern, of_class=('register_type',))
    made.register_type('hex', '[0-9a-f]+', lambda text: int(text, 16))
    try:
        assert made('/<hex:n>').match('/ff') == {'n': 255}
    finally:
        del URLPattern.segment_patterns['hex']
        del URLPattern.segment_parsers['hex']
    assert seen == names, names - seen


async def test_stream():
    made, seen, names = overridden(AsyncBytesIO)
    stream = made(b'one\ntwo\nthree')
    assert await stream.readline() == b'one\n'
    assert await stream.readuntil(b'\n') == b'two\n'
    assert await stream.readexactly(2) == b'th'
    request = Request(Microdot(), None, 'POST', '/', '1.1', NoCaseDict())
    await stream.load(request)
    assert request.body == b'ree'
    await stream.awrite(b'x')
    await stream.aclose()
    assert seen == names, names - seen


DICTIONARIES = (
    (NoCaseDict, ('get', 'pop', 'setdefault', 'update', 'copy')),
    (MultiDict, ('get', 'getlist')),
)


def test_dictionaries():
    for base, names in DICTIONARIES:
        made, seen, names = overridden(base, names)
        mapping = made()
        for name in names:
            args = {'update': ({'a': 'b'},), 'copy': ()}.get(name, ('a',))
            args += ('b',) if name in ('pop', 'setdefault') else ()
            getattr(mapping, name)(*args)
        assert seen == names, names - seen


async def test_methods_through_their_class():
    app = Microdot()
    Microdot.get(app, '/')(lambda request: 'ok')
    Microdot.errorhandler(app, 404)(lambda request: ('mine', 404))
    Microdot.mount(app, Microdot(), '/sub')
    async with serve(app) as server:
        assert (await server.get('/')).body == b'ok'
        assert (await server.get('/none')).body == b'mine'
    response = Response('a')
    Response.set_cookie(response, 'a', 'b')
    assert 'a=b' in str(response.headers['Set-Cookie'])
    Microdot.shutdown(app)


NAMES = (
    (Microdot, ('get', 'mount', 'shutdown', 'handle_request', 'allowed_hosts', 'url_map')),
    (Request, ('create', 'max_content_length', 'G', 'json', 'form', 'vary')),
    (Response, ('redirect', 'types_map', 'headers', 'already_handled', 'write')),
    (URLPattern, ('match', 'segment_patterns', 'register_type')),
    (AsyncBytesIO, ('read', 'readline', 'awrite', 'max_line')),
)


def test_names_of_classes():
    for cls, names in NAMES:
        for name in names:
            assert hasattr(cls, name) and name in dir(cls), (cls, name)
        assert not hasattr(cls, 'nonsense') and 'nonsense' not in dir(cls)
        assert public(cls)
    exc = raises(AttributeError, getattr, Microdot(), 'rout')
    assert str(exc) == "'Microdot' object has no attribute 'rout'"
    assert issubclass(HTTPException, Exception)


def test_unknown_names_of_modules():
    for module, name in ((microdot, 'microdot'), (single, 'microdot.microdot')):
        assert not hasattr(module, 'nonsense')
        raises(AttributeError, getattr, module, 'Nonsense')
        raises(ImportError, exec, 'from ' + name + ' import Nonsense', {})
    raises(ImportError, exec, 'import microdot.nonsense', {})


async def test_class_attributes():
    """Of a subclass they apply to that alone."""

    class Html(Response):
        default_content_type = 'text/html'

    app = Microdot()
    app.get('/html')(lambda request: Html('a'))
    app.get('/text')(lambda request: Response('a'))
    async with serve(app) as server:
        for kind in ('html', 'text'):
            reply = await server.get('/' + kind)
            assert reply.header('Content-Type').startswith('text/html') == (kind == 'html')
    assert Html.send_file_buffer_size == Response.send_file_buffer_size


# What a handler or an after-request handler assigns to the response: name, value, body on the wire.
ASSIGNED = (
    ('body', 'text', b'text'),
    ('body', b'bytes', b'bytes'),
    ('body', {'a': 1}, b'{"a": 1}'),
    ('body', [1], b'[1]'),
    ('body', ('a', 'b'), b'ab'),
    ('headers', {'X-A': 'b'}, b'x'),
    ('status_code', 201, b'x'),
    ('reason', 'Fine', b'x'),
)


async def test_assigning_to_a_response():
    for name, value, body in ASSIGNED:
        for late in (False, True):
            app = Microdot()

            @app.get('/')
            async def index(request, name=name, value=value, late=late):
                response = Response('x', 200, {'X-Old': 'old'})
                if not late:
                    setattr(response, name, value)
                return response

            @app.after_request
            async def after(request, response, name=name, value=value, late=late):
                if late:
                    setattr(response, name, value)

            async with serve(app) as server:
                reply = await server.get('/')
            assert reply.body == body, (name, late, reply.body)
            assert reply.header('X-A') == ('b' if name == 'headers' else None)
            assert reply.header('X-Old') == (None if name == 'headers' else 'old')
            assert reply.status == (201 if name == 'status_code' else 200)
            assert reply.reason == {'reason': 'Fine', 'status_code': 'Created'}.get(name, 'OK')


# What a before-request handler assigns to the request, and what is shown of it.
SHOWN = (
    ('args', {'a': '1'}, lambda request: request.args['a']),
    ('headers', NoCaseDict({'X-A': '1'}), lambda request: request.headers['x-a']),
    ('cookies', {'a': '1'}, lambda request: request.cookies['a']),
    ('content_type', '1', lambda request: request.content_type),
    ('client_addr', ('1', 1), lambda request: request.client_addr[0]),
    ('g', NoCaseDict({'a': '1'}), lambda request: request.g['a']),
    ('method', '1', lambda request: request.method),
    ('path', '1', lambda request: request.path),
    ('files', {'a': '1'}, lambda request: request.files['a']),
    ('after_request_handlers', [lambda request, response: '1'], lambda request: '2'),
)


async def test_assigning_to_a_request():
    for name, value, show in SHOWN:
        app = Microdot()

        @app.before_request
        async def before(request, name=name, value=value):
            setattr(request, name, value)

        app.get('/')(lambda request: show(request))
        async with serve(app) as server:
            assert (await server.get('/?a=2', 'X-A: 2', 'Cookie: a=2')).body == b'1', name


async def test_assigning_to_an_application():
    def replace(request, *response):
        return '1'

    for name, path in (
        ('before_request_handlers', '/'),
        ('after_request_handlers', '/'),
        ('after_error_request_handlers', '/none'),
    ):
        app = Microdot()
        app.get('/')(lambda request: '2')
        setattr(app, name, [replace])
        async with serve(app) as server:
            assert (await server.get(path)).body == b'1', name
    app = Microdot()
    app.error_handlers = {404: lambda request: '1'}
    app.options_handler = lambda request: {'X-A': '1'}
    app.get('/')(lambda request: '2')
    async with serve(app) as server:
        assert (await server.get('/none')).body == b'1'
        assert (await server.request(get('/', method='OPTIONS'))).header('X-A') == '1'


async def test_a_response_returned_twice():
    app = Microdot()
    kept = Response('kept', 200, {'Connection': 'close', 'X-A': 'b'})
    app.get('/')(lambda request: kept)
    app.post('/')(lambda request: kept)
    async with serve(app) as server:
        for raw in (get('/'), get('/'), post('/', b'x'), get('/')):
            client = await server.open()
            await client.send(raw)
            reply = await client.response()
            assert (reply.body, reply.header('Connection')) == (b'kept', 'close')
            assert reply.header('X-A') == 'b'
            assert await client.at_eof()
    assert dict(kept.headers.items()) == {'Connection': 'close', 'X-A': 'b'}
