"""The firmware in the emulated RP2040: its prompt, files, web server, memory and resets."""

import http.client
import json
import os
import socket
import struct
import threading

import board as boards
import pytest

from emulator.prompt import BoardError

SERVER = """
import asyncio, gc
from microdot import Microdot, Request
Request.max_content_length = 100000
Request.max_body_length = 1024
app = Microdot()

@app.get('/')
async def index(request):
    return 'hello from the board\\n'

@app.get('/free')
async def free(request):
    gc.collect()
    return str(gc.mem_free())

@app.get('/big')
async def big(request):
    return bytes(range(256)) * 48

@app.get('/stream')
async def stream(request):
    def lines():
        for i in range(200):
            yield 'line %05d ' % i + 'x' * 88 + '\\n'
    return lines()

@app.get('/short')
async def short(request):
    return iter(['line %d\\n' % i for i in range(10)])

@app.post('/upload')
async def upload(request):
    size = total = 0
    while True:
        data = await request.stream.read(512)
        if not data:
            return {'size': size, 'sum': total}
        size += len(data)
        total += sum(data)

@app.post('/echo')
async def echo(request):
    return request.body, 200, {'Content-Type': 'application/octet-stream'}

app.run(port=5000)
"""
BIG = bytes(range(256)) * 48
MIXED = (
    ('GET', '/', None),
    ('GET', '/big', None),
    ('GET', '/short', None),
    ('POST', '/echo', b'z' * 900),
    ('POST', '/upload', b'z' * 3000),
    ('GET', '/no', None),
)
SOAK = 300 if os.environ.get('TEST_DEVICE') == 'all' else 60  # requests
HEAP_BOUND = 1500  # bytes by which the free heap may differ after them
MICRODOT = 'from microdot import Microdot'
EXTENSIONS = (
    'auth',
    'cors',
    'csrf',
    'debug',
    'guard',
    'health',
    'login',
    'mqtt',
    'multipart',
    'openapi',
    'session',
    'sse',
    'static',
    'topics',
    'update',
    'websocket',
)


@pytest.fixture(scope='module')
def server(board):
    with board.serving(SERVER):
        yield board


def free(server):
    """The board's free heap, the smallest of some readings: connections take a while to go."""
    return min(int(server.request('GET', '/free')[2]) for _ in range(3))


# The board as it starts.


def test_the_frozen_application_serves_its_page(board):
    board.reset()
    status, headers, body = board.wait_for_server()
    assert status == 200
    assert headers['Content-Type'].startswith('text/html')
    assert b'</html>' in body


def test_a_reset_comes_back(board):
    board.fresh()
    board.exec('marker = 1')
    board.reset()
    assert board.wait_for_server()[0] == 200
    with pytest.raises(BoardError, match='NameError'):
        board.exec('print(marker)')


def test_a_program_can_reset_the_board(board):
    before = board.emulator.resets
    board.prompt().exec_raw_no_follow('import machine; machine.reset()')
    board.transport.serial.close()
    board.transport = None
    assert board.wait_for_server()[0] == 200
    assert board.emulator.resets == before + 1
    # 3: the watchdog, which is how the port resets
    assert board.eval('__import__("machine").reset_cause()') == 3


def test_the_prompt_stays_in_spite_of_the_watchdog(board):
    """A timer feeds it, which a collection must not take for garbage."""
    board.fresh()
    before = board.emulator.resets
    try:
        board.exec(
            "import json\nwith open('network.json', 'w') as f: json.dump({'watchdog': 4}, f)"
        )
        board.exec('import gc, startup\nstartup.hold()\ngc.collect()\nmarker = 1')
        board.exec('import time\nfor _ in range(20): time.sleep_ms(500); gc.collect()')
        assert board.eval('marker') == 1
        assert board.emulator.resets == before
    finally:
        board.exec("import os\nos.remove('network.json')")
        board.reset()  # nothing else stops a watchdog


# The prompt and the files.


@pytest.mark.parametrize('text', ['[1, 2', '{"a": 1', '{"a": ', '[', '[{"a": []}'])
def test_json_that_ends_too_early_is_refused(board, text):
    with pytest.raises(boards.BoardError, match='ValueError'):
        board.exec(f'import json; json.loads({text!r})')


def test_the_prompt_runs_code(board):
    assert board.exec('print(6 * 7)') == '42\n'
    assert board.eval('__import__("sys").platform') == 'rp2'


def test_pins_have_the_levels_they_are_given(board):
    code = 'from machine import Pin; p = Pin(14, Pin.OUT, value=1); print(p.value(), end=" ")'
    code += '; p.value(0); print(p.value(), end=" "); p.init(Pin.IN, Pin.PULL_UP); print(p.value())'
    assert board.exec(code) == '1 0 1\n'


