"""What a board does once it has started: join the network, run the application.

The application is the first of these that there is: `main.py` on the file system, `main.py` in
ROMFS, the one frozen into the firmware; `main.mpy` is as good as `main.py`. It runs as a program
(`__name__` is `__main__`) in the foreground. Ctrl-C ends it and leaves the prompt, with the network
still joined; after the soft reset of `mpremote`, when nothing of this has run,
`import startup; startup.join()` does the first half.

What the network needs to know is in `network.json` on the file system (or in ROMFS): see `link`.
`watchdog` in there (seconds, `true`: 8) resets the board when an event loop has stood still for
that long. No watchdog runs before there is an event loop, and none can be stopped.
"""

import asyncio
import json
import os
import sys
from time import sleep_ms, ticks_diff, ticks_ms

import link

FROZEN = 'frozen_application'
FOLDERS = ('', '/rom')
WAIT = 10000  # ms; then the application starts, and the network may come later
LOOK = 2  # seconds between two looks at the network

watchdog = None


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


def join(known=None):
    """Join the network and return its interface; after WAIT ms even if it is not up."""
    nic = link.start(settings() if known is None else known)
    began = looked = ticks_ms()
    up = False
    while nic and not up and ticks_diff(ticks_ms(), began) < WAIT:
        sleep_ms(20)
        up = nic.isconnected()
        if up or ticks_diff(ticks_ms(), looked) >= LOOK * 1000:
            looked = ticks_ms()
            link.retry(nic)
    tell(nic)
    return nic


def tell(nic):
    if nic and nic.isconnected():
        print('Network: ' + nic.ipconfig('addr4')[0])
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
            print('Network: %r' % error)


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
    time = patience(settings())
    if watchdog or (time and arm(time)):
        from machine import Timer

        number = 0 if sys.platform == 'esp32' else -1
        Timer(number, period=1000, callback=lambda timer: watchdog.feed())


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


def begin():
    """Join the network; keep it, and feed the watchdog, once there is an event loop."""
    known = settings()
    nic = join(known)
    try:
        bound()
    except (ImportError, MemoryError):
        pass  # a firmware without the framework
    if nic:
        asyncio.create_task(keep(nic, nic.isconnected()))
    time = patience(known)
    if time:
        asyncio.create_task(guard(time))


def run():
    """Join the network, then run the application."""
    begin()
    folder = find(('main.py', 'main.mpy'))
    if folder:
        sys.path.insert(0, folder)
    try:
        # A fromlist of False: MicroPython's way to import a module as `__main__`.
        __import__(FROZEN if folder is None else 'main', None, None, False)
    except KeyboardInterrupt:
        if watchdog:
            hold()
        raise
