"""The network of a board with Wi-Fi: the first of the known networks that can be joined.

`network.json`: `ssid` and `password` of a network (none: an open one), `networks` (a list of more
such objects, the best first), `hostname`, `country` (two letters), `address` (a list: static
address, mask, gateway, DNS server), `ap` (the access point that opens while there is no network:
`password` or `"open": true`, `ssid`). What cannot be used is reported and left out. Passwords
are never printed.

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

# WPA2 (CCMP) as the drivers have it; the one of the Pico W has no name for it.
WPA2 = 3 if sys.platform == 'esp32' else 0x400004
FAILURES = (OSError, RuntimeError)  # what the radio does at the moment does not allow it

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
    return wifi.nic if wifi.networks else None


def retry(nic):
    """See how far it is, and do what is next."""
    wifi.look()


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


class Wifi:
    """The radio: an attempt under way, or a pause; an access point beside it, or none."""

    def __init__(self, settings):
        self.settings = settings
        self.networks = known(settings)
        self.wanted = wanted(settings)
        self.current = 0  # which network it is, or will be
        self.deadline = None  # of the attempt under way
        self.after = None  # no attempt before
        self.lost = None  # since when there is no network
        self.pause = PAUSE
        self.point = None  # the access point, while it is open
        self.told = {}
        self.nic = network.WLAN(network.STA_IF)
        self.take_over()
        if self.networks or self.wanted:
            self.apply('hostname', network.hostname)
            self.apply('country', network.country)
            self.switch_on()
        else:
            print('Wi-Fi: put {"ssid": "...", "password": "..."} into network.json')

    def apply(self, name, function):
        if name in self.settings:
            try:
                function(self.settings[name])
            except (TypeError, ValueError, OSError):
                complain(name + ' is not valid')

    def switch_on(self):
        self.nic.active(True)
        self.apply('address', lambda address: self.nic.ifconfig(tuple(address)))

    def take_over(self):
        """Keep what a soft reset has left if it is what is wanted now."""
        point = network.WLAN(network.AP_IF)
        if point.active():
            self.close(point)
        if self.nic.active():
            names = [name for name, _ in self.networks]
            if not (self.nic.isconnected() and self.nic.config('ssid') in names):
                self.leave()

    def look(self):
        now = ticks_ms()
        if self.nic.isconnected():
            self.lost = self.deadline = None
            self.pause = PAUSE
            if self.point:
                self.tell('access point', 'closed')
                if self.close(self.point):
                    self.lost = now
                    self.switch_on()
                    self.connect(now)
            else:
                self.told = {}
                self.current = 0
            return
        if self.lost is None:
            self.lost = self.after = now
        if self.wanted and not self.point:
            if not self.networks or ticks_diff(now, self.lost) >= ALONE:
                self.open()
        if self.deadline is not None:
            self.judge(now)
        elif self.networks and ticks_diff(now, self.after) >= (GUESTS if self.guests() else 0):
            self.connect(now)

    def guests(self):
        return self.point and self.point.isconnected()

    def connect(self, now):
        self.deadline = ticks_add(now, ATTEMPT)
        try:
            try:
                self.nic.config(reconnects=0)
            except ValueError:
                pass  # the Pico W makes one attempt anyway
            self.nic.connect(*self.networks[self.current])
            self.status = self.nic.status()
        except FAILURES:
            self.fail(now, 'the radio is busy')

    def judge(self, now):
        """Find out whether the attempt has failed: its status is a new one, or the time is up."""
        status = self.nic.status()
        connecting = network.STAT_CONNECTING  # the next number is that of: no address yet
        pending = status in (network.STAT_IDLE, connecting, connecting + 1, network.STAT_GOT_IP)
        if (pending or status == self.status) and ticks_diff(now, self.deadline) < 0:
            self.status = status
        elif status == network.STAT_NO_AP_FOUND:
            self.fail(now, 'not found')
        elif status in (network.STAT_WRONG_PASSWORD, 15, 204):  # timeouts while it is proved
            self.fail(now, 'refused: is the password right?')
        else:
            self.fail(now, 'no connection (status %d)' % status)

    def fail(self, now, reason):
        """Go on to the next network; after the last of them, pause."""
        self.tell(self.networks[self.current][0], reason)
        self.deadline = None
        self.leave()
        self.after = now
        self.current += 1
        if self.current == len(self.networks):
            self.current = 0
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

    def open(self):
        name, password = self.wanted
        if name is None:
            name = 'microdot-%02X%02X' % tuple(self.nic.config('mac')[-2:])
        chosen = {'ssid': name, 'key': password, 'security': WPA2 if password else 0}
        point = network.WLAN(network.AP_IF)
        try:
            try:
                point.config(**chosen)  # first: it is never on the air as it was before
            except FAILURES:
                point.active(True)  # ESP-IDF wants it the other way round
                point.config(**chosen)
            point.active(True)
        except FAILURES:
            point.active(False)
            self.tell('access point', 'the radio is busy')
            return
        self.point = point
        self.tell('access point', '%s, %s' % (name, point.ipconfig('addr4')[0]))

    def close(self, point):
        """Close an access point; return whether the radio has to be switched on anew."""
        self.point = None
        point.active(False)
        # On the Pico W the access point stays the default route, where answers to clients behind a
        # router would go. Only a radio that starts anew forgets it.
        anew = hasattr(self.nic, 'deinit')
        if anew:
            self.nic.deinit()
        return anew
