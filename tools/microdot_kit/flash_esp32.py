"""Writes an image to a board with an ESP32: what `make flash` calls for those.

esptool does the work. Before anything is erased, the image is looked through, the chip on the port
is asked what it is, and its flash how large it is. If the board's partition table is another than
the image's, all of the flash is erased, because what is in its partitions would be misread; if it
is the same, what the image does not cover stays: files, settings. In the end the flash is compared
with the image.
"""

import contextlib
import re
import sys
import time

import esptool
from esptool.logger import TemplateLogger, log
from esptool.reset import ResetStrategy, UnixTightReset
from esptool.util import FatalError, PrintOnce, flash_size_bytes
from serial import Serial, SerialException

from microdot_kit import device as devices
from microdot_kit import espimage, runtimes
from microdot_kit.device import say
from microdot_kit.espimage import PARTITION_TABLE_OFFSET, PARTITION_TABLE_SIZE
from microdot_kit.steps import FIRMWARE, Failure

BAUD = 460800  # all adapters take it
ATTEMPTS = 3  # at bringing a chip into its boot loader
STEP = 10  # per cent between two lines of progress where there is no terminal
PART = 'The board has only a part of the image and does not start: flash it again'
# USB (vendor, product) of chips with native USB: MicroPython, and the boot loader in the ROM.
NATIVE, ROM = (0x303A, 0x4001), (0x303A, 0x1001)
ANEW_SECONDS = 15  # until the system has noticed that one has become the other
LOOK = 0.2
BUTTON = 'hold its BOOT button, press RESET, let BOOT go, flash again'


class Progress(TemplateLogger):
    """What esptool has to say: how far it is, and warnings, but nothing else."""

    def __init__(self):
        self.told = None
        self.resets = True
        log.set_logger(self)
        ResetStrategy.print_once = PrintOnce(self.no_reset)  # it holds on to the first logger

    def no_reset(self, message):
        """The port has no line to the chip's reset."""
        self.resets = False

    def print(self, *args, **kwargs):
        if args and 'Lost connection' in str(args[0]):
            say('  The connection is lost: waiting for the board to come back')

    note = stage = set_verbosity = print

    def warning(self, message):
        say(f'  {message}')

    error = warning

    def progress_bar(self, cur_iter, total_iters, prefix='', suffix='', bar_length=30):
        percent = 100 * cur_iter // (total_iters or 1)
        if sys.stdout.isatty():
            print(f'\r  {percent:3} %', end='\n' if percent == 100 else '', flush=True)
        elif percent // STEP != self.told:
            self.told = percent // STEP
            say(f'  {percent:3} %')


def find_image(board, facts, path):
    """The image to write, looked through. Failure if there is none or it is for another chip."""
    if path is None:
        path = FIRMWARE / board / 'firmware.bin'
        if not path.is_file():
            raise Failure(
                f'No firmware yet: make firmware BOARD={board}, or IMAGE=file, a downloaded one or '
                'what make image has made'
            )
    image = espimage.read(path)
    if image.chip != facts['chip']:
        raise Failure(f'{path.name} is for {image.chip}, {board} has {facts["chip"]}')
    size = image.table.flash_size()
    if max(size, image.end) > image.flash_size:
        raise Failure(
            f'{path.name} takes {max(size, image.end) >> 10:,} KB, its boot loader expects a flash '
            f'of {image.flash_size >> 10:,} KB'
        )
    return image


@contextlib.contextmanager
def connected(port):
    """The chip on a port, in its boot loader, the port closed in the end."""
    chip = None
    try:
        chip = esptool.cmds.detect_chip(port, connect_attempts=ATTEMPTS)
        yield chip
    finally:
        if chip is not None:
            with contextlib.suppress(OSError, SerialException):
                chip._port.close()


def check_port(port):
    """Failure if a port is not there, not ours, or another program has it open."""
    devices.check_port(port)
    reason = devices.why_closed(port)
    if reason:
        raise Failure(reason)


def usb(entry):
    return entry.vid, entry.pid


def boot_port(port):
    """The port of the chip once it is in its boot loader: another one if its USB is native.

    From 1.24 on MicroPython leaves for the boot loader in the ROM when the lines of the port say so
    (shared/tinyusb/mp_usbd_cdc.c). To the system that is another device, with a port of its own.
    """
    before = devices.list_ports.comports()
    ours = [entry for entry in before if entry.device == port and usb(entry) == NATIVE]
    if not ours:
        return port
    say(f'Bringing the chip on {port} into its boot loader')
    with contextlib.suppress(OSError, SerialException), Serial(port) as line:
        UnixTightReset(line).reset()
    names = [entry.device for entry in before if usb(entry) == ROM]
    end = time.monotonic() + ANEW_SECONDS
    while time.monotonic() < end:
        there = devices.list_ports.comports()
        new = [e.device for e in there if usb(e) == ROM and e.device not in names]
        if new:
            return new[0]
        time.sleep(LOOK)
    raise Failure(f'The chip on {port} has not come back in its boot loader: {BUTTON}')


