"""What `make run BOARD=` does before the board starts: its flash, its port, one at a time."""

import fcntl
import json
import socket
import struct
from pathlib import Path

import pytest

from emulator import air as airs
from emulator import files, run
from microdot_kit import repl, running, steps
from microdot_kit.run import qr_code
from microdot_kit.steps import Failure

BOARD = 'rpi_pico'


def names(flash, board=BOARD):
    """The names of all files on the board's file system."""
    _, offset, length = files.area(board)
    system = files.mounted(bytearray(flash.read_bytes()[offset : offset + length]))
    return {
        f'{folder}/{name}'.lstrip('/') for folder, _, found in system.walk('/') for name in found
    }


def read(flash, name, board=BOARD):
    _, offset, length = files.area(board)
    system = files.mounted(bytearray(flash.read_bytes()[offset : offset + length]))
    with system.open(name, 'rb') as file:
        return file.read()


def test_one_application_takes_the_place_of_another(tmp_path):
    flash = tmp_path / 'flash.bin'
    files.write(flash, BOARD, {'data/own.txt': b'kept'})
    files.write(flash, BOARD, {'main.py': b'1', 'data/a.txt': b'1', 'more/b': b'1'}, '.run')
    assert names(flash) == {'.run', 'main.py', 'data/own.txt', 'data/a.txt', 'more/b'}
    files.write(flash, BOARD, {'main.py': b'2'}, '.run')
    assert names(flash) == {'.run', 'main.py', 'data/own.txt'}
    assert read(flash, 'main.py') == b'2'
    files.write(flash, BOARD, {}, '.run')
    assert names(flash) == {'.run', 'data/own.txt'}


def test_files_that_do_not_fit_leave_the_flash_as_it_was(tmp_path):
    flash = tmp_path / 'flash.bin'
    files.write(flash, BOARD, {'main.py': b'1'}, '.run')
    before = flash.read_bytes()
    with pytest.raises(Failure, match='big.bin does not go onto the file system of the board'):
        files.write(flash, BOARD, {'a': b'2', 'big.bin': bytes(2 << 20)}, '.run')
    assert flash.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ['flash.bin']


HELLO = str(Path(__file__).resolve().parents[2] / 'examples' / 'hello' / 'hello.py')


def uf2(path, content, family=0xE48BFF56):
    """A UF2 image with these bytes at the start of the flash, in blocks of 256."""
    blocks = [content[at : at + 256].ljust(256, b'\0') for at in range(0, len(content), 256)]
    heads = [
        struct.pack(
            '<8I', 0x0A324655, 0x9E5D5157, 0x2000, 0x10000000 + 256 * i, 256, i, len(blocks), family
        )
        for i in range(len(blocks))
    ]
    tail = bytes(220) + struct.pack('<I', 0x0AB16F30)
    path.write_bytes(b''.join(head + block + tail for head, block in zip(heads, blocks)))
    return path


@pytest.fixture
def own(tmp_path):
    """An image with the framework in it, the name of which is in two blocks."""
    return uf2(tmp_path / 'own.uf2', bytes(250) + run.FROZEN)


def test_without_an_application_the_one_of_the_firmware_runs(tmp_path, own):
    flash = tmp_path / 'flash.bin'
    run.prepare(flash, run.options([BOARD, '--otherwise', 'nosuch']), own, None)
    assert not flash.exists()
    run.prepare(flash, run.options([BOARD, '--app', HELLO]), own, None)
    assert 'main.py' in names(flash)
    run.prepare(flash, run.options([BOARD]), own, None)
    assert names(flash) == {'.run'}


def test_an_image_without_the_framework_gets_it_and_an_application(tmp_path):
    flash, image = tmp_path / 'flash.bin', uf2(tmp_path / 'stock.uf2', bytes(600))
    run.prepare(flash, run.options(['rpi_pico_w', '--otherwise', HELLO]), image, airs.DEFAULT)
    added = {'boot.py', 'lib/startup.mpy', 'lib/link.mpy', 'lib/microdot/__init__.mpy'}
    added |= {'main.py', 'network.json', '.run'}
    assert added <= names(flash, 'rpi_pico_w')
    assert json.loads(read(flash, 'network.json', 'rpi_pico_w')) == airs.DEFAULT['networks'][0]


