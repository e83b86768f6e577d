"""`make deploy` with a Wi-Fi network, to a stand-in for a board with MicroPython alone."""

import json
import os
import subprocess

import pytest
from ptyboard import Board

from microdot_kit import device as devices
from microdot_kit import runtimes

NETWORK = b"""
STA_IF, AP_IF = 0, 1
STAT_IDLE, STAT_CONNECTING, STAT_GOT_IP, STAT_NO_AP_FOUND, STAT_WRONG_PASSWORD = 0, 1, 3, -2, -3

def hostname(name=None): return 'desk'
country = hostname

class WLAN:
    joined = False
    def __init__(self, number): self.on = False
    def active(self, on=None):
        self.on = on if on is not None else self.on
        return self.on
    def config(self, *names, **values): return b'123456'
    def connect(self, ssid, key): self.joined = (ssid, key) == ('home', 'secret-of-home')
    def disconnect(self): self.joined = False
    def isconnected(self): return self.joined
    def status(self): return 3 if self.joined else 0
    def ipconfig(self, name): return '127.0.0.1', '255.0.0.0'
"""
MACHINE = b"""
held = []

class WDT:
    def __init__(self, timeout): held.append(timeout)
    def feed(self): pass

def Timer(number, period, callback): held.append(period)
"""
MAIN = "print('serving on http://127.0.0.1:8123')\n"


def deploy(board, app, **environment):
    ended = subprocess.run(
        runtimes.kit_command('deploy', app, '--port', board.port),
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        start_new_session=True,
    )
    assert 'secret' not in ended.stdout + ended.stderr
    return ended.returncode, ended.stdout + ended.stderr


@pytest.fixture
def app(tmp_path):
    (tmp_path / 'app').mkdir()
    (tmp_path / 'app' / 'main.py').write_text(MAIN)
    return tmp_path / 'app'


def test_credentials_reach_the_board(tmp_path, app):
    wifi = {'WIFI_SSID': 'home', 'WIFI_PASSWORD': 'secret-of-home'}
    with Board(tmp_path / 'board') as board:
        with devices.Device(board.port) as device:
            device.write('/network.py', NETWORK)
            device.write('/network.json', b'{"hostname": "desk"}')
        status, output = deploy(board, app, **wifi)
        assert status == 0 and 'network.json says how to join home' in output, output
        assert 'Network: 127.0.0.1' in output and 'Serving: http://127.0.0.1:8123' in output
        # A later one needs no credentials, and leaves what starts the network.
        status, output = deploy(board, app)
        assert status == 0 and 'Network: 127.0.0.1 (desk.local)' in output, output
        assert 'such names: http://desk.local:8123\n' in output
        assert 'The board has it all already' in output
        with devices.Device(board.port) as device:
            kept = device.run("print(open('/network.json').read())")
    said = {'ssid': 'home', 'password': 'secret-of-home'}
    assert json.loads(kept) == {'hostname': 'desk', **said}


def test_settings_of_the_application_outlive_it(tmp_path, app):
    (app / 'network.json').write_text('{"ssid": "home", "password": "secret-of-home"}')
    with Board(tmp_path / 'board') as board:
        with devices.Device(board.port) as device:
            device.write('/network.py', NETWORK)
        for _ in range(2):
            status, output = deploy(board, app)
            assert status == 0 and 'Network: 127.0.0.1' in output, output
            (app / 'network.json').unlink(missing_ok=True)


def test_a_watchdog_is_held(tmp_path, app):
    wifi = {'WIFI_SSID': 'home', 'WIFI_PASSWORD': 'secret-of-home'}
    with Board(tmp_path / 'board') as board:
        with devices.Device(board.port) as device:
            device.write('/network.py', NETWORK)
            device.write('/machine.py', MACHINE)
            device.write('/network.json', b'{"watchdog": 8, "improv": false}')
        status, output = deploy(board, app, **wifi)
        assert status == 0, output
        with devices.Device(board.port) as device:
            assert device.run('import machine; print(machine.held)').strip() == '[8000, 1000]'


@pytest.mark.parametrize(
    ('environment', 'problem'),
    [
        ({'WIFI_PASSWORD': 'secret-of-home'}, 'The board has no Wi-Fi'),
        ({'WIFI_PASSWORD': 'secret7'}, '8 to 63 characters'),
        ({}, 'set WIFI_PASSWORD'),
    ],
)
def test_refused(tmp_path, app, environment, problem):
    with Board(tmp_path / 'board') as board:
        status, output = deploy(board, app, WIFI_SSID='home', **environment)
        assert status == 1 and problem in output.splitlines()[-1], output
        assert 'Copied' not in output
