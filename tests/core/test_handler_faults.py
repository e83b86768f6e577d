"""What handlers raise that is no ``Exception``."""

import asyncio

from frames import connect, read_frame
from microdot import Microdot, Response
from microdot.compat import is_cancelled
from microdot.sse import with_sse
from microdot.websocket import with_websocket
from support import MICROPYTHON, skip
from test_server_errors import Traces
from wire import get, post, serve


class Mine(BaseException):
    pass


class Items:
    """An asynchronous iterator that fails at once."""

    def __init__(self, make):
        self.make = make

    def __aiter__(self):
        return self

    async def __anext__(self):
        raise self.make()


ENDS = (SystemExit, GeneratorExit, Mine)


def failing(make):
    """An application that raises what ``make`` returns wherever code of its own runs."""
    app = Microdot()
    app.done = []

    @app.get('/sse')
    @with_sse
    async def events(request, sse):
        raise make()

    @app.get('/sync')
    def sync(request):
        raise make()

    @app.get('/<place>')
    async def handler(request, place):
        if place == 'after_response':
            request.after_response(fail)
        if place == 'handler':
            raise make()
        if place == 'error':
            raise ZeroDivisionError
        if place == 'stream':
            return Items(make)
        return 'fine' if place != 'after_error' else 500

    def fail(request, *args):
        raise make()

    @app.before_request
    async def before(request):
        if request.path == '/before':
            raise make()

    @app.after_request
    async def after(request, response):
        if request.path == '/after':
            raise make()

    app.errorhandler(ZeroDivisionError)(fail)

    @app.after_error_request
    async def after_error(request, response):
        if request and request.path == '/after_error':
            raise make()

    @app.errorhandler(404)
    async def missing(request):
        if request.path == '/none/status':
            raise make()
        return 'missing', 404

    return app


# Where it is raised, and the status of the answer.
PLACES = (
    ('/handler', 500),
    ('/sync', 500),
    ('/before', 500),
    ('/after', 500),
    ('/error', 500),
    ('/none/status', 500),
    ('/stream', 200),
    ('/sse', 200),
    ('/after_response', 200),
)


async def test_what_is_no_exception_ends_no_server():
    """SystemExit and the like in a handler are 500 and printed; the others are served on."""
    for end in ENDS:
        app = failing(end)
        async with serve(app) as server:
            for path, status in PLACES:
                with Traces() as seen:
                    client = await server.open()
                    await client.send(get(path))
                    assert (await client.head()).status == status, (end, path)
                    for _ in range(100):
                        if not seen:
                            await asyncio.sleep(0.02)
                    assert seen, (end, path)
                await client.close()
                assert (await server.get('/fine')).body == b'fine', (end, path)
            assert not server.task.done()


async def test_leaked_cancellations_are_told():
    """Of a task that a handler waited for: a fault of it like any other, and no end of a stream."""
    if is_cancelled():
        skip('before 3.11 Python cannot tell whether somebody cancels a task')
    app = failing(asyncio.CancelledError)
    async with serve(app) as server:
        for path, status in PLACES:
            if path in ('/stream', '/after_response'):
                continue  # there it cuts the connection
            with Traces() as seen:
                data = await server.exchange(get(path, 'Connection: close'))
            assert data.startswith(b'HTTP/1.1 %d ' % status) and seen, (path, data)
            assert not data.endswith(b'0\r\n\r\n'), path


async def test_websockets_end_with_a_close_frame():
    for end in ENDS + (ZeroDivisionError,):
        app = Microdot()

        @app.get('/')
        @with_websocket
        async def fail(request, ws, end=end):
            raise end()

        async with serve(app) as server:
            client, _ = await connect(server)
            first, payload = await read_frame(client)
            assert (first, payload[:2]) == (0x88, b'\x03\xf3'), (end, first, payload)


async def test_default_content_type_is_checked():
    class Split(Response):
        default_content_type = 'text/plain\r\nX-Injected: yes'

    app = Microdot()
    app.get('/')(lambda request: Split('text'))
    async with serve(app) as server:
        reply = await server.get('/')
        assert (reply.status, reply.header('X-Injected')) == (500, None)


async def test_nested_json_is_400():
    """Deeper than the interpreter can follow, or than there is."""
    app = Microdot()
    app.post('/')(lambda request: {'sum': len(request.json)})
    depth = 200 if MICROPYTHON else 3000  # each level takes 100 bytes of the heap
    async with serve(app) as server:
        for text in (b'[', b'{"a":'):
            with Traces() as seen:
                reply = await server.request(
                    post('/', text * depth, 'Content-Type: application/json')
                )
            assert reply.status == 400 and not seen, (text, reply.status)
