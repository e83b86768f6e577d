"""Makes a signed update of an application, or of an ESP32's firmware: what `make update` calls.

    microdot-kit update APP --version 1.2.3 [--board BOARD] [--key FILE] [--unsigned]
    microdot-kit update --firmware FILE --version 1.2.3 --board esp32-OTA [--key FILE] [--unsigned]
    microdot-kit update --attach SIGNATURE FILE

The update, build/update/NAME-VERSION-BOARD.mdu, is what a board with `microdot.update` takes; the
framework is in the board's firmware and not in it. With --unsigned the 80 bytes to be signed
elsewhere lie beside it (.header); --attach puts that signature in, DER or r and s.
"""

import argparse
import hashlib
import re
import struct
import sys
from pathlib import Path

from microdot_kit import boards, keys, payload, romfs, runtimes
from microdot_kit.steps import BUILD, Failure, say, write

FOLDER = BUILD / 'update'
MAGIC = b'MDU1'
HEADER = 144
SIGNED = 80
APPLICATION, FIRMWARE = 0, 1
SECTOR = 4096
LONGEST_NAME = 32
VERSION = re.compile(r'(\d{1,3})\.(\d{1,4})\.(\d{1,4})')


def number(version):
    """A version as boards compare it. Failure unless it is `major.minor.patch`."""
    found = VERSION.fullmatch(version)
    parts = [int(part) for part in found.groups()] if found else [256]
    if parts[0] > 255 or max(parts) > 4095:
        raise Failure(
            f'VERSION={version}: a version is three numbers, such as 1.2.3, the first at most '
            '255, the others at most 4095'
        )
    return parts[0] << 24 | parts[1] << 12 | parts[2]


def text(number):
    return f'{number >> 24}.{number >> 12 & 0xFFF}.{number & 0xFFF}'


def capacity(size):
    """Bytes that a slot has in a ROMFS of that size: see boards/modules/slots.py."""
    return (size // SECTOR - 2) // 2 * SECTOR


def application(app, board):
    """The ROMFS image of an application for a board. Failure if a slot has no room for it."""
    facts = boards.find(board.partition('-')[0])
    room = capacity(romfs.room(board.partition('-')[0]))
    files = romfs.contents(app, facts.get('mpy_arch', ''), ('microdot', 'utemplate'))
    image = romfs.pack(files)
    if len(image) > room:
        raise Failure(
            f'The application has {len(image):,} bytes, a slot of {board} has room for {room:,}: '
            'make files smaller, or compress what browsers load'
        )
    return image


def firmware(path, board):
    """The bytes of an ESP32's firmware. Failure if it is none, or for another chip."""
    from microdot_kit import espimage

    facts = boards.find(board.partition('-')[0])
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise Failure(f'FIRMWARE={path}: {exc.strerror}') from None
    chip, _ = espimage.chip_of(path.name, data)
    if chip != facts['chip']:
        raise Failure(f'FIRMWARE={path}: for {chip}, {board} has {facts["chip"]}')
    room = facts['flash']['app']['size']
    if len(data) > room:
        raise Failure(
            f'FIRMWARE={path}: {len(data):,} bytes, there is room for {room:,}: take '
            'micropython.bin, the firmware without its boot loader'
        )
    return data


def header(kind, version, board, data):
    """The 80 bytes of a header that are signed."""
    name = board.encode()
    if len(name) > LONGEST_NAME:
        raise Failure(f'BOARD={board}: more than {LONGEST_NAME} bytes')
    digest = hashlib.sha256(data).digest()
    return struct.pack('<4sB3xII32s32s', MAGIC, kind, number(version), len(data), digest, name)


def signature(key, signed):
    """r and s, each 32 bytes, the most significant one first."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    return raw(key.sign(signed, ec.ECDSA(hashes.SHA256())))


def raw(data):
    """A signature as updates have it, given that, or DER. Failure if it is neither."""
    from cryptography.hazmat.primitives.asymmetric import utils

    if len(data) == 64:
        return data
    try:
        r, s = utils.decode_dss_signature(data)
        return r.to_bytes(32, 'big') + s.to_bytes(32, 'big')
    except (ValueError, OverflowError):
        raise Failure('SIGNATURE=: neither DER nor 64 bytes of an ECDSA P-256 signature') from None


def attach(path, signed_by):
    """Put a signature made elsewhere into an update."""
    keys.cryptography()
    try:
        data, found = bytearray(path.read_bytes()), signed_by.read_bytes()
    except OSError as exc:
        raise Failure(f'{exc.filename}: {exc.strerror}') from None
    if data[:4] != MAGIC or len(data) <= HEADER:
        raise Failure(f'{path}: no update: make update ... UNSIGNED=1 makes one')
    data[SIGNED:HEADER] = raw(found)
    write(path, bytes(data))
    return path


def output(chosen):
    name = payload.main_file(chosen.app).parent.name if chosen.app else 'firmware'
    return chosen.output or FOLDER / f'{name}-{chosen.version}-{chosen.board}.mdu'


def check_version(version):
    if not version:
        raise Failure('VERSION= is needed, such as VERSION=1.2.3: boards take newer ones alone')
    number(version)


def make(chosen):
    """Make what was chosen, and return its path."""
    check_version(chosen.version)
    key = None if chosen.unsigned else keys.private_key(chosen.key or keys.CONFIG / keys.PRIVATE)
    kind = FIRMWARE if chosen.firmware else APPLICATION
    if kind == FIRMWARE:
        data = firmware(chosen.firmware, chosen.board)
    else:
        data = application(chosen.app, chosen.board)
    signed = header(kind, chosen.version, chosen.board, data)
    path = output(chosen)
    if chosen.unsigned:
        write(path.with_suffix('.header'), signed)
    write(path, signed + (signature(key, signed) if key else bytes(64)) + data)
    say(f'Version {chosen.version} for {chosen.board}: {len(data):,} bytes')
    return path


def options(arguments):
    parser = argparse.ArgumentParser(prog='microdot-kit update', description='Sign an update.')
    parser.add_argument('app', metavar='APP', nargs='?', default='', help='a folder with main.py')
    parser.add_argument('--firmware', type=Path, metavar='FILE', help='a firmware in its place')
    parser.add_argument('--version', default='', help='three numbers, such as 1.2.3')
    parser.add_argument('--board', default='rpi_pico', help='as in boards.json, with -VARIANT')
    parser.add_argument('--key', default='', metavar='FILE', help='the private key')
    parser.add_argument('--unsigned', action='store_true', help='to be signed elsewhere')
    parser.add_argument('--attach', type=Path, metavar='SIGNATURE', help='put it into APP, a file')
    parser.add_argument('--output', type=Path, metavar='FILE')
    return parser.parse_args(arguments)


def main(arguments):
    chosen = options(arguments)
    try:
        if chosen.attach and not chosen.app:
            raise Failure(f'{chosen.attach}: name the update that it signs, too (FILE=)')
        if chosen.attach:
            path = attach(Path(chosen.app), chosen.attach)
        elif not chosen.app and not chosen.firmware:
            raise Failure('APP= is needed, a folder with main.py, or FIRMWARE=file')
        else:
            path = make(chosen)
    except Failure as exc:
        sys.exit(str(exc))
    except OSError as exc:
        sys.exit(f'{exc.filename or "update"}: {exc.strerror}')
    print(runtimes.shown(path))
    if chosen.unsigned:
        say(f'To be signed: {runtimes.shown(path.with_suffix(".header"))}')
    else:
        say(f'Next: make deploy URL=http://the-board.local UPDATE={runtimes.shown(path)}')


if __name__ == '__main__':
    main(sys.argv[1:])
