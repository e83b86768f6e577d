"""What a board does once it has started: join the network, run the application.

The application is the first of these that there is: `main.py` on the file system, `main.py` in
ROMFS, the one frozen into the firmware; `main.mpy` is as good as `main.py`. It runs as a program
(`__name__` is `__main__`) in the foreground. Ctrl-C ends it and leaves the prompt, with the network
still joined; after the soft reset of `mpremote`, when nothing of this has run,
`import startup; startup.join()` does the first half.

What the network needs to know is in `network.json` on the file system (or in ROMFS): see `link`.
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


def join():
    """Join the network and return its interface; after WAIT ms even if it is not up."""
    nic = link.start(settings())
    began = ticks_ms()
    while nic and not nic.isconnected() and ticks_diff(ticks_ms(), began) < WAIT:
        sleep_ms(20)
    tell(nic)
    return nic


def tell(nic):
    if nic and nic.isconnected():
        print('Network: ' + nic.ipconfig('addr4')[0])
    else:
        print('Network: not joined')


async def keep(nic):
    """Join the network again whenever it has gone."""
    up = nic.isconnected()
    while True:
        await asyncio.sleep(LOOK)
        if nic.isconnected() != up:
            up = not up
            tell(nic)
        if not up:
            link.retry(nic)


def run():
    """Join the network, then run the application."""
    nic = join()
    if nic:
        asyncio.create_task(keep(nic))  # runs as soon as the application has an event loop
    folder = find(('main.py', 'main.mpy'))
    if folder:
        sys.path.insert(0, folder)
    # A fromlist of False: MicroPython's way to import a module as `__main__`.
    __import__(FROZEN if folder is None else 'main', None, None, False)
