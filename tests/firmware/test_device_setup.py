"""A Pico W that knows no network is set up by its page, with the real driver and lwIP.

The visitor is a station in the access point's network: what it asks goes by the emulated radio.
"""

import http.client
import json
import re
import time
import urllib.parse

import board as boards
import pico_w
import pytest
from test_device_wifi import HOME, MAIN, Board

POINT = '192.168.4.1'
PAGE = '/wifi-setup'
HEAP = b"""
import gc

@app.get('/heap')
async def heap(request):
    gc.collect()
    return str(gc.mem_alloc())

@app.get('/saved')
async def saved(request):
    return open('network.json').read()
"""
# The page ends soon after the network is joined, and its DNS server when told to.
PARTS = b"""
import link
import sys

link.FAREWELL = 5000

@app.get('/end-dns')
async def end_dns(request):
    import wifi_setup.page
    link.wifi.page.tasks.pop(0).cancel()
    await asyncio.sleep(0)
    del wifi_setup.page.dns, wifi_setup.dns, sys.modules['wifi_setup.dns']
    return ''
"""
PASSWORD = re.compile(r'Wi-Fi: password of the access point: (\S+)')


class SetUp(Board):
    main = MAIN.replace(b'async def main', HEAP + b'\nasync def main')

    def ask(self, path, host=POINT, form=None, url=None):
        """(status, headers, body) of the visitor's request, or of one from another network."""
        address = urllib.parse.urlsplit(url or self.emulator.visitor_urls[0]).netloc
        end = time.monotonic() + boards.ANSWER
        while True:
            client = http.client.HTTPConnection(address, timeout=30)
            try:
                headers = {'Host': host, 'Content-Type': 'application/x-www-form-urlencoded'}
                body = urllib.parse.urlencode(form) if form else None
                client.request('POST' if form else 'GET', path, body, headers)
                answer = client.getresponse()
                return answer.status, answer.headers, answer.read().decode()
            except (OSError, http.client.HTTPException):
                assert time.monotonic() < end, self.printed
                time.sleep(0.1)
            finally:
                client.close()

    def heap(self, **options):
        """The bytes in use, the fewest of some readings: what has ended goes by and by."""
        readings = []
        for _ in range(8):
            readings.append(int(self.ask('/heap', **options)[2]))
            time.sleep(1)
        return min(readings)

    def shown(self, path, words):
        """The page, once it has these words."""
        end = time.monotonic() + boards.ANSWER
        while True:
            text = self.ask(path)[2]
            if words in text:
                return text
            assert time.monotonic() < end, text + self.printed
            time.sleep(0.5)

    def send(self, **fields):
        text = self.ask(PAGE)[2]
        fields['token'] = re.search(r'name="token" value="(\w+)"', text).group(1)
        status, headers, text = self.ask(PAGE, form=fields)
        assert status == 303, text
        return headers['Location']


def test_from_nothing_to_a_network(tmp_path):
    with SetUp(tmp_path, {'setup': True}, HOME) as board:
        board.wait_for(f'Wi-Fi: set-up page: http://{POINT}{PAGE}', 'start until the page is there')
        password = PASSWORD.search(board.printed).group(1)
        board.emulator.happen('visit', 'not the password')
        board.emulator.happen('visit', password)
        status, headers, _ = board.ask('/generate_204', 'connectivitycheck.gstatic.com')
        assert (status, headers['Location']) == (302, f'http://{POINT}{PAGE}')
        assert [event['welcome'] for event in board.events('visit')] == [False, True]
        text = board.ask(PAGE)[2]
        assert 'value="home"' in text and 'microdot-0001' in text
        path = board.send(ssid='home', password='mistyped-of-home', name='desk')
        text = board.shown(path, 'refused the password')
        assert 'value="mistyped-of-home"' in text and 'value="desk"' in text
        path = board.send(ssid='home', password=HOME['password'], name='desk')
        board.began = board.nanos
        board.wait_for('Network: 10.0.2.15 (desk.local)', 'a network is typed until joined')
        board.shown(path, 'has joined home')
        assert board.ask('/generate_204', 'connectivitycheck.gstatic.com')[0] == 204
        assert board.ask(PAGE, url=board.emulator.url)[0] == 404  # from the other side
        board.wait_for('Wi-Fi: access point: closed', '... until the access point closes')
        saved = json.loads(board.ask('/saved', url=board.emulator.url)[2])
        wanted = {'setup': True, 'hostname': 'desk', 'networks': [], **HOME}
        assert saved == wanted


class Measured(SetUp):
    main = MAIN.replace(b'async def main', HEAP + PARTS + b'\nasync def main')


@pytest.mark.parametrize('frozen', [True, False], ids=['frozen', 'files'])
def test_heap_of_the_page(tmp_path, frozen):
    """What the page and its DNS server take while they run, and what of it stays."""
    known = {'improv': False, **HOME}
    with Measured(tmp_path, known, HOME, frozen=frozen) as board:
        without = board.heap(url=board.emulator.url)
    (tmp_path / 'flash.bin').unlink()
    with Measured(tmp_path, {'improv': False, 'setup': True}, HOME, frozen=frozen) as board:
        board.wait_for(f'Wi-Fi: set-up page: http://{POINT}{PAGE}', 'start until the page is there')
        board.emulator.happen('visit', PASSWORD.search(board.printed).group(1))
        board.ask(PAGE)
        during = board.heap()
        board.ask('/end-dns')
        less = board.heap()
        board.send(ssid='home', password=HOME['password'], name='desk')
        board.wait_for('Wi-Fi: access point: closed', 'start until it is set up, 5 s to say so')
        after = board.heap(url=board.emulator.url)
    form = 'frozen' if frozen else 'files'
    pico_w.check_heap(f'set-up page and DNS server, {form}', during - without, after - without)
    pico_w.check_heap(f'DNS server alone, {form}', during - less)
