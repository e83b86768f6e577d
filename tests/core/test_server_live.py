"""Streams on the wire: what a source yields at once leaves together, nothing is held back."""

import asyncio
import hashlib
import time

from microdot import Microdot
from support import MICROPYTHON, skip
from wire import DEADLINE, get, serve, until

PIECES = ('one, ', b'two, ', 'three. ')
VERSIONS = ('1.1', '1.0')


class Bursts:
    """Yields three pieces without waiting, then waits for `more`, again and again.

    With `first` it waits before them, too.
    """

    def __init__(self, more, count, first=False):
        self.more = more
        self.left = 3 * count
        self.wait = first

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.left:
            raise StopAsyncIteration
        if self.left % 3 == 0 and self.wait:
            await self.more.wait()
            self.more.clear()
        self.wait = True
        self.left -= 1
        return PIECES[2 - self.left % 3]


class Quick:
    """Yields many pieces without ever waiting; `asked` counts them."""

    def __init__(self, pieces):
        self.pieces = list(pieces)
        self.asked = 0

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.asked == len(self.pieces):
            raise StopAsyncIteration
        self.asked += 1
        return self.pieces[self.asked - 1]


class Reused:
    """Yields the same buffer, with other contents each time."""

    def __init__(self):
        self.buffer = bytearray(4)
        self.n = 0

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.n == 3:
            raise StopAsyncIteration
        self.n += 1
        self.buffer[:] = b'%d%d%d%d' % (self.n, self.n, self.n, self.n)
        return memoryview(self.buffer)


class Incoming:
    """A body as a client receives it, at most 1024 bytes at a time."""

    def __init__(self, client, chunked):
        self.client = client
        self.chunked = chunked
        self.left = 0  # of the present chunk

    def __aiter__(self):
        return self

    async def __anext__(self):
        client = self.client
        if not self.chunked:
            data, client.buffer = client.buffer or await client.reader.read(1024), b''
        else:
            self.left = self.left or int(await client.line(), 16)
            data = await client.read(min(self.left, 1024))
            self.left -= len(data)
            if not self.left:
                assert await client.line() == b''
        if not data:
            raise StopAsyncIteration
        return data

    async def read(self, count):
        """So many bytes of the body, fewer at its end; no part may go beyond them."""
        found = b''
        try:
            while len(found) < count:
                found += await self.__anext__()
        except StopAsyncIteration:
            pass
        return found


async def chunks(client):
    """The chunks of a body."""
    found = []
    size = None
    while size != 0:
        size = int(await client.line(), 16)
        found.append((await client.read(size + 2))[:-2])
    return found[:-1]


def app_with(make):
    app = Microdot()

    @app.get('/')
    async def index(request):
        return make()

    return app


async def test_nothing_is_held_back_while_the_source_waits():
    for version in VERSIONS:
        more = asyncio.Event()
        async with serve(app_with(lambda: Bursts(more, 3))) as server:
            client = await server.open()
            await client.send(get('/', version=version))
            await client.head()
            incoming = Incoming(client, version == '1.1')
            for _ in range(3):
                assert await incoming.read(17) == b'one, two, three. '
                more.set()
            assert await incoming.read(1) == b''


async def test_the_head_does_not_wait_for_the_first_piece():
    more = asyncio.Event()
    async with serve(app_with(lambda: Bursts(more, 1, first=True))) as server:
        client = await server.open()
        await client.send(get('/'))
        assert (await client.head()).status == 200
        more.set()
        assert await Incoming(client, True).read(18) == b'one, two, three. '


async def test_what_comes_at_once_leaves_together():
    async with serve(app_with(lambda: Quick([b'x' * 100] * 50))) as server:
        client = await server.open()
        await client.send(get('/'))
        await client.head()
        found = await chunks(client)
        assert b''.join(found) == b'x' * 5000
        assert len(found) < 25, len(found)  # usually 5, more if the machine has others to serve


async def test_a_generator_that_blocks_is_not_waited_for():
    def blocking():
        for piece in ('a', 'b', 'c', 'd'):
            yield piece
            time.sleep(0.05)

    async with serve(app_with(blocking)) as server:
        client = await server.open()
        await client.send(get('/'))
        await client.head()
        found = await chunks(client)
        assert b''.join(found) == b'abcd'
        assert len(found) >= 3, found


async def test_nothing_is_held_back_while_a_generator_blocks_its_thread():
    if MICROPYTHON:
        skip('generators run on the event loop')
    import threading

    more = threading.Event()

    def blocking():
        for _ in range(3):
            yield from PIECES
            assert more.wait(DEADLINE)
            more.clear()

    for version in VERSIONS:
        async with serve(app_with(blocking)) as server:
            client = await server.open()
            await client.send(get('/', version=version))
            await client.head()
            incoming = Incoming(client, version == '1.1')
            for _ in range(3):
                assert await incoming.read(17) == b'one, two, three. '
                more.set()


async def test_what_a_generator_yields_before_it_fails():
    def failing():
        yield from PIECES
        raise RuntimeError('on purpose')

    async with serve(app_with(failing)) as server:
        client = await server.open()
        await client.send(get('/', version='1.0'))
        await client.head()
        assert await client.read_until_eof() == b'one, two, three. '


async def test_pieces_of_a_buffer_that_is_used_again():
    async with serve(app_with(Reused)) as server:
        assert (await server.get('/')).body == b'111122223333'


async def test_a_slow_client_gets_all():
    """More than what lies between server and client holds, so that the server has to wait."""

    class Much(Quick):
        async def __anext__(self):
            if self.asked == 5000:
                raise StopAsyncIteration
            self.asked += 1
            return b'%06d;' % self.asked * (1 + self.asked % 400)

    for version in VERSIONS:
        source = Much(())
        async with serve(app_with(lambda: source)) as server:
            client = await server.open()
            await client.send(get('/', version=version))
            await client.head()
            await asyncio.sleep(0.1)
            found, expected = hashlib.sha256(), hashlib.sha256()
            async for data in Incoming(client, version == '1.1'):
                found.update(data)
            for n in range(1, 5001):
                expected.update(b'%06d;' % n * (1 + n % 400))
            assert found.digest() == expected.digest()


async def test_what_came_before_an_exception_is_sent():
    class Failing(Quick):
        async def __anext__(self):
            if self.asked == 2:
                raise RuntimeError('on purpose')
            return await super().__anext__()

    for pieces, expected in (
        (PIECES, b'one, two, '),
        ([b'x' * 3000, b'y' * 1500, b''], b'x' * 3000 + b'y' * 1500),
    ):
        async with serve(app_with(lambda: Failing(pieces))) as server:
            client = await server.open()
            await client.send(get('/'))
            await client.head()
            found = b''
            try:
                while True:
                    size = int(await client.line(), 16)
                    assert size, 'no end was expected'
                    found += (await client.read(size + 2))[:-2]
            except EOFError:
                assert found == expected


async def test_a_client_that_goes_ends_a_waiting_source():
    ended = []

    class Source(Bursts):
        async def aclose(self):
            ended.append(True)

    async with serve(app_with(lambda: Source(asyncio.Event(), 2))) as server:
        client = await server.open()
        await client.send(get('/'))
        await client.head()
        await client.close()
        await until(lambda: ended)