def check_chip(chip, board, facts, image):
    """Failure if the chip is another than that of the board and its image."""
    if chip.CHIP_NAME != facts['chip']:
        raise Failure(
            f'The chip is an {chip.CHIP_NAME}, {image.name} is for {image.chip}: nothing was '
            f'written. Is BOARD={board} right?'
        )


def check_size(chip, image):
    """Failure if the flash is known to be too small for what the image divides."""
    found = esptool.cmds.detect_flash_size(chip)
    size = flash_size_bytes(found) if found else None
    needed = max(image.table.flash_size(), image.end)
    if size is not None and needed > size:
        raise Failure(
            f'{image.name} needs {needed >> 10:,} KB of flash, the board has {size >> 10:,} KB: '
            'nothing was written'
        )
    if size is not None and size > image.flash_size:
        say(
            f'The board has {size >> 20} MB of flash, the image divides {image.flash_size >> 20}: '
            f'make image FLASH={size >> 20}MB would use all of it'
        )


def same_table(chip, image):
    """Whether the board's flash is divided as the image has it."""
    there = chip.read_flash(PARTITION_TABLE_OFFSET, PARTITION_TABLE_SIZE)
    return there == image.part(PARTITION_TABLE_OFFSET, PARTITION_TABLE_SIZE)


def write(chip, image, keep):
    """Bring the image onto the flash; unless `keep`, erase all of it first."""
    if keep:
        say('The partitions are as they were: what else is on the board stays')
    else:
        say('Erasing the flash')
        esptool.cmds.erase_flash(chip)
    say(f'Writing {len(image.data):,} bytes at {image.offset:#x}')
    # "keep": bytes of the boot loader that esptool would otherwise change for this flash.
    esptool.cmds.write_flash(chip, [(image.offset, image.data)], flash_size='keep', compress=True)


def verify(chip, image):
    """Failure if the flash has anything else than the image."""
    say('Comparing')
    try:
        esptool.cmds.verify_flash(chip, [(image.offset, image.data)])
    except FatalError as error:
        if 'Verification failed' not in str(error):
            raise
        raise Failure(
            'The flash has not what was written: flash it again. If that happens twice, try '
            'another cable or power supply; else the flash may be worn out'
        ) from None


def flash(chosen, facts):
    """Write an image to the chosen board and check it; Failure says what state the board is in."""
    image = find_image(chosen.board, facts, chosen.image)
    path = chosen.image or FIRMWARE / chosen.board / 'firmware.bin'
    say(f'{runtimes.shown(path.resolve())}: {len(image.data):,} bytes for {image.chip}')
    port = chosen.port or devices.find_port()
    check_port(port)
    port = boot_port(port)
    progress = Progress()
    state = 'Nothing was written'
    try:
        with connected(port) as chip:
            check_chip(chip, chosen.board, facts, image)
            say(f'{chip.get_chip_description()} on {port}')
            chip = esptool.cmds.run_stub(chip)
            esptool.cmds.attach_flash(chip)
            check_size(chip, image)
            chip.change_baud(BAUD)
            keep = same_table(chip, image)
            state = PART
            write(chip, image, keep)
            verify(chip, image)
            esptool.cmds.reset_chip(chip, 'hard-reset')
    except KeyboardInterrupt:
        raise Failure(f'Interrupted. {state}') from None
    except (FatalError, OSError) as error:
        raise Failure(told(error, port, state)) from None
    start = 'The board starts again' if progress.resets else 'Press its RESET button'
    say(f'Flashed. {start}; next: make deploy BOARD={chosen.board} APP=folder')


def told(error, port, state):
    """In one line, what esptool or the port has raised."""
    reason = re.sub(r'\s+', ' ', str(error)).strip()
    if state != PART and 'ailed to connect' in reason:
        return f'The chip on {port} does not answer: {BUTTON}. {state}'
    if isinstance(error, OSError) or 'serial data' in reason or 'Timed out' in reason:
        return f'The board on {port} has gone or stopped answering. {state}'
    return f'{reason.partition(". ")[0].rstrip(".")}. {state}'
