"""`make deploy` to a stand-in for a board: see ptyboard."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
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

from microdot_kit import deploy_copy, deploy_watch, payload, runtimes
from microdot_kit import device as devices
from microdot_kit.steps import Failure


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


MEMORY = re.compile(
    r'^Memory: the framework takes ([\d,]+) bytes, the application ([\d,]+), ([\d,]+) are free$',
    re.M,
)


def test_it_says_what_the_memory_is_taken_by(deployed, again):
    numbers = [[int(text.replace(',', '')) for text in MEMORY.search(deployed.output).groups()]]
    board, app = again
    (app / 'parts.py').write_text("name = 'part 3'\nlarge = bytearray(100_000)\n")
    with Board(board) as running:
        _, output = deploy(running, app)
    numbers.append([int(text.replace(',', '')) for text in MEMORY.search(output).groups()])
    (framework, application, free), (again_framework, larger, less) = numbers
    assert abs(framework - again_framework) < 200 and framework > 5000
    assert application > 500
    # what the layout of the heap leaves between the parts differs by one or two KB
    assert 97_000 <= larger - application <= 103_000
    assert 97_000 <= free - less <= 110_000


@pytest.mark.parametrize(
    ('line', 'said'),
    [
        (
            'bytearray(50_000_000)',
            'The application does not fit into the memory that the framework',
        ),
        (
            'import gc\ngc.collect()\nlarge = bytearray(gc.mem_free() - 19_000)',
            'Little memory is left: docs/howto/memory.md says what to',
        ),
    ],
)
def test_it_says_when_the_memory_is_too_small(again, line, said):
    board, app = again
    (app / 'parts.py').write_text(f"name = 'part'\n{line}\n")
    with Board(board) as running:
        _, output = deploy(running, app)
    assert said in output


def test_what_is_on_it_then(deployed):
    framework = {'/lib/' + name for name in payload.framework()}
    assert deployed.names == APPLICATION | framework | {deploy_copy.RECORD}
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


def write_much(app, number):
    """Write a version of the application that takes a while to be copied."""
    write(app, number)
    for name in range(10):
        (app / 'static' / f'{name}.txt').write_text(str(name) * 5000)


@pytest.mark.parametrize('unplug', [20000, 45000])
def test_unplugged_in_mid_copy(again, unplug):
    folder, app = again
    write_much(app, 2)
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
    write_much(app, 2)
    command = runtimes.kit_command('deploy', app)
    with Board(folder) as board:
        process = subprocess.Popen(
            [*command, '--port', board.port], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        while b'[1/' not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=DEADLINE)[0].decode()
        assert refused(process.returncode, output, f'Interrupted. {deploy_copy.UNCHANGED}')
        status, output = deploy(board, app)
        assert status == 0, output
        assert get(output) == 'part 2, 2\n'


def test_interrupted_while_the_board_restarts(again):
    folder, app = again
    command = runtimes.kit_command('deploy', app)
    with Board(folder) as board:
        with devices.Device(board.port) as device:
            device.write('/boot.py', b"open('/booting', 'w').close()\nimport time\ntime.sleep(3)\n")
        process = subprocess.Popen(
            [*command, '--port', board.port], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        assert b'Connecting' in process.stdout.readline()
        time.sleep(1)  # it waits for the board now, or soon; both are to be tested
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=DEADLINE)[0].decode()
        assert refused(process.returncode, output, 'Interrupted')
        port = re.search(r"127.0.0.1', (\d+)", (app / 'main.py').read_text())[1]
        assert get(f'Serving: http://127.0.0.1:{port}') == 'part 1, 1\n'


def test_a_board_that_says_nothing_while_it_starts(again, monkeypatch, capsys):
    folder, app = again
    # Half a second of silence is what mpremote has patience for here; 10 s otherwise.
    read_until = devices.SerialTransport.read_until
    monkeypatch.setattr(read_until, '__defaults__', (0.5, None, None))
    monkeypatch.setattr(devices.Transport.read_until, '__defaults__', (0.5, None, None))
    with Board(folder) as board:
        with devices.Device(board.port) as device:
            device.write('/boot.py', b'import time\ntime.sleep(2)\n')
        port = folder / 'port'  # by another name than that of a pseudo-terminal
        port.symlink_to(board.port)
        assert deployed_here(str(port), app) == 0, capsys.readouterr()


def test_a_board_that_prints_while_it_answers(again):
    with Board(again[0]) as board, devices.Device(board.port) as device:
        device.run("def noisy():\n print('tick', end='')\n return [1, 'two']")
        assert device.ask('noisy()') == [1, 'two']
        with pytest.raises(Failure, match='does not answer for itself'):
            device.ask("print(chr(3)) or 'x'")


def test_interrupted_while_files_are_put_in_place(again, monkeypatch, capsys):
    folder, app = again
    write(app, 2)
    original = devices.Device.run

    def interrupted(self, script, *arguments):
        if script.startswith('for _n in') and "'/main.py'" in script and 'rename' in script:
            original(self, deploy_copy.RENAME % ['/main.py'])
            raise KeyboardInterrupt
        return original(self, script, *arguments)

    with Board(folder) as board:
        monkeypatch.setattr(devices.Device, 'run', interrupted)
        status = deployed_here(board.port, app)
        assert refused(status, capsys.readouterr().err, f'Interrupted. {deploy_copy.MIXED}')
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


def test_a_main_file_that_cannot_be_compiled(again):
    folder, app = again
    for name in ('main.py', 'boot.py'):
        (app / name).write_text('x = 1\nif x\n')
        with Board(folder) as board:
            status, output = deploy(board, app)
            assert refused(status, output, f'{name}:2 cannot be compiled: SyntaxError')
            assert '[1/' not in output
        (app / name).write_text('')


def test_a_name_that_is_no_text(again):
    folder, app = again
    with open(os.fsencode(app / 'static') + b'/\xff.css', 'w'):
        pass
    with Board(folder) as board:
        status, output = deploy(board, app)
    assert refused(status, output, r"'static/\udcff.css' is not UTF-8: rename that file")


def test_odd_names_arrive(again, tmp_path):
    app = shutil.copytree(again[1], tmp_path / "Größe's folder $(x)")
    (app / 'static' / "it's é.css").write_text(STYLE)
    with Board(again[0]) as board:
        status, output = deploy(board, app)
        assert status == 0, output
        with devices.Device(board.port) as device:
            assert device.ask('os.stat("/static/it\'s é.css")[6]') == len(STYLE)


def test_a_folder_where_a_file_is_to_go_and_the_reverse(again):
    folder, app = again
    write(app, 2)
    (app / 'note').write_text('a file')
    (app / 'more').mkdir()
    (app / 'more' / 'text').write_text('in a folder')
    with Board(folder) as board:
        with devices.Device(board.port) as device:
            device.run("os.mkdir('/note')")
            device.write('/more', b'')
        for name, kind in (('/note', 'a folder, not a file'), ('/more', 'a file, not a folder')):
            status, output = deploy(board, app)
            assert refused(
                status, output, f'{name} is {kind}, on the board: mpremote rm -r :{name}'
            )
            assert '[1/' not in output
            with devices.Device(board.port) as device:
                assert 'part 1' in device.run('import parts; print(parts.name)')
                device.run(f'try: os.remove({name!r})\nexcept OSError: os.rmdir({name!r})')
        status, output = deploy(board, app)
        assert status == 0, output


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
    monkeypatch.setattr(deploy_watch, 'PORTS', (free_port(), port))
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
        assert refused(status, output, 'ROMFS of the board has room for 196,608')
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
                device.write(deploy_copy.RECORD, content)
            status, output = deploy(board, app)
            assert status == 0, output
            assert files_on(board) >= APPLICATION
