"""Stand-ins for `network` and `machine` on MicroPython's unix port, and for the time they take.

`install('esp32')` or `install('rp2')` puts them in place of the modules and returns a Radio, which
says what is in the air and keeps what was done. Both chips behave as their drivers in MicroPython
do (ports/esp32/network_wlan.c, extmod/network_cyw43.c): ESP-IDF refuses to connect while it is
connecting, goes on by itself unless told not to, and keeps the reason of an earlier failure; the
CYW43 does not notice in its status that a connection is lost, goes on trying when the proof of a
password takes too long, and has a default route that follows what was switched on last. That of
the Pico W has been compared with the real driver in the emulator (test_device_wifi.py). Time is
virtual: `advance` moves it, and an event loop that waits.
"""

import asyncio
import asyncio.core
import os
import sys
from time import ticks_ms

SCAN = 2500  # ms until a network that is not there counts as not found
REFUSAL = 1500  # ms until a wrong password does
JOIN = 3000  # ms until there is an address
MAC = b'\x28\xcd\xc1\x00\x1a\x2b'
WPA3 = 0x1000004  # as the CYW43's driver calls it

CODES = {
    # idle, connecting, joined, not found, wrong password, connection lost, no answer to a password
    'esp32': (1000, 1001, 1010, 201, 202, 200, 15),
    'rp2': (0, 1, 3, -2, -3, 1, 1),
}


REASONS = ('not found', 'wrong password', 'lost', 'timed out')


NOWHERE = '0.0.0.0'


class Reset(Exception):
    """The watchdog has reset the board."""


class WallClock:
    due = []  # nothing looks at this time by itself

    @property
    def now(self):
        return ticks_ms()


class Clock:
    def __init__(self):
        self.now = ticks_ms()
        self.due = []  # functions that look at the time

    def ms(self):
        return self.now

    def advance(self, ms):
        end = self.now + ms
        while self.now < end:
            self.now = min(end, self.now + 100)
            for function in self.due:
                function(self.now)


class Station:
    def __init__(self, radio):
        self.radio = radio
        self.on = False
        self.state = 'idle'
        self.reason = None
        self.reconnects = -1
        self.address = '192.168.1.23'
        self.goal = self.began = self.left = self.security = None

    def active(self, on=None):
        if on is None:
            return self.on
        if self.radio.missing and self.radio.chip == 'esp32':
            raise RuntimeError('Wifi Unknown Error 0x0101')
        if on and not self.on:
            self.radio.route = 'station'
        self.on = on

    def settle(self):
        """Bring the state up to date."""
        if self.state == 'connecting':
            ssid, password = self.goal
            took = self.radio.clock.now - self.began
            if ssid not in self.radio.air or not self.fits(ssid):
                self.failed(took, SCAN, 'not found')
            elif self.radio.air[ssid] != password:
                said = 'timed out' if ssid in self.radio.silent else 'wrong password'
                self.failed(took, REFUSAL, said)
            elif took >= JOIN:
                self.state = 'no address' if ssid in self.radio.mute else 'joined'
        elif self.state == 'joined' and self.goal[0] not in self.radio.air:
            self.state, self.reason = 'idle', 'lost'
            self.again()

    def fits(self, ssid):
        """Whether it speaks the network's WPA: an ESP32 does, a Pico W what it is told."""
        return self.radio.chip == 'esp32' or (self.security == WPA3) == (ssid in self.radio.wpa3)

    def failed(self, took, needed, reason):
        if took >= needed and not (self.radio.chip == 'rp2' and reason == 'timed out'):
            self.state, self.reason = 'idle', reason
            self.again()

    def again(self):
        if self.radio.chip == 'esp32' and self.reconnects:
            self.state, self.began = 'connecting', self.radio.clock.now
            self.radio.log.append(('scans by itself',))

    def ready(self):
        left = self.left is None or self.radio.clock.now - self.left >= 100
        return left and self.state == 'idle'

    def connect(self, ssid, key=None, **security):
        self.settle()
        radio = self.radio
        if security and radio.chip == 'esp32':
            raise TypeError('extra keyword arguments given')
        if radio.missing:
            raise OSError(1)
        self.security = security.get('security')
        radio.log.append(('connect', ssid, radio.clock.now))
        if radio.busy or not self.on or radio.chip == 'esp32' and not self.ready():
            raise OSError('Wifi Internal Error')
        self.goal, self.began, self.state = (ssid, key), radio.clock.now, 'connecting'
        if radio.chip == 'rp2':
            self.reason = None

    def disconnect(self):
        assert self.on
        self.settle()
        if self.state != 'idle':
            self.reason = None
            self.left = self.radio.clock.now
        self.state = 'idle'

    def isconnected(self):
        self.settle()
        return self.state == 'joined'

    def status(self):
        self.settle()
        idle, connecting, joined, *reasons = CODES[self.radio.chip]
        if self.state == 'joined':
            return joined
        if self.reason:
            return reasons[REASONS.index(self.reason)]
        if self.state == 'no address':
            return connecting + (self.radio.chip == 'rp2')
        return connecting if self.state == 'connecting' else idle

    def config(self, name=None, **values):
        if name:
            return self.ssid() if name == 'ssid' else {'mac': MAC}[name]
        if list(values) != ['reconnects'] or self.radio.chip != 'esp32':
            raise ValueError('unknown config param')
        self.settle()
        if self.state == 'connecting':
            raise OSError('Wifi Internal State Error')
        self.reconnects = values['reconnects']

    def scan(self):
        self.settle()
        radio = self.radio
        if radio.missing or not self.on or radio.chip == 'esp32' and self.state == 'connecting':
            raise OSError('Wifi Internal Error')
        radio.log.append(('scan',))
        found = [(n.encode(), -60, 4 if key else 0) for n, key in radio.air.items()]
        return [(n, b'123456', 6, dbm, auth, 1) for n, dbm, auth in found + radio.neighbors]

    def ssid(self):
        name, key = self.goal or ('', '')
        # ESP-IDF has it in a field of 32 bytes, with the password behind it.
        return name + key if self.radio.chip == 'esp32' and len(name.encode()) == 32 else name

    def ifconfig(self, values):
        if len(values) != 4 or not all(part.count('.') == 3 for part in values):
            raise ValueError('invalid arguments')
        self.radio.log.append(('ifconfig', values))
        self.address = values[0]

    def ipconfig(self, name):
        return self.address if self.state == 'joined' else NOWHERE, '255.255.255.0'


