"""The network of the emulated board at its limits: as many clients as it can have, and no peer."""

import contextlib
import os
import signal
import subprocess

import board as boards
import pytest

CLIENTS = 30  # more than the board has connections for, open or just closed
STALLED = 4  # uploads that nobody reads
SERVER = """
import asyncio
from microdot import Microdot, Request
Request.max_content_length = 100000
Request.max_body_length = 100
app = Microdot()
wanted = asyncio.Event()

@app.get('/')
async def index(request):
    return 'here'

@app.post('/later')
async def later(request):
    await wanted.wait()
    size = 0
    while True:
        data = await request.stream.read(512)
        if not data:
            return str(size)
        size += len(data)

@app.get('/now')
async def now(request):
    wanted.set()
    return ''

import startup
startup.bound()
app.run(port=5000)
"""
GET = b'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
POST = b'POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 8000\r\nConnection: close\r\n\r\n'


def gateway(board):
    """The process at the other end of the line."""
    command = ['ps', '-o', 'pid=', '--ppid', str(board.emulator.process.pid)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_soft_resets_without_a_peer_leave_the_network_usable(board):
    """Such as those of `make deploy`, while there is nobody at the other end of the line."""
    board.prompt(fresh=True)
    peer = gateway(board)
    os.kill(peer, signal.SIGSTOP)
    try:
        for _ in range(2):
            board.prompt(fresh=True)
            board.exec('import link\nnic = link.start({})\nassert nic and not nic.isconnected()')
            assert board.eval('nic.status()') == 3  # it asks for an answer
    finally:
        os.kill(peer, signal.SIGCONT)
    board.fresh()


@pytest.mark.parametrize('settings', ["{'uart': 7}", "{'baudrate': 'fast'}", "{'uart': None}"])
def test_settings_that_cannot_be_right_are_told(board, settings):
    board.prompt(fresh=True)
    printed = board.exec(f'import startup\nprint(startup.join({settings}))')
    assert printed.startswith('PPP: uart ')
    assert printed.endswith('Network: not joined\nNone\n')


def test_the_server_is_bounded_by_what_the_system_has(board):
    """Fewer sockets, as other firmwares have them: at boot as many as the server keeps open."""
    board.fresh()
    bound = 'import startup; from microdot.server import Connection'
    board.exec(f'{bound}\nstartup.bound()')
    assert board.eval('Connection.max_connections') == 16
    board.exec('import socket\ntaken = [socket.socket() for _ in range(10)]\nstartup.bound()')
    assert board.eval('Connection.max_connections') == 7
    board.exec('taken += [socket.socket() for _ in range(7)]\nstartup.bound()')
    assert board.eval('Connection.max_connections') == 1
    board.exec('for one in taken: one.close()')


def test_a_program_of_this_machine_can_be_called(board):
    board.fresh()
    assert boards.called(board, '10.0.2.2') == b'hello from the host'
    with pytest.raises(boards.BoardError, match='ECONNREFUSED|ECONNRESET'):
        board.exec("import socket; socket.socket().connect(('10.0.2.2', 1))")


@pytest.fixture(scope='module')
def server(board):
    with board.serving(SERVER):
        yield board


def test_a_full_server_makes_room(server):
    """Also if those that it drops for that do not close their end."""
    with contextlib.ExitStack() as stack:
        clients = []
        for _ in range(CLIENTS):
            clients.append(stack.enter_context(server.connect()))
            clients[-1].sendall(GET)
            assert clients[-1].recv(100).startswith(b'HTTP/1.1 200 ')
        for client in clients[:-16]:
            with contextlib.suppress(ConnectionError):
                while client.recv(4096):
                    pass
        clients[-1].sendall(GET)
        assert clients[-1].recv(100).startswith(b'HTTP/1.1 200 ')


def test_uploads_that_nobody_reads_cut_nobody_off(server):
    with contextlib.ExitStack() as held:
        clients = [held.enter_context(server.connect()) for _ in range(STALLED)]
        for client in clients:
            client.sendall(POST + b'x' * 8000)
            assert server.request('GET', '/')[2] == b'here'
        assert server.request('GET', '/now')[0] == 200
        for client in clients:
            answer = b''.join(iter(lambda client=client: client.recv(4096), b''))
            assert answer.endswith(b'\r\n\r\n8000')
