"""What a board does once it has started: join the network, run the application.

The application is the first of these that there is: `main.py` on the file system, `main.py` in
ROMFS, the one frozen into the firmware; `main.mpy` is as good as `main.py`. ROMFS is the slot of it
that is to run: see `slots`. It runs as a program
(`__name__` is `__main__`) in the foreground. Ctrl-C ends it and leaves the prompt, with the network
still joined; after the soft reset of `mpremote`, when nothing of this has run,
`import startup; startup.join()` does the first half.

What the network needs to know is in `network.json` on the file system (or in ROMFS): see `link`.
`watchdog` in there (seconds, `true`: 8) resets the board when an event loop has stood still for
that long. No watchdog runs before there is an event loop, and none can be stopped. `improv`:
whether a board with Wi-Fi may be set up over its console, see `wifi_setup.improv`.
"""

import asyncio
import json
import os
import select
import sys
from errno import ENODEV
from time import sleep_ms, ticks_diff, ticks_ms

import link
from micropython import kbd_intr

FROZEN = 'frozen_application'
FOLDERS = ('', '/rom')
WAIT = 10000  # ms; then the application starts, and the network may come later
LOOK = 2  # seconds between two looks at the network
TICK = 250  # ms between two looks at the console by its timer
STANDS = 10000  # ms without anybody reading the console: the application holds up the loop
UNREAD = 1000  # ms that something may then wait to be read

console = None  # while somebody listens on it
watchdog = None
feeder = None  # the timer of `hold`: the RP2 stops one that nothing refers to
trial = None  # the module that watches an application on trial, while one is


def choose():
    """Make ROMFS the slot that is to run, and watch it if it is on trial: see `slots`."""
    global trial
    try:
        import slots

        if slots.start() and not trial:
            import slot_trial

            trial = slot_trial
            trial.begin()
    except ImportError:
        pass  # a firmware without slots
    except Exception as error:  # a board that starts without it can still be reached
        if getattr(error, 'errno', 0) != ENODEV:
            print('ROMFS: %r' % error)


def find(names):
    """Return the folder that has one of the files, `None` if none has."""
    for folder in FOLDERS:
        for name in names:
            try:
                os.stat(folder + '/' + name)
                return folder
            except OSError:
                pass


def settings():
    """Return what `network.json` says; one that says nothing sensible is reported, and ignored."""
    folder = find(('network.json',))
    if folder is None:
        return {}
    try:
        with open(folder + '/network.json') as file:
            known = json.load(file)
        if isinstance(known, dict):
            return known
    except (OSError, ValueError):
        pass
    print('network.json: not a JSON object, ignored')
    return {}


def join(known=None, wait=None):
    """Join the network and return its interface; after `wait` ms (WAIT) even if it is not up."""
    nic = link.start(settings() if known is None else known)
    wait = 0 if not link.hopes() else WAIT if wait is None else wait
    began = looked = ticks_ms()
    up = nic and nic.isconnected()
    while nic and not up and ticks_diff(ticks_ms(), began) < wait:
        sleep_ms(20)
        if console and console.pending():
            break  # to be answered, or interrupted, by what comes next
        up = nic.isconnected()
        if up or ticks_diff(ticks_ms(), looked) >= LOOK * 1000:
            looked = ticks_ms()
            link.retry(nic)
    if up or wait:
        tell(nic)
    return nic


def tell(nic):
    if nic and nic.isconnected():
        name = link.name()
        print('Network: ' + nic.ipconfig('addr4')[0] + (name and ' (%s)' % name))
    else:
        print('Network: not joined')


async def keep(nic, up):
    """Join the network again whenever it has gone."""
    while True:
        await asyncio.sleep(LOOK)
        try:
            if nic.isconnected() != up:
                up = not up
                tell(nic)
            link.retry(nic)
        except Exception as error:  # for want of memory, say: the next look is soon
            print('Network:', type(error), error)  # which takes no memory


def patience(known):
    """Return how many ms the watchdog is to wait, 0 if there is to be none."""
    seconds = known.get('watchdog', 0)
    if seconds is True:
        return 8000
    if seconds in (0, None):
        return 0
    if isinstance(seconds, (int, float)) and seconds >= 4:
        return int(seconds * 1000)
    print('network.json: watchdog is not 4 seconds or more, ignored')
    return 0


