"""The set-up page of boards with Wi-Fi in front of an application: who gets what, in which state.

The radio and what starts a board are stand-ins here; tests/firmware has the rest.
"""
# heap: 256K

import gc
import sys

from board_modules import board_module
from microdot import Microdot
from wire import get, post, serve

ADDRESS, MASK, ELSEWHERE = '127.0.0.1', '255.255.255.0', '127.0.9.1'
PAGE = '/wifi-setup'
APPLE = '<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>'
CANONICAL = (
    '<meta http-equiv="refresh" content="0;url=https://support.mozilla.org/kb/captive-portal"/>'
)
# System, host, path, status and body once the board has joined a network.
PROBES = (
    ('Android', 'connectivitycheck.gstatic.com', '/generate_204', 204, ''),
    ('Android', 'www.google.com', '/gen_204', 204, ''),
    ('ChromeOS', 'clients3.google.com', '/generate_204', 204, ''),
    ('iOS, macOS', 'captive.apple.com', '/hotspot-detect.html', 200, APPLE),
    ('iOS', 'www.apple.com', '/library/test/success.html', 200, APPLE),
    ('Windows', 'www.msftconnecttest.com', '/connecttest.txt', 200, 'Microsoft Connect Test'),
    ('Windows', 'www.msftncsi.com', '/ncsi.txt', 200, 'Microsoft NCSI'),
    ('Windows', 'www.msftconnecttest.com', '/redirect', 302, ''),
    ('Firefox', 'detectportal.firefox.com', '/canonical.html', 200, CANONICAL),
    ('Firefox', 'detectportal.firefox.com', '/success.txt', 200, 'success\n'),
    ('GNOME', 'nmcheck.gnome.org', '/check_network_status.txt', 200, 'NetworkManager is online\n'),
    ('a person', 'example.com', '/', 302, ''),
    ('a person', 'example.com', '/index.html', 302, ''),
)


class Stub:
    """Stands in for `link`, `network` and `startup`."""

    FAILURES = (OSError,)
    FOLDERS = ('.',)
    FORGETS = True

    @staticmethod
    def hostname():
        return 'desk'

    @staticmethod
    def name():
        return 'desk.local'


class Station:
    joined = False

    def scan(self):
        return [(b'home', b'123456', 6, -60, 4, 1)]

    def isconnected(self):
        return self.joined

    def ipconfig(self, name):
        return '192.168.1.23' if self.joined else '0.0.0.0', MASK


class Wifi:
    cyw43 = held = False

    def __init__(self):
        self.nic = Station()


loaded = []


def page_module():
    """The module `wifi_setup.page`, of the sources of the boards; compiled once."""
    if not loaded:
        loaded.append(load())
        gc.collect()
    return loaded[0]


def load():
    names = ('link', 'network', 'startup')
    known = {name: sys.modules.get(name) for name in names}
    for name in names:
        sys.modules[name] = Stub
    try:
        return board_module('wifi_setup.page', '/wifi')
    finally:
        for name in names:
            del sys.modules[name]
            if known[name]:
                sys.modules[name] = known[name]


def make_app():
    app = Microdot()
    app.allowed_hosts = ['app.example']
    app.get('/')(lambda request: 'the application')
    app.get('/generate_204')(lambda request: 'its own')
    return app


class Front:
    """An application that is served with the page in front of it."""

    def __init__(self, address=ADDRESS):
        self.module = page_module()
        self.wifi = Wifi()
        self.page = self.module.Page(self.wifi)
        self.address = address
        self.server = serve(make_app())

    async def __aenter__(self):
        self.page.put_in_front(self.address, MASK)
        await self.server.__aenter__()
        return self

    async def __aexit__(self, *exc):
        self.page.close()
        await self.server.__aexit__(*exc)

    def join(self):
        self.wifi.nic.joined = True
        self.page.ssid, self.page.joined = 'home', '192.168.1.23'

    async def get(self, host, path, method='GET'):
        data = get(path, method=method).replace(b'Host: h', b'Host: ' + host.encode())
        return await self.server.request(data, head=method == 'HEAD')


async def is_page(front, host, path, method='GET'):
    reply = await front.get(host, path, method)
    assert reply.status == 302 and reply.body == b'', (host, path, reply.status)
    assert reply.header('Location') == front.page.url == 'http://%s%s' % (ADDRESS, PAGE)
    assert reply.header('Cache-Control') == 'no-store'


async def test_probes_lead_to_the_page_before():
    async with Front() as front:
        for _, host, path, _, _ in PROBES:
            await is_page(front, host, path)
            await is_page(front, host.upper() + ':80', path)


