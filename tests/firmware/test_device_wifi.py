"""`link` and `startup` on the real driver of a Pico W: each line of the table in docs/wifi.md.

The modules are those of this tree, whatever the image has frozen in. What the driver and the
stand-ins of test_wifi.py do alike shows here.
"""

import json
import time
import urllib.error
import urllib.request

import board as boards
import pico_w
import pytest

from emulator import files, run
from emulator.machine import Emulator
from microdot_kit import payload

HOME = {'ssid': 'home', 'password': 'secret-of-home'}
KNOWN = {'ssid': 'home', 'password': 'secret-of-home'}
AP = 'secret-of-ap'
UP = 'Network: 10.0.2.15 (microdot-0001.local)'
FIRST = b"import sys\nsys.path.insert(0, '/lib')\n"  # before what is frozen
# Serves, and says how long the event loop has stood still since it was asked last.
MAIN = b"""
import asyncio
from time import ticks_diff, ticks_ms
from microdot import Microdot

app = Microdot()
longest = 0

async def watch():
    global longest
    while True:
        before = ticks_ms()
        await asyncio.sleep_ms(20)
        longest = max(longest, ticks_diff(ticks_ms(), before) - 20)

@app.get('/')
async def index(request):
    global longest
    longest, said = 0, longest
    return str(said)

async def main():
    asyncio.create_task(watch())
    await app.start_server(port=80)

asyncio.run(main())
"""


class Board:
    """A Pico W that has started with this network.json, in the air of these networks.

    `frozen`: with the modules that the image has frozen in, not those of this tree.
    """

    main = MAIN

    def __init__(self, folder, settings, *networks, frozen=False):
        image, flash = pico_w.image(), folder / 'flash.bin'
        modules = {name.lstrip('/'): data for name, data in payload.starter('armv6m').items()}
        written = {**modules, 'main.py': self.main}
        if frozen and not run.has_framework(image):
            pytest.skip('this image has nothing of ours frozen in')
        elif frozen:
            written = {'main.py': self.main}
        elif run.has_framework(image):
            written['boot.py'] = FIRST
        else:
            framework = payload.framework('armv6m')
            written.update({'lib/' + name: data for name, data in framework.items()})
        written['network.json'] = json.dumps(settings).encode()
        files.write(flash, pico_w.BOARD, written)
        air = {'networks': list(networks)}
        self.emulator = Emulator(image, flash=flash, air=air, visitors=[0], far=[0])

    def __enter__(self):
        self.emulator.start()
        self.began = 0
        return self

    def __exit__(self, *exc):
        self.emulator.close()

    @property
    def printed(self):
        return ''.join(self.emulator.printed).replace('\r', '')

    @property
    def nanos(self):
        return self.emulator.stats()['nanos']

    def wait_for(self, line, what, count=1):
        """Wait until the board has printed a line, and note after how many seconds of its time."""
        end = time.monotonic() + boards.ANSWER
        while f'{self.printed}\n'.count(line + '\n') < count:
            assert time.monotonic() < end and self.emulator.running, self.printed
            time.sleep(0.05)
        seconds = round((self.nanos - self.began) / 1e9, 1)
        boards.figures.append((f'Wi-Fi: {what}', seconds, 'seconds'))

    def happen(self, what, value=''):
        self.began = self.nanos
        self.emulator.happen(what, value)

    def page(self, url):
        """The number in the page at that URL, as soon as there is one."""
        end = time.monotonic() + boards.ANSWER
        while True:
            try:
                return int(urllib.request.urlopen(url, timeout=5).read())
            except (OSError, urllib.error.URLError):
                assert time.monotonic() < end, self.printed
                time.sleep(0.1)

    def events(self, name):
        return [details for _, details in self.emulator.happened if details['event'] == name]


def test_joined_lost_and_found(tmp_path):
    with Board(tmp_path, KNOWN, HOME) as board:
        board.wait_for(UP, 'start until joined')
        board.page(board.emulator.url)
        board.happen('out', 'home')
        board.wait_for('Network: not joined', 'a network vanishes until that is noticed')
        board.wait_for('Wi-Fi: home: not found', '... until it is not found')
        board.happen('back', 'home')
        board.wait_for(UP, 'a network is back until joined', 2)
        board.page(board.emulator.url)
        board.happen('bye', 'home')
        board.wait_for('Network: not joined', 'an access point says good-bye until noticed', 2)


@pytest.mark.parametrize(
    ('settings', 'network', 'line'),
    [
        ({'ssid': 'work', 'password': 'whatever'}, HOME, 'Wi-Fi: work: not found'),
        ({**KNOWN, 'password': 'mistyped'}, HOME, 'Wi-Fi: home: refused: is the password right?'),
        (
            {**KNOWN, 'password': 'mistyped'},
            {**HOME, 'silent': True},
            'Wi-Fi: home: refused: is the password right?',
        ),
        (KNOWN, {**HOME, 'mute': True}, 'Wi-Fi: home: no connection (status 2)'),
    ],
    ids=['not found', 'refused', 'refused silently', 'no address'],
)
def test_a_network_that_cannot_be_joined(tmp_path, request, settings, network, line):
    with Board(tmp_path, settings, network) as board:
        board.wait_for(line, f'start until {request.node.callspec.id}')
        assert 'Network: 1' not in board.printed


def test_a_network_with_wpa3_alone(tmp_path):
    with Board(tmp_path, KNOWN, {**HOME, 'wpa3': True}) as board:
        board.wait_for(UP, 'start until joined by WPA3')


def test_the_second_network_is_joined(tmp_path):
    settings = {**KNOWN, 'networks': [{'ssid': 'shed', 'password': 'secret-of-shed'}]}
    with Board(tmp_path, settings, {'ssid': 'shed', 'password': 'secret-of-shed'}) as board:
        board.wait_for(UP, 'start until the second network is joined')


def test_the_access_point(tmp_path):
    """It opens without a network, takes those who know its password, and closes with a network."""
    with Board(tmp_path, {**KNOWN, 'ap': {'password': AP}}, HOME) as board:
        emulator = board.emulator
        emulator.happen('out', 'home')
        line = 'Wi-Fi: access point: microdot-0001, 192.168.4.1'
        board.wait_for(line, 'start until the access point is open')
        emulator.happen('visit', 'not ' + AP)
        emulator.happen('visit', AP)
        opening = board.page(emulator.visitor_urls[0])
        boards.figures.append(('Wi-Fi: longest pause until it is open', opening, 'ms'))
        assert [event['welcome'] for event in board.events('visit')] == [False, True]
        emulator.happen('depart')
        board.happen('back', 'home')
        board.wait_for('Wi-Fi: access point: closed', 'a network is back until the point closes')
        closing = board.page(emulator.url)
        boards.figures.append(('Wi-Fi: longest pause as it closes', closing, 'ms'))
        # Also clients behind a router get answers: the default route is the station's.
        board.page(emulator.far_urls[0])
        assert [event['up'] for event in board.events('point')] == [True, False]


def test_the_access_point_alone(tmp_path):
    with Board(tmp_path, {'ap': {'ssid': 'desk', 'open': True}}) as board:
        if run.has_framework(pico_w.image()):  # otherwise boot.py says it, before there is USB
            line = 'Wi-Fi: access point: desk, 192.168.4.1'
            board.wait_for(line, 'start until it is open, alone')
        end = time.monotonic() + boards.ANSWER
        while not board.events('point') and time.monotonic() < end:
            time.sleep(0.05)
        board.emulator.happen('visit')
        board.page(board.emulator.visitor_urls[0])
