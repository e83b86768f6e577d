"""Puts the framework and an application into a downloaded MicroPython: what `make image` calls.

    image.py BASE APP [--board BOARD] [--romfs KIB] [--output FILE]

BASE is an image for an ESP32 chip as MicroPython offers them: boot loader, partition table and
firmware. These stay as they are, but for the table if there has to be a partition for ROMFS. The
result, build/image/APP.bin, is one file for `make flash IMAGE=`.

The application goes to the file system (littlefs). So does the framework, unless the firmware can
use modules where they are in flash: then it goes to ROMFS. The same files give the same bytes on
every machine, as far as littlefs does.
"""

import argparse
import shlex
import sys
from pathlib import Path

from esp_idf_defs.partitions import DATA_TYPE, PartitionDefinition

import espimage
import payload
import romfs
import runtimes
from device import exit_status, say
from espimage import SECTOR
from firmware import boards
from firmware.steps import BUILD, Failure, write

FOLDER = BUILD / 'image'
SUBTYPE_ROMFS = 0x8F  # as MicroPython's own tables have it; what counts is the name
PAGE = 0x10000  # what flash is mapped into memory by
ROMFS_KIB = 256
LEAST_STORAGE = 16 * SECTOR
# As MicroPython makes its file systems. The version of what is on the flash is one that all
# firmwares read that load our modules.
LITTLEFS = {'read_size': 32, 'prog_size': 32, 'lookahead_size': 32, 'disk_version': 0x20000}
# Bytes of heap that a plain request needs of the framework, measured on an RP2040.
HEAP_MPY = 13000
HEAP_ROMFS = 5100


def options(arguments):
    parser = argparse.ArgumentParser(prog='image.py', description='Make an image for an ESP32.')
    parser.add_argument('base', metavar='BASE', help='a downloaded image of MicroPython')
    parser.add_argument('app', metavar='APP', help='a folder with main.py, or the main file')
    parser.add_argument('--board', default='', help='what the image has to be for')
    parser.add_argument('--romfs', type=int, default=ROMFS_KIB, metavar='KIB', help='at least')
    parser.add_argument('--output', type=Path, metavar='FILE')
    return parser.parse_args(arguments)


def check(image, board):
    """Failure if an image cannot run what would be put into it, or is for another board's chip."""
    if board and boards.find(board)['chip'] != image.chip:
        wanted = boards.find(board)['chip']
        raise Failure(f'{image.name} is for {image.chip}, BOARD={board} has the chip {wanted}')
    if image.version < payload.OLDEST:
        have, oldest = ('.'.join(map(str, number)) for number in (image.version, payload.OLDEST))
        raise Failure(
            f'{image.name} has MicroPython {have}, which does not load .mpy version '
            f'{payload.MPY_VERSION}: take {oldest} or newer'
        )
    if not image.asyncio:
        raise Failure(f'{image.name} has no asyncio: take MicroPython 1.21 or newer')


