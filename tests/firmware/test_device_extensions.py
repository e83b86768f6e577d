"""Extensions on the emulated board, over its network, with ordinary clients."""

import base64
import hashlib
import re

import pytest
from websockets.sync.client import connect

PROGRAM = """
import asyncio, binascii, hashlib
from microdot import Microdot, Request, send_file
from microdot.auth import BasicAuth
from microdot.multipart import with_form_data
from microdot.sse import with_sse
from microdot.websocket import with_websocket
Request.max_content_length = 100000
Request.max_body_length = 1024
app = Microdot()
app.static('/static', '/')
auth = BasicAuth()

@app.get('/')
async def index(request):
    return 'ready'

@app.get('/ws')
@with_websocket
async def echo(request, ws):
    while True:
        await ws.send(await ws.receive())

@app.get('/events')
@with_sse
async def events(request, sse):
    for i in range(5):
        await sse.send({'count': i}, event='tick')
        await asyncio.sleep_ms(10)

@app.get('/file')
async def file(request):
    return send_file('/served.bin')

@app.post('/form')
@with_form_data
async def form(request):
    digest = hashlib.sha256()
    upload = request.files['file']
    while True:
        data = await upload.read(512)
        if not data:
            break
        digest.update(data)
    return {'name': request.form['name'], 'sha': binascii.hexlify(digest.digest()).decode()}

@auth.authenticate
async def known(request, user, password):
    return user if password == 'secret' else None

@app.get('/private')
@auth
async def private(request):
    return request.g.current_user

app.run(port=5000)
"""
SERVED = bytes(range(256)) * 40


@pytest.fixture(scope='module')
def server(board, tmp_path_factory):
    path = tmp_path_factory.mktemp('files') / 'served.bin'
    path.write_bytes(SERVED)
    assert board.mpremote('cp', str(path), ':served.bin')[0] == 0
    with board.serving(PROGRAM):
        yield board
    board.exec('import os; os.remove("/served.bin")')


def test_websocket(server):
    url = server.url.replace('http:', 'ws:') + '/ws'
    with connect(url, open_timeout=60, close_timeout=60) as client:
        for message in ('hello', 'ä' * 100, b'\x00\x01' * 300):
            client.send(message)
            assert client.recv(timeout=60) == message


def test_two_websockets_at_once(server):
    url = server.url.replace('http:', 'ws:') + '/ws'
    with connect(url, open_timeout=60) as one, connect(url, open_timeout=60) as other:
        one.send('1')
        other.send('2')
        assert (one.recv(timeout=60), other.recv(timeout=60)) == ('1', '2')


def test_events(server):
    status, headers, body = server.request('GET', '/events')
    assert status == 200
    assert headers['Content-Type'].startswith('text/event-stream')
    assert re.findall(rb'data: ?(\{.*\})', body) == [b'{"count": %d}' % i for i in range(5)]
    assert body.count(b'event: tick') == 5


def test_a_file(server):
    assert server.request('GET', '/file')[2] == SERVED


def test_static_files(server):
    status, headers, body = server.request('GET', '/static/served.bin')
    assert (status, body) == (200, SERVED)
    again = {'If-None-Match': headers['ETag']}
    assert server.request('GET', '/static/served.bin', None, again)[0] == 304
    part = {'Range': 'bytes=1000-2999', 'If-Range': headers['ETag']}
    status, headers, body = server.request('GET', '/static/served.bin', None, part)
    assert (status, body) == (206, SERVED[1000:3000])
    assert headers['Content-Range'] == f'bytes 1000-2999/{len(SERVED)}'
    for name in ('none.bin', '../boot.py', '%2e%2e/boot.py', '.deployed'):
        assert server.request('GET', '/static/' + name)[0] == 404


def test_a_form_with_a_file(server):
    data = bytes(range(200)) * 100
    head = (
        '--xx\r\nContent-Disposition: form-data; name="name"\r\n\r\nsome name\r\n'
        '--xx\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n'
        'Content-Type: application/octet-stream\r\n\r\n'
    )
    body = head.encode() + data + b'\r\n--xx--\r\n'
    headers = {'Content-Type': 'multipart/form-data; boundary=xx'}
    status, _, answer = server.request('POST', '/form', body, headers)
    assert status == 200
    assert b'some name' in answer
    assert hashlib.sha256(data).hexdigest().encode() in answer


def test_authentication(server):
    assert server.request('GET', '/private')[0] == 401
    for password, status in (('wrong', 401), ('secret', 200)):
        given = base64.b64encode(f'susan:{password}'.encode()).decode()
        answer = server.request('GET', '/private', None, {'Authorization': f'Basic {given}'})
        assert answer[0] == status
    assert answer[2] == b'susan'
