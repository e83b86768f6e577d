"""An emulated board whose flash is kept in a file, with an application in a slot of its ROMFS."""

import hashlib
import re
import sys
import time

import board as boards

import needs
from emulator.prompt import Board
from microdot_kit import boards as facts
from microdot_kit import runtimes
from microdot_kit.steps import Failure

sys.path += [str(runtimes.ROOT / 'boards' / 'modules')]

import slot_cases  # noqa: E402
import slots  # noqa: E402

ROM = facts.find('rpi_pico')['flash']['romfs']


def rom(data, version):
    """The bytes of a ROMFS with that image in its first slot, confirmed."""
    made = slot_cases.Flash(b'\xff' * ROM['size'])
    writer = slots.open(made).begin(len(data))
    for start in range(0, len(data), slots.SECTOR):
        writer.write(data[start : start + slots.SECTOR])
    writer.commit(version, hashlib.sha256(data).digest(), slots.CONFIRMED)
    return made


class SlottedBoard:
    """A board that runs version `version`, a number, from the image `data`.

    What a version serves at / ends with its number.
    """

    def __init__(self, folder, data, version):
        self.folder = folder
        flash = bytearray(b'\xff' * (2 << 20))
        flash[ROM['offset'] : ROM['offset'] + ROM['size']] = rom(data, version)
        file = folder / 'flash.bin'
        file.write_bytes(flash)
        try:
            self.board = Board(boards.image(), flash=file)
        except Failure as failure:
            needs.missing(str(failure))
        self.emulator = self.board.emulator

    def version(self):
        """What the board serves."""
        return int(re.fullmatch(rb'version (\d+)', self.board.wait_for_server()[2]).group(1))

    def reset_after(self, before, count=1):
        """Wait until the board has been reset so often since then."""
        end = time.monotonic() + boards.ANSWER
        while self.emulator.resets < before + count:
            assert time.monotonic() < end, 'no reset: ' + self.printed()
            time.sleep(0.05)

    def printed(self):
        return ''.join(self.emulator.printed)
