"""A board on a terminal is set up over its console, with the SDK that browsers use (npm)."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
import serial
from ptyboard import Board

import needs
from measure import server, wasm
from microdot_kit import application, payload, runtimes
from microdot_kit import device as devices
from microdot_kit.steps import BUILD, alone
from serving import free_port

HERE = runtimes.ROOT / 'tests' / 'firmware'
SDK = 'improv-wifi-serial-sdk', '2.8.1'
READY, PROVISIONED = 2, 4
NOT_JOINED, UNKNOWN_COMMAND = 3, 2
FOUND = [
    {'name': 'Café Zürich', 'rssi': -60, 'secured': False},
    {'name': 'far', 'rssi': -90, 'secured': False},
    {'name': 'home', 'rssi': -42, 'secured': True},
    {'name': '台所 🏠', 'rssi': -71, 'secured': True},
]
MPREMOTE = [sys.executable, '-m', 'mpremote', 'connect']


@pytest.fixture(scope='session')
def sdk():
    """The command that starts Node.js, and the folder of the SDK."""
    folder = BUILD / 'improv'
    try:
        with alone(folder / 'lock', 'installation of the SDK of Improv'):
            return wasm.install(folder, *SDK)
    except server.Missing as problem:
        return needs.missing(str(problem))


@pytest.fixture(scope='module')
def board(tmp_path_factory):
    """A board that has nothing but the application and what starts it; its port on the network."""
    number = free_port()
    program = f'PORT = {number}\n' + (HERE / 'improv_program.py').read_text()
    files = {name: data for name, data in payload.starter().items() if name != '/boot.py'}
    files.update({'/lib/' + name: data for name, data in payload.framework().items()})
    files['/wifi_standins.py'] = (HERE / 'wifi_standins.py').read_bytes()
    files['/main.py'] = program.encode()
    with Board(tmp_path_factory.mktemp('board'), blocks=512) as running:
        with devices.Device(running.port) as device:
            folders = sorted({name.rpartition('/')[0] for name in files} - {''})
            device.run(f'import os\nfor _n in {folders!r}: os.mkdir(_n)')
            for name, data in files.items():
                device.write(name, data)
        running.url = f'http://127.0.0.1:{number}'
        yield running


def restart(board, **settings):
    """Start the board again, with that network.json."""
    with devices.Device(board.port) as device:
        device.write('/network.json', json.dumps(settings).encode())
        device.start()


def mpremote(board, *words):
    done = subprocess.run(
        [*MPREMOTE, board.port, *words], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def talk(sdk, board, *steps):
    """What came of these calls of the SDK, a dictionary each."""
    node, module = sdk
    command = [node, str(HERE / 'improv_client.mjs'), str(module), board.port, json.dumps(steps)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert said['errors'] == [], said
    return said['results']


def get(url):
    """The body at that URL, as soon as somebody serves there."""
    end = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return answer.read().decode()
        except urllib.error.URLError:
            assert time.monotonic() < end, url
            time.sleep(0.1)


def left(board, count):
    """What is left of Improv on the board, as soon as that many timers are."""
    end = time.monotonic() + 60
    while True:
        found = json.loads(get(board.url + '/left'))
        if found['timers'] == count:
            return found
        assert time.monotonic() < end, found
        time.sleep(0.1)


def test_from_nothing_to_a_network(board, sdk):
    restart(board)
    first, scan, hidden, wrong, short, after, unknown = talk(
        sdk,
        board,
        ('initialize', 30000),
        ('scan',),
        ('provision', 'hidden', 'secret-of-home'),
        ('provision', 'home', 'mistyped-of-home'),
        ('provision', 'home', 'short'),
        ('requestCurrentState',),
        ('getHostname',),
    )
    info = {'firmware': 'microdot-kit', 'version': payload.version(), 'chipFamily': 'RP2040'}
    assert {key: first['info'][key] for key in info} == info, first
    assert first['state'] == READY
    assert scan['result'] == FOUND
    for failed in hidden, wrong, short:
        assert failed['error'] == 'UNABLE_TO_CONNECT' and failed['code'] == NOT_JOINED, failed
        assert failed['state'] == READY
    assert after['state'] == READY and 'error' not in after
    assert unknown['code'] == UNKNOWN_COMMAND
    # The same line in between: an end of the program, files, and a new start.
    assert mpremote(board, 'exec', 'print(6 * 7)') == '42\n'
    assert 'main.py' in mpremote(board, 'fs', 'ls', ':')
    restart(board)
    first, joined = talk(sdk, board, ('initialize', 30000), ('provision', 'home', 'secret-of-home'))
    assert first['state'] == READY, first
    assert joined['state'] == PROVISIONED and joined['code'] == 0, joined
    assert joined['nextUrl'] == board.url and get(joined['nextUrl']) == 'the application'
    saved = json.loads(mpremote(board, 'fs', 'cat', ':network.json'))
    assert saved == {'ssid': 'home', 'password': 'secret-of-home', 'networks': []}


@pytest.mark.parametrize('size', [6, 7, 8, 9, 11])
def test_a_frame_in_two_pieces(size, board):
    """Of which the second may have a byte 3, which is no Ctrl-C there."""
    restart(board)
    get(board.url)
    frame = b'IMPROV\x01\x03\x02\x02\x00'  # the current state is asked for
    frame += bytes([sum(frame) & 255])
    with serial.Serial(board.port, timeout=30) as port:
        port.write(frame[:size])
        port.flush()
        time.sleep(0.2)
        port.write(frame[size:])
        assert b'IMPROV\x01\x01\x01\x02' in port.read_until(b'IMPROV\x01\x01\x01\x02')


def test_the_name_of_an_image(board, sdk):
    """A board from an image that it may be set up with says what application that has."""
    with devices.Device(board.port) as device:
        device.write('/lib/setup_image.py', application.ABOUT.format('Lämp', '1.2').encode())
    restart(board, ssid='home', password='secret-of-home')
    try:
        (found,) = talk(sdk, board, ('initialize', 30000))
    finally:
        mpremote(board, 'fs', 'rm', ':lib/setup_image.py')
    info = {'firmware': 'Lämp', 'version': '1.2', 'chipFamily': 'RP2040'}
    assert {key: found['info'][key] for key in info} == info, found


def test_a_board_that_knows_its_network(board, sdk):
    restart(board, ssid='home', password='secret-of-home')
    talk(sdk, board, ('initialize', 30000))
    (found,) = talk(sdk, board, ('initialize', 30000))
    assert found['state'] == PROVISIONED and found['nextUrl'] == board.url
    assert found['info']['name'] == 'microdot-1a2b'
    assert left(board, 1)['listens']
    get(board.url + '/end')
    assert left(board, 0) == {'listens': False, 'timers': 0, 'modules': []}
    assert mpremote(board, 'exec', 'print(6 * 7)') == '42\n'


def test_switched_off(board):
    restart(board, improv=False)
    assert not left(board, 0)['listens']
