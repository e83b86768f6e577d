"""An application that is started again by the same program, however its last run ended."""

import signal
import time

import pytest
import servers
from servers import ServerProcess, eventually, get

# Its last part is filled in by the tests.
PROGRAM = """
import asyncio
import sys

from microdot import Microdot

app = Microdot()


@app.get('/')
async def index(request):
    return 'index'


@app.get('/busy')
async def busy(request):
    while True:
        await asyncio.sleep(0.01)


@app.get('/lose')
async def lose(request):
    app.lost.set()
    return 'lost'


async def sensor():
    await app.lost.wait()
    raise OSError('sensor lost')


async def gather():
    app.lost = asyncio.Event()
    await asyncio.gather(app.start_server('127.0.0.1', int(sys.argv[1])), sensor())


def run():
    app.run('127.0.0.1', int(sys.argv[1]))


for attempt in range(3):
    try:
        print('run', attempt)
        {start}
    except {exception}:
        {then}
        print('interrupted', attempt)
print('ended')
"""


def program(folder, **parts):
    path = folder / 'again.py'
    text = PROGRAM
    for name, part in parts.items():
        text = text.replace('{%s}' % name, part)
    path.write_text(text)
    return path


@pytest.mark.parametrize('then', ['pass', 'app.shutdown()'])
def test_ctrl_c_and_run_again(runtime, tmp_path, then):
    """L1 and L2: nobody listens any more, and there is nothing left to shut down."""
    path = program(tmp_path, start='run()', exception='KeyboardInterrupt', then=then)
    with ServerProcess(runtime, program=path) as server:
        for attempt in range(3):
            eventually(server.answers)
            server.process.send_signal(signal.SIGINT)
            eventually(lambda: f'interrupted {attempt}' in server.log())
        assert server.process.wait(servers.DEADLINE) == 0
    assert server.text.endswith('ended\n')
    assert 'Error' not in server.text, server.text


def test_ctrl_c_leaves_no_connection(runtime, tmp_path):
    """L1: not even that of the task which ran last, which MicroPython takes for the present one."""
    path = program(tmp_path, start='run()', exception='KeyboardInterrupt', then='pass')
    with ServerProcess(runtime, program=path) as server:
        for attempt in range(3):
            eventually(server.answers)
            with server.connect() as client:
                client.sendall(get('/busy'))
                time.sleep(0.2)  # until the handler runs
                server.process.send_signal(signal.SIGINT)
                assert client.recv(1) == b''
            eventually(lambda: f'interrupted {attempt}' in server.log())
        assert server.process.wait(servers.DEADLINE) == 0


def test_a_task_beside_the_server_fails(runtime, tmp_path):
    """L1: `gather` ends, and what it leaves of the server does not keep the port."""
    path = program(tmp_path, start='asyncio.run(gather())', exception='OSError', then='pass')
    with ServerProcess(runtime, program=path) as server:
        for attempt in range(3):
            # The listener of the last run may take a connection, and close it with the run.
            eventually(lambda: server.answers('/lose'))
            eventually(lambda: f'interrupted {attempt}' in server.log())
        assert server.process.wait(servers.DEADLINE) == 0
    assert server.text.endswith('ended\n')
    assert 'Traceback' not in server.text, server.text
