"""Writes a firmware to a board: what `make flash` calls; flash_esp32 does it for an ESP32.

    microdot-kit flash BOARD [--image FILE] [--port PORT] [--drive DIR] [--roots DIR]

The board has to be in its boot loader. If it is not, and runs MicroPython, this puts it there. The
image is copied to the drive that the boot loader shows, or sent by picotool where that is installed
and there is no drive. Image, drive and board have to be of the same chip. Files on the board stay.

`--drive` chooses one of several drives; `--roots` names a folder that has drives as its folders, in
place of what is mounted.
"""

import argparse
import errno
import os
import re
import shutil
import struct
import subprocess
import time
from pathlib import Path

from microdot_kit import boards, runtimes
from microdot_kit import device as devices
from microdot_kit.device import Device, say
from microdot_kit.steps import FIRMWARE, Failure, ask

# The Board-ID of the boot drive, which is its label too.
DRIVES = {'RP2040': 'RPI-RP2', 'RP2350': 'RP2350'}
INFO = 'INFO_UF2.TXT'
LABELS = Path('/dev/disk/by-label')
MOUNTS = Path('/proc/mounts')
VOLUMES = Path('/Volumes')

BLOCK = 512
MAGIC = (0x0A324655, 0x9E5D5157)
MAGIC_END = 0x0AB16F30
HAS_FAMILY = 0x2000
ANY_FAMILY = 0xE48BFF57  # a block for all chips, which images for the RP2350 begin with
PART = 65536
DRIVE_SECONDS = 20  # until the drive of a board in its boot loader is mounted
RESTART_SECONDS = 20  # until a board that has its image leaves the boot loader
LOOK = 0.2

GONE = 'The board has only a part of the firmware: hold BOOTSEL while you plug it in, flash again'
NO_BOARD = 'No board found. Hold BOOTSEL while you plug it in; the cable must carry data'


def options(arguments):
    parser = argparse.ArgumentParser(prog='microdot-kit flash', description='Flash a board.')
    parser.add_argument('board', metavar='BOARD')
    parser.add_argument('--image', type=Path, metavar='FILE', help='a UF2 file')
    parser.add_argument('--port', default='', help='the serial port of a board with MicroPython')
    parser.add_argument('--drive', type=Path, metavar='DIR', help='where the drive is mounted')
    parser.add_argument('--roots', type=Path, metavar='DIR', help='where to look for drives')
    return parser.parse_args(arguments)


def read_image(board, facts, path):
    """The bytes of a UF2 image. Failure if there is none, or it is not for the board's chip."""
    if 'uf2_family' not in facts:
        raise Failure(f'BOARD={board} takes no UF2 images, so there is nothing to flash')
    if path is None:
        path = FIRMWARE / board / 'firmware.uf2'
        if not path.is_file():
            raise Failure(f'No firmware yet: make firmware BOARD={board}')
    if not path.is_file():
        raise Failure(f'IMAGE={path}: no such file')
    data = path.read_bytes()
    found = families(path, data) - {ANY_FAMILY}
    if found != {facts['uf2_family']}:
        names = {entry.get('uf2_family'): entry['chip'] for entry in boards.read().values()}
        made_for = ' and '.join(names.get(family, hex(family)) for family in sorted(found))
        raise Failure(f'{path.name} is for {made_for or "no chip"}, {board} has {facts["chip"]}')
    return data


def families(path, data):
    """The families in a UF2 image. Failure if a part of it is missing or it is something else."""
    found, blocks = {}, len(data) // BLOCK
    for start in range(0, blocks * BLOCK, BLOCK):
        *magic, flags, _, _, number, count, family = struct.unpack_from('<8I', data, start)
        end = struct.unpack_from('<I', data, start + BLOCK - 4)[0]
        if tuple(magic) != MAGIC or end != MAGIC_END or not flags & HAS_FAMILY:
            raise Failure(f'{path}: not a UF2 image, or a damaged one')
        found.setdefault(family, set()).add((number, count))
    parts = [there for family, there in found.items() if family != ANY_FAMILY]
    if not blocks or len(data) % BLOCK or not all(map(complete, parts)):
        raise Failure(f'{path}: not a whole UF2 image')
    return set(found)


def complete(there):
    """Whether these are all the blocks of a family: {(number, how many there should be)}."""
    numbers, counts = map(set, zip(*there))
    return len(counts) == 1 and len(numbers) in counts and max(numbers) < len(numbers)


def mounted():
    """Where drives are mounted that could be a boot loader's."""
    if not MOUNTS.exists():
        return sorted(VOLUMES.iterdir()) if VOLUMES.is_dir() else []
    found = []
    for line in MOUNTS.read_text(errors='surrogateescape').splitlines():
        _, place, kind, *_ = line.split()
        if kind in ('vfat', 'msdos'):
            # Spaces are \040 there.
            found.append(Path(re.sub(r'\\(\d{3})', lambda code: chr(int(code[1], 8)), place)))
    return found


def drives(chosen):
    """{path: Board-ID} of the boot drives."""
    if chosen.drive:
        places = [chosen.drive]
    else:
        places = sorted(chosen.roots.iterdir()) if chosen.roots else mounted()
    found = {}
    for place in places:
        try:
            lines = (place / INFO).read_text(errors='replace').splitlines()
        except OSError:
            continue
        entries = dict(line.split(': ', 1) for line in lines if ': ' in line)
        found[place] = entries.get('Board-ID', '').strip()
    return found


