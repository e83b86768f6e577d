"""Files on an emulated board's file system, put there while it is off.

The file system is littlefs with the parameters of MicroPython's rp2 port, where boards.json says.
"""

import contextlib
import json
import time

from microdot_kit import boards, steps
from microdot_kit.steps import Failure

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


def write(flash, board, contents, record=None, otherwise=()):
    """Write {path: bytes} onto the file system in the file `flash`, made if need be.

    `record` names a file on it that lists them: what an earlier call with that name has written and
    this one does not, goes. `otherwise` has files that are written if nobody else has done so.
    Failure, and a flash as it was, if they do not fit.
    """
    from littlefs import LittleFSError

    size, offset, length = area(board)
    data = bytearray(flash.read_bytes()) if flash.exists() else bytearray(b'\xff' * size)
    system = mounted(data[offset : offset + length])
    if record:
        before = recorded(system, record)
        missing = {n: d for n, d in dict(otherwise).items() if n in before or not there(system, n)}
        contents = {**missing, **contents}
        for name in before - set(contents):
            remove(system, name)
        contents = {**contents, record: json.dumps(sorted(contents)).encode()}
    for name, content in contents.items():
        try:
            if '/' in name:
                system.makedirs(name.rpartition('/')[0], exist_ok=True)
            with system.open(name, 'wb') as file:
                file.write(content)
            system.setattr(name, MODIFIED, time.time_ns().to_bytes(8, 'little'))
        except (LittleFSError, OSError) as exc:
            raise Failure(f'{name} does not go onto the file system of the board: {exc}') from None
    system.unmount()
    data[offset : offset + length] = system.context.buffer
    steps.write(flash, bytes(data))


def recorded(system, record):
    try:
        with system.open(record, 'rb') as file:
            return {name for name in json.loads(file.read()) if isinstance(name, str)}
    except (OSError, ValueError):
        return set()


def there(system, name):
    from littlefs import LittleFSError

    try:
        system.stat(name)
    except LittleFSError:
        return False
    return True


def remove(system, name):
    """Remove a file, and the folders that it leaves empty."""
    from littlefs import LittleFSError

    with contextlib.suppress(OSError, LittleFSError):  # gone, or something else is in the folder
        system.remove(name)
        while '/' in name:
            name = name.rpartition('/')[0]
            system.rmdir(name)
