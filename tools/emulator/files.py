"""Files on an emulated board's file system, put there while it is off.

The file system is littlefs with the parameters of MicroPython's rp2 port, where boards.json says.
"""

import time

from firmware import boards
from firmware.steps import Failure

BLOCK = 4096
MODIFIED = '\x01'  # where MicroPython keeps the time of a file's last change


def area(board):
    """(size of the flash, offset and size of the file system in it) in bytes."""
    flash = boards.find(board)['flash']
    return flash['size'], flash['storage']['offset'], flash['storage']['size']


def mounted(content):
    """The file system in these bytes, made anew if there is none."""
    from littlefs import LittleFS, LittleFSError

    # disk_version: what the littlefs of MicroPython reads
    form = {'block_size': BLOCK, 'block_count': len(content) // BLOCK, 'disk_version': 0x00020000}
    system = LittleFS(**form, prog_size=256, read_size=32, lookahead_size=32, mount=False)
    system.context.buffer = content
    try:
        system.mount()
    except LittleFSError:
        system.context.buffer = bytearray(b'\xff' * len(content))
        system.format()
        system.mount()
    return system


def write(flash, board, contents):
    """Write pairs of a path and bytes onto the file system in the file `flash`, made if need be.

    Failure, and a flash as it was, if they do not fit.
    """
    from littlefs import LittleFSError

    size, offset, length = area(board)
    data = bytearray(flash.read_bytes()) if flash.exists() else bytearray(b'\xff' * size)
    system = mounted(data[offset : offset + length])
    try:
        for name, content in contents:
            if '/' in name:
                system.makedirs(name.rpartition('/')[0], exist_ok=True)
            with system.open(name, 'wb') as file:
                file.write(content)
            system.setattr(name, MODIFIED, time.time_ns().to_bytes(8, 'little'))
    except LittleFSError as exc:
        raise Failure(f'The file system of the board has no room for {name}: {exc}') from None
    system.unmount()
    data[offset : offset + length] = system.context.buffer
    new = flash.with_name(flash.name + '.new')
    new.write_bytes(data)
    new.replace(flash)
