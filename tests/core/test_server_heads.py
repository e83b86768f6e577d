"""What a running server puts into the head of its responses, and when it sends no body."""

import asyncio
import time

from microdot import Microdot, Response
from support import skip
from wire import get, serve, until


def make_app():
    app = Microdot()

    @app.get('/')
    async def index(request):
        return 'hello'

    @app.get('/status/<int:code>')
    async def status(request, code):
        return 'body', code

    @app.get('/reason')
    async def reason(request):
        return Response('x', 404, reason='Gone Fishing')

    @app.get('/none')
    async def none(request):
        return None

    @app.get('/two')
    async def two(request):
        response = Response('x', headers={'X-Number': 5, 'X-List': ['a', 'b']})
        response.set_cookie('c', '1')
        response.set_cookie('d', '2')
        return response

    @app.get('/bad')
    async def bad(request):
        return 'x', 200, {'X-Bad': 'a\r\nSet-Cookie: b=c'}

    @app.get('/date')
    async def date(request):
        return 'x', 200, {'Date': 'Thu, 01 Jan 1970 00:00:00 GMT'}

    return app


REASONS = (
    (200, 'OK'),
    (201, 'Created'),
    (202, 'Accepted'),
    (204, 'N/A'),
    (206, 'Partial Content'),
    (301, 'Moved Permanently'),
    (302, 'Found'),
    (303, 'See Other'),
    (304, 'Not Modified'),
    (307, 'Temporary Redirect'),
    (308, 'Permanent Redirect'),
    (400, 'Bad Request'),
    (401, 'Unauthorized'),
    (403, 'Forbidden'),
    (404, 'Not Found'),
    (405, 'Method Not Allowed'),
    (409, 'Conflict'),
    (418, None),
    (422, None),
    (429, 'Too Many Requests'),
    (500, 'Internal Server Error'),
    (501, 'Not Implemented'),
    (503, 'Service Unavailable'),
    (599, None),
)


async def test_reason_phrases():
    async with serve(make_app()) as server:
        client = await server.open()
        for code, reason in REASONS:
            await client.send(get('/status/%d' % code))
            reply = await client.response()
            assert reply.status == code
            assert reply.reason == reason or reason is None, (code, reply.reason)


async def test_explicit_reason_is_kept():
    async with serve(make_app()) as server:
        reply = await server.get('/reason')
        assert (reply.status, reply.reason, reply.body) == (404, 'Gone Fishing', b'x')


async def test_ordinary_headers():
    async with serve(make_app()) as server:
        reply = await server.get('/')
        assert reply.header('Content-Length') == '5'
        assert reply.header('Content-Type') == 'text/plain; charset=UTF-8'
        assert reply.header('Transfer-Encoding') is None
        assert reply.body == b'hello'


async def test_list_headers_and_other_types():
    async with serve(make_app()) as server:
        reply = await server.get('/two')
        assert reply.header('X-Number') == '5'
        assert [value for name, value in reply.headers if name == 'X-List'] == ['a', 'b']
        assert reply.header('Set-Cookie') == 'c=1, d=2'


async def test_injection_is_refused_with_500():
    async with serve(make_app()) as server:
        client = await server.open()
        await client.send(get('/bad') + get('/'))
        reply = await client.response()
        assert reply.status == 500
        assert reply.header('Set-Cookie') is None and reply.header('X-Bad') is None
        assert reply.body == b'Internal server error'


async def test_date_header():
    if time.time() < 0 or time.gmtime()[0] < 2024:
        skip('clock not set')
    async with serve(make_app()) as server:
        date = (await server.get('/')).header('Date')
        day, rest = date.split(', ')
        assert day in ('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun')
        assert len(rest) == 24 and rest.endswith(' GMT'), date
        now = time.gmtime()
        assert int(rest[7:11]) in (now[0], now[0] - 1)
        assert (await server.get('/date')).header('Date') == 'Thu, 01 Jan 1970 00:00:00 GMT'


async def test_head_has_the_headers_of_get_and_no_body():
    async with serve(make_app()) as server:
        client = await server.open()
        for path in ('/', '/status/404', '/two', '/nowhere'):
            await client.send(get(path) + get(path, method='HEAD') + get('/'))
            full = await client.response()
            reply = await client.response(head=True)
            assert reply.status == full.status, path
            assert sorted([h for h in reply.headers if h[0] != 'Date']) == sorted(
                [h for h in full.headers if h[0] != 'Date']
            ), path
            assert (await client.response()).body == b'hello', path


async def test_no_body_and_no_length_for_204_and_304():
    async with serve(make_app()) as server:
        client = await server.open()
        for path in ('/status/204', '/status/304', '/none'):
            await client.send(get(path) + get('/'))
            reply = await client.response()
            assert reply.status in (204, 304)
            for name in ('Content-Length', 'Content-Type', 'Transfer-Encoding'):
                assert reply.header(name) is None, (path, name)
            assert (await client.response()).body == b'hello', path


class Closing:
    """A body that notes that it was closed; `read` makes it a file."""

    def __init__(self, notes):
        self.notes = notes

    def read(self, size=-1):
        self.notes.append('read')
        return b''

    def close(self):
        self.notes.append('closed')


async def test_body_of_head_and_304_is_closed_unread():
    notes = []
    app = Microdot()

    @app.get('/file/<int:code>')
    async def file(request, code):
        return Closing(notes), code

    async with serve(app) as server:
        for method, code in (('HEAD', 200), ('GET', 304), ('GET', 204)):
            notes.clear()
            client = await server.open()
            await client.send(get('/file/%d' % code, method=method))
            assert (await client.response(head=True)).status == code
            await until(lambda: notes)
            await asyncio.sleep(0.02)
            assert notes == ['closed'], (method, code, notes)
