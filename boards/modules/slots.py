"""The ROMFS of a board as two slots: an application runs from one, a new one goes to the other.

The partition is slot 0, slot 1, each of `capacity` bytes, and two sectors for tables at its end. A
table says of both slots what is in them. It is written as a whole, into the sector that has the
older one, so that a power cut while it is written leaves the other. Little endian:

    4 bytes   b'MDS1'
    uint32    serial number of the table: the higher one counts
    twice, for slot 0 and slot 1:
      uint32    number: the slot with the higher one is newer
      uint32    version: major << 24 | minor << 12 | patch
      uint32    length of the ROMFS image in bytes
      uint8     state: the index in STATES
      uint8     how often it was started while on trial
      2 bytes   0
      32 bytes  SHA-256 of the image
    uint32    CRC-32 of all that comes before

A slot that is being written has not the first bytes of an image, MAGIC: they come last. So
MicroPython, which mounts what is at the start of the partition before any Python runs, finds a
whole image there or none. Without a table the partition is one plain image, as `mpremote romfs
deploy` writes it; so it is if the image at its start is not the one that the table knows.
"""

import struct
import sys
from binascii import crc32
from errno import EIO, ENODEV
from hashlib import sha256

SECTOR = 4096
PAGE = 256  # bytes: flash is programmed in multiples of it
RESTARTS = 3  # of a slot on trial, until the other one runs again
EMPTY, TRIAL, CONFIRMED, FAILED = STATES = 'empty', 'trial', 'confirmed', 'failed'
EBUSY = 16  # which MicroPython's errno has not
ERASE = 6  # ioctl of a block device
MAGIC = b'\xd2\xcd1'  # at the start of a ROMFS image, before its length
_HEAD = '<4sI'
_SLOT = '<IIIBB2x32s'
_TABLE = struct.calcsize(_HEAD) + 2 * struct.calcsize(_SLOT)

started = None  # the Slots from which the board runs


class Record:
    """What the table says of a slot: `slot`, `number`, `version`, `length`, `state`, `starts`,
    `sha256`."""

    def __init__(self, slot, number=0, version=0, length=0, state=0, starts=0, sha256=bytes(32)):
        self.slot = slot
        self.number = number
        self.version = version
        self.length = length
        self.state = STATES[state]
        self.starts = starts
        self.sha256 = sha256

    def pack(self):
        state = STATES.index(self.state)
        return struct.pack(
            _SLOT, self.number, self.version, self.length, state, self.starts, self.sha256
        )


