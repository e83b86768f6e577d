"""Sends an application and the framework to a board's ROMFS, as one image.

ROMFS is written in place: what is interrupted has to be sent again. What an earlier deployment has
put onto the file system, and would hide it, is removed once the image is there.
"""

import subprocess
import sys

import payload
import romfs
import runtimes
from deploy_copy import RECORD, REMOVE, Copy
from device import say
from firmware.steps import Failure, write

# The size of the board's ROMFS, 0 without one, and the SHA-256 of a part of it.
ROM = """
def _rom():
    try:
        import vfs
        return vfs.rom_ioctl(2, 0)
    except (ImportError, AttributeError): return -1
def _rom_size():
    rom = _rom()
    if isinstance(rom, int): return 0
    return rom.ioctl(4, 0) * rom.ioctl(5, 0) if hasattr(rom, 'ioctl') else len(rom)
def _rom_hash(size):
    return binascii.hexlify(hashlib.sha256(memoryview(_rom())[:size]).digest()).decode()
"""
INCOMPLETE = 'The ROMFS of the board may be incomplete: deploy again'


def send(device, app, arch, frozen):
    """Make ROMFS what it should be; `frozen` names packages that are in the firmware."""
    image = romfs.pack(romfs.contents(app, arch, frozen))
    if is_there(device, image):
        say(f'ROMFS has this image of {len(image):,} bytes already')
    else:
        path = romfs.image_path(app)
        write(path, image)
        device.close()
        mpremote(device.port, path)
        device.open()
        if not is_there(device, image):
            raise Failure('The ROMFS of the board is not what was sent: deploy again')
    clear(device)
    if 'startup' not in frozen:
        say('This firmware does not start what is in ROMFS: give it a boot.py or main.py that does')


def is_there(device, image):
    device.run(ROM)
    size = device.ask('_rom_size()')
    if not size:
        raise Failure('The firmware has no ROMFS: deploy without ROMFS=1, or make flash')
    romfs.check_size(image, size, 'the board')
    return device.ask(f'_rom_hash({len(image)})') == payload.digest(image)


def mpremote(port, path):
    say(f'Sending {runtimes.shown(path)}, {path.stat().st_size:,} bytes')
    command = [sys.executable, '-m', 'mpremote', 'connect', port, 'romfs', 'deploy', str(path)]
    try:
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    except KeyboardInterrupt:
        raise Failure(f'Interrupted. {INCOMPLETE}') from None
    if ended.returncode:
        reason = (ended.stderr.strip().splitlines() or ['mpremote failed'])[-1]
        raise Failure(f'{reason}. {INCOMPLETE}')


def clear(device):
    """Remove from the file system what would hide ROMFS, if an earlier deployment put it there."""
    earlier = Copy(device, {})
    if earlier.stale:
        say(f'Removed from the file system: {", ".join(earlier.stale)}')
        device.each(REMOVE, [*earlier.stale, RECORD])
    for name, there in device.hashes(['/main.py', '/main.mpy']).items():
        if there:
            say(f'{name} on the file system hides the one in ROMFS: mpremote rm :{name[1:]}')
