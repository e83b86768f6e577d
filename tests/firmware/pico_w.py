"""The emulated Pico W for tests, as far as there is a firmware for it.

Its Wi-Fi driver is in no package. PICO_W_IMAGE=file.uf2 names a firmware that `make firmware
BOARD=rpi_pico_w` has built, MICROPYTHON_DIR= a checkout to build one of; without either, what needs
one is skipped, in CI too: what does not need it (the model, what was recorded) is tested anyway.
"""

import functools
import os
import re
from pathlib import Path

import board as boards

import building
import needs

BOARD = 'rpi_pico_w'
PAGE = building.ROOT / 'docs' / 'wifi.md'
OFF = 600  # bytes by which it may be off
MISSING = 'no firmware of a Pico W: PICO_W_IMAGE=file.uf2, or MICROPYTHON_DIR=checkout'


def image():
    """The image to boot; the test is skipped if there is none."""
    named = os.environ.get('PICO_W_IMAGE')
    if named:
        return Path(named)
    if not os.environ.get('MICROPYTHON_DIR'):
        needs.absent(MISSING)
    return built()


@functools.cache
def built():
    checkout = os.environ['MICROPYTHON_DIR']
    status, output = building.make('firmware', f'BOARD={BOARD}', f'MICROPYTHON_DIR={checkout}')
    assert status == 0, output
    return building.ROOT / 'build' / 'firmware' / BOARD / 'firmware.uf2'


def check_heap(part, *sizes):
    """Note what a part takes of the heap while it runs, and after its end: as the page says."""
    told = re.search(rf'\| {re.escape(part)} \|(.*)', PAGE.read_text())[1].replace(',', '')
    for when, size, row in zip(('running', 'ended'), sizes, told.split('|')):
        boards.figures.append((f'heap of {part}, {when}', size, 'bytes'))
        assert abs(size - int(row)) < OFF, (part, sizes, told)