def test_mpremote_copies_files_that_outlive_a_reset(board, tmp_path):
    data = bytes(range(256)) * 20
    (tmp_path / 'data.bin').write_bytes(data)
    assert board.mpremote('cp', str(tmp_path / 'data.bin'), ':data.bin')[0] == 0
    status, listing = board.mpremote('ls')
    assert status == 0
    assert '5120 data.bin' in listing
    board.reset()
    back = tmp_path / 'back.bin'
    assert board.mpremote('cp', ':data.bin', str(back))[0] == 0
    assert back.read_bytes() == data
    assert board.mpremote('rm', ':data.bin')[0] == 0
    assert 'data.bin' not in board.mpremote('ls')[1]


def test_mpremote_tells_of_an_exception(board):
    status, output = board.mpremote('exec', '1 // 0')
    assert status != 0
    assert 'ZeroDivisionError' in output


# Memory.


def kept(board, last, *before):
    """Bytes of heap that stay in use after `last` on a fresh board, `before` being done before."""
    board.prompt(fresh=True)
    steps = ['import gc', *before, 'gc.collect()', 'used = gc.mem_alloc()']
    steps += [last, 'gc.collect()', 'print(gc.mem_alloc() - used)']
    return int(board.exec('\n'.join(steps)))


def test_the_import_of_an_extension_keeps_little_memory(board):
    for name in EXTENSIONS:
        used = kept(board, f'import microdot.{name}', 'import asyncio', MICRODOT)
        boards.figures.append((f'kept by importing microdot.{name} after it', used, 'bytes'))
        assert 100 < used < 8000, name


# The web server.


def test_a_port_without_a_server_refuses(board):
    board.fresh()
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        board.request('GET', '/')


def test_hello(server):
    assert server.request('GET', '/')[::2] == (200, b'hello from the board\n')


def test_a_connection_is_used_again(server):
    client = server.client()
    for _ in range(5):
        client.request('GET', '/')
        assert client.getresponse().read() == b'hello from the board\n'
        connection = client.sock
        assert connection is not None
    client.close()


def test_a_large_body_arrives_whole(server):
    assert server.request('GET', '/big')[2] == BIG


def test_a_streamed_body_arrives_whole(server):
    body = server.request('GET', '/stream')[2]
    assert len(body) == 200 * 100
    assert body.splitlines()[199].startswith(b'line 00199')


def test_an_upload_arrives_whole(server):
    data = bytes(range(250)) * 200
    body = json.loads(server.request('POST', '/upload', data)[2])
    assert body == {'size': len(data), 'sum': sum(data)}


def test_several_connections_at_once(server):
    answers = []

    def ask(path, expected):
        answers.append(server.request('GET', path)[2] == expected)

    asked = [('/', b'hello from the board\n'), ('/big', BIG)] * 3
    threads = [threading.Thread(target=ask, args=pair) for pair in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 6


def test_a_client_may_end_its_half_first(server):
    with server.connect() as client:
        client.sendall(b'GET /big HTTP/1.0\r\n\r\n')
        client.shutdown(socket.SHUT_WR)
        data = b''.join(iter(lambda: client.recv(4096), b''))
    assert data.endswith(BIG)


def test_a_client_that_leaves_midway_harms_nobody(server):
    for _ in range(5):
        client = server.connect()
        client.sendall(b'GET /stream HTTP/1.1\r\nHost: x\r\n\r\n')
        client.recv(10)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        client.close()
    assert server.request('GET', '/')[0] == 200


def test_figures_of_a_request(server):
    boards.figures.append(('free heap while serving', free(server), 'bytes'))
    for _ in range(20):
        server.request('GET', '/')
    before = server.cycles
    for _ in range(20):
        server.request('GET', '/')
    each = (server.cycles - before) // 20
    boards.figures.append(('a request with a connection of its own', each, 'cycles'))
    client = server.client()
    for turn in range(40):
        before = server.cycles if turn == 20 else before
        client.request('GET', '/')
        client.getresponse().read()
    persistent = (server.cycles - before) // 20
    client.close()
    boards.figures.append(('a request on a persistent connection', persistent, 'cycles'))
    assert 0 < persistent < each < 20_000_000


def test_the_heap_is_flat_after_hundreds_of_requests(server):
    for method, path, body in MIXED * 3:
        server.request(method, path, body)
    before = free(server)
    for i in range(SOAK):
        method, path, body = MIXED[i % len(MIXED)]
        status, _, answer = server.request(method, path, body)
        assert status == (404 if path == '/no' else 200)
        assert path != '/echo' or answer == body
    after = free(server)
    boards.figures.append((f'free heap lost after {SOAK} requests', before - after, 'bytes'))
    assert abs(before - after) < HEAP_BOUND
