"""Examples on the emulated board: they answer as elsewhere, and take the heap that READMEs tell.

All are on its file system, each in a folder of its own that it is started in.
"""

import os
import re
from types import SimpleNamespace

import board as boards
import pytest

from emulator import files
from emulator.prompt import Board
from exchanges import BOTH, play
from microdot_kit import payload, runtimes

START = """
import os, sys
os.chdir('/{0}')
sys.path.insert(0, '/{0}')
__import__('main', None, None, False)  # as `__main__`
"""
FREE = 'import gc; gc.collect(); print(gc.mem_free())'
TAKES = re.compile(r'takes\s(\d+) KB\sof', re.ASCII)
OFF = 3000  # bytes by which a README may be off
LEFT = 200000  # bytes on the file system for what examples write
ALL = os.environ.get('TEST_DEVICE') == 'all'
DASHBOARD = [
    {'do': 'GET /', 'has': ['Microdot device', '</html>']},
    {'do': 'GET /style.css', 'has': ['color-scheme']},
    {'do': 'POST /', 'form': {'name': 'Attic', 'color': '#102030'}, 'status': 303},
    {'do': 'GET /api/status', 'has': ['"Attic"', '"rows": [']},
    {'do': 'GET /api/memory.csv', 'has': ['sample,used_bytes\r\n0,']},
    {'do': 'GET /', 'has': ['Attic', '</html>']},
]
FORM = (
    b'--mark\r\nContent-Disposition: form-data; name="file"; filename="note.txt"\r\n\r\n'
    b'short\r\n--mark--\r\n'
)
UPLOADS = [
    {
        'do': 'POST /files',
        'body': FORM,
        'headers': {'Content-Type': 'multipart/form-data; boundary=mark'},
        'status': 201,
        'is': {'names': ['note.txt']},
    },
    {'do': 'PUT /files/plan.bin', 'body': bytes(30000), 'status': 201},
    {'do': 'GET /files/plan.bin', 'has': ['\0' * 30000]},
    {'do': 'PUT /files/full.bin', 'body': bytes(LEFT), 'status': 507, 'has': ['No room']},
    {
        'do': 'GET /files',
        'is': [{'name': 'note.txt', 'bytes': 5}, {'name': 'plan.bin', 'bytes': 30000}],
    },
]
FEW = ('gpio/main.py', 'uploads/main.py')
MORE = ('auth', 'login', 'openapi', 'sessions', 'static', 'templates')
EXCHANGES = {**BOTH, 'dashboard/main.py': DASHBOARD, 'uploads/main.py': UPLOADS}
APPS = (*FEW, 'dashboard/main.py', *(f'{name}/main.py' for name in MORE)) if ALL else FEW


def folder_of(app):
    return app.partition('/')[0]


def fill(flash):
    """Leave only so much room that it takes a moment to fill it."""
    _, offset, length = files.area('rpi_pico')
    system = files.mounted(bytearray(flash.read_bytes()[offset : offset + length]))
    free = length - system.used_block_count * files.BLOCK
    files.write(flash, 'rpi_pico', {'filler': bytes(free - LEFT)})


@pytest.fixture(scope='module')
def laden(tmp_path_factory):
    """A board with the examples on its file system."""
    image = boards.image()
    flash = tmp_path_factory.mktemp('flash') / 'flash.bin'
    for app in APPS:
        there = payload.app_files(runtimes.ROOT / 'examples' / app)
        contents = {f'{folder_of(app)}/{name}': data for name, data in there.items()}
        files.write(flash, 'rpi_pico', contents)
    fill(flash)
    running = Board(image, flash=flash)
    yield running
    running.close()


@pytest.mark.parametrize('app', APPS)
def test_example(laden, app):
    laden.fresh()
    before = int(laden.exec(FREE))
    with laden.serving(START.format(folder_of(app))):
        play(SimpleNamespace(port=laden.address[1]), EXCHANGES[app])
    taken = before - int(laden.exec(FREE))
    text = (runtimes.ROOT / 'examples' / folder_of(app) / 'README.md').read_text()
    told = int(TAKES.search(text).group(1)) * 1000
    boards.figures.append((f'heap of examples/{app}', taken, 'bytes'))
    assert abs(taken - told) < OFF
