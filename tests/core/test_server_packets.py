"""A response that is written in parts does not wait for the acknowledgment of the first ones."""

import socket

from microdot import Microdot
from microdot.compat import start_stream
from support import MICROPYTHON
from wire import get, serve

NODELAY = 1 if MICROPYTHON else socket.TCP_NODELAY


class Writer:
    """A writer, and its socket, that keeps what options are set."""

    def __init__(self):
        self.s = self
        self.options = []

    def setsockopt(self, *option):
        self.options.append(option)


async def test_the_option_is_set():
    if MICROPYTHON:
        writer = Writer()
        start_stream(writer, None)
        assert writer.options == [(6, NODELAY, 1)], writer.options
        return
    app = Microdot()
    found = []

    @app.get('/')
    async def index(request):
        own = request.sock[1].writer.get_extra_info('socket')
        found.append(own.getsockopt(socket.IPPROTO_TCP, NODELAY))
        return 'x' * 5000

    async with serve(app) as server:
        assert len((await server.get('/')).body) == 5000
    assert found and all(found)


async def test_parts_on_one_connection():
    app = Microdot()

    @app.get('/<int:n>')
    async def parts(request, n):
        return ['', 'x' * 5000, ('x' * 1000 for _ in range(5))][n]

    async with serve(app) as server:
        client = await server.open()
        for n in (1, 2) * 10:
            await client.send(get('/%d' % n))
            reply = await client.response()
            assert (reply.status, reply.body) == (200, b'x' * 5000)
