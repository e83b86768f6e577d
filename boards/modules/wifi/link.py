"""The network of a board with Wi-Fi: the first of the known networks that can be joined.

`network.json`: `ssid` and `password` of a network (none: an open one), `networks` (a list of more
such objects, the best first), `hostname`, `country` (two letters), `address` (a list: static
address, mask, gateway, DNS server), `ap` (the access point that opens while there is no network:
`password` or `"open": true`, `ssid`), `setup` (`true`: that access point has a page to set the
board up by, see `wifi_setup`; without `ap` it has a password of its own). What cannot be used is
reported and left out. Passwords of this file are never printed.

Nothing here waits: `retry`, called every few seconds, looks how far things are and does what is
next. It does the repeating that ESP-IDF would do by itself, because nobody could use an access
point while that goes through all channels without end. And it takes only `isconnected` for a
success: ESP-IDF's `status` may still tell of an earlier attempt, the Pico W's of a lost connection.
"""

import sys
from time import ticks_add, ticks_diff, ticks_ms

import network

ATTEMPT = 15000  # ms that a network has to let the board in and to give it an address
PAUSE = 1000  # ms after all networks have failed; then each pause is twice the last
LONGEST = 60000  # ms, of these pauses
ALONE = 30000  # ms without a network until the access point opens
GUESTS = 300000  # ms between attempts while somebody uses the access point: each disturbs it
FRESH = 600000  # ms after the start in which a board that knows nothing may need no password
FAREWELL = 60000  # ms that the access point stays open for whoever has set the board up by it

# WPA2 (CCMP) as the drivers have it; the one of the Pico W has no name for it.
WPA2 = 3 if sys.platform == 'esp32' else 0x400004
# WPA3 alone, as the Pico W has to be told; an ESP32 sees by itself what a network wants.
WPA3 = 0x1000004
FAILURES = (OSError, RuntimeError)  # what the radio does at the moment does not allow it

# Whether the driver of a Pico W forgets an interface that is switched off: since MicroPython 1.28.
FORGETS = sys.implementation.version >= (1, 28)

BUSY = 'the radio is busy or missing'
NOT_FOUND = 'not found'
REFUSED = 'refused: is the password right?'
NOWHERE = '0.0.0.0'

wifi = None


def start(settings):
    """Begin to join and return the interface, `None` if there is no network to join."""
    global wifi
    try:
        wifi = Wifi(settings)
    except FAILURES as error:
        print('Wi-Fi: the radio does not start: %s' % error)
        return None
    wifi.look()
    return wifi.nic if wifi.networks or wifi.setup else None


def retry(nic):
    """See how far it is, and do what is next."""
    wifi.started = True
    wifi.look()


def hopes():
    """Whether there is a network that may be joined by itself: one to wait for."""
    return wifi is not None and wifi.networks != []


def name():
    """The name that the system answers to on the network."""
    return network.hostname() + '.local'


def complain(what):
    print('network.json: %s, ignored' % what)


def text(value, least, most):
    return isinstance(value, str) and least <= len(value.encode()) <= most


def known(settings):
    """Return [(ssid, password or None)], the best first."""
    entries = settings.get('networks', [])
    if not isinstance(entries, list):
        complain('networks is not a list')
        entries = []
    found = []
    for entry in [settings] * ('ssid' in settings) + entries:
        if not (isinstance(entry, dict) and text(entry.get('ssid'), 1, 32)):
            complain('a network without an ssid of up to 32 bytes')
            continue
        password = entry.get('password', '')
        if password in (None, '') or text(password, 8, 64):
            found.append((entry['ssid'], password or None))
        else:
            complain('%s: a password has 8 to 63 characters' % entry['ssid'])
    return found


def wanted(settings):
    """Return the (ssid or None, password) of the access point, `None` if there is to be none."""
    if 'ap' not in settings:
        return None
    point = settings['ap']
    if isinstance(point, dict) and ('ssid' not in point or text(point['ssid'], 1, 32)):
        password = point.get('password')
        if text(password, 8, 63):
            return point.get('ssid'), password
        if password in (None, '') and point.get('open') is True:
            return point.get('ssid'), ''
    complain('ap needs a password of 8 to 63 characters, or "open": true')
    return None


def allowed(settings):
    """Whether the access point may have a set-up page: as the file says, else as the image does."""
    said = settings.get('setup')
    if said is None:
        try:
            import setup_image  # noqa: F401 - in images made with SETUP=1

            said = True
        except ImportError:
            said = False
    if said is not True and said is not False:
        complain('setup is neither true nor false')
    return said is True


