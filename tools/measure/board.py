"""The applications on an emulated RP2040: cycles for a request, heap in use, least free heap.

The package is frozen into the firmware, or lies as `.mpy` in ROMFS or on the file system of one
that has neither it nor the applications; asyncio is frozen in all. The board is reached by PPP, as
in `make run`.

Cycles are those in which the core works, collections and the network included; while it waits for
the client it sleeps. A collection takes half as long as a request, and comes with one of several:
a step is done often enough for the mean to say what they cost.

Least free heap: bisection, a fresh start each time, over what a large object leaves free before
the application is imported, until the smallest is found in which all steps pass three times."""

import contextlib
import time

from emulator import files
from emulator.prompt import Board, BoardError
from microdot_kit import boards, romfs

from . import forms, frozen, steps
from .heap import ROUNDS, State, bisect
from .server import ServerError

NAME = 'rpi_pico'
PORT = 5000
ENOUGH = 120e6  # cycles, about, that a step is done for
FEWEST, MOST = 4, 24  # times
START = 30  # seconds until a program serves
HUNG = 10  # seconds without a byte from a board that is short of memory
KIB = 1024
SERVE = "import serve; serve.run({}, '{}', '0.0.0.0')"
CRAMP = """
import gc
gc.collect()
taken = bytearray(gc.mem_free() - {})
from {} import app
app.run(port={})
"""
KEPT = """
import asyncio, asyncio.stream, asyncio.funcs, asyncio.lock, asyncio.event
import gc, network, socket
gc.collect()
used = gc.mem_alloc()
{}
gc.collect()
print(gc.mem_alloc() - used)
"""
PLAIN = 'from {} import app; app.run(port={})'


@contextlib.contextmanager
def board(lib, folder, way):
    """A running board with the packages that `lib` holds: `frozen`, in `romfs`, or as `mpy`."""
    form = forms.make('py' if way == 'frozen' else 'mpy', lib, folder / 'forms')
    (folder / 'none').mkdir()
    image = frozen.build(NAME, form.folder if way == 'frozen' else folder / 'none')
    modules, others = contents(form.folder)
    flash = folder / 'flash.bin'
    files.write(flash, NAME, {**others, **modules} if way == 'mpy' else others)
    if way == 'romfs':
        write_romfs(flash, modules)
    running = Board(image, flash=flash)
    try:
        yield running
    finally:
        running.close()


def contents(folder):
    """({name: bytes} of the modules in a folder, the same of all else)."""
    found = {}, {}
    for path in sorted(folder.rglob('*')):
        if path.is_file():
            is_other = path.suffix not in ('.py', '.mpy')
            found[is_other][str(path.relative_to(folder))] = path.read_bytes()
    return found


def write_romfs(flash, modules):
    area = boards.find(NAME)['flash']['romfs']
    image = romfs.pack({f'lib/{name}': content for name, content in modules.items()})
    romfs.check_size(image, area['size'], NAME)
    with open(flash, 'r+b') as file:
        file.seek(area['offset'])
        file.write(image)


@contextlib.contextmanager
def serving(running, code):
    """A fresh board that runs a program which serves; ServerError if it does not start."""
    running.fresh()
    running.prompt().exec_raw_no_follow(code)
    try:
        wait(running)
        yield
    finally:
        # One that has ended by itself has no more to say than why.
        with contextlib.suppress(BoardError):
            running.stop()


def wait(running):
    """Wait until the first step passes."""
    end = time.monotonic() + START
    while time.monotonic() < end and not running.transport.serial.in_waiting:
        with contextlib.suppress(steps.StepError), client(running, True) as asking:
            return asking.do(steps.PAGE_STEPS[0])
        time.sleep(0.1)
    raise ServerError('no server on the board')


def client(running, close):
    host, port = running.address
    return steps.Client(port, close, deadline=HUNG, host=host)


class Asked:
    """The board's console in the place of a process that is asked for its state."""

    def __init__(self, running):
        self._transport = running.transport

    def ask(self, lines):
        self._transport.serial.write(b'\n')
        return [self._transport.read_until(1, b'\n').decode().strip() for _ in range(lines)]


def in_use(running, program, todo):
    """[(name of a step, State after it)]."""
    with serving(running, SERVE.format(PORT, program)), client(running, True) as asking:
        states = []
        for step in todo:
            asking.do(step)
            states.append((step.name, State(Asked(running))))
    return states


def kept(running, modules):
    """Bytes of heap that stay in use after importing these modules beside asyncio."""
    running.prompt(fresh=True)
    return int(running.exec(KEPT.format('\n'.join(f'import {name}' for name in modules))))


def cycles(running, program, todo, close):
    """{name of a step: cycles of a request}."""

    def cost(step, times):
        before = running.cycles
        asking.do(step, times)
        return (running.cycles - before) / times

    figures = {}
    with serving(running, PLAIN.format(program, PORT)), client(running, close) as asking:
        for step in todo:
            cost(step, 1)  # loads what it needs
            times = int(ENOUGH / cost(step, 1))
            figures[step.name] = cost(step, max(FEWEST, min(MOST, times)))
    return figures


def passes(running, program, todo, kib):
    """Whether all steps pass three times if that much heap is free before the import."""
    code = CRAMP.format(kib * KIB, program, PORT)
    try:
        with serving(running, code), client(running, True) as asking:
            for _ in range(ROUNDS):
                for step in todo:
                    asking.do(step)
    except (steps.StepError, ServerError):
        return False
    return True


def least_free(running, program, todo):
    """Smallest free heap in KiB in which all steps pass."""
    return bisect(lambda kib: passes(running, program, todo, kib), 8, 140)
