"""Writes a new image to a slot: what `slots.Slots.begin` returns."""

from errno import EIO
from hashlib import sha256

from slots import EMPTY, ERASE, PAGE, SECTOR, TRIAL, image_length


class Writer:
    """Writes one image, a sector at a time. Until `commit()` the slot counts as empty."""

    def __init__(self, slots, slot, length):
        self.slots = slots
        self.record = slots.records[slot]
        self.block = slot * slots.capacity // SECTOR
        self.length = length
        self.written = 0
        self.first = b''  # page
        self.record.state = EMPTY
        slots.save()
        # Before a sector is erased, which a power cut may leave half done. Ones change nothing.
        slots.device.writeblocks(self.block, bytes(3) + b'\xff' * (PAGE - 3), 0)

    def write(self, block):
        """Erase a sector and write the next piece of the image to it: tens of ms.

        `block`: SECTOR bytes; the last one what is left. ValueError if it is not.

        OSError (EIO) if the flash has not taken it.
        """
        size = len(block)
        if size != min(SECTOR, self.length - self.written) or not size:
            raise ValueError('pieces of %d bytes' % SECTOR)
        if size % PAGE:
            block = bytes(block) + b'\xff' * (-size % PAGE)
        at = self.block + self.written // SECTOR
        self.slots.device.ioctl(ERASE, at)
        if not self.written:
            self.first = bytes(block[:PAGE])
            block = memoryview(block)[PAGE:]
        if block:
            self.slots.program(at, block, 0 if self.written else PAGE)
        self.written += size

    def commit(self, version, digest, state=TRIAL):
        """The image is complete: it runs from the next start on, on trial.

        `version`: a number. `digest`: SHA-256 of the image, 32 bytes. `state`: CONFIRMED for one
        that needs no trial.

        ValueError if it is not complete, or no ROMFS image. OSError (EIO) if what is in the flash
        has another digest.
        """
        if self.written != self.length or image_length(self.first) != self.length:
            raise ValueError('not a ROMFS image')
        slots, record = self.slots, self.record
        found = sha256(self.first[: self.length])
        start = self.block * SECTOR
        found.update(slots.memory[start + PAGE : start + max(PAGE, self.length)])
        if found.digest() != digest:
            raise OSError(EIO, 'another digest')
        record.length, record.sha256 = self.length, bytes(digest)
        slots.save()  # still empty, or the header would look like that of a plain image
        slots.program(self.block, b'\xff\xff\xff' + self.first[3:])
        slots.program(self.block, self.first)
        record.number, record.version = slots.next_number(), version
        record.state, record.starts = state, 0
        slots.save()
