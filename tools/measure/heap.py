"""Heap figures of a process that serves, on MicroPython's unix port (a 64-bit program).

Heap in use: `programs/serve.py` serves an application and says after each step of another
process what is in use, garbage collected.

Smallest heap: bisection of `-X heapsize` in steps of 1 KiB, a fresh process each time, until the
smallest is found in which all steps pass three times in one process, in three processes."""

import time

from . import steps
from .server import ServerError

ROOMY = '1M'
ROUNDS = 3  # of all steps in a process, and processes in a row
_SETTLE = 0.05  # seconds for the server to finish with the last connection
_HUNG = 3  # seconds without a byte from a server that is short of memory


class State:
    """What a server that `programs/serve.py` runs says of itself."""

    def __init__(self, process):
        time.sleep(_SETTLE)
        names, line = process.ask(2)
        self.names = int(names.split('n_qstr=')[1].split(',')[0])
        used, *self.modules = line.split()
        self.used = int(used)


def in_use(form, program, todo):
    """[(name of a step, State after it)]; 'start' is the start of the server."""
    with form.server('serve', program, heap=ROOMY, control=True) as process:
        states = [('start', State(process))]
        with steps.Client(process.port, close=True) as client:
            for step in todo:
                try:
                    client.do(step)
                    states.append((step.name, State(process)))
                except (steps.StepError, ValueError) as error:
                    raise ServerError(f'{program}: {error}\n{process.output()}') from error
    return states


def serve(form, program, todo, heap_kib):
    """Have a server with that heap pass all steps three times; ServerError if one fails."""
    with form.server(program, heap=f'{heap_kib}K') as process:
        try:
            with steps.Client(process.port, close=True, deadline=_HUNG) as client:
                for _ in range(ROUNDS):
                    for step in todo:
                        client.do(step)
        except steps.StepError as error:
            raise ServerError(f'{error}\n{process.output()}') from error


def smallest(form, program, todo):
    """Smallest heap in KiB in which all steps pass, or None if there is none."""

    def passes(kib):
        try:
            serve(form, program, todo, kib)
        except ServerError:
            return False
        return True

    return bisect(passes, 16, 512)


def bisect(passes, lowest, highest):
    """The smallest number that passes ROUNDS times in a row, up to `highest`, or None.

    What the stack happens to hold can keep garbage alive, so that a heap that is large enough may
    fail: one that failed is tried twice."""
    if not passes(highest):
        return None
    while highest - lowest > 1:
        middle = (lowest + highest) // 2
        if passes(middle) or passes(middle):
            highest = middle
        else:
            lowest = middle
    while not all(passes(highest) for _ in range(ROUNDS)):
        highest += 1
    return highest
