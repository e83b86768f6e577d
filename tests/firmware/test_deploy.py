"""`make deploy` to a stand-in for a board: see ptyboard."""

import json
import shutil
import signal
import subprocess
import sys
import types

import pytest
from deploying import (
    APPLICATION,
    DEADLINE,
    MAIN,
    STYLE,
    deploy,
    deployed_here,
    files_on,
    free_port,
    get,
    refused,
    write,
)
from ptyboard import MACHINE, Board

import deploy as tool
import device as devices
import payload
import runtimes


@pytest.fixture(scope='module')
def deployed(tmp_path_factory):
    """A folder with a board's memory after a first deployment, and the application's folder."""
    folder = tmp_path_factory.mktemp('deployed')
    with Board(folder / 'board') as board:
        status, output = deploy(board, write(folder / 'app'), '--board', 'rpi_pico')
        assert status == 0, output
        page, style = get(output), get(output, '/style.css')
        names = files_on(board)
    return types.SimpleNamespace(folder=folder, output=output, page=page, style=style, names=names)


@pytest.fixture
def again(deployed, tmp_path):
    """The same, to be changed by a test: the folders of board and application."""
    for name in ('board', 'app'):
        shutil.copytree(deployed.folder / name, tmp_path / name, dirs_exist_ok=True)
    return tmp_path / 'board', tmp_path / 'app'


def test_a_new_board_serves(deployed):
    assert deployed.page == 'part 1, 1\n'
    assert deployed.style == STYLE
    assert MACHINE in deployed.output


def test_what_is_on_it_then(deployed):
    framework = {'/lib/' + name for name in payload.framework()}
    assert deployed.names == APPLICATION | framework | {tool.RECORD}
    assert f'Copied {len(framework) + 4} files' in deployed.output


def test_the_second_time_nothing_is_copied(again):
    folder, app = again
    with Board(folder) as board:
        status, output = deploy(board, app)
        assert status == 0, output
        assert 'The board has it all already' in output
        assert '[1/' not in output
        assert get(output) == 'part 1, 1\n'


def test_only_what_has_changed_is_copied(again):
    folder, app = again
    (app / 'parts.py').write_text("name = 'another part'\n")
    with Board(folder) as board:
        status, output = deploy(board, app)
        assert status == 0, output
        assert '[1/1] /parts.mpy' in output
        assert 'Copied 1 file,' in output
        assert get(output) == 'another part, 1\n'


def test_what_is_not_needed_any_more_goes_and_the_rest_stays(again):
    folder, app = again
    (app / 'static' / 'style.css').unlink()
    (app / 'static' / 'more').mkdir()
    (app / 'static' / 'more' / 'style.css').write_text(STYLE)
    with Board(folder) as board:
        with devices.Device(board.port) as device:
            device.run("os.mkdir('/data')")
            for name in ('/data/log.txt', '/parts.py', '/lib/microdot/sse.py'):
                device.write(name, b'raise SystemError')
        status, output = deploy(board, app)
        assert status == 0, output
        assert get(output) == 'part 1, 1\n'
        names = files_on(board)
    assert {'/data/log.txt', '/static/more/style.css', '/parts.mpy'} <= names
    assert not {'/static/style.css', '/parts.py', '/lib/microdot/sse.py'} & names
    assert 'removed /parts.py' in output and 'removed /static/style.css' in output


def test_damaged_files_are_copied_again(again):
    folder, app = again
    with Board(folder) as board:
        with devices.Device(board.port) as device:
            device.write('/lib/microdot/request.mpy', b'M')
        status, output = deploy(board, app)
        assert status == 0, output
        assert '[1/1] /lib/microdot/request.mpy' in output


def test_real_mpremote_talks_to_the_stand_in(again):
    with Board(again[0]) as board:
        mpremote = [sys.executable, '-m', 'mpremote', 'connect', board.port]
        for command, printed in (('fs cat :static/style.css', STYLE), ('exec print(6*7)', '42\n')):
            ended = subprocess.run(
                [*mpremote, *command.split()], capture_output=True, text=True, timeout=60
            )
            assert (ended.returncode, ended.stdout) == (0, printed)


@pytest.mark.parametrize('unplug', [12000, 40000])
def test_unplugged_in_mid_copy(again, unplug):
    folder, app = again
    write(app, 2)
    for number in range(10):
        (app / 'static' / f'{number}.txt').write_text(str(number) * 5000)
    with Board(folder, unplug=unplug) as board:
        status, output = deploy(board, app)
    assert refused(status, output, 'has gone: the connection broke. What the board had is still')
    assert '[1/' in output
    with Board(folder) as board:
        names = files_on(board)
        with devices.Device(board.port) as device:
            assert 'part 1' in device.run('import parts; print(parts.name)')
        assert {name for name in names if not name.endswith('.new')} >= APPLICATION
        status, output = deploy(board, app)
        assert status == 0, output
        assert get(output) == 'part 2, 2\n'
        assert get(output, '/9.txt') == '9' * 5000
        assert not any(name.endswith('.new') for name in files_on(board))


