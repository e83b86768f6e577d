"""The emulator as processes: what it says if it cannot start, and that it ends with its parent."""

import os
import signal
import socket
import subprocess
import sys
import time

import board as boards
import pytest

import building
from emulator.machine import Emulator
from microdot_kit.steps import Failure

PARENT = """
import sys, time
sys.path.append({tools!r})
from emulator.machine import Emulator
emulator = Emulator({image!r}).start()
print(emulator.process.pid, flush=True)
time.sleep(600)
"""
ENDS = 60  # seconds that may take


def children(pid):
    """The processes that a process has started."""
    done = subprocess.run(['ps', '-o', 'pid=', '--ppid', str(pid)], capture_output=True, text=True)
    return [int(text) for text in done.stdout.split()]


def alive(pid):
    try:
        with open(f'/proc/{pid}/stat') as file:
            return file.read().rpartition(')')[2].split()[0] != 'Z'
    except OSError:
        return False


def test_a_port_in_use_is_told(board):
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        with pytest.raises(Failure, match='port .* in use'):
            Emulator(boards.image(), port=taken.getsockname()[1]).start()


def test_what_is_no_image_is_told(board, tmp_path):
    (tmp_path / 'firmware.uf2').write_bytes(b'x' * 2048)
    with pytest.raises(Failure, match='not a UF2 image'):
        Emulator(tmp_path / 'firmware.uf2').start()


@pytest.mark.skipif(sys.platform != 'linux', reason='looks into /proc')
def test_nothing_is_left_when_the_parent_is_killed(board):
    code = PARENT.format(tools=str(building.ROOT / 'tools'), image=str(boards.image()))
    parent = subprocess.Popen([sys.executable, '-c', code], stdout=subprocess.PIPE, text=True)
    emulator = int(parent.stdout.readline())
    left = [emulator, *children(emulator)]
    assert len(left) == 2  # node and the gateway
    assert all(map(alive, left))
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    end = time.monotonic() + ENDS
    while any(map(alive, left)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(alive, left))