async def guard(time):
    """Reset the board when the event loop stands still for that many ms."""
    if arm(time):
        while True:
            watchdog.feed()
            await asyncio.sleep_ms(time // 4)


def arm(time):
    global watchdog
    from machine import WDT

    try:
        watchdog = WDT(timeout=time)
    except (OSError, OverflowError, ValueError) as error:
        print('network.json: watchdog: %s, ignored' % error)
    return watchdog


def hold():
    """Let a timer feed the watchdog, so that the prompt stays.

    After a soft reset, which the watchdog survives, `import startup; startup.hold()` does it.
    """
    global feeder
    time = patience(settings())
    if watchdog or (time and arm(time)):
        feeder = make_timer(period=1000, callback=lambda timer: watchdog.feed())


def is_soft():
    """Whether this may be a soft reset: an ESP32 knows."""
    if sys.platform != 'esp32':
        return True
    from machine import SOFT_RESET, reset_cause

    return reset_cause() == SOFT_RESET


def make_timer(**options):
    from machine import Timer

    return Timer(0 if sys.platform == 'esp32' else -1, **options)


def listens(known):
    """Whether the board may be set up over its console: one with Wi-Fi, unless told not to."""
    wanted = known.get('improv', True)
    if wanted is not True and wanted is not False:
        print('network.json: improv is neither true nor false, ignored')
    return wanted is not False and hasattr(link, 'wifi')


async def hear(kept):
    """Listen on the console as long as it is worth it; what that takes is loaded here.

    What is loaded before the event loop is found on the stack of whatever runs later, as if it was
    still in use, and would never leave the memory.
    """
    try:
        open_console()
        await listener(kept).run()
    except (ImportError, MemoryError):
        pass
    finally:
        close_console()


def listener(kept):
    from wifi_setup.improv import Improv

    return Improv(console, kept)


class Console:
    """The console while commands may come on it, which have the byte of a Ctrl-C in them.

    MicroPython is kept from taking that for one. Who reads finds the real ones (`Improv`). As long
    as nobody does, because an application holds up the event loop, a timer sees to it that the
    board can be interrupted nevertheless: by a second Ctrl-C if the first one stays unread.
    """

    def __init__(self):
        self.poller = select.poll()
        self.poller.register(sys.stdin, select.POLLIN)
        self.looked = self.ticked = ticks_ms()
        self.unread = 0  # ticks that something has been waiting to be read
        self.over = False
        self.timer = make_timer(period=TICK, callback=self.tick)
        kbd_intr(-1)

    def pending(self):
        for _ in self.poller.ipoll(0):
            return True
        return False

    def look(self):
        """Tell the timer that somebody reads; return whether there still is that timer."""
        self.looked = ticks_ms()
        kbd_intr(-1)
        return ticks_diff(self.looked, self.ticked) < STANDS // 3

    def tick(self, timer):
        if self.over:
            timer.deinit()  # here alone: an application may have taken it for itself
            return
        self.ticked = ticks_ms()
        if ticks_diff(self.ticked, self.looked) < STANDS:
            kbd_intr(-1)  # a main.py after a boot.py starts with 3
        elif not self.pending():  # as at a prompt, which reads at once
            self.unread = 0
        else:
            self.unread += 1
            if self.unread * TICK >= UNREAD:
                kbd_intr(3)


def open_console():
    global console
    if not console:
        console = Console()


def close_console():
    global console
    if console:
        console.over = True
        console = None
        kbd_intr(3)


def bound():
    """Lower the server's most connections to what the system has sockets for.

    With all of them taken the server drops one for a new client. Where the system runs out first,
    it turns the client away, and the server never learns of it.
    """
    import socket

    from microdot.server import Connection

    most = Connection.max_connections
    found = []
    try:
        while len(found) < 2 * most:
            found.append(socket.socket())
    except OSError:
        pass
    for sock in found:
        sock.close()
    # Less the one that listens, the new one, and one of eight for the application's own.
    Connection.max_connections = max(1, min(most, len(found) - 2 - len(found) // 8))


def begin(wait=0):
    """Join the network, waiting that many ms; keep it, and feed the watchdog, in the event loop.

    By default nothing is waited for: this is what a boot.py calls, and the USB port of a board
    with native USB is not there until boot.py has ended.
    """
    choose()
    known = settings()
    heard = listens(known)
    if heard and (wait or not is_soft()):
        open_console()  # a soft reset may lead to a prompt, where that would be in the way
    nic = join(known, wait)
    try:
        bound()
    except (ImportError, MemoryError):
        pass  # a firmware without the framework
    if nic:
        asyncio.create_task(keep(nic, nic.isconnected()))
    if heard:
        asyncio.create_task(hear(nic is not None))
    time = patience(known)
    if time:
        asyncio.create_task(guard(time))


def run():
    """Join the network, then run the application."""
    try:
        begin(WAIT)
        folder = find(('main.py', 'main.mpy'))
        if folder:
            sys.path.insert(0, folder)
        # A fromlist of False: MicroPython's way to import a module as `__main__`.
        __import__(FROZEN if folder is None else 'main', None, None, False)
    except KeyboardInterrupt:
        if trial:
            trial.leave()
        if watchdog:
            hold()
        raise
    except BaseException as error:
        if trial:
            sys.print_exception(error)
            trial.fail(repr(error))
        raise
    finally:
        close_console()
