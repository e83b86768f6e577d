"""Serves on an emulated board: what `make run BOARD=rpi_pico` calls.

    run.py BOARD [--app FOLDER or FILE] [--host ADDRESS] [--port PORT] [--fresh]

Boots build/firmware/BOARD/firmware.uf2 and makes its web server a port of this machine.
The flash is kept in build/run/BOARD/flash.bin, so that files copied onto the board stay there.
--app puts an application's files onto the board's file system first, in place of those that an
earlier one has put there; without it the firmware's application runs, unless files that came there
otherwise have another one. --fresh empties the flash. One such board runs at a time.
"""

import argparse
import contextlib
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import payload
from emulator import files
from emulator.machine import Emulator
from firmware import boards
from firmware.steps import BUILD, FIRMWARE, Failure, say
from run import check_free, port_number

RECORD = '.run'  # on the board: what --app has put there
TOOLS = Path(__file__).resolve().parent.parent


def options(arguments):
    parser = argparse.ArgumentParser(prog='run.py', description='Serve on an emulated board.')
    parser.add_argument('board')
    parser.add_argument('--app', help='a folder with main.py, or the main file')
    parser.add_argument('--host', default='127.0.0.1', help='0.0.0.0: reachable by the network')
    parser.add_argument('--port', default='5000')
    parser.add_argument('--fresh', action='store_true', help='start with an empty flash')
    return parser.parse_args(arguments)


class Printer:
    """Prints what the board prints, a line at a time."""

    def __init__(self):
        self.line = ''

    def __call__(self, text):
        *lines, self.line = (self.line + text.replace('\r', '')).split('\n')
        for line in lines:
            print('  ' + line, flush=True)


def firmware(board):
    """The board's image, built if there is none; Failure if the board cannot be emulated."""
    facts = boards.find(board)
    if not facts.get('emulated'):
        raise Failure(f'{board} cannot be emulated: make run BOARD=rpi_pico, or without BOARD=')
    image = FIRMWARE / board / 'firmware.uf2'
    if not image.exists():
        command = [sys.executable, '-m', 'firmware', board]
        if subprocess.run(command, env={**os.environ, 'PYTHONPATH': str(TOOLS)}).returncode:
            raise Failure(f'There is no firmware to run: make firmware BOARD={board}')
    return image


@contextlib.contextmanager
def only_one(folder, board):
    """Failure if a board with the same flash runs already."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / 'lock', 'w') as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Failure(
                f'{board} runs already: stop it in its terminal, or talk to it: '
                f'make repl BOARD={board}'
            ) from None
        yield


def prepare(flash, chosen):
    """Make the flash what is to be booted."""
    if chosen.fresh:
        flash.unlink(missing_ok=True)
    contents = {}
    if chosen.app:
        contents = payload.app_files(chosen.app, boards.find(chosen.board)['mpy_arch'])
    if contents or flash.exists():
        files.write(flash, chosen.board, contents, record=RECORD)


def run(chosen):
    port = port_number(chosen.port)
    image = firmware(chosen.board)
    folder = BUILD / 'run' / chosen.board
    with only_one(folder, chosen.board):
        check_free(chosen.host, port)
        flash = folder / 'flash.bin'
        prepare(flash, chosen)
        serve(chosen, image, port, flash, folder / 'console')


def serve(chosen, image, port, flash, console):
    """Boot the board and let it serve until it or somebody ends it."""
    console.unlink(missing_ok=True)
    with Emulator(image, port, chosen.host, flash, on_console=Printer()) as emulator:
        console.write_text(emulator.console + '\n')
        try:
            emulator.wait_for_link()
            if emulator.wait_for_server():
                print(f'Serving on the emulated board: {emulator.url} (Ctrl-C stops)', flush=True)
            else:
                say('No server answers on the board. `make repl` shows its prompt')
            emulator.process.wait()
        finally:
            console.unlink(missing_ok=True)
    raise Failure(emulator.error or 'The emulator ended')


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
