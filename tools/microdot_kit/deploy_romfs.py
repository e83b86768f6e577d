"""Sends an application and the framework to a board's ROMFS, as one image.

A firmware with slots (boards/modules/slots.py) gets it into the one that is not in use: what is
interrupted leaves the board as it was. Without slots, or if the image is longer than one, ROMFS is
written in place: what is interrupted has to be sent again. What an earlier deployment has put onto
the file system, and would hide it, is removed once the image is there.
"""

import binascii
import hashlib
import subprocess
import sys
import zlib

from mpremote.transport import TransportExecError

from microdot_kit import device as devices
from microdot_kit import payload, romfs, runtimes
from microdot_kit.deploy_copy import RECORD, REMOVE, Copy
from microdot_kit.device import say
from microdot_kit.steps import Failure, write

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
SLOTS = """
import slots
from binascii import a2b_base64
from deflate import RAW, DeflateIO
from io import BytesIO
_slots = slots.open()
def _runs(length, digest):
    r = _slots.newest((slots.TRIAL, slots.CONFIRMED))
    if _slots.plain: return _rom_hash(_slots.plain) == digest
    return bool(r) and r.state == slots.CONFIRMED and binascii.hexlify(r.sha256).decode() == digest
"""
WRITE = '_w.write(DeflateIO(BytesIO(a2b_base64({})), RAW, 9).read())'
# The soft reset has made `/rom` what is at the start of the partition.
MOUNT = 'import slots; slots.start(False)'
SECTOR = 4096
VERSION = 0  # of what comes by cable: any update over the network is newer
INCOMPLETE = 'The ROMFS of the board may be incomplete: deploy again'
UNCHANGED = 'What the board had is still in place'


def send(device, app, arch, frozen):
    """Make ROMFS what it should be; `frozen` names packages that are in the firmware."""
    image = romfs.pack(romfs.contents(app, arch, frozen))
    device.run(ROM)
    size = device.ask('_rom_size()')
    if not size:
        raise Failure('The firmware has no ROMFS: deploy without ROMFS=1, or make flash')
    romfs.check_size(image, size, 'the board')
    capacity = 0
    if 'slots' in frozen:
        device.run(SLOTS)
        capacity = device.ask('_slots.capacity')
        if len(image) > capacity:
            say(f'{romfs.too_long(image, capacity)}: it is written in place')
    if len(image) <= capacity:
        send_to_slot(device, app, image)
    else:
        send_in_place(device, app, image)
    clear(device)
    if 'startup' not in frozen:
        say('This firmware does not start what is in ROMFS: give it a boot.py or main.py that does')


def mount(device, frozen):
    """After a soft reset, make `/rom` what the board starts."""
    if 'slots' in frozen:
        device.run(MOUNT)


def send_to_slot(device, app, image):
    """Write an image to the slot that is not in use; it is what starts from then on."""
    digest = payload.digest(image)
    if device.ask(f'_runs({len(image)}, {digest!r})'):
        say(f'ROMFS has this image of {len(image):,} bytes already')
        return
    path = romfs.image_path(app)
    write(path, image)
    say(f'Sending {runtimes.shown(path)}, {len(image):,} bytes')
    try:
        device.run(f'_w = _slots.begin({len(image)}, True)')
        for start in range(0, len(image), SECTOR):
            device.run(WRITE.format(packed(image[start : start + SECTOR])))
        digest = hashlib.sha256(image).digest()
        device.run(f'_w.commit({VERSION}, {digest!r}, slots.CONFIRMED)')
    except (Failure, KeyboardInterrupt) as exc:
        raise Failure(f'{str(exc) or "Interrupted"}. {UNCHANGED}') from None
    except TransportExecError as error:
        raise Failure(f'{devices.reason(error)}. {UNCHANGED}') from None
    say(f'Slot {device.ask("_w.record.slot")} of ROMFS has it')


def packed(data):
    """What DeflateIO unpacks with a window of 512 bytes, in base64."""
    compress = zlib.compressobj(wbits=-9)
    return binascii.b2a_base64(compress.compress(data) + compress.flush(), newline=False)


def send_in_place(device, app, image):
    """Write an image to the start of the partition."""
    if is_there(device, image):
        say(f'ROMFS has this image of {len(image):,} bytes already')
        return
    path = romfs.image_path(app)
    write(path, image)
    device.close()
    mpremote(device.port, path)
    device.open()
    device.run(ROM)
    if not is_there(device, image):
        raise Failure('The ROMFS of the board is not what was sent: deploy again')


def is_there(device, image):
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