class PicoStation(Station):
    known = False  # to lwIP: before 1.28 it stays so, on or off

    def active(self, on=None):
        if on is None:
            return self.on
        self.on = on
        if on and not self.known:
            self.known, self.radio.route = True, 'station'
        elif not on and self.radio.forgets:
            self.known, self.state, self.reason = False, 'idle', None
            self.radio.forget('station')

    started = False  # before, it does not know its address

    def config(self, name=None, **values):
        if name == 'pm':
            self.started = True
            return 10555714
        if name == 'mac' and not (self.started or self.on):
            return bytes(6)
        return super().config(name, **values)

    def deinit(self):
        self.radio.log.append(('deinit',))
        self.on, self.known, self.state, self.radio.route = False, False, 'idle', None


class Point:
    def __init__(self, radio):
        self.radio = radio
        self.on = False
        self.chosen = {'ssid': 'as before', 'key': '', 'security': 0}

    def active(self, on=None):
        if on is None:
            return self.on
        if on and not self.on:
            self.radio.aired.append(dict(self.chosen))
            if self.radio.chip == 'rp2':
                self.radio.route = 'access point'
        if not on and self.radio.forgets:
            self.radio.forget('access point')
        self.on = on

    def config(self, **values):
        if not self.on and self.radio.chip == 'esp32':
            raise OSError('Wifi Invalid Mode')
        assert not values['security'] or len(values['key']) >= 8
        self.chosen = values
        if self.on:
            self.radio.aired.append(dict(values))

    def isconnected(self):
        return self.on  # of a Pico W before 1.24.1, whoever is there

    def status(self, name):
        return {'stations': [(b'123456',)] * self.radio.guests}[name]

    def ipconfig(self, name):
        return NOWHERE if self.radio.missing else self.radio.address, '255.255.255.0'