def find_drive(chosen, chip):
    """The drive of the only board that waits for an image, `None` without one."""
    found = drives(chosen)
    fitting = [place for place, name in found.items() if name == DRIVES[chip]]
    if len(fitting) > 1:
        names = ', '.join(map(str, fitting))
        raise Failure(f'Several boards wait for an image: {names}. Choose with DRIVE={fitting[0]}')
    if fitting:
        return fitting[0]
    if found:
        place, name = next(iter(found.items()))
        raise Failure(f'The drive {place} is of a {name}, {chosen.board} has the chip {chip}')
    if chosen.drive:
        raise Failure(f'DRIVE={chosen.drive}: no {INFO} there, so it is not a boot drive')
    return None


def not_mounted(chosen, chip):
    """What to say of the drive of a waiting board that the system sees, but has not mounted."""
    label = LABELS / DRIVES[chip]
    if label.exists() and not chosen.roots:
        return f'The drive is not mounted: udisksctl mount -b {label}, then flash again'
    return ''


def wait_for_drive(chosen, chip):
    """The drive of a board that has just come into its boot loader, `None` if picotool sees it.

    Desktops take a second or two to mount it. Failure if none comes.
    """
    end = time.monotonic() + DRIVE_SECONDS
    while time.monotonic() < end:
        drive = find_drive(chosen, chip)
        if drive or picotool_sees():
            return drive
        time.sleep(LOOK)
    raise Failure(
        not_mounted(chosen, chip)
        or 'The board is in its boot loader, but its drive has not appeared: mount it'
    )


def boot_loader(chosen):
    """Put a board that runs MicroPython into its boot loader."""
    if chosen.port:
        port = chosen.port
    else:
        ports = [entry for entry in devices.list_ports.comports() if entry.vid is not None]
        if not ports:
            raise Failure(NO_BOARD)
        port = devices.find_port()
    say(f'Putting the board on {port} into its boot loader')
    with Device(port) as device:
        devices.check_chip(device.about(), chosen.board)
        with device.told():
            device.transport.exec_raw_no_follow('import machine\nmachine.bootloader()')
        device.transport.in_raw_repl = False  # it has left


def picotool_sees():
    """Whether picotool is there and has found a board in its boot loader."""
    return bool(shutil.which('picotool') and ask('picotool', 'info'))


def picotool(path):
    say('Sending it with picotool')
    command = ['picotool', 'load', '-v', '-x', str(path)]
    try:
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    except KeyboardInterrupt:
        raise Failure(f'Interrupted. {GONE}') from None
    if ended.returncode:
        lines = ended.stderr.decode(errors='replace').strip().splitlines()
        raise Failure(f'picotool: {lines[-1] if lines else "failed"}. {GONE}')


def copy(data, drive):
    """Copy an image to a boot drive, and see that the board takes it."""
    if shutil.disk_usage(drive).free < len(data):
        raise Failure(f'{drive} is full: {len(data):,} bytes are needed. Nothing was written')
    target = drive / 'firmware.uf2'
    written = 0
    try:
        with open(target, 'wb') as file:
            for start in range(0, len(data), PART):
                written += file.write(data[start : start + PART])
                say(f'  {100 * written // len(data):3} %')
            file.flush()
            os.fsync(file.fileno())
    except KeyboardInterrupt:
        raise Failure(f'Interrupted. {GONE}') from None
    except OSError as error:
        # The drive goes with the last block, perhaps before the system has noted all of it.
        if error.errno == errno.ENOSPC:
            target.unlink(missing_ok=True)
            raise Failure(f'{drive} is full: what was written is removed. {GONE}') from None
        if not written:
            raise Failure(f'{drive}: {error.strerror}. Nothing was written') from None
        if written < len(data) or (drive / INFO).exists():
            raise Failure(f'{drive}: {error.strerror}. {GONE}') from None
    end = time.monotonic() + RESTART_SECONDS
    while (drive / INFO).exists():
        if time.monotonic() > end:
            raise Failure(f'{drive} is still there, so the board has not taken the image. {GONE}')
        time.sleep(LOOK)


def flash(chosen):
    facts = boards.find(chosen.board)
    if facts['port'] == 'esp32':
        from microdot_kit import flash_esp32  # which needs packages of its own

        return flash_esp32.flash(chosen, facts)
    data = read_image(chosen.board, facts, chosen.image)
    path = chosen.image or FIRMWARE / chosen.board / 'firmware.uf2'
    say(f'{runtimes.shown(path.resolve())}: {len(data) // 2:,} bytes for {facts["chip"]}')
    drive = find_drive(chosen, facts['chip'])
    if not drive and not picotool_sees():
        if not_mounted(chosen, facts['chip']):
            say('Waiting for the drive of the board to be mounted')
        else:
            boot_loader(chosen)
        drive = wait_for_drive(chosen, facts['chip'])
    if drive:
        say(f'Copying it to {drive}')
        copy(data, drive)
    else:
        picotool(path)
    say(f'Flashed. The board starts again; next: make deploy BOARD={chosen.board} APP=folder')


def main(arguments):
    return devices.exit_status(flash, options(arguments))