def test_interrupted_in_mid_copy(again):
    folder, app = again
    write(app, 2)
    command = [sys.executable, str(runtimes.ROOT / 'tools' / 'deploy.py'), str(app)]
    with Board(folder) as board:
        process = subprocess.Popen(
            [*command, '--port', board.port], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        while b'[1/2] ' not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=DEADLINE)[0].decode()
        assert refused(process.returncode, output, f'Interrupted. {tool.UNCHANGED}')
        status, output = deploy(board, app)
        assert status == 0, output
        assert get(output) == 'part 2, 2\n'


def test_interrupted_while_files_are_put_in_place(again, monkeypatch, capsys):
    folder, app = again
    write(app, 2)
    original = devices.Device.run

    def interrupted(self, script, *arguments):
        if script.startswith('for _n in') and "'/main.py'" in script and 'rename' in script:
            original(self, tool.RENAME % ['/main.py'])
            raise KeyboardInterrupt
        return original(self, script, *arguments)

    with Board(folder) as board:
        monkeypatch.setattr(devices.Device, 'run', interrupted)
        status = deployed_here(board.port, app)
        assert refused(status, capsys.readouterr().err, f'Interrupted. {tool.MIXED}')
        monkeypatch.undo()
        status, output = deploy(board, app)
        assert status == 0, output
        assert '[1/1] /parts.mpy' in output
        assert get(output) == 'part 2, 2\n'


def test_a_module_that_cannot_be_compiled(again):
    folder, app = again
    (app / 'parts.py').write_text('if x\n')
    with Board(folder) as board:
        status, output = deploy(board, app)
        assert refused(status, output, 'parts.py:1 cannot be compiled: SyntaxError: invalid syntax')
        assert '[1/' not in output


def test_an_application_that_fails(again):
    folder, app = again
    (app / 'main.py').write_text('import parts\nimport missing_module\n')
    with Board(folder) as board:
        status, output = deploy(board, app)
    assert refused(status, output, "The application has ended: ImportError: no module named 'miss")


def test_an_application_that_ends(again):
    folder, app = again
    (app / 'main.py').write_text("print('done')\n")
    with Board(folder) as board:
        status, output = deploy(board, app)
    assert status == 0, output
    assert '  done\n' in output and output.endswith('\nThe application has ended\n')


def test_an_application_that_tells_no_port(again, monkeypatch, capsys):
    folder, app = again
    port = free_port()
    source = MAIN.replace('PORT, debug=True', str(port)).replace('VERSION', '3')
    (app / 'main.py').write_text("print('Network: 127.0.0.1')\n" + source)
    monkeypatch.setattr(tool, 'PORTS', (free_port(), port))
    with Board(folder) as board:
        assert deployed_here(board.port, app) == 0
        assert get(capsys.readouterr().out) == 'part 1, 3\n'


def test_another_framework_in_the_way(again):
    folder, app = again
    with Board(folder) as board:
        with devices.Device(board.port) as device:
            device.run("os.mkdir('/microdot')")
            device.write('/microdot/__init__.py', b'')
        status, output = deploy(board, app)
        assert refused(status, output, 'imports microdot/__init__.py instead of /lib/microdot')


def test_romfs(again):
    folder, app = again
    (app / 'main.py').write_text(
        (app / 'main.py')
        .read_text()
        .replace("'templates'", "'/rom/templates'")
        .replace("'static'", "'/rom/static'")
    )
    with Board(folder) as board:
        status, output = deploy(board, app, '--romfs')
        assert status == 0, output
        assert 'Removed from the file system: ' in output
        assert get(output, '/style.css') == STYLE
        assert get(output) == 'part 1, 1\n'
        assert files_on(board) == set()
        status, output = deploy(board, app, '--romfs')
        assert status == 0, output
        assert 'ROMFS has this image of ' in output
        assert get(output) == 'part 1, 1\n'


def test_romfs_that_is_too_small(again):
    folder, app = again
    (app / 'static' / 'big.bin').write_bytes(bytes(100000))
    with Board(folder) as board:
        status, output = deploy(board, app, '--romfs')
        assert refused(status, output, 'ROMFS of the board has room for 131,072')
        assert files_on(board) >= APPLICATION


def test_romfs_cut_off(again):
    folder, app = again
    with Board(folder, unplug=60000) as board:
        status, output = deploy(board, app, '--romfs')
    assert refused(status, output, 'The ROMFS of the board may be incomplete: deploy again')
    with Board(folder) as board:
        assert files_on(board) >= APPLICATION


def test_a_record_that_is_damaged(again):
    folder, app = again
    with Board(folder) as board:
        for content in (b'{', json.dumps([1, 'x', '/parts.mpy']).encode()):
            with devices.Device(board.port) as device:
                device.write(tool.RECORD, content)
            status, output = deploy(board, app)
            assert status == 0, output
            assert files_on(board) >= APPLICATION
