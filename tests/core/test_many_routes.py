"""A hundred routes on a small heap: by their paths alone, and with arguments among them."""

from microdot import Microdot
from microdot.test_client import TestClient


def numbered(i):
    async def handler(request):
        return str(i)

    return handler


async def test_paths_and_patterns():
    app = Microdot()
    client = TestClient(app)
    for i in range(50):
        app.route('/a/%d' % i)(numbered(i))
    assert (await client.get('/a/49')).text == '49'

    @app.route('/a/<int:i>')
    async def other(request, i):
        return 'other %d' % i

    for i in range(50, 100):
        app.route('/a/%d' % i)(numbered(i))
    cases = (('/a/0', '0'), ('/a/49', '49'), ('/a/50', 'other 50'), ('/a/200', 'other 200'))
    for path, text in cases:
        assert (await client.get(path)).text == text, path
    assert (await client.get('/b')).status_code == 404
