"""A board with slots starts, on the unix port: which version runs, what brings the old one back."""

import hashlib
import subprocess
import sys

import pytest
from deploying import free_port

from microdot_kit import romfs, runtimes

HERE = runtimes.ROOT / 'tests' / 'firmware'
MODULES = runtimes.ROOT / 'boards' / 'modules'
sys.path += [str(MODULES)]

import slot_cases  # noqa: E402
import slots  # noqa: E402

OLD = "print('version 1')\n"
NEW = "print('version 2')\n"
SERVER = """
from microdot import Microdot
from microdot.server import Connection
import asyncio
Connection.tick = 0.1
app = Microdot()

@app.get(PATH)
async def index(request):
    HANDLER

async def main():
    server = asyncio.create_task(app.start_server('127.0.0.1', PORT))
    await asyncio.sleep(1.3)
    app.shutdown()
    await server

asyncio.run(main())
"""
WITHOUT = 'import asyncio\nasyncio.run(asyncio.sleep(1.3))\n'
BACK = ['version 2'] * 3 + ['version 1']
STAYS = ['version 2'] * 4


def serving(handler, path="'/'"):
    text = SERVER.replace('HANDLER', handler).replace('PATH', path)
    return text.replace('PORT', str(free_port()))


CASES = {
    'raises as it is imported': (lambda: 'raise ValueError', BACK),
    'imports what is not there': (lambda: 'import nothing', BACK),
    'is no Python': (lambda: 'if', BACK),
    'ends itself': (lambda: 'import sys\nsys.exit()', BACK),
    'has no memory': (lambda: 'raise MemoryError', BACK),
    'runs and answers nothing': (lambda: WITHOUT, BACK),
    'answers with 500': (lambda: serving("raise ValueError('no')"), BACK),
    'answers': (lambda: serving("return 'hello'"), STAYS),
    'answers with 404': (lambda: serving("return 'hello'", "'/hello'"), STAYS[:2]),
    'confirms itself': (lambda: 'import slots\nslots.confirm()\nraise ValueError', STAYS),
}


class Board:
    """A partition in a file, and what a board prints that starts with it."""

    def __init__(self, folder):
        self.file = folder / 'romfs.bin'
        self.file.write_bytes(b'\xff' * 4096 * 10)

    def flash(self):
        return slot_cases.Flash(self.file.read_bytes())

    def write(self, text, state=slots.TRIAL):
        """Write an application as the next version, to the slot that is not in use."""
        data, flash = romfs.pack({'main.py': text.encode()}), self.flash()
        found = slot_cases.started(flash) if state == slots.TRIAL else slots.open(flash)
        writer = found.begin(len(data))
        for start in range(0, len(data), 4096):
            writer.write(data[start : start + 4096])
        writer.commit(7, hashlib.sha256(data).digest(), state)
        self.file.write_bytes(flash)

    def start(self, cause='power'):
        command = [*runtimes.micropython_command('2M'), HERE / 'slot_boot.py', self.file, cause]
        ended = subprocess.run(
            command,
            env=runtimes.micropython_environment(HERE, MODULES, runtimes.LIB),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        assert ended.returncode == 0, ended.stdout
        return ended.stdout

    def version(self, cause='power'):
        output = self.start(cause)
        if 'SyntaxError' in output:
            output = output.replace('ROMFS: slot 1 is on trial', 'version 2')
        found = [line for line in output.splitlines() if line.startswith('version ')]
        return found[0] if found else output


@pytest.fixture
def board(tmp_path):
    board = Board(tmp_path)
    board.write(OLD, slots.CONFIRMED)
    assert board.version() == 'version 1'
    return board


@pytest.mark.parametrize('case', CASES)
def test_a_trial(board, case):
    text, versions = CASES[case]
    board.write(NEW + text())
    assert [board.version('watchdog') for _ in versions] == versions


def test_switching_on_is_no_failure(board):
    board.write(NEW + WITHOUT)
    assert [board.version() for _ in range(5)] == ['version 2'] * 5
    assert [board.version('watchdog') for _ in range(3)] == ['version 2'] * 2 + ['version 1']


def test_what_is_said(board):
    board.write(NEW + CASES['answers'][0]())
    said = ['ROMFS: slot 1 is on trial', 'version 2', 'ROMFS: slot 1 is confirmed']
    assert board.start('watchdog').splitlines() == said
    assert board.start('watchdog').splitlines() == ['version 2']
    board.write(NEW + 'raise ValueError')
    lines = board.start('watchdog').splitlines()
    assert lines[:2] == ['ROMFS: slot 0 is on trial', 'version 2']
    assert lines[-2:] == ['ROMFS: the slot on trial has failed: ValueError()', 'reset']


def test_ctrl_c_is_no_failure(board):
    board.write(NEW + 'raise KeyboardInterrupt')
    for _ in range(5):
        assert board.start('watchdog' if not _ else 'power').splitlines()[-1] == 'interrupted'


def test_a_plain_image(tmp_path):
    board = Board(tmp_path)
    flash = board.flash()
    slot_cases.mpremote(flash, romfs.pack({'main.py': OLD.encode()}))
    board.file.write_bytes(flash)
    assert board.start('watchdog') == 'version 1\n'
    assert board.file.read_bytes() == bytes(flash)
    board.write(NEW)
    assert 'version 2' in board.start()


def test_nothing_in_romfs(tmp_path):
    assert Board(tmp_path).start() == "no module named 'frozen_application'\n"


def test_what_micropython_has_mounted_goes(board):
    """Slot 0 has version 1 mounted when Python starts; nothing of it is found later."""
    data = romfs.pack({'main.py': NEW.encode() + b'import extra', 'extra.py': b'print(__file__)'})
    flash = board.flash()
    writer = slots.open(flash).begin(len(data))
    writer.write(data)
    writer.commit(7, hashlib.sha256(data).digest(), slots.CONFIRMED)
    board.file.write_bytes(flash)
    assert board.start() == 'version 2\n/rom/extra.py\n'
