"""The test client, static files, templates: each public method may be overridden, and is called."""

from microdot import Microdot
from microdot.static import Static
from microdot.test_client import TestClient
from microdot.utemplate import Template
from microdot.websocket import with_websocket
from overriding import overridden

HERE = __file__[: __file__.rfind('/') + 1]


async def test_client():
    made, seen, names = overridden(TestClient)
    app = Microdot()

    @app.route('/', methods=['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'QUERY'])
    async def index(request):
        return request.method, 200, {'Set-Cookie': 'a=b; Max-Age=60'}

    @app.get('/ws')
    @with_websocket
    async def echo(request, ws):
        await ws.send(await ws.receive())

    def talk():
        assert (yield 'hello') == 'hello'

    client = made(app)
    for name in ('get', 'head', 'options', 'post', 'put', 'patch', 'delete', 'query'):
        assert (await getattr(client, name)('/')).status_code == 200, name
    async with client.stream('GET', '/') as stream:
        assert stream.status_code == 200
    await client.websocket('/ws', talk)
    async with client.connect('/ws') as ws:
        await ws.send('hello')
        assert await ws.receive() == 'hello'
    assert seen == names, names - seen


async def test_static():
    made, seen, names = overridden(Static)
    app = Microdot()
    app.get('/<path:path>')(made(HERE + 'static').serve)
    assert (await TestClient(app).get('/none')).status_code == 404
    assert seen == names, names - seen


class Loader:
    """A loader whose only template says hello."""

    def __init__(self, package=None, folder=None):
        pass

    def load(self, name):
        return lambda: iter(('hello',))


async def test_template():
    made, seen, names = overridden(Template, of_class=('initialize',))
    made.initialize(loader_class=Loader)
    try:
        assert made('x').render() == 'hello'
        assert await made('x').render_async() == 'hello'
    finally:
        made.initialize()
    assert seen == names, names - seen
