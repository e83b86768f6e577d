"""`make deploy` to the emulated RP2040, which has the framework in its firmware."""

import os
import re
import subprocess

import board as boards
import pytest

import needs
from emulator.prompt import Board
from microdot_kit import runtimes
from microdot_kit.steps import Failure

DEADLINE = 600
MAIN = """
from microdot import Microdot
import parts

app = Microdot()


@app.get('/')
def index(request):
    return parts.name + ' of ' + parts.__file__


app.static('/static', FOLDER + 'static')
app.run(port=80, debug=True)
"""


@pytest.fixture(scope='module')
def board(tmp_path_factory):
    """A board of its own: what is deployed would be in the way of other tests."""
    image = boards.image()
    try:
        running = Board(image, flash=tmp_path_factory.mktemp('board') / 'flash.bin')
    except Failure as failure:
        needs.missing(str(failure))
    yield running
    running.close()


@pytest.fixture(scope='module')
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp('app')
    (folder / 'parts.py').write_text("name = 'part 1'\n")
    (folder / 'static').mkdir()
    (folder / 'static' / 'data.bin').write_bytes(bytes(range(256)) * 20)
    return folder


def deploy(board, app, *options):
    """Run microdot-kit deploy and return what it printed."""
    board.release()
    command = runtimes.kit_command('deploy', app, '--port', board.console)
    ended = subprocess.run(
        [*command, '--board', 'rpi_pico', '--watch', '120', *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DEADLINE,
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def served(board):
    """The page that the board serves, with the file that goes with it."""
    board.wait_for_server()
    status, _, data = board.request('GET', '/static/data.bin')
    assert status == 200 and data == bytes(range(256)) * 20
    return board.request('GET', '/')[2].decode()


def test_an_application_to_the_file_system(board, app):
    (app / 'main.py').write_text(MAIN.replace('FOLDER', "''"))
    output = deploy(board, app)
    assert 'The framework (' in output and 'Copied 3 files, ' in output
    assert re.search(
        r'^Memory: the framework takes [\d,]+ bytes, the app.* are free$', output, re.M
    )
    assert output.splitlines()[-1].startswith('Serving: http://')
    assert served(board) == 'part 1 of parts.mpy'


def test_the_second_time_while_it_runs(board, app):
    (app / 'parts.py').write_text("name = 'part 2'\n")
    assert 'Copied 1 file, ' in deploy(board, app)
    assert served(board) == 'part 2 of parts.mpy'
    assert 'The board has it all already: 3 files' in deploy(board, app)


def test_an_application_that_starts_no_server(board, tmp_path):
    """It cannot be measured, as it does not come to an end."""
    lines = 'import time\nprint("blinking")\nwhile True: time.sleep(0.1)\n'
    (tmp_path / 'main.py').write_text(lines)
    output = deploy(board, tmp_path, '--watch', '5')
    assert '  blinking\n' in output
    assert 'Memory: ' not in output


def test_romfs_after_that(board, app):
    (app / 'main.py').write_text(MAIN.replace('FOLDER', "'/rom/'"))
    output = deploy(board, app, '--romfs')
    assert 'Slot 0 of ROMFS has it' in output
    assert 'Removed from the file system: ' in output
    assert 'hides the one in ROMFS' not in output and 'This firmware does not' not in output
    assert served(board) == 'part 2 of /rom/parts.mpy'
    assert 'ROMFS has this image of ' in deploy(board, app, '--romfs')


def test_it_starts_with_the_board(board, app):
    board.reset()
    assert served(board) == 'part 2 of /rom/parts.mpy'


def test_the_next_one_goes_to_the_other_slot(board, app):
    (app / 'parts.py').write_text("name = 'part 3'\n")
    assert 'Slot 1 of ROMFS has it' in deploy(board, app, '--romfs')
    assert served(board) == 'part 3 of /rom/parts.mpy'
    assert 'ROMFS has this image of ' in deploy(board, app, '--romfs')


def test_an_image_longer_than_a_slot(board, app):
    (app / 'static' / 'long.bin').write_bytes(os.urandom(130000))
    output = deploy(board, app, '--romfs')
    assert 'a slot 126,976: it can be all that is in ROMFS' in output
    assert 'ROMFS image deployed' in output
    assert served(board) == 'part 3 of /rom/parts.mpy'