class Slots:
    """The slots of a block device that also has the buffer protocol, to be read.

    - `capacity`: bytes that a slot holds.
    - `records`: a Record for each slot.
    - `running`: the Record of the slot from which the board runs, `None` before `start()`, and
      without an application in ROMFS.
    - `plain`: bytes of the image that the partition has instead of slots, 0 if it has slots.
    """

    running = None

    def __init__(self, device):
        self.device = device
        self.memory = memoryview(device)
        self.capacity = (len(self.memory) // SECTOR - 2) // 2 * SECTOR
        self.serial, self.sector = 0, 1
        self.records = [Record(0), Record(1)]
        for sector in (0, 1):
            self._read(sector)
        self.plain = 0 if self._has_slots() else image_length(self.memory)

    def _has_slots(self):
        """Whether the table knows of the image at the start of the partition, if there is one."""
        length, record = image_length(self.memory), self.records[0]
        if length == 0 or length != record.length:
            return length == 0
        # `mpremote romfs deploy` fills the last sector with zeros.
        return self.memory[length : length + 1] != b'\0' or self.is_whole(record)

    def _block(self, sector):
        return len(self.memory) // SECTOR - 2 + sector

    def _read(self, sector):
        """Take the table of a sector if it is whole, and newer than what is known."""
        start = self._block(sector) * SECTOR
        table = bytes(self.memory[start : start + _TABLE + 4])
        magic, serial = struct.unpack_from(_HEAD, table)
        if magic != b'MDS1' or serial <= self.serial:
            return
        if struct.unpack_from('<I', table, _TABLE)[0] != crc32(table[:_TABLE]) & 0xFFFFFFFF:
            return
        self.serial, self.sector = serial, sector
        size = struct.calcsize(_SLOT)
        for slot in (0, 1):
            at = struct.calcsize(_HEAD) + slot * size
            self.records[slot] = Record(slot, *struct.unpack_from(_SLOT, table, at))

    def save(self):
        """Write the table. OSError (EIO) if the flash has not taken it."""
        table = struct.pack(_HEAD, b'MDS1', self.serial + 1)
        table += self.records[0].pack() + self.records[1].pack()
        table += struct.pack('<I', crc32(table) & 0xFFFFFFFF)
        table += b'\xff' * (PAGE - len(table))
        block = self._block(1 - self.sector)
        self.device.ioctl(ERASE, block)
        self.program(block, table)
        self.serial += 1
        self.sector = 1 - self.sector

    def program(self, block, data, offset=0):
        """Write to what is erased, whole pages. OSError (EIO) if the flash has not taken it."""
        self.device.writeblocks(block, data, offset)
        start = block * SECTOR + offset
        if self.memory[start : start + len(data)] != data:
            raise OSError(EIO, 'the flash has not taken it')

    def image(self, record):
        start = record.slot * self.capacity
        return self.memory[start : start + record.length]

    def is_whole(self, record):
        """Whether the slot has the image that its record says."""
        if not 0 < record.length <= self.capacity:
            return False
        return sha256(self.image(record)).digest() == record.sha256

    def newest(self, states):
        """Return the Record of the newest slot in one of these states that is whole, or None."""
        older, newer = self.records
        if older.number > newer.number:
            older, newer = newer, older
        for record in (newer, older):
            if record.state in states and self.is_whole(record):
                return record

    def start(self, restarted):
        """Choose what is to run, count a start on trial, and return its Record, or None.

        `restarted`: whether it is the application's doing that the board starts again.
        """
        record = None if self.plain else self.newest((TRIAL, CONFIRMED))
        if record and record.state == TRIAL and (restarted or not record.starts):
            record.starts += 1
            if record.starts > RESTARTS:
                record.state = FAILED
            self.save()
            if record.state == FAILED:
                record = self.newest((TRIAL, CONFIRMED))
        self.running = record
        return record

    def begin(self, length, replace=False):
        """Return a Writer of an image of that many bytes, to the slot that is not to be kept.

        Kept is the one that runs; while nothing runs, as at the prompt, the newest confirmed one.

        `replace`: a plain image that is longer than a slot may be overwritten.

        ValueError if the image is longer than `capacity`. OSError (EBUSY) while the slot that runs
        is on trial, as the only confirmed one would go, or a plain image is longer than a slot.
        """
        if not 0 < length <= self.capacity:
            raise ValueError('a slot holds %d bytes' % self.capacity)
        if self.running and self.running.state == TRIAL:
            raise OSError(EBUSY, 'what runs is on trial')
        if self.plain and not self._adopt() and not replace:
            raise OSError(EBUSY, 'what runs is longer than a slot')
        self.plain = 0
        from slot_writer import Writer

        kept = self.running or self.newest((CONFIRMED,))
        return Writer(self, 1 - kept.slot if kept else 0, length)

    def _adopt(self):
        """Make the plain image the one of slot 0, if it fits."""
        record = self.records[0]
        record.length, record.version, record.starts = self.plain, 0, 0
        record.number = self.next_number()
        fits = self.plain <= self.capacity
        record.state = CONFIRMED if fits else EMPTY
        if fits:
            record.sha256 = sha256(self.image(record)).digest()
        return fits

    def next_number(self):
        return max(record.number for record in self.records) + 1

    def confirm(self):
        """The slot that runs has proved itself. Does nothing if it has already, or none runs."""
        if self.running and self.running.state == TRIAL:
            self.running.state = CONFIRMED
            try:
                self.save()
            except BaseException:
                self.running.state = TRIAL  # so that it can be tried again
                raise

    def mount(self):
        """Make `/rom` the slot that runs, in place of what MicroPython has mounted there."""
        import vfs

        if not self.plain:
            try:
                vfs.umount('/rom')
            except OSError:
                pass  # nothing is
            if self.running:
                vfs.mount(vfs.VfsRom(self.image(self.running)), '/rom')
        for folder in ('/rom', '/rom/lib'):
            if folder not in sys.path:
                sys.path.append(folder)


def image_length(memory):
    """Return the length of the ROMFS image at the start of something, 0 if there is none."""
    length = 0
    if memory[:3] == MAGIC:
        for at in range(3, 8):
            length = length << 7 | memory[at] & 0x7F
            if memory[at] < 0x80:
                return at + 1 + length
    return 0


def open(device=None):
    """Return the Slots of a block device, by default of the board's ROMFS.

    OSError (ENODEV) if there is none.
    """
    if device is None:
        if started:
            return started
        import vfs

        device = vfs.rom_ioctl(2, 0) if hasattr(vfs, 'rom_ioctl') else -1
        if not hasattr(device, 'ioctl'):
            raise OSError(ENODEV, 'no ROMFS')
    return Slots(device)


def start(restarted=None):
    """Mount the slot that is to run; return whether it is on trial. Does nothing the second time.

    `restarted`: see `Slots.start`; found out by default.
    """
    global started
    if not started:
        found = open()
        found.start(was_restarted() if restarted is None else restarted)
        found.mount()
        started = found
    return on_trial()


def on_trial():
    """Whether the slot that runs is still to be confirmed."""
    return bool(started and started.running) and started.running.state == TRIAL


def confirm():
    """The slot that runs has proved itself: it stays. Does nothing if it has already."""
    if started:
        started.confirm()


def was_restarted():
    """Whether the board has started by a watchdog's or its own reset, not by its power.

    An RP2 calls its own reset one of the watchdog; an ESP32 a hard one, as it does a crash.
    """
    import machine

    causes = machine.WDT_RESET, getattr(machine, 'HARD_RESET', None)
    return machine.reset_cause() in causes