def test_how_to_join_is_told_unless_somebody_has_done_so(tmp_path, own):
    flash, board = tmp_path / 'flash.bin', 'rpi_pico_w'
    chosen = run.options([board])
    work = {'networks': [{'ssid': 'work', 'channel': 3}, {'ssid': 'home'}]}
    for air in (airs.DEFAULT, work, {'networks': []}):
        run.prepare(flash, chosen, own, air)
        found = read(flash, 'network.json', board) if air['networks'] else None
        assert not found or json.loads(found)['ssid'] == air['networks'][0]['ssid']
    assert names(flash, board) == {'.run'}
    files.write(flash, board, {'network.json': b'{}'})
    run.prepare(flash, chosen, own, work)
    assert read(flash, 'network.json', board) == b'{}'


@pytest.fixture
def build(tmp_path, monkeypatch):
    """A build folder with a firmware, of which nothing is booted."""
    monkeypatch.setattr(steps, 'BUILD', tmp_path)
    monkeypatch.setattr(run, 'firmware', lambda *chosen: tmp_path / 'firmware.uf2')
    return tmp_path


@pytest.mark.parametrize('port', ['http', '0', '70000'])
def test_a_port_that_is_none(build, capsys, port):
    with pytest.raises(SystemExit) as ended:
        run.main([BOARD, '--port', port])
    assert ended.value.code == 2
    assert capsys.readouterr().err == f'PORT={port}: a number from 1 to 65535 is needed\n'


def test_where_it_serves(monkeypatch):
    """HOST=0.0.0.0: the address that a phone can open, and its code."""
    line = 'Serving on the emulated board: http://{} (Ctrl-C stops)'
    assert run.serving(run.options([BOARD])) == line.format('localhost:5000')
    monkeypatch.setattr('microdot_kit.run.network_address', lambda: '192.0.2.7')
    said = run.serving(run.options([BOARD, '--host', '0.0.0.0', '--port', '80']))
    assert said == line.format('192.0.2.7:80') + '\n' + qr_code('http://192.0.2.7:80')


def test_a_port_in_use_is_told_before_the_flash_changes(build, capsys):
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = str(taken.getsockname()[1])
        with pytest.raises(SystemExit):
            run.main([BOARD, '--port', port, '--app', 'nosuch'])
    assert capsys.readouterr().err.startswith(f'Port {port}: address already in use')


def test_a_port_in_use_is_told_before_anything_is_built(build, capsys, monkeypatch, tmp_path):
    monkeypatch.undo()
    monkeypatch.setattr(run, 'FIRMWARE', tmp_path)
    monkeypatch.setattr(run.subprocess, 'run', None)
    with socket.create_server(('127.0.0.1', 0)) as taken:
        with pytest.raises(SystemExit):
            run.main([BOARD, '--port', str(taken.getsockname()[1])])
    assert 'address already in use' in capsys.readouterr().err


def test_only_one_board_runs_at_a_time(build, capsys):
    with running.only_one(BOARD):
        assert run.main([BOARD]) == 1
        assert capsys.readouterr().err.startswith(f'{BOARD} runs already: stop it')
        assert repl.main([BOARD]) == 1
        assert 'is only just starting' in capsys.readouterr().err


def test_no_board_to_talk_to(build, capsys):
    for _ in range(2):  # without a folder, and with what a killed one has left
        assert repl.main([BOARD]) == 1
        assert capsys.readouterr().err.startswith('No emulated board runs: make run BOARD=')
        folder = build / 'run' / BOARD
        folder.mkdir(parents=True, exist_ok=True)
        (folder / 'console').write_text('socket://127.0.0.1:1')
        with open(folder / 'lock', 'w') as held:
            fcntl.flock(held, fcntl.LOCK_EX)


def test_a_prompt_needs_a_port_and_a_terminal(capsys, monkeypatch):
    assert repl.main([BOARD, '--port', '/dev/nosuchport']) == 1
    assert capsys.readouterr().err.startswith('A prompt needs a terminal')
    monkeypatch.setattr(repl.sys.stdin, 'isatty', lambda: True, raising=False)
    assert repl.main([BOARD, '--port', '/dev/nosuchport']) == 1
    assert capsys.readouterr().err.startswith('PORT=/dev/nosuchport: no such port')


