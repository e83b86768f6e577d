"""Firmware of an ESP32 as something to update: one of two partitions, while the other one runs.

The boot loader starts what ``set_boot`` was called for, on trial: unless it is confirmed before the
next restart, the former firmware starts again (ESP-IDF, "App rollback").
"""

import asyncio
import struct
from binascii import crc32
from hashlib import sha256

_SECTOR = 4096
_EIO = 5
_OTA_0 = 0x10  # the subtype of the first partition; the others follow
_SUBTYPE_STATES = 0  # of data: where the boot loader keeps what it knows
_PENDING = 1
_FAILED = (3, 4)  # invalid, aborted
# What confirming raises on a firmware that cannot roll back, or came by cable.
_NOTHING_TO_CONFIRM = (-261, -262)


def _partition():
    """Return ``esp32.Partition``. Raises ``ImportError`` on anything else."""
    from esp32 import Partition

    return Partition


class Firmware:
    """The firmware that runs, and the partition for the next one.

    :param version: that of what runs, such as ``'1.2.3'``; ``None`` if nobody has said.

    Raises ``OSError`` on a board that has no second partition, ``ImportError`` on no ESP32.
    """

    def __init__(self, version=None):
        self.partition = partition = _partition()
        self.here = partition(partition.RUNNING)
        self.next = self.here.get_next_update()
        self.capacity = self.next.info()[3]
        self.version = 0
        for part in (version or '0.0.0').split('.'):
            self.version = self.version << 12 | int(part)

    @property
    def running(self):
        """What has the ``version`` and ``state`` of the firmware that runs."""
        return self

    @property
    def state(self):
        """``'trial'`` or ``'confirmed'``."""
        here = self.here.info()[1] - _OTA_0
        state = None
        newest = 0
        for sequence, code in self._states():
            if sequence > newest and (sequence - 1) % self._count() == here:
                newest, state = sequence, code
        return 'trial' if state == _PENDING else 'confirmed'

    def _count(self):
        found = self.partition.find(self.partition.TYPE_APP)
        found = [p for p in found if p.info()[1] >= _OTA_0]
        return len([p for p in found if p.info()[1] < _OTA_0 + 16])

    def _states(self):
        """Yield (sequence number, state) of what the boot loader keeps."""
        entry = bytearray(32)
        for partition in self.partition.find(self.partition.TYPE_DATA, _SUBTYPE_STATES):
            for sector in (0, 1):
                partition.readblocks(sector, entry)
                sequence, state, check = struct.unpack('<I20xII', entry)
                if sequence != 0xFFFFFFFF and crc32(entry[:4], 0xFFFFFFFF) & 0xFFFFFFFF == check:
                    yield sequence, state

    #: Seconds that an application with ``Update`` has to serve to confirm the firmware it is in.
    proof = 60

    async def prove(self, app):
        """Confirm the firmware once an application has served for ``proof`` seconds."""
        served = 0
        while served < self.proof:
            await asyncio.sleep(min(1, self.proof))
            served = served + 1 if app.server else 0
        confirm()

    def begin(self, length):
        """Return a ``Writer`` for so many bytes.

        Raises ``OSError`` if another firmware than the one that runs would start next: that one
        is not to be written over.
        """
        if self.partition(self.partition.BOOT).info()[2] != self.here.info()[2]:
            raise OSError('another firmware waits for a restart')
        return Writer(self.next, length)


class Writer:
    """Writes a firmware to a partition, from its beginning."""

    def __init__(self, partition, length):
        self.partition = partition
        self.length = length
        self.sector = 0

    def write(self, block):
        """Erase the next sector, and write these bytes to it, 4096 unless they are the last."""
        if len(block) < _SECTOR:
            block = bytes(block) + b'\xff' * (_SECTOR - len(block))
        self.partition.writeblocks(self.sector, block)
        self.sector += 1

    def commit(self, version, digest):
        """Let it start next. Raises ``OSError`` if it is not what was written,
        ``ValueError`` if ESP-IDF does not take it for a firmware of this chip."""
        found = sha256()
        sector = bytearray(_SECTOR)
        for number in range(self.sector):
            self.partition.readblocks(number, sector)
            found.update(memoryview(sector)[: min(_SECTOR, self.length - number * _SECTOR)])
        if found.digest() != digest:
            raise OSError(_EIO)
        try:
            self.partition.set_boot()
        except OSError as exc:  # ESP-IDF has looked at all of it
            raise ValueError('%s' % exc) from None


def confirm():
    """Confirm the firmware that runs."""
    try:
        _partition().mark_app_valid_cancel_rollback()
    except OSError as exc:
        if exc.args[0] not in _NOTHING_TO_CONFIRM:
            raise
