"""Sets the board up over its console, beside what else goes on there: Improv Wi-Fi.

Browsers and other programs speak it (https://www.improv-wifi.com/serial/); `frames` has its format.

Every command has byte 3 in it: `startup.Console` keeps MicroPython from taking it for a Ctrl-C. One
is what arrives outside of a frame.
"""

import asyncio
import sys
from time import ticks_diff

import link
import network
import startup

from . import forget, frames, networks

POLL = 50  # ms between two looks at the console
UNJOINED = 60000  # ms after the start, or after the last frame, if no network has been joined
JOINED = 10000  # ms, if one has: who opens the port of a board that knows one finds its URL
PAUSE = 1000  # ms in the middle of a frame, which then was none
PORT = 80  # of the application, unless nobody is there: then it has the framework's own

READY, JOINING, DONE = 2, 3, 4  # states
NO_ERROR, INVALID, UNKNOWN, NOT_JOINED, FAILED = 0, 1, 2, 3, 255
JOIN, STATE, INFO, SCAN = 1, 2, 3, 4  # commands


class Improv:
    """What listens on a `startup.Console`; `kept`: whether `startup` keeps the network."""

    def __init__(self, console, kept):
        self.console = console
        self.kept = kept
        self.reader = frames.Reader()
        self.since = link.ticks_ms()  # the start, or the last frame
        self.heard = self.since  # ... the last byte
        self.busy = self.joining = False

    async def run(self):
        try:
            while self.look():
                await asyncio.sleep_ms(POLL)
        finally:
            forget()

    def read(self):
        return sys.stdin.buffer.read(1)

    def look(self):
        """Read what has come and answer it; return whether it is worth to look again.

        Raises KeyboardInterrupt at a Ctrl-C.
        """
        now = link.ticks_ms()
        if not self.console.look():
            return False
        while self.console.pending():
            data = self.read()
            if not data:
                return False  # there is no console
            self.heard = now
            found = self.reader.take(data[0])
            if found is frames.CTRL_C:
                raise KeyboardInterrupt
            if found:
                self.since = now
                self.answer(*found)
        if ticks_diff(now, self.heard) > PAUSE:
            self.reader.forget()
        quiet = ticks_diff(now, self.since)
        return self.busy or quiet <= (JOINED if self.joined() else UNJOINED)

    def joined(self):
        return link.wifi is not None and link.wifi.nic.isconnected()

    def send(self, data):
        sys.stdout.buffer.write(data)

    def tell_state(self):
        state = JOINING if self.joining else DONE if self.joined() else READY
        self.send(frames.frame(frames.STATE, bytes((state,))))

    def tell_error(self, error):
        self.send(frames.frame(frames.ERROR, bytes((error,))))

    def answer(self, kind, data):
        """Answer a frame."""
        if kind != frames.COMMAND:
            return
        if not data or data[1:2] != bytes((len(data) - 2 & 255,)):
            self.tell_error(INVALID)
        elif data[0] == STATE:
            self.tell_state()
            if self.joined() and not self.joining:
                self.send(frames.result(STATE, (self.url(),)))
        elif data[0] == INFO:
            self.send(frames.result(INFO, self.info()))
        elif data[0] not in (JOIN, SCAN):
            self.tell_error(UNKNOWN)
        elif self.busy or not link.wifi:
            self.tell_error(FAILED)
        else:
            self.busy = True
            asyncio.create_task(self.work(data[0], data[2:]))

    async def work(self, command, data):
        """Do what takes long."""
        try:
            if not link.wifi.nic.active():
                link.wifi.switch_on_first()
            await (self.scan() if command == SCAN else self.join(data))
        except (OSError, RuntimeError, MemoryError) as error:
            print('Improv: %r' % error)
            self.tell_error(FAILED)
        finally:
            self.busy = self.joining = False
            self.since = link.ticks_ms()

    async def scan(self):
        wifi = link.wifi
        if wifi.held:
            self.tell_error(FAILED)
            return
        wifi.held = True  # no attempt begins meanwhile: an ESP32 could not scan
        try:
            wifi.stop()
            await asyncio.sleep(networks.GLANCE)
            found = networks.scan(wifi.nic)
        finally:
            wifi.held = False
        for ssid, strength, is_open in found:
            self.send(frames.result(SCAN, (ssid, str(strength), 'NO' if is_open else 'YES')))
        self.send(frames.result(SCAN, ()))

    async def join(self, data):
        try:
            ssid, password = frames.credentials(data)
        except ValueError:
            self.tell_error(INVALID)
            return
        self.joining = True
        self.tell_error(NO_ERROR)
        self.tell_state()
        why = 'no name or password of a network'
        if link.text(ssid, 1, 32) and (not password or link.text(password, 8, 64)):
            why = await networks.join(link.wifi, ssid, password)
        self.joining = False
        if why:
            print('Wi-Fi: %s: %s' % (ssid, why))
            self.tell_state()
            self.tell_error(NOT_JOINED)
            return
        networks.save(link.wifi, ssid, password)
        if not self.kept:
            self.kept = True
            asyncio.create_task(startup.keep(link.wifi.nic, False))
        self.tell_state()
        self.send(frames.result(JOIN, (self.url(),)))

    def info(self):
        """Firmware, its version, chip, name of the board."""
        try:
            from setup_image import NAME, VERSION  # the application's, in images made with SETUP=1
        except ImportError:
            NAME, VERSION = 'microdot-kit', ''
        chip = sys.implementation._machine.split(' with ')[-1]
        if chip[:5] == 'ESP32' and chip[5:6] not in ('', '-'):
            chip = 'ESP32-' + chip[5:]  # as others write it
        return NAME, VERSION or version(), chip, network.hostname()

    def url(self):
        page = link.wifi.page
        port = page.port if page else 5000 if networks.is_free(PORT) else PORT
        address = link.wifi.nic.ipconfig('addr4')[0]
        return 'http://%s%s' % (address, '' if port == 80 else ':%d' % port)


def version():
    """The framework's."""
    try:
        from microdot import __version__
    except ImportError:
        return ''
    return __version__