class Wifi:
    """The radio: an attempt under way, or a pause; an access point beside it, or none."""

    def __init__(self, settings):
        self.settings = settings
        self.networks = known(settings)
        self.wanted = wanted(settings)
        self.setup = allowed(settings)
        self.current = 0  # which network it is, or will be
        self.deadline = None  # of the attempt under way
        self.after = None  # no attempt before
        self.lost = None  # since when there is no network
        self.pause = PAUSE
        self.point = None  # the access point, while it is open
        self.page = None  # its set-up page
        # The page opens in the event loop: what is made before is found on the stack of whatever
        # runs later, as if it was still in use, and would never leave the memory.
        self.started = not self.setup
        self.began = ticks_ms()
        self.fresh = True
        self.closing = None  # when it closes, if it has no password
        self.farewell = None  # when it closes although there is a network, if not at once
        self.held = False  # while the set-up page tries a network
        self.told = {}
        self.wpa3 = False  # a Pico W tries all networks without it first, then with it
        self.nic = network.WLAN(network.STA_IF)
        self.cyw43 = hasattr(self.nic, 'deinit')  # a Pico W
        self.take_over()
        if self.networks or self.wanted or self.setup:
            self.switch_on_first()
        else:
            print('Wi-Fi: put {"ssid": "...", "password": "..."} into network.json')

    def switch_on_first(self):
        if 'hostname' not in self.settings:
            network.hostname('microdot-' + self.ending().lower())
        self.apply('hostname', network.hostname)
        self.apply('country', network.country)
        self.switch_on()

    def apply(self, name, function):
        if name in self.settings:
            try:
                function(self.settings[name])
            except (TypeError, ValueError, OSError):
                complain(name + ' is not valid')

    def ending(self):
        """The end of the MAC address, which tells boards apart."""
        if self.cyw43 and not self.nic.active():
            self.nic.config('pm')  # asked for anything, it starts the radio, which has the address
        return '%02X%02X' % tuple(self.nic.config('mac')[-2:])

    def switch_on(self):
        self.nic.active(True)
        self.apply('address', lambda address: self.nic.ifconfig(tuple(address)))

    def take_over(self):
        """Keep what a soft reset has left if it is what is wanted now."""
        point = network.WLAN(network.AP_IF)
        if point.active():
            if not self.close(point) and self.cyw43:
                self.nic.active(False)  # see open()
        if self.nic.active():
            names = [name.encode() for name, _ in self.networks]
            # What an ESP32 says goes on with the password if the name has 32 bytes.
            if not (self.nic.isconnected() and self.nic.config('ssid').encode()[:32] in names):
                self.leave()

    def look(self):
        now = ticks_ms()
        if ticks_diff(now, self.began) >= FRESH:
            self.fresh = False  # for good: the count of milliseconds begins anew after 12 days
        if self.nic.isconnected():
            self.lost = self.deadline = None
            self.pause = PAUSE
            if not self.point:
                self.told = {}
                self.current = 0
            elif not self.held and (self.farewell is None or ticks_diff(now, self.farewell) >= 0):
                self.tell('access point', 'closed')
                if self.close(self.point):
                    self.lost = now
                    self.switch_on()
                    self.connect(now)
            return
        if self.held:
            return
        if self.lost is None:
            self.lost = self.after = now
        self.look_at_point(now)
        if self.deadline is not None:
            self.judge(now)
        elif self.networks and ticks_diff(now, self.after) >= (GUESTS if self.guests() else 0):
            self.connect(now)

    def look_at_point(self, now):
        """Open the access point if it is time to, or close one without a password."""
        if self.point and self.closing is not None and ticks_diff(now, self.closing) >= 0:
            self.tell('access point', 'closed')
            if self.close(self.point):
                self.switch_on()
        if self.started and (self.wanted or self.setup) and not self.point:
            if not self.networks or ticks_diff(now, self.lost) >= ALONE:
                if self.setup and self.deadline is not None:
                    self.stop()  # while it connects, an ESP32 does not scan: the next look opens
                else:
                    self.open(now)

    def stop(self):
        """Give up the attempt under way."""
        if self.deadline is not None:
            self.deadline = None
            self.after = ticks_ms()
            self.leave()

    def guests(self):
        return self.point and self.point.status('stations')

    def connect(self, now):
        self.deadline = ticks_add(now, ATTEMPT)
        try:
            self.associate(*self.networks[self.current], self.wpa3)
        except FAILURES:
            self.fail(now, BUSY)

    def associate(self, ssid, password, wpa3):
        """Begin an attempt; of what raises `verdict` would not tell."""
        try:
            self.nic.config(reconnects=0)
        except ValueError:
            pass  # the Pico W makes one attempt anyway
        how = {'security': WPA3} if wpa3 and password else {}
        self.nic.connect(ssid, password, **how)
        self.status = self.nic.status()

    def judge(self, now):
        password = self.networks[self.current][1]
        reason = self.verdict(password, ticks_diff(now, self.deadline) >= 0)
        if reason:
            self.fail(now, reason)

    def verdict(self, password, late):
        """Why the attempt has failed: its status is a new one, or the time is up. Or else ''."""
        status = self.nic.status()
        connecting = network.STAT_CONNECTING  # the next number is that of: no address yet
        pending = status in (network.STAT_IDLE, connecting, connecting + 1, network.STAT_GOT_IP)
        if (pending or status == self.status) and not late:
            self.status = status
            return ''
        if status == network.STAT_NO_AP_FOUND:
            return NOT_FOUND
        if status in self.unproved(password):
            return REFUSED
        return 'no connection (status %d)' % status

    def unproved(self, password):
        """The statuses of a password that is refused, or that takes too long to be proved."""
        if self.cyw43 and password:
            # Its driver goes on trying then; of a network that is not there it would know.
            return network.STAT_WRONG_PASSWORD, network.STAT_CONNECTING
        return network.STAT_WRONG_PASSWORD, 15, 204

    def fail(self, now, reason):
        """Go on to the next network; after the last of them, pause."""
        if not self.wpa3:  # which says the same of a network that is not there
            self.tell(self.networks[self.current][0], reason)
        self.deadline = None
        self.leave()
        self.after = now
        self.current += 1
        if self.current == len(self.networks):
            self.current = 0
            self.wpa3 = sys.platform == 'rp2' and not self.wpa3
            if not self.wpa3:
                self.after = ticks_add(now, self.pause)
                self.pause = min(2 * self.pause, LONGEST)

    def tell(self, name, what):
        """Print what is new about a network, or about the access point."""
        if self.told.get(name) != what:
            self.told[name] = what
            print('Wi-Fi: %s: %s' % (name, what))

    def leave(self):
        try:
            self.nic.disconnect()
        except FAILURES:
            pass  # there is nothing to leave

    def prepare(self, now):
        """Return the name and password of the access point, `None` if there is to be none."""
        self.closing = None
        name, password = self.wanted or (None, None)
        if self.setup:
            try:
                from wifi_setup.page import Page, choose_password

                self.page = Page(self)
                if not self.wanted:
                    password = choose_password(self.fresh)
                    if not password:
                        self.closing = ticks_add(self.began, FRESH)
            except (ImportError, MemoryError, OSError) as error:
                self.tell('set-up page', repr(error))
        if password is None:
            return None
        return name or 'microdot-' + self.ending(), password

    def open(self, now):
        name, password = self.prepare(now) or (None, None)
        if name is None:
            return
        chosen = {'ssid': name, 'key': password, 'security': WPA2 if password else 0}
        point = network.WLAN(network.AP_IF)
        try:
            try:
                point.config(**chosen)  # first: it is never on the air as it was before
            except FAILURES:
                point.active(True)  # ESP-IDF wants it the other way round
                point.config(**chosen)
            point.active(True)
            address, mask = point.ipconfig('addr4')
        except FAILURES:
            address = NOWHERE
        if address == NOWHERE:  # so it is if there is no radio, of which the Pico W does not tell
            point.active(False)
            self.page = None
            self.tell('access point', BUSY)
            return
        self.point = point
        self.tell('access point', '%s, %s' % (name, address))
        if not self.open_page(name, password, address, mask):
            return
        if self.cyw43 and FORGETS and self.networks:
            # On a Pico W what was switched on last is the default route, where answers to clients
            # behind a router go: the station, then, also after the access point has closed.
            self.nic.active(False)
            self.switch_on()
            if self.deadline is not None:
                self.connect(now)  # that has ended the attempt under way

    def open_page(self, name, password, address, mask):
        """Open the set-up page; return whether the access point stays open.

        Without memory for the page one that is there for it alone closes, until the next look.
        """
        if self.page:
            try:
                self.page.open(name, password, not self.wanted, address, mask)
            except MemoryError as error:
                if self.wanted:
                    self.page.close()
                    self.page = None
                elif self.close(self.point):
                    self.switch_on()
                self.tell('set-up page', repr(error))
        return self.point

    def close(self, point):
        """Close an access point; return whether the radio has to be switched on anew."""
        if self.page:
            self.page.close()
            self.page = None
        self.point = self.closing = self.farewell = None
        point.active(False)
        # Of an older Pico W it would stay the default route: only a radio that starts anew, which
        # takes a second, forgets it.
        anew = self.cyw43 and not FORGETS
        if anew:
            self.nic.deinit()
        return anew