def layout(image, needed):
    """The partition table of the result: as it was, with `needed` bytes of ROMFS if that is any."""
    table = image.table
    storage, rom = table.find_by_name('vfs'), table.find_by_name('romfs')
    if storage is None:
        raise Failure(f'{image.name}: its partition table has no file system (vfs)')
    if storage.size % SECTOR or storage.offset + storage.size > image.flash_size:
        raise Failure(f'{image.name}: its file system does not fit the flash it is made for')
    if not needed or (rom and rom.size >= needed):
        return table
    end = storage.offset + storage.size
    start = -(-storage.offset // PAGE) * PAGE
    if rom:
        if rom.offset + rom.size != storage.offset:
            raise Failure(f'{image.name}: ROMFS has {rom.size:,} bytes, {needed:,} are needed')
        start = rom.offset
        table.remove(rom)
    size = -(-needed // PAGE) * PAGE
    if start + size + LEAST_STORAGE > end:
        raise Failure(
            f'{needed:,} bytes of ROMFS and a file system do not fit into the {end - start:,} '
            'that the firmware leaves'
        )
    storage.offset, storage.size = start + size, end - start - size
    table.insert(table.index(storage), partition('romfs', start, size))
    return table


def partition(name, offset, size):
    made = PartitionDefinition()
    made.name, made.type, made.subtype = name, DATA_TYPE, SUBTYPE_ROMFS
    made.offset, made.size = offset, size
    return made


def storage_image(files, size):
    """A littlefs of exactly that size with {name: bytes} in it; Failure if they do not fit."""
    from littlefs import LittleFS, LittleFSError

    system = LittleFS(block_size=SECTOR, block_count=size // SECTOR, mount=False, **LITTLEFS)
    system.format()
    system.mount()
    try:
        for name, data in files.items():
            folder = name.rpartition('/')[0]
            if folder:
                system.makedirs(folder, exist_ok=True)
            with system.open(name, 'wb') as file:
                file.write(data)
    except LittleFSError as error:
        if error.code != LittleFSError.Error.LFS_ERR_NOSPC:
            raise Failure(f'The file system cannot be made: {error}') from None
        raise Failure(
            f'{payload.count(files)} do not fit into a file system of {size:,} bytes: leave files '
            'out, or take an image for more flash'
        ) from None
    system.unmount()
    return bytes(system.context.buffer)


def contents(image, app):
    """What goes where: {partition: {name: bytes}}."""
    files = payload.for_image(payload.app_files(app, image.arch))
    library = {f'lib/{name}': data for name, data in payload.framework(image.arch).items()}
    if image.version >= payload.STARTER and 'boot.py' not in files:
        library.update((name[1:], data) for name, data in payload.starter(image.arch).items())
        files['boot.py'] = library.pop('boot.py')
    if image.romfs:
        return {'vfs': files, 'romfs': library}
    return {'vfs': {**files, **library}}


def compose(image, app, least=ROMFS_KIB * 1024):
    """The bytes of a whole image with an application in it, and what is in which partition."""
    wanted = contents(image, app)
    parts = {}
    if 'romfs' in wanted:
        parts['romfs'] = romfs.pack(wanted['romfs'])
        table = layout(image, max(len(parts['romfs']), least))
    else:
        table = layout(image, 0)
    parts['vfs'] = storage_image(wanted['vfs'], table['vfs'].size).rstrip(b'\xff')
    data = bytearray(image.data[: image.app.offset - image.offset] + image.app_data)
    put(data, image, espimage.PARTITION_TABLE_OFFSET, espimage.table_bytes(table))
    for name, content in parts.items():
        if len(content) > table[name].size:
            raise Failure(f'{name} has {len(content):,} bytes, room is for {table[name].size:,}')
        put(data, image, table[name].offset, content)
    espimage.Image('The composed image', bytes(data))
    return bytes(data), wanted, table


def put(data, image, offset, content):
    """Put bytes at an offset of the flash; what is between them and the rest stays erased."""
    start = offset - image.offset
    data.extend(b'\xff' * (start - len(data)))
    data[start : start + len(content)] = content


def report(image, wanted, table):
    for name, files in wanted.items():
        entry = table[name]
        kind = 'ROMFS' if name == 'romfs' else 'file system'
        say(f'  {entry.offset:#8x}  {kind}, {entry.size >> 10} KB: {payload.count(files)}')
    if 'romfs' not in wanted:
        say(
            f'This MicroPython has no ROMFS, so modules are loaded into memory: about {HEAP_MPY:,} '
            f'bytes for what a plain request needs. With ROMFS it would be {HEAP_ROMFS:,}'
        )


def make(chosen):
    if not chosen.base:
        raise Failure(
            'BASE= is missing: an image for your board from https://micropython.org/download'
        )
    main = payload.main_file(chosen.app)
    image = espimage.read(Path(chosen.base))
    check(image, chosen.board)
    version = '.'.join(map(str, image.version))
    say(f'{image.name}: MicroPython {version} for {image.chip}')
    data, wanted, table = compose(image, chosen.app, chosen.romfs * 1024)
    report(image, wanted, table)
    path = (chosen.output or FOLDER / f'{main.parent.name}.bin').resolve()
    write(path, data)
    say(f'{runtimes.shown(path)}: {len(data):,} bytes, for flash at {image.offset:#x}')
    board = image.chip.replace('-', '').lower()
    shown = shlex.quote(runtimes.shown(path))
    if board in boards.read():
        say(f'Next: make flash BOARD={board} IMAGE={shown}')
    else:
        say(f'Next: esptool write-flash {image.offset:#x} {shown}')


if __name__ == '__main__':
    sys.exit(exit_status(make, options(sys.argv[1:])))
