"""Uploads much larger than memory go to files, on both runtimes."""

import hashlib
import json
import os
import tempfile
import textwrap
import threading
from pathlib import Path

import pytest
import servers
from servers import ServerProcess, status

MEGABYTE = bytes(range(256)) * 4096
SIZE = 5  # MB
BOUNDARY = 'bound-ary'

PROGRAM = '''
import gc
import sys

from microdot import Microdot, Request
from microdot.multipart import FileUpload, FormDataIter, with_form_data

app = Microdot()
heap = []
busy_for = []
asked = [0]

if sys.implementation.name == 'cpython':
    import threading

    released = threading.Event()


class Stuck:
    """A file that cannot be written to until somebody says so."""

    def write(self, data):
        busy_for.append('stuck')
        released.wait()


def used():
    gc.collect()
    return gc.mem_alloc() if hasattr(gc, 'mem_alloc') else 0


class File:
    """A file that looks at the heap every now and then."""

    def __init__(self, name):
        self.file = open(name, 'wb')
        self.count = 0

    def write(self, data):
        self.file.write(data)
        if self.count % 1000 == 10:
            heap.append(used())
        self.count += 1


@app.get('/')
async def index(request):
    return 'index'


@app.post('/stream')
async def stream(request):
    heap.clear()
    names = []
    async for name, value in FormDataIter(request):
        names.append(name)
        if isinstance(value, FileUpload):
            file = File(value.filename)
            await value.save(file)
            file.file.close()
    return {'names': names, 'heap': heap}


@app.post('/form')
@with_form_data
async def form(request):
    before = used()
    await request.files['f'].save(request.files['f'].filename)
    return {'names': sorted(request.form.keys()), 'heap': [before, used()]}


@app.post('/busy')
@with_form_data
async def busy(request):
    """Saves the copy of an upload, which waits for nobody, and tells how often it was asked."""
    busy_for.append(request.files['f'].filename)
    await request.files['f'].save(busy_for[0])
    busy_for.clear()
    return {'asked': asked[0]}


@app.get('/asked')
async def ask(request):
    asked[0] += bool(busy_for)
    return {'busy': bool(busy_for)}


@app.post('/stuck')
async def stuck(request):
    async for _, value in FormDataIter(request):
        if isinstance(value, FileUpload):
            await value.save(Stuck())
    return {}


@app.get('/free')
async def free(request):
    released.set()
    return {}


FileUpload.directory = sys.argv[2]
FormDataIter.buffer_size = 1024
Request.max_content_length = 30000000
app.run(host='127.0.0.1', port=int(sys.argv[1]))
'''


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


@pytest.fixture
def server(runtime, folder):
    """A server that saves uploads where they say, and has its temporary files in a folder."""
    program = folder / 'program.py'
    program.write_text(textwrap.dedent(PROGRAM))
    (folder / 'temporary').mkdir()
    with ServerProcess(runtime, str(folder / 'temporary'), program=program) as process:
        yield process
        process.alive()
        assert os.listdir(folder / 'temporary') == []


def form(target):
    """The bytes before and after the file of a form."""
    before = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--{BOUNDARY}\r\n'
        f'Content-Disposition: form-data; name="f"; filename="{target}"\r\n\r\n'
    )
    end = f'\r\n--{BOUNDARY}'
    after = end + '\r\nContent-Disposition: form-data; name="b"\r\n\r\n2' + end + '--\r\n'
    return before.encode(), after.encode()


def head(path, *headers):
    content_type = f'Content-Type: multipart/form-data; boundary={BOUNDARY}'
    return servers.get(path, 'Connection: close', content_type, *headers, method='POST')


def digest(path):
    with path.open('rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


@pytest.mark.parametrize('path', ['/stream', '/form'])
@pytest.mark.parametrize('chunked', [False, True])
def test_megabytes_to_a_file(server, folder, path, chunked):
    target = folder / 'target'
    before, after = form(target)
    pieces = [before, *[MEGABYTE] * SIZE, after]
    if chunked:
        header = 'Transfer-Encoding: chunked'
        pieces = [b'%x\r\n%s\r\n' % (len(piece), piece) for piece in pieces] + [b'0\r\n\r\n']
    else:
        header = 'Content-Length: %d' % sum(map(len, pieces))
    answer = server.exchange(head(path, header), *pieces)
    assert status(answer) == 200, answer
    result = json.loads(answer.partition(b'\r\n\r\n')[2])
    assert [name for name in result['names'] if name != 'f'] == ['a', 'b']
    # Flat: the last as much as the first, give or take what a piece takes.
    assert len(result['heap']) > 1
    assert max(result['heap']) - min(result['heap']) < 8192, result['heap']
    assert target.stat().st_size == SIZE * len(MEGABYTE)
    assert digest(target) == hashlib.sha256(MEGABYTE * SIZE).hexdigest()


@pytest.mark.parametrize('path', ['/stream', '/form'])
def test_small_forms_by_length_and_in_chunks(server, folder, path):
    target = folder / 'target'
    for size in (0, 1, 1000, 5000, 40000):
        data = (b'\r\n--bound-ar' * 4000)[:size]
        before, after = form(target)
        body = before + data + after
        for step in (7, 300, 100000):
            if step == 7 and size > 5000:
                continue
            pieces = [body[i : i + step] for i in range(0, len(body), step)]
            chunks = b''.join([b'%x\r\n%s\r\n' % (len(piece), piece) for piece in pieces])
            raw = head(path, 'Transfer-Encoding: chunked') + chunks + b'0\r\n\r\n'
            assert status(server.exchange(raw)) == 200
            assert target.read_bytes() == data
            target.unlink()
        assert status(server.exchange(head(path, f'Content-Length: {len(body)}'), body)) == 200
        assert target.read_bytes() == data
        target.unlink()


def test_truncated_forms_are_answered_with_400(server, folder):
    for size in (100, 30000):
        before, after = form(folder / 'target')
        body = before + b'x' * size + after
        for path in ('/stream', '/form'):
            for end in (len(body) - 3, len(before) + size, len(before) + 50, len(before), 30, 0):
                answer = server.exchange(head(path, f'Content-Length: {end}'), body[:end])
                assert status(answer) == 400, (path, end)


def test_a_client_that_goes_away_leaves_no_file(server, folder):
    before, after = form(folder / 'target')
    with server.connect() as sock:
        sock.sendall(head('/form', 'Content-Length: 100000') + before + b'x' * 50000)
        servers.eventually(lambda: os.listdir(folder / 'temporary'))
    servers.eventually(lambda: not os.listdir(folder / 'temporary'))


def test_others_are_answered_while_an_upload_is_saved(server, folder):
    target = folder / 'target'
    before, after = form(target)
    body = before + MEGABYTE * 2 + after
    answers = []
    upload = threading.Thread(
        target=lambda: answers.append(
            server.exchange(head('/busy', f'Content-Length: {len(body)}'), body)
        )
    )
    upload.start()
    while upload.is_alive():
        server.body('/asked')
    assert status(answers[0]) == 200, answers
    assert json.loads(answers[0].partition(b'\r\n\r\n')[2])['asked'] > 0
    assert target.read_bytes() == MEGABYTE * 2


@pytest.mark.parametrize('runtime', ['cpython'])
def test_a_file_that_blocks_keeps_nobody_waiting(server):
    before, after = form('target')
    body = before + b'x' * 5000 + after
    with server.connect() as sock:
        sock.sendall(head('/stuck', f'Content-Length: {len(body)}') + body)
        servers.eventually(lambda: json.loads(server.body('/asked'))['busy'])
        server.body('/free')
        assert status(servers.read_all(sock)) == 200
