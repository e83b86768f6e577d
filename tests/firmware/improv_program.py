"""The application of a board that is set up over its console: see test_improv. Its radio stands in.

It serves on PORT, and prints without an end of line: what is on the console of many a board.
"""

import asyncio
import sys
import termios
from time import ticks_ms

import wifi_standins

radio = wifi_standins.install('esp32', wifi_standins.WallClock())
radio.air.update({'home': 'secret-of-home', 'Café Zürich': ''})
radio.neighbors = [(b'home', -42, 4), ('台所 🏠'.encode(), -71, 4), (b'far', -90, 0)]
radio.station.address = '127.0.0.1'
wifi_standins.SCAN = wifi_standins.REFUSAL = wifi_standins.JOIN = 200
timers = []
ISIG = 1


class Timer:
    """One that an event loop keeps going: the stand-in's looks at a file of the host."""

    def __init__(self, number, period, callback):
        self.period, self.callback, self.due = period, callback, ticks_ms()
        timers.append(self)

    def deinit(self):
        timers.remove(self)


sys.modules['machine'].Timer = Timer


def kbd_intr(byte):
    """Whether the terminal turns a byte 3 into a Ctrl-C; the unix port leaves that as it is."""
    mode = termios.tcgetattr(0)
    mode[3] = mode[3] | ISIG if byte == 3 else mode[3] & ~ISIG
    termios.tcsetattr(0, termios.TCSANOW, mode)


import startup  # noqa: E402 - the stand-ins come first
from wifi_setup import improv  # noqa: E402

from microdot import Microdot  # noqa: E402

startup.kbd_intr, improv.PORT = kbd_intr, PORT  # noqa: F821
startup.FOLDERS, startup.LOOK = ('',), 0.2
app = Microdot()


@app.get('/')
async def index(request):
    return 'the application'


@app.get('/left')
async def left(request):
    """What is left of Improv."""
    names = [name for name in sys.modules if name.partition('.')[0] == 'wifi_setup']
    return {'listens': startup.console is not None, 'timers': len(timers), 'modules': names}


@app.get('/end')
async def end(request):
    """Bring its end forward."""
    improv.JOINED = 0
    return ''


async def tick():
    while True:
        for timer in list(timers):
            timer.callback(timer)
        print('working ', end='')
        await asyncio.sleep_ms(100)


async def main():
    asyncio.create_task(tick())
    await app.start_server('127.0.0.1', PORT)  # noqa: F821


startup.begin()
asyncio.run(main())
