"""What `make deploy` refuses and how it says so, and what it makes of what applications print."""

import contextlib
import os
import pty
import socket
import subprocess
import tty

import pytest
import serial
from deploying import DEADLINE, deploy, deployed_here, files_on, refused, write
from ptyboard import Board
from serial.tools.list_ports_common import ListPortInfo

from microdot_kit import deploy_copy, deploy_watch, runtimes
from microdot_kit import device as devices
from microdot_kit.steps import Failure


@pytest.fixture
def app(tmp_path):
    return write(tmp_path / 'app')


def test_a_full_file_system(app, tmp_path):
    with Board(tmp_path / 'board', blocks=30) as board:
        status, output = deploy(board, app)
        assert refused(status, output, 'The file system of the board is full: ')
        assert ' KB are needed, ' in output and deploy_copy.UNCHANGED in output
        assert files_on(board) == set()


def test_a_file_system_that_fills_up_in_mid_copy(app, tmp_path, monkeypatch, capsys):
    about = devices.Device.about

    def boastful(self):
        return {**about(self), 'blocks': [4096, 10000, 10000]}

    monkeypatch.setattr(devices.Device, 'about', boastful)
    with Board(tmp_path / 'board', blocks=30) as board:
        status = deployed_here(board.port, app)
        assert refused(status, capsys.readouterr().err, 'The file system of the board is full')
        assert files_on(board) <= {deploy_copy.RECORD}


def test_a_busy_port(app, tmp_path):
    with Board(tmp_path / 'board') as board, serial.Serial(board.port, exclusive=True):
        status, output = deploy(board, app)
    assert refused(status, output, f'{board.port} is busy: another program has it open')


def test_a_port_that_is_none(app):
    for port in ('/dev/nosuchport', str(app / 'main.py')):
        assert refused(*deploy(port, app), f'PORT={port}: no such port')
    with socket.create_server(('127.0.0.1', 0)) as server:
        port = f'socket://127.0.0.1:{server.getsockname()[1]}'
    assert refused(*deploy(port, app), f'{port} takes no connection')


@pytest.mark.skipif(not os.path.exists('/dev/null'), reason='no /dev/null here')
def test_a_port_that_is_not_serial(app):
    assert refused(*deploy('/dev/null', app), 'PORT=/dev/null: not a serial port')


def test_a_board_that_does_not_answer(app, monkeypatch, capsys):
    monkeypatch.setattr(devices, 'PROMPT_SECONDS', 0.5)
    host, port = pty.openpty()
    tty.setraw(port)
    status = deployed_here(os.ttyname(port), app)
    os.close(host)
    os.close(port)
    assert refused(status, capsys.readouterr().err, 'does not answer: press its reset button')


@pytest.fixture
def plugged(monkeypatch):
    """Let serial ports be there: [(name, vendor, product)]."""

    def plug(*ports):
        found = []
        for name, vendor, product in ports:
            port = ListPortInfo(name)
            port.vid, port.pid, port.description = vendor, product, 'Board in FS mode'
            found.append(port)
        monkeypatch.setattr(devices.list_ports, 'comports', lambda: found)

    return plug


PROBE = ('/dev/ttyACM7', 0x2E8A, 0x000C)
SOLDERED = ('/dev/ttyS0', None, None)


def test_no_board(plugged):
    plugged(PROBE, SOLDERED)
    with pytest.raises(Failure, match='^No board found. Plug one in'):
        devices.find_port()


def test_the_only_board(plugged):
    plugged(PROBE, SOLDERED, ('/dev/ttyACM3', 0x2E8A, 0x0005))
    assert devices.find_port() == '/dev/ttyACM3'


def test_two_boards(plugged):
    plugged(('/dev/ttyUSB1', 0x303A, 1), ('/dev/ttyACM0', 0x2E8A, 0x0005))
    with pytest.raises(Failure, match='ttyACM0 .*, /dev/ttyUSB1 .* with PORT=/dev/ttyACM0$'):
        devices.find_port()


def test_another_mpy_version(app, tmp_path):
    with Board(tmp_path / 'board', mpy=5) as board:
        for options in ((), ('--romfs',)):
            status, output = deploy(board, app, *options)
            assert refused(status, output, 'does not load .mpy version 6: flash MicroPython 1.19')
        assert files_on(board) == set()


def test_another_chip(app, tmp_path):
    with Board(tmp_path / 'board', machine='Some module with ESP32') as board:
        status, output = deploy(board, app, '--board', 'rpi_pico')
        assert refused(status, output, 'Some module with ESP32, BOARD=rpi_pico has the chip RP2040')
        assert files_on(board) == set()


def test_mistakes_that_need_no_board(app, tmp_path):
    nowhere = '/dev/nosuchport'
    assert refused(*deploy(nowhere, tmp_path / 'x'), 'no main.py in there, and not a file')
    assert refused(*deploy(nowhere, app, '--board', 'x'), 'BOARD=x: no such board')


def test_a_network_of_the_application_and_another_one(app, monkeypatch, capsys):
    (app / 'network.json').write_text('{"ssid": "home"}')
    monkeypatch.setenv('WIFI_SSID', 'workshop')
    status = deployed_here('/dev/nosuchport', app)
    assert refused(
        status, capsys.readouterr().err, 'WIFI_SSID=workshop, and APP has a network.json'
    )


def test_make_passes_the_serial_port_on(app):
    for port, message in (('PORT=/dev/nosuchport', 'PORT=/dev/nosuchport: no such port'),):
        ended = subprocess.run(
            ['make', 'deploy', f'APP={app}', port],
            cwd=runtimes.ROOT,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
        assert ended.returncode != 0
        assert message in ended.stderr


@contextlib.contextmanager
def listening():
    with socket.create_server(('127.0.0.1', 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    ('lines', 'url'),
    [
        (['Serving on http://10.0.0.9:8080/ now.'], 'http://10.0.0.9:8080/'),
        (['Network: 10.0.2.15', 'Starting async server on 0.0.0.0:80...'], 'http://10.0.2.15'),
        (['Starting async server on 10.1.1.1:5000...'], 'http://10.1.1.1:5000'),
        (['Starting async server on 0.0.0.0:5000...'], ''),
        (['hello'], ''),
        (['Listening at http://desk.local.'], 'http://desk.local'),
        (['GET http://api.example.com/?q=1'], ''),
        (['GET https://10.0.0.9.example.com/'], ''),
    ],
)
def test_what_an_application_prints(lines, url):
    output = deploy_watch.Output([])
    told = [output.take(line) for line in lines]
    assert output.find_url() == url
    assert told[-1] == bool(url)


def test_an_address_that_the_board_knows(monkeypatch):
    with listening() as port:
        monkeypatch.setattr(deploy_watch, 'PORTS', (port,))
        assert deploy_watch.Output(['127.0.0.1']).find_url() == f'http://127.0.0.1:{port}'
    assert deploy_watch.Output(['127.0.0.1']).find_url() == ''
