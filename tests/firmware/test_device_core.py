"""The core tests, on the frozen framework in the emulated RP2040.

All files of tests/core but those whose client and server share a loop-back interface (wire.py),
which the board has not. They are compiled and put onto the board's file system before it starts.
`make test-device` runs all of them, `make test` the few of A_FEW.
"""

import os
import re
import subprocess
import time

import board as boards
import pytest

import building
from emulator import files
from emulator.prompt import Board
from measure.server import find_mpy_cross

CORE = building.ROOT / 'tests' / 'core'
LIB = building.ROOT / 'lib' / 'microdot'
RUNNER = building.ROOT / 'tests' / 'micropython_runner.py'
A_FEW = ('test_http1', 'test_response_body', 'test_routing', 'test_urlcoding')
ON_BOARD = 'core'  # the folder there
RUN = """
import machine, os, sys
year, month, day, hour, minute, second, weekday = {3}
machine.RTC().datetime((year, month, day, weekday, hour, minute, second, 0))
os.chdir('/{0}')
sys.path.insert(0, '/{0}')
{2}
import micropython_runner
micropython_runner.run('{1}')
"""
# The test client is no part of a firmware. Its modules come from the file system, those of the
# package that they use are the frozen ones.
CLIENT = """
import microdot
frozen = microdot.__path__
import {uses}
microdot.__path__ = '/{folder}/client'
import {client}
microdot.__path__ = frozen
"""
# What cannot pass there. 1.25 is the MicroPython of the firmware.
KNOWN = {
    'test_errors.test_bad_input': '1.25 takes `{` for a whole object',
    'test_errors.test_bad_input_caught_by_the_application': '1.25 takes `{` for a whole object',
    'test_imports.test_star_import': '1.25 knows no __all__',
    'test_imports.test_test_client_names': 'the test client is not in the firmware',
    'test_request_body.test_json_malformed': '1.25 takes `{` for a whole object',
    'test_test_client.test_answers': '1.25 takes `{` for a whole object',
}
TOO_LONG = ('test_topics_many',)  # on a board: more than ten minutes
WIRE = re.compile(r'^(import|from) wire', re.MULTILINE)
FAIL = re.compile(r'^FAIL (\w+)', re.MULTILINE)
DONE = re.compile(r'^DONE (\d+) (\d+) (\d+)$', re.MULTILINE)


def names():
    """The test files to run on the board."""
    if os.environ.get('TEST_DEVICE') != 'all':
        return A_FEW
    found = sorted(CORE.glob('test_*.py'))
    return [
        path.stem
        for path in found
        if path.stem not in TOO_LONG
        and not re.search(r'^(import|from) wire', path.read_text(), re.M)
    ]


def compiled(source, target):
    subprocess.run([find_mpy_cross(), '-o', target, source], check=True)
    return target.read_bytes()


def modules(folder, target):
    """[(source, path on the board)] of the modules in a folder."""
    return [(path, f'{target}/{path.stem}.mpy') for path in sorted(folder.glob('*.py'))]


def contents(folder):
    """[(path on the board, bytes)]: modules as .mpy, which take less heap, all else as it is."""
    client = [pair for pair in modules(LIB, f'{ON_BOARD}/client') if 'test_client' in pair[1]]
    sources = [(RUNNER, f'{ON_BOARD}/{RUNNER.stem}.mpy'), *modules(CORE, ON_BOARD), *client]
    made = [(name, compiled(path, folder / 'module.mpy')) for path, name in sources]
    for path in sorted(CORE.rglob('*')):
        name = path.relative_to(CORE)
        if path.is_file() and '__pycache__' not in name.parts and f'{name}' != f'{name.stem}.py':
            made.append((f'{ON_BOARD}/{name.as_posix()}', path.read_bytes()))
    return made


def load_client(name):
    """The code that imports the test client, if the test file uses it."""
    if 'microdot.test_client' not in (CORE / f'{name}.py').read_text():
        return ''
    files = sorted(LIB.glob('test_client*.py'))
    text = '\n'.join(path.read_text() for path in files)
    uses = {f'microdot.{name}' for name in re.findall(r'from \.(\w+) import', text)}
    client = [f'microdot.{path.stem}' for path in reversed(files)]
    uses = sorted(uses.difference(client))
    return CLIENT.format(uses=', '.join(uses), client=', '.join(client), folder=ON_BOARD)


@pytest.fixture(scope='module')
def tested_board(tmp_path_factory, board):
    """A board with the tests on its file system."""
    folder = tmp_path_factory.mktemp('flash')
    files.write(folder / 'flash.bin', 'rpi_pico', dict(contents(folder)))
    running = Board(boards.image(), flash=folder / 'flash.bin')
    yield running
    running.close()


@pytest.mark.parametrize('name', names())
def test_core(tested_board, name):
    tested_board.prompt(fresh=True)
    code = RUN.format(ON_BOARD, name, load_client(name), tuple(time.gmtime())[:7])
    output = tested_board.exec(code, timeout=600)
    done = DONE.search(output)
    assert done, output[-2000:]
    failures = [test for test in FAIL.findall(output) if f'{name}.{test}' not in KNOWN]
    assert not failures, f'{failures}\n{output[-8000:]}'
    assert int(done.group(1)) + int(done.group(3))
