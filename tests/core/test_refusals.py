"""What a request is refused for, before a handler gets it or as it reads it."""

from microdot import Microdot
from wire import get, post, serve


async def test_refusals_do_not_go_to_handlers_of_exceptions():
    """Those of a status get them; what a handler raises goes to those of its class."""
    for cls in (Exception, ValueError):
        app = Microdot()
        app.errorhandler(cls)(lambda request, exc: (type(exc).__name__, 500))
        for status in (400, 404, 405, 413, 414, 431):
            app.errorhandler(status)(lambda request, status=status: ('mine %d' % status, status))
        app.post('/json')(lambda request: request.json)
        app.post('/fail')(lambda request: int('x'))

        @app.post('/caught')
        async def caught(request):
            try:
                return request.json
            except ValueError:
                return 'caught'

        mistaken = post('/json', b'{', 'Content-Type: application/json')
        table = (
            (b'NONSENSE\r\n\r\n', 400, b'mine 400'),
            (b'GET / HTTP/1.1\r\n\r\n', 400, b'mine 400'),
            (post('/json', b'x' * 2000), 413, b'mine 413'),
            (get('/' + 'a' * 2100), 414, b'mine 414'),
            (get('/', 'X: ' + 'a' * 2100), 431, b'mine 431'),
            (get('/none'), 404, b'mine 404'),
            (get('/json'), 405, b'mine 405'),
            (mistaken.replace(b'/json', b'/caught', 1), 200, b'caught'),
            (post('/fail', b'x'), 500, b'ValueError'),
        )
        async with serve(app, max_content_length=1000) as server:
            for raw, status, body in table:
                reply = await server.request(raw)
                assert (reply.status, reply.body) == (status, body), (
                    cls,
                    raw[:60],
                    reply.status,
                    reply.body,
                )
            reply = await server.request(mistaken)
            assert reply.status == 500 and reply.body in (b'ValueError', b'JSONDecodeError')