def test_a_pico_w_without_an_image_is_told_what_to_give(build, capsys, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(run, 'FIRMWARE', build)
    assert run.main(['rpi_pico_w']) == 1
    told = capsys.readouterr().err
    assert told.startswith('No package has a firmware for rpi_pico_w: give IMAGE=file.uf2')
    assert 'MICROPYTHON_DIR=' in told and told.count('\n') == 1
    assert run.main(['rpi_pico_w', '--image', 'nosuch.uf2']) == 1
    assert capsys.readouterr().err == 'IMAGE=nosuch.uf2: no such file\n'


def test_what_is_not_for_the_board_is_told(build, capsys, monkeypatch, tmp_path):
    assert run.main([BOARD, '--air', 'air.json']) == 1
    told = 'AIR=air.json: rpi_pico has no radio: make run BOARD=rpi_pico_w\n'
    assert capsys.readouterr().err == told
    monkeypatch.undo()
    assert run.main(['esp32', '--image', 'esp32.bin']) == 1
    assert capsys.readouterr().err.startswith('esp32 cannot be emulated: make run BOARD=rpi_pico')
    other = uf2(tmp_path / 'other.uf2', bytes(600), family=0xE48BFF59)
    assert run.main(['rpi_pico_w', '--image', str(other)]) == 1
    assert capsys.readouterr().err == 'other.uf2 is for RP2350, rpi_pico_w has RP2040\n'


HOME = {'ssid': 'home', 'password': 'eight or more'}
WRONG = [
    ('nonsense', 'not JSON'),
    ([], 'an object is needed'),
    ({'network': []}, 'an object is needed'),
    ({'networks': {}}, 'networks is not a list'),
    ({'events': 1}, 'events is not a list'),
    ({'networks': ['home']}, '"home" is no network'),
    ({'networks': [{}]}, '{} is no network'),
    ({'networks': [{'ssid': 'x' * 33}]}, 'is no network'),
    ({'networks': [{'ssid': 'home', 'pasword': 'secret'}]}, 'is no network'),
    ({'networks': [{'ssid': 'home', 'channel': '6'}]}, 'is no network'),
    ({'networks': [{'ssid': 'home', 'password': 'seven77'}]}, 'home: a password has 8 to 63'),
    ({'networks': [{'ssid': 'home', 'channel': 36}]}, 'home: channels are 1 to 13'),
    ({'events': [{'at': 1}]}, '{"at": 1} is no event'),
    ({'events': [{'out': 'home'}]}, 'is no event'),
    ({'events': [{'at': -1, 'visit': ''}]}, 'is no event'),
    ({'events': [{'at': 1, 'vanish': 'home'}]}, 'is no event'),
    ({'events': [{'at': 1, 'out': 'home', 'back': 'home'}]}, 'is no event'),
    ({'networks': [HOME], 'events': [{'at': 1, 'out': 'work'}]}, 'no network has this name'),
    ({'visitor': 0}, 'visitor is a port'),
    ({'visitor': '5001'}, 'visitor is a port'),
]


@pytest.mark.parametrize(('air', 'problem'), WRONG)
def test_a_file_for_the_air_that_cannot_be_meant(tmp_path, air, problem):
    path = tmp_path / 'air.json'
    path.write_text(air if isinstance(air, str) else json.dumps(air))
    with pytest.raises(Failure) as raised:
        airs.read(str(path))
    assert str(raised.value).startswith(f'AIR={path}: ')
    assert problem in str(raised.value)


def test_a_file_for_the_air(tmp_path):
    air = {'networks': [HOME], 'events': [{'at': 0.5, 'bye': 'home'}], 'visitor': 5001}
    (tmp_path / 'air.json').write_text(json.dumps(air))
    assert airs.read(str(tmp_path / 'air.json')) == air
    assert airs.read('') == airs.DEFAULT
    with pytest.raises(Failure, match='nosuch.json: No such file'):
        airs.read('nosuch.json')