class Radio:
    """What is in the air (`air`: {ssid: password}) and what was done (`log`, `aired`)."""

    def __init__(self, chip, clock, forgets):
        self.chip = chip
        self.clock = clock
        self.forgets = forgets
        self.air = {}
        self.neighbors = []  # others that a scan finds: (name, dBm, 0 if it is open)
        self.address = '192.168.4.1'  # of the access point
        self.silent = []  # networks that do not say that a password is wrong
        self.mute = []  # networks that give no address
        self.wpa3 = []  # ... and that take nothing older
        self.missing = False  # whether there is no radio
        self.log = []
        self.aired = []  # what the access point was on the air with
        self.guests = 0  # stations of the access point
        self.busy = False
        self.hostname = 'as before'
        self.route = None
        self.station = (PicoStation if chip == 'rp2' else Station)(self)
        self.point = Point(self)
        self.reset_cause = 1
        self.dogs = []
        self.timers = []

    def forget(self, interface):
        if self.route == interface:
            self.route = None

    def attempts(self, ssid=None):
        """When a network was tried, of all of them by default."""
        return [e[2] for e in self.log if e[0] == 'connect' and ssid in (None, e[1])]


def network_module(radio):
    class Network:
        STA_IF, AP_IF = 0, 1
        STAT_IDLE, STAT_CONNECTING, STAT_GOT_IP = CODES[radio.chip][:3]
        STAT_NO_AP_FOUND, STAT_WRONG_PASSWORD = CODES[radio.chip][3:5]

        @staticmethod
        def WLAN(number):
            return radio.point if number else radio.station

        @staticmethod
        def hostname(name=None):
            if name is None:
                return radio.hostname
            if len(name) > 32:
                raise ValueError()
            radio.hostname = name
            radio.log.append(('hostname', name))

        @staticmethod
        def country(name):
            if len(name) != 2:
                raise ValueError()
            radio.log.append(('country', name))

    return Network


def alarm(radio, held, period, callback):
    """A function that calls back when it is time: on an RP2 as long as that file is open."""
    due = [radio.clock.now + period]

    class Handle:
        on = True

        def deinit(self):
            self.on = False

    handle = Handle()

    def check(now):
        if not handle.on:
            return
        try:
            radio.chip == 'esp32' or os.stat('/dev/fd/%d' % held)
        except OSError:
            return
        if now >= due[0]:
            due[0] += period
            callback(handle)

    return check


def machine_module(radio):
    class WDT:
        def __init__(self, timeout):
            if timeout >= 1 << 31:
                raise OverflowError('overflow converting long int to machine word')
            if radio.chip == 'rp2' and timeout > 8388:
                raise ValueError('timeout exceeds 8388')
            self.timeout = timeout
            self.feed()
            radio.dogs.append(self)
            radio.clock.due.append(self.check)

        def feed(self):
            self.fed = radio.clock.now

        def check(self, now):
            if now - self.fed > self.timeout:
                raise Reset()

    class Timer:
        def __init__(self, number, period, callback):
            if number != (0 if radio.chip == 'esp32' else -1):
                raise ValueError(number)
            # The finalizer of this is what shows that nothing refers to the timer any more.
            self.held = open('/dev/null')
            radio.timers.append(number)
            radio.clock.due.insert(0, alarm(radio, self.held.fileno(), period, callback))

    class Machine:
        SOFT_RESET = 5

        @staticmethod
        def reset_cause():
            return radio.reset_cause

    Machine.WDT, Machine.Timer = WDT, Timer
    return Machine


def install(chip, clock=None):
    """Put the stand-ins in place, before `link` and `startup` are imported; return the Radio.

    `rp2-old` is a Pico W with a MicroPython before 1.28. With `WallClock()` time is not virtual.
    """
    chip, _, old = chip.partition('-')

    class Implementation:
        version = (1, 25 if old else 28, 0, '')

    class Sys:
        platform, path, modules, implementation = chip, sys.path, sys.modules, Implementation
        stdin = sys.stdin

    radio = Radio(chip, clock or Clock(), forgets=chip == 'rp2' and not old)
    sys.modules['network'] = network_module(radio)
    sys.modules['machine'] = machine_module(radio)
    sys.modules['sys'] = Sys
    import link
    import startup

    sys.modules['sys'] = sys
    if not clock:
        link.ticks_ms = startup.ticks_ms = asyncio.core.ticks = radio.clock.ms
        startup.sleep_ms = radio.clock.advance
        asyncio.core.IOQueue.wait_io_event = lambda self, ms: radio.clock.advance(ms)
    return radio
