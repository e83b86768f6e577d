"""Packs the framework and an application into a ROMFS image: what `make romfs` calls.

    microdot-kit romfs APP [--board BOARD] [--no-framework] [--output FILE]

Needed because mpremote, whose writer makes the image, takes a folder as it is: it neither chooses
what belongs onto a board nor compiles for its chip.

APP is an application's folder with `main.py`, or its main file. The image, build/romfs/APP.romfs,
is the same on every machine: see payload for what is in it. On a board it is mounted as /rom, and
modules in it stay in flash while they run. `make deploy ROMFS=1` sends it.
"""

import argparse
import shlex
from pathlib import Path

from microdot_kit import boards, payload, runtimes
from microdot_kit.device import exit_status, say
from microdot_kit.steps import BUILD, Failure, write

FOLDER = BUILD / 'romfs'
SECTOR = 4096


def options(arguments):
    parser = argparse.ArgumentParser(prog='microdot-kit romfs', description='Make a ROMFS image.')
    parser.add_argument('app', metavar='APP', help='a folder with main.py, or the main file')
    parser.add_argument('--board', default='rpi_pico', help='the board that it has to fit')
    parser.add_argument('--no-framework', action='store_true', help='pack the application alone')
    parser.add_argument('--output', type=Path, metavar='FILE')
    return parser.parse_args(arguments)


def contents(app, arch='', without=()):
    """{name in the image: bytes}; `without` names packages of the framework to leave out."""
    files = payload.for_image(payload.app_files(app, arch, romfs=True))
    for name, data in payload.framework(arch, without).items():
        files['lib/' + name] = data
    return files


def pack(files):
    """The image of {name: bytes}."""
    from mpremote.romfs import VfsRomWriter

    writer = VfsRomWriter()
    pack_folder(writer, tree(files))
    return bytes(writer.finalise())


def tree(files):
    """{name: bytes, or such a dict for a folder}; Failure for a name that ROMFS cannot have."""
    top = {}
    for name, data in files.items():
        if not name.isascii():
            raise Failure(f'{name}: names in ROMFS are ASCII: rename that file')
        *folders, last = name.split('/')
        inside = top
        for folder in folders:
            inside = inside.setdefault(folder, {})
        inside[last] = data
    return top


def pack_folder(writer, folder):
    for name, content in sorted(folder.items()):
        if isinstance(content, dict):
            writer.opendir(name)
            pack_folder(writer, content)
            writer.closedir()
        else:
            writer.mkfile(name, content)


def room(board):
    """Bytes of the board's ROMFS. Failure if it has none, or loads no modules compiled today."""
    facts = boards.find(board)
    if tuple(map(int, facts['micropython'].split('.')[:2])) < payload.OLDEST:
        raise Failure(f'{board}: MicroPython {facts["micropython"]} loads none of these modules')
    size = facts.get('flash', {}).get('romfs', {}).get('size')
    if not size:
        raise Failure(f'BOARD={board} has no ROMFS')
    return size


def check_size(image, size, where):
    if len(image) > size:
        raise Failure(
            f'The image has {len(image):,} bytes, ROMFS of {where} has room for {size:,}: leave '
            'the framework out if the firmware has it (FRAMEWORK=0), or make files smaller'
        )


def capacity(size):
    """Bytes that each of two slots has in a ROMFS: see boards/modules/slots.py."""
    return (size // SECTOR - 2) // 2 * SECTOR


def too_long(image, capacity):
    return (
        f'The image has {len(image):,} bytes, a slot {capacity:,}: it can be all that is in ROMFS, '
        'but not be updated over the network'
    )


def image_path(app):
    """Where the image of an application goes: named like the folder that it is in."""
    return FOLDER / (payload.main_file(app).parent.name + '.romfs')


def make(chosen):
    size = room(chosen.board)
    arch = boards.find(chosen.board).get('mpy_arch', '')
    without = ('microdot', 'utemplate') if chosen.no_framework else ()
    files = contents(chosen.app, arch, without)
    image = pack(files)
    check_size(image, size, chosen.board)
    path = (chosen.output or image_path(chosen.app)).resolve()
    write(path, image)
    slot = capacity(size)
    say(
        f'{runtimes.shown(path)}: {len(image):,} bytes, {100 * len(image) / slot:.0f} % of a slot '
        f'in the ROMFS of {chosen.board} ({payload.count(files)})'
    )
    if len(image) > slot:
        say(too_long(image, slot))
    say(f'Next: mpremote romfs deploy {shlex.quote(runtimes.shown(path))}')


def main(arguments):
    return exit_status(make, options(arguments))
