"""`microdot.update`: who may update a board, the page, the other routes."""

# The flash is in memory, too.
# heap: 256K

import updates
from microdot import Microdot
from microdot.auth import BasicAuth
from microdot.csrf import CSRF
from microdot.update import Update
from support import raises
from updates import AUTH, SECTOR, SECTORS, Key, image, make_app, make_slots, slots_module, update
from wire import post, serve

# Headers of a POST, the status, whether the credentials are sent.
STRANGERS = (
    ((), 401, False),
    (('Authorization: Basic YWRhOnRyeQ==',), 401, False),
    (('Origin: http://evil.example',), 403, True),
    (('Sec-Fetch-Site: cross-site',), 403, True),
    (('Origin: null',), 403, True),
    (('Referer: http://evil.example/',), 403, True),
    (('User-Agent: Mozilla/5.0',), 403, True),
    (('Sec-Fetch-Site: same-origin',), 200, True),
)


async def test_who_may():
    slots = slots_module()
    for lines, status, known in STRANGERS:
        made = make_slots(slots)
        app, updating = make_app(made)
        async with serve(app) as server:
            lines += (AUTH,) if known else ()
            reply = await server.request(post('/update', update(image()), *lines))
            assert reply.status == status, (lines, reply.status)
            assert status == 200 or not made.device.operations
            for accept in ('application/json', 'text/html'):
                assert (await server.get('/update', 'Accept: ' + accept)).status == 401


async def test_exceptions_to_csrf():
    from microdot.cors import CORS

    csrf = CSRF(cors=CORS(allowed_origins=['https://fleet.example']))
    made = make_slots(slots_module())
    app, updating = make_app(made, csrf=csrf)
    reply = await updates.send_to(app, update(image()), '', AUTH, 'Origin: https://fleet.example')
    assert reply.status == 200


def test_authentication_is_required():
    for auth in (None, False, True, 'ada:secret'):
        exc = raises(TypeError, Update, Microdot(), auth)
        assert 'BasicAuth' in str(exc)
    raises(TypeError, Update, Microdot())


async def test_the_page():
    app, updating = make_app(make_slots(slots_module()))
    async with serve(app) as server:
        accept = 'Accept: text/html,application/xhtml+xml,*/*;q=0.8'
        reply = await server.get('/update', AUTH, accept)
        assert reply.status == 200 and reply.header('Content-Type').startswith('text/html')
        assert "default-src 'none'" in reply.header('Content-Security-Policy')
        assert reply.body.startswith(b'<!DOCTYPE html>') and reply.body.endswith(b'</html>\n')
        assert reply.header('Vary') == 'Accept' and reply.header('Cache-Control') == 'no-store'
        reply = await server.get('/update', AUTH, 'Accept: */*')
        assert b'"capacity": %d' % (SECTORS * SECTOR) in reply.body


async def test_other_routes_keep_their_bounds():
    app, updating = make_app(make_slots(slots_module()))
    app.post('/other')(lambda request: str(len(request.body)))
    async with serve(app, max_content_length=2000) as server:
        assert (await server.request(post('/other', bytes(2000)))).body == b'2000'
        assert (await server.request(post('/other', bytes(2001)))).status == 413
        assert (await server.request(post('/update/', bytes(2001), AUTH))).status == 413
        assert (await updates.send(server, bytes(2001))).status == 400


async def test_what_wraps_the_dispatching():
    """Before and after: both see the requests, as does what replaces the method of the class."""
    from microdot.health import Health

    seen = []
    original = Microdot.dispatch_request

    async def dispatch(app, request):
        seen.append(request.path)
        return await original(app, request)

    for first in (True, False):
        app = Microdot()
        health = Health(app) if first else None
        auth = BasicAuth()
        auth.authenticate(lambda request, user, password: user)
        Update(app, auth, key=Key, slots=make_slots(slots_module()), restart=updates.Restarts())
        health = health or Health(app)
        Microdot.dispatch_request = dispatch
        try:
            async with serve(app) as server:
                for path, status in (('/update', 401), ('/none', 404)):
                    assert (await server.get(path)).status == status
        finally:
            Microdot.dispatch_request = original
        assert health.statuses == {401: 1, 404: 1}
    assert seen == ['/update', '/none'] * 2
