"""Puts the framework and an application into a downloaded MicroPython: what `make image` calls.

    microdot-kit image BASE APP [--board BOARD] [--flash SIZE] [--romfs KIB]
                       [--output FILE] [--setup]

BASE is an image for an ESP32 chip as MicroPython offers them: boot loader, partition table and
firmware. The firmware stays as it is. The table gets a partition for ROMFS if one is needed, and
one for the file system if it has none: from 1.26 on MicroPython makes that one as it starts, of
what the flash has left, but what is on it has to know how large it is. The result,
build/image/APP.bin, is one file for `make flash IMAGE=`.

The application goes to the file system (littlefs). So does the framework, unless the firmware can
use modules where they are in flash: then it goes to ROMFS. The same files give the same bytes on
every machine, as far as littlefs does.
"""

import argparse
import re
import shlex
from pathlib import Path

from esp_idf_defs.partitions import DATA_TYPE, PartitionDefinition

from microdot_kit import application, boards, espimage, payload, romfs, runtimes
from microdot_kit.device import exit_status, say
from microdot_kit.espimage import SECTOR
from microdot_kit.steps import BUILD, Failure, write

FOLDER = BUILD / 'image'
SUBTYPE_ROMFS, SUBTYPE_STORAGE = (
    0x8F,
    0x81,
)  # as MicroPython's own tables have it; what counts is the name
PAGE = 0x10000  # what flash is mapped into memory by
ROMFS_KIB = 256
SIZE = re.compile(r'(\d+) ?M(i?B)?', re.IGNORECASE)  # of a flash
LEAST_STORAGE = 16 * SECTOR
# As MicroPython makes its file systems. The version of what is on the flash is one that all
# firmwares read that load our modules.
LITTLEFS = {'read_size': 32, 'prog_size': 32, 'lookahead_size': 32, 'disk_version': 0x20000}
# Bytes of heap that the core of the framework keeps, measured on an RP2040.
HEAP_MPY = 43000
HEAP_ROMFS = 20000


def options(arguments):
    parser = argparse.ArgumentParser(
        prog='microdot-kit image', description='Make an image for an ESP32.'
    )
    parser.add_argument('base', metavar='BASE', help='a downloaded image of MicroPython')
    parser.add_argument('app', metavar='APP', help='a folder with main.py, or the main file')
    parser.add_argument('--board', default='', help='what the image has to be for')
    parser.add_argument('--flash', default='', metavar='SIZE', help='of the board, such as 8MB')
    parser.add_argument('--romfs', type=int, default=ROMFS_KIB, metavar='KIB', help='at least')
    parser.add_argument('--output', type=Path, metavar='FILE')
    parser.add_argument('--setup', action='store_true', help='without a network, open a page')
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


def flash_size(image, given):
    """Bytes of flash that the result is for: what was given, or else what the image is for."""
    if not given:
        return image.flash_size
    found = SIZE.fullmatch(given)
    size = int(found[1]) * espimage.MIB if found else 0
    if size not in espimage.FLASH_SIZES:
        raise Failure(f'FLASH={given}: the size of the flash is needed, such as 4MB or 16MB')
    return size


def storage_in(image, flash):
    """The partition of the file system, which gets all that a flash has behind the others."""
    table = image.table
    storage = table.find_by_name('vfs')
    last = max(entry.offset + entry.size for entry in table if entry is not storage)
    if storage is None and table.find_by_name('ffat'):
        raise Failure(f'{image.name}: its file system is FAT (ffat): take an image with littlefs')
    if storage is None:
        storage = partition('vfs', SUBTYPE_STORAGE, last, 0)
        table.append(storage)
    if storage.offset >= last:
        storage.size = flash - storage.offset
    if storage.size < LEAST_STORAGE or storage.offset + storage.size > flash:
        raise Failure(
            f'{image.name}: its firmware leaves no room for a file system in {flash >> 20} MB of '
            'flash: FLASH= says how much the board has'
        )
    return storage


def layout(image, needed, flash):
    """The partition table of the result: as it was, with a file system, and with `needed` bytes of
    ROMFS if that is any."""
    table = image.table
    storage, rom = storage_in(image, flash), table.find_by_name('romfs')
    if storage.size % SECTOR:
        raise Failure(f'{image.name}: its file system is no whole number of sectors')
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
    table.insert(table.index(storage), partition('romfs', SUBTYPE_ROMFS, start, size))
    return table


def partition(name, subtype, offset, size):
    made = PartitionDefinition()
    made.name, made.type, made.subtype = name, DATA_TYPE, subtype
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


def contents(image, app, setup=False, about=None):
    """What goes where: {partition: {name: bytes}}; with `setup` also what allows a set-up page.

    `about` is the name and the version that the board then tells of itself, by default the
    application's.
    """
    files = payload.for_image(payload.app_files(app, image.arch))
    library = {f'lib/{name}': data for name, data in payload.framework(image.arch).items()}
    if image.version >= payload.STARTER and 'boot.py' not in files:
        library.update((name[1:], data) for name, data in payload.starter(image.arch).items())
        files['boot.py'] = library.pop('boot.py')
        if setup:
            about = about or application.about(payload.main_file(app))
            library[f'lib/{application.MARK}'] = application.mark(about)
    elif setup:
        oldest = '.'.join(map(str, payload.STARTER))
        raise Failure(f'SETUP=1 needs MicroPython {oldest}, and no boot.py in the application')
    if image.romfs:
        return {'vfs': files, 'romfs': library}
    return {'vfs': {**files, **library}}


def compose(image, app, least=ROMFS_KIB * 1024, flash='', setup=False, about=None):
    """The bytes of a whole image with an application in it, and what is in which partition."""
    wanted = contents(image, app, setup, about)
    flash = flash_size(image, flash)
    parts = {}
    if 'romfs' in wanted:
        parts['romfs'] = romfs.pack(wanted['romfs'])
        table = layout(image, max(len(parts['romfs']), least), flash)
    else:
        table = layout(image, 0, flash)
    parts['vfs'] = storage_image(wanted['vfs'], table['vfs'].size).rstrip(b'\xff')
    data = bytearray(image.data[: image.app.offset - image.offset] + image.app_data)
    put(data, image, image.offset, image.loader(flash))
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
            f'bytes for the framework. With ROMFS it would be {HEAP_ROMFS:,}'
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
    least = chosen.romfs * 1024
    data, wanted, table = compose(image, chosen.app, least, chosen.flash, chosen.setup)
    source = (
        'FLASH' if chosen.flash else 'what the image is made for (FLASH= for a board with more)'
    )
    say(f'For {flash_size(image, chosen.flash) >> 20} MB of flash: {source}')
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


def main(arguments):
    return exit_status(make, options(arguments))
