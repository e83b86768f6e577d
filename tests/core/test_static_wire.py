"""Static files through the server: framing, persistent connections, and files that get closed."""

from microdot import Microdot
from microdot import static as static_module
from wire import get, serve, until

ROOT = __file__[: __file__.rfind('/') + 1] + 'static'
DATA = bytes(range(256))


class Noted:
    """A file that counts how often it was opened and closed."""

    counts = [0, 0]

    def __init__(self, file):
        self.file = file
        self.counts[0] += 1

    def seek(self, position):
        self.file.seek(position)

    def read(self, n):
        return self.file.read(n)

    def close(self):
        self.file.close()
        self.counts[1] += 1


class Huge:
    """The source of one file of a gigabyte, and the file itself; it ends early if told to."""

    end = None
    position = 0

    async def find(self, name):
        self.position = 0
        return (10**9, '"huge"', None, 'huge') if name == 'huge' else None

    def seek(self, position):
        self.position = position

    def read(self, n):
        self.position += n
        return b'' if self.end and self.position > self.end else b'h' * n

    def close(self):
        pass


class noted_files:
    """Counts the files opened and closed meanwhile."""

    def __enter__(self):
        Noted.counts[:] = [0, 0]
        self.open = static_module._open
        static_module._open = lambda path: Noted(Huge() if path == 'huge' else self.open(path))
        return Noted.counts

    def __exit__(self, *exc):
        static_module._open = self.open


def make_app():
    app = Microdot()
    app.static('/huge', ROOT).source = Huge()
    app.static('/', ROOT)
    return app


# request, status, Content-Length, body, whether a file is opened
EXCHANGES = (
    (get('/data.bin'), 200, '256', DATA, True),
    (get('/data.bin', method='HEAD'), 200, '256', b'', False),
    (get('/data.bin', 'Range: bytes=10-19'), 206, '10', DATA[10:20], True),
    (get('/data.bin', 'Range: bytes=10-19', method='HEAD'), 200, '256', b'', False),
    (get('/data.bin', 'Range: bytes=256-'), 416, '21', b'Range Not Satisfiable', False),
    (get('/data.bin', 'If-None-Match: *'), 304, None, b'', False),
    (get('/data.bin', 'If-None-Match: *', method='HEAD'), 304, None, b'', False),
    (get('/data.bin', 'If-Match: "x"'), 412, '19', b'Precondition Failed', False),
    (get('/nothing.txt'), 200, '0', b'', True),
    (get('/none'), 404, '9', b'Not found', False),
    (get('/sub'), 302, '0', b'', False),
    (get('/huge/huge', 'Range: bytes=5-8'), 206, '4', b'hhhh', True),
    (get('/huge/huge', method='HEAD'), 200, '1000000000', b'', False),
)


async def test_one_connection():
    async with serve(make_app()) as server:
        with noted_files() as counts:
            client = await server.open()
            for raw, status, length, body, opened in EXCHANGES * 2:
                counts[:] = [0, 0]
                await client.send(raw)
                reply = await client.response(head=raw.startswith(b'HEAD'))
                assert (reply.status, reply.body) == (status, body), (raw, reply.status)
                assert reply.header('Content-Length') == length, raw
                assert reply.header('Transfer-Encoding') is None, raw
                await until(lambda: counts == [opened, opened])


async def test_pipelined():
    async with serve(make_app()) as server:
        client = await server.open()
        with noted_files():
            await client.send(b''.join([exchange[0] for exchange in EXCHANGES]))
            for raw, status, _, body, _ in EXCHANGES:
                reply = await client.response(head=raw.startswith(b'HEAD'))
                assert (reply.status, reply.body) == (status, body), raw


async def test_multiple_ranges():
    async with serve(make_app()) as server:
        client = await server.open()
        for _ in range(2):
            await client.send(get('/data.bin', 'Range: bytes=0-1,-2'))
            reply = await client.response()
            assert reply.status == 206
            boundary = reply.header('Content-Type').split('=')[1].encode()
            parts = reply.body.split(b'--' + boundary)
            assert [part[-4:-2] for part in parts[1:3]] == [b'\0\1', b'\xfe\xff']
            assert (parts[0], parts[3:]) == (b'', [b'--\r\n'])


async def test_http_1_0():
    async with serve(make_app()) as server:
        data = await server.exchange(get('/data.bin', version='1.0'))
        head, _, body = data.partition(b'\r\n\r\n')
        assert head.startswith(b'HTTP/1.0 200 ') and b'Content-Length: 256' in head
        assert body == DATA


async def test_clients_that_leave():
    async with serve(make_app()) as server:
        with noted_files() as counts:
            for headers in ((), ('Range: bytes=7-',), ('Range: bytes=0-9,100-900000000',)):
                counts[:] = [0, 0]
                client = await server.open()
                await client.send(get('/huge/huge', *headers))
                assert (await client.head()).status == (206 if headers else 200)
                await client.read(1500)
                assert counts == [1, 0]
                await client.close()
                await until(lambda: counts == [1, 1])
        assert (await server.get('/data.bin')).body == DATA


async def test_a_file_that_got_shorter():
    async with serve(make_app()) as server:
        with noted_files() as counts:
            Huge.end = 3000
            try:
                client = await server.open()
                await client.send(get('/huge/huge') + get('/data.bin'))
                assert (await client.head()).header('Content-Length') == '1000000000'
                # The end of the connection tells; another response would be taken for the rest.
                assert len(await client.read_until_eof()) <= 3000
            finally:
                Huge.end = None
            assert counts == [1, 1]
