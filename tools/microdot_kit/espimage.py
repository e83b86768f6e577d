"""Images of ESP32 chips: boot loader, partition table and firmware in one file.

    image = espimage.read(Path('ESP32_GENERIC-20250415-v1.25.0.bin'))
    image.chip, image.version, image.romfs      'ESP32', (1, 25), False

Espressif's own code does the work: esp-idf-defs for partition tables, esptool for the checksums.
"""

import hashlib
import io
import re
import struct

from esp_idf_defs.partitions import (
    APP_TYPE,
    MAX_PARTITION_LENGTH,
    PARTITION_TABLE_OFFSET,
    PARTITION_TABLE_SIZE,
    InputError,
    PartitionTable,
)
from esptool.bin_image import LoadFirmwareImage
from esptool.targets import CHIP_DEFS
from esptool.util import FatalError

from microdot_kit.steps import Failure

MAGIC = 0xE9
SECTOR = 0x1000
MIB = 0x100000
FLASH_SIZES = {MIB << code: code for code in range(8)}  # as headers have them
# By their number in images: name and place of the boot loader in flash.
CHIPS = {
    chip.IMAGE_CHIP_ID: (chip.CHIP_NAME, chip.BOOTLOADER_FLASH_OFFSET)
    for name, chip in CHIP_DEFS.items()
    if name != 'esp8266'
}
XTENSA = ('ESP32', 'ESP32-S2', 'ESP32-S3')  # all others are RISC-V
ASYNCIO = re.compile(rb'[^u]asyncio/core\.py\0')  # before 1.21 it was uasyncio
BANNER = re.compile(rb'MicroPython v(\d+)\.(\d+)([^ \0]*) on (\d{4}-\d\d-\d\d)')


class Image:
    """An image: `name`, `data`, `chip`, `offset` in flash, `table`, `app` (a partition of it).

    Offsets in tables count from the beginning of the flash, in `data` from that of the image.
    """

    def __init__(self, name, data):
        self.name = name
        self.data = data
        self.chip, self.offset = chip_of(name, data)
        self.table = read_table(self.part(PARTITION_TABLE_OFFSET, MAX_PARTITION_LENGTH), name)
        apps = [entry for entry in self.table if entry.type == APP_TYPE]
        if not apps:
            raise Failure(f'{name}: its partition table has no place for a firmware')
        self.app = min(apps, key=lambda entry: entry.offset)
        self.app_data = self.check()

    def part(self, offset, size):
        """What the image has of a part of the flash."""
        start = offset - self.offset
        return self.data[max(start, 0) : max(start + size, 0)]

    @property
    def end(self):
        """Where in flash the image ends."""
        return self.offset + len(self.data)

    @property
    def flash_size(self):
        """The size of the flash that the boot loader expects."""
        return MIB << (self.data[3] >> 4)

    def loader(self, flash):
        """The boot loader, made to expect a flash of that size."""
        loader = bytearray(checked(self.name, 'boot loader', self.chip, self.data))
        loader[3] = loader[3] & 0xF | FLASH_SIZES[flash] << 4
        if loader[23]:  # a SHA-256 follows
            loader[-32:] = hashlib.sha256(loader[:-32]).digest()
        return bytes(loader)

    def check(self):
        """Failure unless boot loader and firmware are whole and for one chip; return the latter."""
        loader = checked(self.name, 'boot loader', self.chip, self.data)
        if self.offset + len(loader) > PARTITION_TABLE_OFFSET:
            raise Failure(f'{self.name}: its boot loader covers the partition table')
        app = self.part(self.app.offset, self.app.size)
        if not app or app[0] != MAGIC:
            raise Failure(f'{self.name}: no firmware at {self.app.offset:#x}, where one should be')
        chip, _ = chip_of(self.name, app)
        if chip != self.chip:
            raise Failure(f'{self.name}: a boot loader for {self.chip}, a firmware for {chip}')
        return checked(self.name, 'firmware', self.chip, app)

    @property
    def arch(self):
        """What `mpy-cross -march=` calls the chip."""
        return 'xtensawin' if self.chip in XTENSA else 'rv32imc'

    @property
    def version(self):
        """The MicroPython in it, such as (1, 25). Failure if it is something else."""
        found = BANNER.search(self.app_data)
        if not found:
            raise Failure(f'{self.name}: a firmware, but not MicroPython')
        return int(found[1]), int(found[2])

    @property
    def asyncio(self):
        """Whether asyncio is frozen into this MicroPython, by that name."""
        return bool(ASYNCIO.search(self.app_data))

    @property
    def romfs(self):
        """Whether this MicroPython can mount a ROMFS and looks for one when it starts."""
        return b'\0VfsRom\0' in self.app_data and b'\0rom_ioctl\0' in self.app_data


def read(path):
    """The image in a file; Failure if there is none, or it is not whole."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Failure(f'{path}: {error.strerror}') from None
    return Image(path.name, data)


def chip_of(name, data):
    """The chip that a boot loader or firmware is for, and where in flash the former goes."""
    if len(data) < 24 or data[0] != MAGIC:
        raise Failure(f'{name}: not an image of an ESP32 chip')
    number = struct.unpack_from('<H', data, 12)[0]
    if number not in CHIPS:
        raise Failure(f'{name}: for a chip that is not known, number {number}')
    return CHIPS[number]


def read_table(data, name):
    """The partition table in these bytes, checked; Failure if there is none."""
    try:
        table = PartitionTable.from_binary(data)
        table.verify(PARTITION_TABLE_OFFSET)
    except (InputError, ValueError, struct.error) as error:
        if data[:2] != b'\xaa\x50':
            raise Failure(
                f'{name}: no partition table where its chip looks for one, so it is not the whole '
                'image of a flash (MicroPython calls those firmware.bin, not micropython.bin)'
            ) from None
        reason = str(error).partition(' (')[0]
        raise Failure(f'{name}: its partition table is damaged: {reason}') from None
    if not table:
        raise Failure(f'{name}: its partition table is empty')
    return table


def table_bytes(table):
    """A partition table as it is in flash; Failure if partitions overlap or are not aligned."""
    try:
        table.verify(PARTITION_TABLE_OFFSET)
        data = table.to_binary()
    except InputError as error:
        raise Failure(f'Partitions: {error}') from None
    return bytes(data).ljust(PARTITION_TABLE_SIZE, b'\xff')


def checked(name, what, chip, data):
    """The bytes of `data` that the boot loader or firmware at its beginning takes.

    Failure if its checksum or its SHA-256 is not right.
    """
    stream = io.BytesIO(data)
    try:
        image = LoadFirmwareImage(chip, stream.read())
        sums_fit = image.checksum == image.calculate_checksum()
    except (FatalError, struct.error, IndexError) as error:
        raise Failure(f'{name}: its {what} is damaged: {str(error).splitlines()[0]}') from None
    if not sums_fit or (image.append_digest and image.stored_digest != image.calc_digest):
        raise Failure(f'{name}: its {what} is damaged: the checksum does not fit. Fetch it again')
    end = image.data_length + 32 if image.append_digest else None
    return data[:end]
