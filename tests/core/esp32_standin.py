"""Stands for MicroPython's module `esp32`, with the flash and the boot loader of a board behind it.

`Partition` does what `ports/esp32/esp32_partition.c` does with ESP-IDF: three-argument writes erase
whole sectors first, others do not, a write clears bits and never sets them, `set_boot` looks at the
image, and the boot loader starts what has not been confirmed once.

    with installed() as board:
        ...  # `import esp32` finds this one
"""

import sys
from binascii import crc32
from struct import pack, unpack

import updates
from support import skip

SECTOR = 4096
NEW, PENDING, VALID, INVALID, ABORTED, UNDEFINED = 0, 1, 2, 3, 4, 0xFFFFFFFF
NOT_FOUND = -261
INVALID_ARGUMENT = -258
INVALID_SIZE = -260
VALIDATE_FAILED = -5379
MAGIC = b'\xe9'  # what a firmware begins with


class Board:
    """The flash: (type, subtype, address, size, label), what runs, what happened to it."""

    SECTORS = 2  # of a firmware
    TABLE = (
        (1, 0, 0xD000, 2 * SECTOR, 'otadata'),
        (0, 0x10, 0x10000, SECTORS * SECTOR, 'ota_0'),
        (0, 0x11, 0x20000, SECTORS * SECTOR, 'ota_1'),
        (1, 2, 0x9000, SECTOR, 'nvs'),
    )

    def __init__(self, table=TABLE):
        self.table = table
        self.memory = {}
        updates.erase()
        start = 0
        for _, _, _, size, label in table[:3]:
            self.memory[label] = memoryview(updates.flash)[start : start + size]
            start += size
        self.operations = 0
        self.start()

    def entry(self, label):
        for found in self.table:
            if found[4] == label:
                return found

    def apps(self):
        return [e for e in self.table if e[0] == 0 and 0x10 <= e[1] < 0x20]

    def states(self):
        """[(sequence, state, sector)] of what is whole in otadata, the newest one last."""
        found = []
        for sector in (0, 1) if 'otadata' in self.memory else ():
            entry = self.memory['otadata'][sector * SECTOR :][:32]
            sequence, state, check = unpack('<I20xII', bytes(entry))
            if sequence != UNDEFINED and check == crc32(bytes(entry[:4]), 0xFFFFFFFF) & 0xFFFFFFFF:
                found.append((sequence, state, sector))
        return sorted(found)

    def write_state(self, sequence, state, sector):
        number = pack('<I', sequence)
        check = crc32(number, 0xFFFFFFFF) & 0xFFFFFFFF
        start = sector * SECTOR
        self.memory['otadata'][start : start + 32] = (
            number + b'\xff' * 20 + pack('<II', state, check)
        )

    def boot(self):
        """The partition that would start next: the newest one that has not failed."""
        good = [e for e in self.states() if e[1] not in (INVALID, ABORTED)]
        apps = self.apps()
        return apps[(good[-1][0] - 1) % len(apps)] if good else apps[0] if apps else self.table[1]

    def start(self):
        """What the boot loader does, with CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE."""
        for sequence, state, sector in self.states():
            if state == PENDING:
                self.write_state(sequence, ABORTED, sector)
        self.running = self.boot()
        for sequence, state, sector in self.states()[-1:]:
            if state == NEW:
                self.write_state(sequence, PENDING, sector)


board = None


class installed:
    """Puts this in the place of the module `esp32`, with a new board, for a block."""

    def __init__(self, table=Board.TABLE):
        if sys.platform == 'esp32':
            skip('this is an ESP32')
        self.table = table

    def __enter__(self):
        global board
        board = Board(self.table)
        sys.modules['esp32'] = sys.modules[__name__]
        return board

    def __exit__(self, *exc):
        for name in ('esp32', 'microdot.update_esp32'):
            sys.modules.pop(name, None)


def check(condition, code):
    if not condition:
        raise OSError(code)


class Partition:
    BOOT, RUNNING = 0, 1
    TYPE_APP, TYPE_DATA = 0, 1

    def __init__(self, which):
        if isinstance(which, str):
            self.entry = board.entry(which)
        else:
            self.entry = board.running if which == self.RUNNING else board.boot()
        check(self.entry, 2)

    @staticmethod
    def find(type=0, subtype=0xFF, label=None, block_size=SECTOR):
        return [
            Partition(e[4])
            for e in board.table
            if e[0] == type and subtype in (0xFF, e[1]) and label in (None, e[4])
        ]

    def info(self):
        return self.entry + (False,)

    def readblocks(self, block, buffer, offset=0):
        start = block * SECTOR + offset
        memory = board.memory[self.entry[4]]
        check(start + len(buffer) <= len(memory), INVALID_SIZE)
        buffer[:] = memory[start : start + len(buffer)]

    def writeblocks(self, block, data, offset=None):
        board.operations += 1
        start = block * SECTOR + (offset or 0)
        memory = board.memory[self.entry[4]]
        if offset is None:  # esp_partition_erase_range
            check(start < len(memory), INVALID_ARGUMENT)
            check(len(data) % SECTOR == 0 and start + len(data) <= len(memory), INVALID_SIZE)
            memory[start : start + len(data)] = b'\xff' * len(data)
        check(start + len(data) <= len(memory), INVALID_SIZE)
        for i, byte in enumerate(data):
            memory[start + i] &= byte

    def get_next_update(self):
        apps = board.apps()
        check(apps, 2)
        labels = [e[4] for e in apps]
        here = labels.index(self.entry[4]) if self.entry[4] in labels else -1
        return Partition(labels[(here + 1) % len(labels)])

    def set_boot(self):
        check(board.memory[self.entry[4]][:1] == MAGIC, VALIDATE_FAILED)
        apps = board.apps()
        index = apps.index(self.entry)
        known = board.states()
        sequence = known[-1][0] + 1 if known else 1
        while (sequence - 1) % len(apps) != index:
            sequence += 1
        board.write_state(sequence, NEW, 1 - known[-1][2] if known else 0)

    @classmethod
    def mark_app_valid_cancel_rollback(cls):
        here = board.apps().index(board.running) if board.running in board.apps() else None
        for sequence, _, sector in reversed(board.states()):
            if here is not None and (sequence - 1) % len(board.apps()) == here:
                board.write_state(sequence, VALID, sector)
                return
        raise OSError(NOT_FOUND)
