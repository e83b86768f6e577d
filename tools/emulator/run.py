"""Serves on an emulated board: what `make run BOARD=rpi_pico` calls.

    emulator.run BOARD [--app FOLDER or FILE] [--host ADDRESS] [--port PORT] [--fresh]
           [--image FILE] [--micropython FOLDER] [--air FILE] [--otherwise FOLDER or FILE]

Boots build/firmware/BOARD/firmware.uf2, or another image, and makes its web server a port of this
machine. A board with a radio is in the air that --air describes (see air.py), and is told how
to join its network.
The flash is kept in build/run/BOARD/flash.bin, so that files copied onto the board stay there.
--app puts an application's files onto the board's file system first, in place of those that an
earlier one has put there; without it the firmware's application runs, unless files that came there
otherwise have another one. An image without the framework gets that, too, and without --app the
application --otherwise, as `make deploy` would do it. --fresh empties the flash. One such board
runs at a time, and it ends with the program that has started this one.
"""

import argparse
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

from emulator import air as airs
from emulator import files
from emulator.machine import Emulator
from firmware.sources import need_image
from microdot_kit import boards, payload, running
from microdot_kit.flash import read_image
from microdot_kit.run import check_free, port_number, shown
from microdot_kit.steps import FIRMWARE, Failure, say

RECORD = '.run'  # on the board: what --app has put there
TOOLS = Path(__file__).resolve().parent.parent
UF2_BLOCK = 512
FROZEN = b'microdot/__init__.py\0'  # in MicroPython's list of frozen modules
LOOK = 0.5  # seconds between two looks at what the board does
PATIENCE = 60  # ... that a board may take until it serves


def options(arguments):
    parser = argparse.ArgumentParser(prog='emulator.run', description='Serve on an emulated board.')
    parser.add_argument('board')
    parser.add_argument('--app', help='a folder with main.py, or the main file')
    parser.add_argument('--host', default='127.0.0.1', help='0.0.0.0: reachable by the network')
    parser.add_argument('--port', default='5000')
    parser.add_argument('--fresh', action='store_true', help='start with an empty flash')
    parser.add_argument('--image', help='another UF2 file than the firmware of the board')
    parser.add_argument('--micropython', default='', help='a checkout to build the firmware of')
    parser.add_argument('--air', default='', help='a JSON file: what is in the air')
    parser.add_argument('--otherwise', help='the application of an image that has none')
    return parser.parse_args(arguments)


class Printer:
    """Prints what the board prints, a line at a time."""

    def __init__(self):
        self.line = ''

    def __call__(self, text):
        *lines, self.line = (self.line + text.replace('\r', '')).split('\n')
        for line in lines:
            print('  ' + line, flush=True)


def firmware(chosen, look=lambda: None):
    """The image to boot, built if need be; Failure if the board cannot be emulated.

    `look` is called before a build, which takes minutes.
    """
    board, facts = chosen.board, boards.find(chosen.board)
    if not facts.get('emulated'):
        raise Failure(f'{board} cannot be emulated: make run BOARD=rpi_pico, or without BOARD=')
    if chosen.image:
        read_image(board, facts, Path(chosen.image))
        return Path(chosen.image)
    image = FIRMWARE / board / 'firmware.uf2'
    if chosen.micropython or not image.exists():
        if facts['sources'] == 'checkout' and not chosen.micropython:
            raise need_image(board)
        look()
        command = [sys.executable, str(TOOLS), 'firmware', board]
        command += ['--micropython', chosen.micropython]
        if subprocess.run(command).returncode:
            raise Failure(f'There is no firmware to run: make firmware BOARD={board}')
    return image


def has_radio(chosen):
    """Whether the board has one; Failure if it has not, and is to be in some air."""
    found = boards.find(chosen.board)['network'] == 'Wi-Fi'
    if chosen.air and not found:
        raise Failure(f'AIR={chosen.air}: {chosen.board} has no radio: make run BOARD=rpi_pico_w')
    return found


def has_framework(image):
    """Whether the framework is frozen into this image."""
    flash = {}
    data = image.read_bytes()
    for start in range(0, len(data) - UF2_BLOCK + 1, UF2_BLOCK):
        address, size = struct.unpack_from('<II', data, start + 12)
        flash[address] = data[start + 32 : start + 32 + min(size, UF2_BLOCK - 36)]
    return FROZEN in b''.join(flash[address] for address in sorted(flash))


def brought(chosen, image):
    """{name: bytes} of what the application is to be, and of what the image lacks for it."""
    arch = boards.find(chosen.board)['mpy_arch']
    app, found = chosen.app, {}
    if not has_framework(image):
        app = app or chosen.otherwise
        found = {'lib/' + name: data for name, data in payload.framework(arch).items()}
        found.update((name.lstrip('/'), data) for name, data in payload.starter(arch).items())
    if app:
        found.update(payload.app_files(app, arch))
    return found


def prepare(flash, chosen, image, air):
    """Make the flash what is to be booted."""
    if chosen.fresh:
        flash.unlink(missing_ok=True)
    contents = brought(chosen, image)
    otherwise = airs.settings(air) if air else {}
    if contents or otherwise or flash.exists():
        files.write(flash, chosen.board, contents, record=RECORD, otherwise=otherwise)


def run(chosen):
    port = port_number(chosen.port)
    image = firmware(chosen, lambda: check_free(chosen.host, port))
    air = airs.read(chosen.air) if has_radio(chosen) else None
    with running.only_one(chosen.board):
        check_free(chosen.host, port)
        flash = running.folder(chosen.board) / 'flash.bin'
        prepare(flash, chosen, image, air)
        serve(
            chosen,
            Emulator(
                image,
                port,
                chosen.host,
                flash,
                on_console=Printer(),
                on_air=print_air,
                air=air,
                visitors=[air['visitor']] if air and 'visitor' in air else (),
            ),
        )


def print_air(event, details):
    """Print what happens in the air."""
    line = airs.told(event, details)
    if line:
        print(f'Air: {line}', flush=True)


def serve(chosen, board):
    """Boot the board and let it serve until it or somebody ends it, or our parent has gone."""
    parent = os.getppid()
    with (
        board as emulator,
        running.announced(chosen.board, emulator.console, emulator.url),
    ):
        told, patience = False, time.monotonic() + PATIENCE
        while emulator.running and os.getppid() == parent:
            serves = emulator.serves(LOOK)
            if serves and not told:
                print(serving(chosen), flush=True)
            elif not serves and patience and time.monotonic() > patience:
                say(f'No server answers on the board. Its prompt: make repl BOARD={chosen.board}')
                patience = 0
            told = serves
    raise Failure(emulator.error or 'The emulator ended')


def serving(chosen):
    """What is printed when the board serves: where, and the same as a QR code for phones."""
    url, codes = shown(chosen.host, int(chosen.port))
    line = f'Serving on the emulated board: {url} (Ctrl-C stops)'
    return '\n'.join(filter(None, [line, codes.get('QR_HTTP')]))


def main(arguments):
    try:
        run(options(arguments))
    except Failure as failure:
        say(str(failure))
        return 1
    except KeyboardInterrupt:
        print('\nStopped.')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
