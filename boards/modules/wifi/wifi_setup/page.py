"""The set-up page: what runs while the access point is open, in front of the application.

To clients of the access point every name leads to the board, and every host that is not the board's
leads to the page (302), before the application and its `allowed_hosts` see the request. So does
what systems ask for to find out whether a network leads anywhere, until the board has joined a
network; then they get what they want, or phones would leave. All else is the application's.
"""

import asyncio
import os
from binascii import hexlify

import link
import network
import startup

from microdot import Microdot, redirect

from . import dns, forget, html, networks

PATH = '/wifi-setup'
PORT = 80
GRACE = 3  # seconds that the application has to start a server of its own there
DNS_PORT = 53
SECRET_FILE = 'wifi_setup.txt'
NAME = 'abcdefghijklmnopqrstuvwxyz0123456789-'
BUSY = 'Another phone is setting the board up at the moment. Try once more in 20 seconds.'
ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789'  # 32, none of which looks like another
HEADERS = {'Content-Type': 'text/html; charset=UTF-8', 'Cache-Control': 'no-store'}
APPLE = '<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>'
FIREFOX = (
    '<meta http-equiv="refresh" content="0;url=https://support.mozilla.org/kb/captive-portal"/>'
)
# What systems ask for, and the answer that tells them that the network is as it should be.
PROBES = {
    '/generate_204': '',  # Android, ChromeOS
    '/gen_204': '',
    '/hotspot-detect.html': APPLE,  # iOS, macOS
    '/library/test/success.html': APPLE,
    '/connecttest.txt': 'Microsoft Connect Test',  # Windows 10 and newer
    '/ncsi.txt': 'Microsoft NCSI',  # ... and older
    '/canonical.html': FIREFOX,
    '/success.txt': 'success\n',  # Firefox, before
    '/check_network_status.txt': 'NetworkManager is online\n',
}


def choose_password(fresh):
    """Return the password of the access point: '' for a board that knows nothing yet.

    It is made once, of the chip's random numbers, and kept in a file.

    :param fresh: whether the board has not run for ten minutes yet.
    """
    if fresh and startup.find(('network.json',)) is None:
        return ''
    try:
        with open(startup.FOLDERS[0] + '/' + SECRET_FILE) as file:
            password = file.read().strip()
        if 8 <= len(password) <= 63:
            return password
    except (OSError, ValueError):
        pass
    password = '-'.join([''.join([ALPHABET[n & 31] for n in os.urandom(4)]) for _ in range(3)])
    networks.write_whole(SECRET_FILE, password + '\n')
    return password


def number(address):
    """An IPv4 address as an int."""
    value = 0
    for part in address.split('.'):
        value = value << 8 | int(part)
    return value


def qr_text(ssid, password):
    """What a QR code says for a phone to join a network."""
    for character in '\\;,:"':
        ssid = ssid.replace(character, '\\' + character)
    return 'WIFI:T:%s;S:%s;P:%s;;' % ('WPA' if password else 'nopass', ssid, password)


def is_name(text):
    """Whether that can be the board's name: a label of DNS, as MicroPython takes it."""
    return 0 < len(text) <= 32 and text.strip('-') == text and not text.strip(NAME)


