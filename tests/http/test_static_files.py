"""Static files much larger than memory, on both runtimes: they arrive whole, and get closed."""

import hashlib
import os
import random
import socket
import threading

import pytest
import servers
from servers import ServerProcess, eventually, get, read_all, reset, status

SIZE = 2_000_003
HUGE = 500_000_000  # more than buffers on the way can take; a hole on the disk

PROGRAM = """
import sys

from microdot import Microdot

app = Microdot()


@app.get('/')
async def index(request):
    return 'index'


app.static('/files', sys.argv[2])
app.run(host='127.0.0.1', port=int(sys.argv[1]))
"""


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('static')
    (folder / 'web').mkdir()
    (folder / 'web' / 'large.bin').write_bytes(random.Random(1).randbytes(SIZE))
    with (folder / 'web' / 'huge.bin').open('wb') as file:
        file.truncate(HUGE)
    for path in (folder / 'web').iterdir():
        os.utime(path, (1_750_000_000, 1_750_000_000))
    (folder / 'program.py').write_text(PROGRAM)
    return folder


@pytest.fixture
def server(runtime, folder):
    program = folder / 'program.py'
    with ServerProcess(runtime, str(folder / 'web'), heap='192K', program=program) as process:
        yield process
        process.alive()


@pytest.fixture
def data(folder):
    return (folder / 'web' / 'large.bin').read_bytes()


def test_a_large_file(server, data):
    for _ in range(2):
        body = server.body('/files/large.bin')
        assert hashlib.sha256(body).digest() == hashlib.sha256(data).digest()
    answer = server.exchange(get('/files/large.bin', 'Connection: close', method='HEAD'))
    head, _, body = answer.partition(b'\r\n\r\n')
    assert b'Content-Length: %d\r\n' % SIZE in head and body == b''


def test_several_at_once(server, data):
    answers = []

    def load():
        answers.append(server.body('/files/large.bin') == data)

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(servers.DEADLINE)
    assert answers == [True] * 4


def test_resuming(server, data):
    """A download in three pieces over one connection, as browsers and download managers do."""
    with server.connect() as sock, sock.makefile('rb') as file:
        tag, body = '', b''
        for span in ('0-699999', '700000-1499999', '1500000-'):
            headers = [f'Range: bytes={span}']
            if tag:
                headers.append(f'If-Range: {tag}')
            sock.sendall(get('/files/large.bin', *headers))
            assert status(file.readline()) == 206
            fields = {}
            while line := file.readline().strip():
                name, _, value = line.decode().partition(': ')
                fields[name] = value
            assert fields['Content-Range'].startswith(f'bytes {span}')
            tag = fields['ETag']
            body += file.read(int(fields['Content-Length']))
    assert body == data


@pytest.mark.parametrize('leave', [socket.socket.close, reset])
def test_clients_that_leave(server, data, leave):
    server.body('/')
    before = server.descriptors()
    for _ in range(3):
        socks = [server.connect(receive_buffer=4096) for _ in range(5)]
        for sock in socks:
            sock.sendall(get('/files/huge.bin'))
            assert sock.recv(1000)
        eventually(lambda: server.descriptors() >= before + 10)  # a connection and a file for each
        for sock in socks:
            leave(sock)
        eventually(lambda: server.descriptors() <= before)
    assert server.body('/files/large.bin') == data


def test_a_client_that_stops_sending(server, data):
    """Its request done, it shuts its side down: a quick answer still arrives whole."""
    with server.connect() as sock:
        sock.sendall(get('/files/large.bin', 'Range: bytes=0-9', 'Connection: close'))
        head, _, body = read_all(sock).partition(b'\r\n\r\n')
        assert (status(head), body) == (206, data[:10])


# As a browser sends them: heads of many requests at a time are what tears a heap to pieces.
BROWSER = [
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)',
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8',
    'Accept-Language: en-US,en;q=0.5',
    'Referer: http://localhost:5000/files/index.html',
    'Sec-Fetch-Site: same-origin',
    'Sec-Fetch-Mode: no-cors',
]


def load_files(sock, contents, failed):
    """Take files off the dictionary until it is empty; note those that do not arrive whole."""
    with sock.makefile('rb') as file:
        while contents:
            name, data = contents.popitem()
            try:
                sock.sendall(get(f'/files/{name}', *BROWSER))
                length = 0
                while line := file.readline().strip():
                    if line.startswith(b'Content-Length:'):
                        length = int(line.split()[1])
                if file.read(length) != data:
                    failed.append(name)
            except OSError:
                failed.append(name)


def test_pages_of_many_files(runtime, tmp_path):
    """Six connections at a time, in a heap that is collected only when it is full."""
    rng = random.Random(2)
    web = tmp_path / 'web'
    web.mkdir()
    contents = {}
    for i in range(60):
        name = f'{i}.' + rng.choice(['html', 'css', 'js', 'svg', 'woff2'])
        contents[name] = rng.randbytes(rng.randrange(1000, 40_000))
        (web / name).write_bytes(contents[name])
        if i % 2:  # the others are so new that their content is read for an entity tag
            os.utime(web / name, (1_750_000_000, 1_750_000_000))
    program = tmp_path / 'program.py'
    late = 'import gc\ngc.threshold(1 << 20)\n' if runtime == 'micropython' else ''
    program.write_text(late + PROGRAM)
    failed = []
    with ServerProcess(runtime, str(web), heap='192K', program=program) as process:
        for _ in range(15):
            page = dict(rng.sample(sorted(contents.items()), 13))
            socks = [process.connect() for _ in range(6)]
            arguments = [(sock, page, failed) for sock in socks]
            threads = [threading.Thread(target=load_files, args=a) for a in arguments]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(servers.DEADLINE)
            for sock in socks:
                sock.close()
        assert failed == [], process.log()
        process.alive()
