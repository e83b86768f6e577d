"""What `make run BOARD=` does before the board starts: its flash, its port, one at a time."""

import fcntl
import socket
from pathlib import Path

import pytest

from emulator import files, repl, run
from firmware.steps import Failure

BOARD = 'rpi_pico'


def names(flash):
    """The names of all files on the board's file system."""
    _, offset, length = files.area(BOARD)
    system = files.mounted(bytearray(flash.read_bytes()[offset : offset + length]))
    return {
        f'{folder}/{name}'.lstrip('/') for folder, _, found in system.walk('/') for name in found
    }


def read(flash, name):
    _, offset, length = files.area(BOARD)
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


def test_without_an_application_the_one_of_the_firmware_runs(tmp_path):
    flash = tmp_path / 'flash.bin'
    run.prepare(flash, run.options([BOARD]))
    assert not flash.exists()
    hello = Path(__file__).resolve().parents[2] / 'examples' / 'hello' / 'hello.py'
    run.prepare(flash, run.options([BOARD, '--app', str(hello)]))
    assert 'main.py' in names(flash)
    run.prepare(flash, run.options([BOARD]))
    assert names(flash) == {'.run'}


@pytest.fixture
def build(tmp_path, monkeypatch):
    """A build folder with a firmware, of which nothing is booted."""
    for module in (run, repl):
        monkeypatch.setattr(module, 'BUILD', tmp_path)
    monkeypatch.setattr(run, 'firmware', lambda board: tmp_path / 'firmware.uf2')
    return tmp_path


@pytest.mark.parametrize('port', ['http', '0', '70000'])
def test_a_port_that_is_none(build, capsys, port):
    with pytest.raises(SystemExit) as ended:
        run.main([BOARD, '--port', port])
    assert ended.value.code == 2
    assert capsys.readouterr().err == f'PORT={port}: a number from 1 to 65535 is needed\n'


def test_a_port_in_use_is_told_before_the_flash_changes(build, capsys):
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = str(taken.getsockname()[1])
        with pytest.raises(SystemExit):
            run.main([BOARD, '--port', port, '--app', 'nosuch'])
    assert capsys.readouterr().err.startswith(f'Port {port}: address already in use')


def test_only_one_board_runs_at_a_time(build, capsys):
    with run.only_one(build / 'run' / BOARD, BOARD):
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