class Page:
    """The page of an access point that is about to open, or is open."""

    def __init__(self, wifi):
        self.wifi = wifi
        self.token = hexlify(os.urandom(8)).decode()  # pages of others cannot know it
        self.is_open = False  # whether it has no password
        self.attempt = None  # which one is under way, or was the last
        self.typed = {}
        self.trying = False
        self.error = self.joined = ''
        self.port = 80  # of the application
        self.tasks = []
        self.original = None  # `Microdot.dispatch_request` when the page is not there
        self.search()

    def search(self):
        try:
            self.found = networks.scan(self.wifi.nic)
        except link.FAILURES:
            self.found = []

    def open(self, ssid, password, shown, address, mask):
        """Start to serve the page.

        :param ssid: the name of the access point.
        :param password: its password, `''` if there is none.
        :param shown: whether the console may show it.
        """
        self.put_in_front(address, mask)
        # The framework's own port, if the application is not here.
        self.port = 5000 if networks.is_free(PORT) else PORT
        self.is_open = password == ''
        if shown and password:
            print('Wi-Fi: password of the access point: ' + password)
        if shown:
            print('Wi-Fi: as a QR code: ' + qr_text(ssid, password))
        print('Wi-Fi: set-up page: ' + self.url)
        for task in dns.serve(address, DNS_PORT), self.listen():
            self.tasks.append(asyncio.create_task(task))

    def close(self):
        """Leave everything as it was, and the memory."""
        if self.original:
            Microdot.dispatch_request, self.original = self.original, None
            del Microdot.start_server  # it has that of its base
            self.release()
        for task in self.tasks:
            task.cancel()
        forget()

    def put_in_front(self, address, mask):
        """Let requests pass by here, and applications have the port."""
        self.address, self.mask = address, number(mask)
        self.url = 'http://' + address + (':%d' % PORT if PORT != 80 else '') + PATH
        self.app = Microdot()
        self.app.get(PATH)(self.show)
        self.app.post(PATH)(self.take)
        self.app.error_handlers[404] = self.app.error_handlers[405] = self.elsewhere
        original = Microdot.dispatch_request
        start_server = Microdot.start_server

        async def dispatch_request(app, request):
            if request:
                near = self.is_near(request)
                if near and (app is self.app or self.is_ours(request)):
                    request.app = app = self.app
                elif app is self.app:
                    app = Microdot()  # which has nothing, for those from elsewhere
            return await original(app, request)

        async def start(app, host='0.0.0.0', port=5000, *args, **options):
            if app is not self.app:
                self.port = port
                if port == PORT:
                    self.release()
            return await start_server(app, host, port, *args, **options)

        Microdot.start_server = start  # the last one that takes memory
        Microdot.dispatch_request, self.original = dispatch_request, original

    async def listen(self):
        """Serve the page whenever the application does not listen on its port."""
        while True:
            await asyncio.sleep(GRACE)
            try:
                if networks.is_free(PORT):
                    await self.app.start_server(self.address, PORT)
            except (OSError, MemoryError):
                pass  # somebody was faster, or there is no room yet

    def release(self):
        """Stop serving beside the application: at once for others than those being answered."""
        self.app.shutdown()

    def is_near(self, request):
        """Whether a request comes from the access point's side."""
        if not request.client_addr:
            return False
        own = number(self.address) & self.mask
        station = self.wifi.nic.ipconfig('addr4')[0]
        if number(station) & self.mask == own and self.wifi.nic.isconnected():
            return False  # the other side has the same addresses: nobody can tell
        return number(request.client_addr[0]) & self.mask == own

    def is_ours(self, request):
        host = request.headers.get('Host', '').lower()
        name = host.partition(':')[0]
        own = network.hostname().lower()
        return request.path == PATH or (name and name not in (self.address, own, own + '.local'))

    def elsewhere(self, request):
        """The answer to requests that are not for the page."""
        if self.joined and request.path in PROBES:
            text = PROBES[request.path]
            kind = 'text/html' if text[:1] == '<' else 'text/plain'
            return text, 200 if text else 204, {'Content-Type': kind, 'Cache-Control': 'no-store'}
        return '', 302, {'Location': self.url, 'Cache-Control': 'no-store'}

    def show(self, request):
        """The page: the form, or what has come of it."""
        name = network.hostname()
        if self.joined:
            port = '' if self.port == 80 else ':%d' % self.port
            hosts = link.name() + port, self.joined + port
            return self.page('Done', *html.joined(self.ssid, hosts, self.error))
        if self.trying:
            return self.page('Set up ' + name, html.AGAIN, html.TRYING % html.escape(self.ssid))
        blank = {'ssid': '', 'other': '', 'password': '', 'name': name}
        if self.attempt and request.args.get('attempt') == self.attempt:
            blank = self.typed
        return self.form(blank, self.error)

    def page(self, title, *parts, status=200):
        return html.page(title, *parts), status, HEADERS

    def form(self, typed, error, status=200):
        parts = html.form(PATH, self.token, self.found, typed, error, self.is_open)
        return self.page('Set up ' + network.hostname(), *parts, status=status)

    async def take(self, request):
        """What was typed: check it and begin to try it, or search anew."""
        sent = request.form or {}
        typed = {key: sent.get(key, '') for key in ('ssid', 'other', 'password', 'name')}
        typed['name'] = typed['name'].strip().lower() or network.hostname()
        if sent.get('scan') and not self.wifi.held and not self.joined:
            self.wifi.stop()
            await asyncio.sleep(networks.GLANCE)
            self.search()
            return self.form(typed, '')
        error = self.refusal(sent, typed)
        if error:
            return self.form(typed, error, 400)
        if self.wifi.held or self.trying or self.joined:
            return self.form(typed, BUSY, 409)
        self.attempt = hexlify(os.urandom(4)).decode()
        self.typed, self.error = typed, ''
        self.ssid = typed['ssid'] or typed['other']
        self.tasks.append(asyncio.create_task(self.attempt_it(typed)))
        self.trying = True
        return redirect(PATH + '?attempt=' + self.attempt, 303)

    def refusal(self, sent, typed):
        """What is wrong with what was typed, '' if nothing is."""
        if sent.get('token') != self.token:
            return 'This page was an old one. Connect once more.'
        ssid, password = typed['ssid'] or typed['other'], typed['password']
        if not 0 < len(ssid.encode()) <= 32:
            return 'Choose a network, or type its name (32 bytes at most).'
        if password and not 8 <= len(password.encode()) <= 64:
            return 'A Wi-Fi password has 8 to 63 characters; an open network has none.'
        if not is_name(typed['name']):
            return "The board's name: letters, digits and hyphens, 32 at most."
        return ''

    async def attempt_it(self, typed):
        """Try the network; if the board joins it, save it, and close the access point later."""
        wifi = self.wifi
        try:
            if typed['name'] != network.hostname():
                networks.rename(wifi, typed['name'])
            why = await networks.join(wifi, self.ssid, typed['password'])
            if why:
                self.error = html.reason(self.ssid, why)
            else:
                wifi.farewell = link.ticks_add(link.ticks_ms(), link.FAREWELL)
                networks.save(wifi, self.ssid, typed['password'], typed['name'])
        except (OSError, ValueError, MemoryError) as error:
            self.error = 'It cannot be saved: %r' % error
        finally:
            self.trying = False
            if wifi.nic.isconnected():
                self.joined = wifi.nic.ipconfig('addr4')[0]
                self.typed = {}
