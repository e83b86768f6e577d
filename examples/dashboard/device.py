"""What the dashboard knows about the machine that serves it, and the one thing it can switch.

Every difference between CPython and MicroPython is in this module; the others have none.
"""

import gc
import sys

import microdot

try:
    from time import ticks_add, ticks_diff, ticks_ms
except ImportError:  # CPython
    from operator import add as ticks_add
    from operator import sub as ticks_diff
    from time import monotonic_ns

    def ticks_ms():
        return monotonic_ns() // 1000000


class Clock:
    """Whole seconds since the object was made.

    `ticks_ms` starts again from zero after some days, so the seconds are added up from one reading
    to the next: the sum stays right as long as somebody asks at least once a day.
    """

    def __init__(self):
        self.seconds = 0
        self.mark = ticks_ms()

    def now(self):
        elapsed = ticks_diff(ticks_ms(), self.mark) // 1000
        self.seconds += elapsed
        self.mark = ticks_add(self.mark, elapsed * 1000)
        return self.seconds


def memory():
    """`(used, total)` in bytes. A total of 0: it grows as needed; a used of 0: nobody can tell."""
    if hasattr(gc, 'mem_free'):
        used = gc.mem_alloc()
        return used, used + gc.mem_free()
    try:
        from resource import getpagesize

        with open('/proc/self/statm') as file:
            return int(file.read().split()[1]) * getpagesize(), 0
    except (ImportError, OSError):
        return 0, 0


if hasattr(gc, 'threshold'):
    # Swept only when it is full, the heap goes to pieces too small to be of use: sweep it earlier.
    gc.threshold(16384)

if hasattr(gc, 'mem_free'):
    MEMORY_NAME = 'Heap in use'
    MEMORY_NOTE = 'It falls whenever the garbage collector has cleared up.'
else:
    MEMORY_NAME = 'Resident memory'
    MEMORY_NOTE = 'What the process holds in RAM, as the operating system counts it.'


def version(parts):
    """`(1, 29, 0, 'preview')` as `1.29.0-preview`, `(3, 13, 1, 'final', 0)` as `3.13.1`."""
    text = '.'.join(str(part) for part in parts[:3])
    stage = parts[3] if len(parts) > 3 else ''
    return text + '-' + stage if stage and stage != 'final' else text


def machine():
    if hasattr(sys.implementation, '_machine'):
        return sys.implementation._machine
    import platform

    return platform.machine()


NAMES = {'micropython': 'MicroPython', 'cpython': 'CPython'}

# The runtime in words.
FACTS = (
    ('Implementation', NAMES.get(sys.implementation.name, sys.implementation.name)),
    ('Version', version(sys.implementation.version)),
    ('Platform', sys.platform),
    ('Machine', machine()),
    ('Framework', 'Microdot ' + microdot.__version__),
)


def names():
    """The host names of a board in its network; `None`, for any name, where it has none."""
    try:
        from network import hostname
    except ImportError:
        return None
    return hostname(), hostname() + '.local'


def switch_led(on):
    """Switch the LED of the board itself, where the port knows one by the name `LED`."""
    try:
        from machine import Pin

        Pin('LED', Pin.OUT).value(on)
    except (ImportError, TypeError, ValueError):
        pass  # no pins at all, or none of that name: the page shows the LED all the same
