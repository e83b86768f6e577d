"""`make run BOARD=rpi_pico`, and what other commands do with the board that it emulates."""

import contextlib
import os
import pty
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import board as boards
import pytest

import building
import needs
from emulator import parts
from microdot_kit import running, runtimes
from microdot_kit.steps import Failure

BOARD = 'rpi_pico'
TOOLS = building.ROOT / 'tools'
ENDS = 60  # seconds that may take

# Between the two: what ends when its parent has gone.
START = """
import os, subprocess, sys
command = [sys.executable, '-c', 'import sys; from emulator import run; run.PATIENCE = 0.1; '
           'sys.exit(run.main(sys.argv[1:]))', *sys.argv[1:]]
started = subprocess.Popen(command)
print('started', started.pid, flush=True)
started.wait()
"""
LATE = """
import time
time.sleep(4)
from microdot import Microdot
app = Microdot()

@app.get('/')
async def index(request):
    return 'late'

app.run(port=80)
"""
NEXT = LATE.replace("'late'", "'deployed'").replace('time.sleep(4)', '')


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as server:
        return server.getsockname()[1]


def alive(pid):
    with contextlib.suppress(OSError):
        os.kill(pid, 0)
        return True
    return False


class Run:
    """A `make run` of a program that begins to serve after a while."""

    def __init__(self, app):
        self.port = free_port()
        command = [sys.executable, '-c', START, BOARD, '--app', str(app), '--port', str(self.port)]
        self.parent = subprocess.Popen(
            [*command, '--fresh'],
            env={**os.environ, 'PYTHONPATH': str(TOOLS)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.pid = int(self.parent.stdout.readline().split()[1])
        self.printed = []

    def read_until(self, text):
        for line in self.parent.stdout:
            self.printed.append(line.rstrip())
            if text in line:
                return
        raise AssertionError('it has ended: ' + '\n'.join(self.printed))

    @property
    def url(self):
        return f'http://localhost:{self.port}'

    def close(self):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGINT)
        self.parent.kill()
        self.parent.wait()
        self.parent.stdout.close()


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    boards.image()
    try:
        parts.prepare()
    except Failure as failure:
        needs.missing(str(failure))
    if running.runs(BOARD):
        pytest.skip(f'a {BOARD} runs already: stop make run BOARD={BOARD}')
    app = tmp_path_factory.mktemp('app') / 'main.py'
    app.write_text(LATE)
    started = Run(app)
    yield started
    started.close()


def test_it_says_serving_when_it_serves(run):
    """Also if that takes longer than its patience."""
    run.read_until('No server answers on the board. Its prompt: make repl BOARD=rpi_pico')
    run.read_until(f'Serving on the emulated board: {run.url} (Ctrl-C stops)')
    assert urllib.request.urlopen(run.url, timeout=boards.ANSWER).read() == b'late'


def test_deploy_finds_the_board_and_tells_an_address_that_this_machine_can_open(run, tmp_path):
    (tmp_path / 'main.py').write_text(NEXT)
    command = runtimes.kit_command('deploy', tmp_path, '--board', BOARD)
    done = subprocess.run(
        [*command, '--watch', '10'],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=boards.ANSWER,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == f'Serving: {run.url}'
    assert urllib.request.urlopen(run.url, timeout=boards.ANSWER).read() == b'deployed'


def test_repl_says_how_to_start_an_application_that_it_has_stopped(run):
    control, terminal = pty.openpty()
    command = runtimes.kit_command('repl', BOARD)
    repl = subprocess.Popen(
        command,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    printed = read(control, b'exit this shell')
    end = time.monotonic() + boards.ANSWER
    while not printed.rstrip().endswith(b'>>>') and time.monotonic() < end:
        os.write(control, b'\x03')
        printed += read(control, b'>>> ', 2)
    os.write(control, b'\x1d')
    printed = read(control, b'Ctrl-D at the prompt')
    os.close(control)
    assert repl.wait(ENDS) == 0
    assert b'No application runs on the board now. To start it: Ctrl-D at the prompt' in printed


def read(control, until, seconds=boards.ANSWER):
    """What the terminal shows, until it has shown that, or ends, or the time is up."""
    os.set_blocking(control, False)
    shown, end = b'', time.monotonic() + seconds
    while until not in shown and time.monotonic() < end:
        try:
            shown += os.read(control, 4096)
        except BlockingIOError:
            time.sleep(0.05)
        except OSError:
            break
    return shown


def test_it_ends_when_its_parent_has_gone(run):
    os.kill(run.parent.pid, signal.SIGKILL)
    run.parent.wait()
    end = time.monotonic() + ENDS
    while alive(run.pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not alive(run.pid)
    assert not running.runs(BOARD)
