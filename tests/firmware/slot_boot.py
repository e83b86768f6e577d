"""One start of a board with slots, on MicroPython's unix port.

    micropython slot_boot.py PARTITION CAUSE

PARTITION is a file with its ROMFS, CAUSE why it starts: `power` or `watchdog`. Prints what
the board does; the last line is `reset` if it has reset itself. The time of a trial is short.
"""

import asyncio
import sys

import vfs
from slot_cases import Flash

partition, cause = sys.argv[1:]


class Reset(BaseException):
    pass


class Timer:
    """Calls back from the event loop: what blocks that is tried on the emulated board."""

    ONE_SHOT = 0

    def __init__(self, number):
        pass

    def init(self, mode, period, callback):
        self.task = asyncio.create_task(self.wait(period, callback))

    async def wait(self, period, callback):
        await asyncio.sleep_ms(period)
        callback(self)

    def deinit(self):
        self.task.cancel()


class Machine:
    Timer = Timer
    PWRON_RESET, WDT_RESET = 1, 3

    def reset_cause(self):
        return self.WDT_RESET if cause == 'watchdog' else self.PWRON_RESET

    def reset(self):
        raise Reset


class Link:
    def start(self, settings):
        pass

    def hopes(self):
        return False

    def name(self):
        return ''


class Vfs:
    VfsRom, mount, umount = vfs.VfsRom, vfs.mount, vfs.umount

    def __init__(self, flash):
        self.flash = flash

    def rom_ioctl(self, operation, number):
        return self.flash


with open(partition, 'rb') as file:
    flash = Flash(file.read())
sys.modules['machine'], sys.modules['link'], sys.modules['vfs'] = Machine(), Link(), Vfs(flash)
try:
    vfs.mount(vfs.VfsRom(memoryview(flash)), '/rom')  # as MicroPython does
except OSError:
    pass

import slot_trial  # noqa: E402
import startup  # noqa: E402

slot_trial.LOOP, slot_trial.AGAIN, slot_trial.LIMIT = 0.1, 0.2, 1
slot_trial.sleep = lambda seconds: None
startup.FOLDERS = ('/rom',)
reset = False
try:
    startup.run()
except Reset:
    reset = True
except KeyboardInterrupt:
    print('interrupted')
except Exception as error:
    print(error)
with open(partition, 'wb') as file:
    file.write(flash)
if reset:
    print('reset')