async def test_probes_get_what_they_want_afterwards():
    async with Front() as front:
        front.join()
        for system, host, path, status, body in PROBES:
            if status == 302:
                await is_page(front, host, path)
                continue
            reply = await front.get(host, path)
            assert (reply.status, reply.body.decode()) == (status, body), system
            assert reply.header('Cache-Control') == 'no-store'
            assert (await front.get(host, path, 'HEAD')).status == status
        assert b'192.168.1.23' in (await front.get(ADDRESS, PAGE)).body


async def test_all_methods_lead_to_the_page():
    async with Front() as front:
        for method in ('GET', 'HEAD', 'PUT', 'PROPFIND'):
            await is_page(front, 'example.com', '/somewhere', method)
        form = post('/login', b'a=1').replace(b'Host: h', b'Host: example.com')
        assert (await front.server.request(form)).status == 302


async def test_the_application_keeps_its_own_hosts():
    async with Front() as front:
        for host in (ADDRESS, ADDRESS + ':80'):
            assert (await front.get(host, '/')).body == b'the application'
            assert (await front.get(host, '/generate_204')).body == b'its own'
            assert (await front.get(host, '/nothing')).status == 404
        for host in ('desk', 'DESK.local', 'desk.local:80'):
            assert (await front.get(host, '/')).status == 421  # as its allowed_hosts say
            assert (await front.get(host, PAGE)).status == 200
        old = b'GET / HTTP/1.0\r\n\r\n'
        assert (await front.server.request(old)).body == b'the application'
        assert (await front.server.exchange(b'nonsense\r\n\r\n')).startswith(b'HTTP/1.1 400 ')


async def test_clients_from_elsewhere_get_nothing_of_it():
    async with Front(ELSEWHERE) as front:
        assert (await front.get(ADDRESS, PAGE)).status == 404
        assert (await front.get('example.com', '/')).status == 421
        assert (await front.get(ADDRESS, '/')).body == b'the application'


async def test_a_network_with_the_same_addresses_counts_as_elsewhere():
    async with Front() as front:
        front.wifi.nic.joined = True
        front.wifi.nic.ipconfig = lambda name: ('127.0.0.5', MASK)
        assert (await front.get(ADDRESS, PAGE)).status == 404


async def test_nothing_of_it_is_left_when_it_has_closed():
    dispatch, start = Microdot.dispatch_request, Microdot.start_server
    page = page_module()
    sys.modules['wifi_setup.page'] = page  # as it was before another test has closed it
    async with Front() as front:
        assert Microdot.dispatch_request is not dispatch
        front.page.close()
        assert Microdot.dispatch_request is dispatch and Microdot.start_server is start
        assert 'start_server' not in Microdot.__dict__  # as before
        assert not [name for name in sys.modules if name.startswith('wifi_setup')]
        assert (await front.get(ADDRESS, PAGE)).status == 404
        assert (await front.get('example.com', '/')).status == 421


async def test_forms_that_cannot_be_meant():
    async with Front() as front:
        token = front.page.token
        for form, words in (
            ('', 'an old one'),
            ('token=00&ssid=home&password=12345678', 'an old one'),
            ('token=%s&ssid=&other=' % token, 'Choose a network'),
            ('token=%s&ssid=%s' % (token, '%C3%B6' * 17), 'Choose a network'),
            ('token=%s&ssid=home&password=1234567' % token, '8 to 63 characters'),
            ('token=%s&ssid=home&password=%s' % (token, 65 * 'x'), '8 to 63 characters'),
            ('token=%s&ssid=home&name=a+b' % token, 'letters, digits'),
            ('token=%s&ssid=home&name=-' % token, 'letters, digits'),
            ('token=%s&ssid=home&name=%s' % (token, 33 * 'x'), 'letters, digits'),
        ):
            gc.collect()  # a page at a time is as much as the smallest heap takes of them
            data = post(PAGE, form.encode(), 'Content-Type: application/x-www-form-urlencoded')
            reply = await front.server.request(data.replace(b'Host: h', b'Host: 127.0.0.1'))
            assert reply.status == 400 and words in reply.body.decode(), (form, reply.body)
        assert front.page.attempt is None


async def test_what_is_shown_is_escaped():
    async with Front() as front:
        front.page.found = [('<b>"Küche" & 台所</b>', -50, True)]
        form = ('token=0&ssid=&other=%22%3E%3Cscript%3E&name=%3Ci%3E&password=%3C%22').encode()
        data = post(PAGE, form, 'Content-Type: application/x-www-form-urlencoded')
        reply = await front.server.request(data.replace(b'Host: h', b'Host: 127.0.0.1'))
        text = reply.body.decode()
        shown = '&lt;b&gt;&quot;Küche&quot; &amp; 台所&lt;/b&gt;'
        assert 'value="%s"' % shown in text and '<span>%s ' % shown in text, text
        for typed in ('&quot;&gt;&lt;script&gt;', '&lt;i&gt;', '&lt;&quot;'):
            assert 'value="%s"' % typed in text, typed
        assert '<b>' not in text.replace('<b>Connecting', '') and text.count('<script') == 0
