"""The command of the wheel, in an empty environment far from the repository, does its work."""

import json
import os
import subprocess
import sys
import time
import urllib.request

import installed
import pytest

import building
import needs
from emulator.prompt import Board
from microdot_kit import runtimes
from microdot_kit.steps import Failure
from serving import Client, free_port, running

pytestmark = pytest.mark.slow
DEADLINE = 300


class Kit:
    """The command, and a folder that it is run in with nothing of this environment."""

    def __init__(self, built, folder):
        (folder / 'home').mkdir()
        self.folder = folder / 'home'
        self.environment = installed.Environment(folder / 'venv', sys.executable)
        self.environment.install(f'{built[0]}[device]')
        self.command = str(folder / 'venv' / 'bin' / 'microdot-kit')
        kept = {name: os.environ[name] for name in ('LANG', 'LC_ALL') if name in os.environ}
        self.variables = {**kept, 'HOME': str(self.folder), 'PATH': '/usr/bin:/bin'}

    def run(self, *arguments, status=0):
        ended = subprocess.run(
            [self.command, *map(str, arguments)],
            cwd=self.folder,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE,
        )
        assert ended.returncode == status, ended.stdout
        assert str(runtimes.ROOT) not in ended.stdout
        return ended.stdout


@pytest.fixture(scope='module')
def kit(built, tmp_path_factory):
    made = Kit(built, tmp_path_factory.mktemp('kit'))
    assert made.run('new', 'lamp') == 'lamp has an application. Next: microdot-kit run lamp\n'
    return made


@pytest.fixture
def other_paths(monkeypatch):
    monkeypatch.syspath_prepend(str(runtimes.ROOT / 'tests' / 'firmware'))


def test_it_is_far_from_the_repository(kit):
    code = 'import microdot, microdot_kit.runtimes as r; print(microdot.__file__, r.LIB, sep="\\n")'
    places = kit.environment.run(code).splitlines()
    assert all(place.startswith(str(kit.environment.folder)) for place in places), places


def test_the_tests_pass_on_both_runtimes(kit):
    printed = kit.run('test', 'lamp')
    assert printed.count('test_the_page passed') == 2 and printed.endswith('All have passed\n')


@pytest.mark.parametrize('runtime', ['micropython', 'cpython'])
def test_it_serves(kit, runtime):
    port = free_port()
    command = [kit.command, 'run', 'lamp', '--port', str(port), '--runtime', runtime]
    with running(command, port, kit.folder, cwd=kit.folder, env=kit.variables) as server:
        with Client(server) as client:
            assert client.json('/api/state')['runtime'].startswith(runtime)
            assert '<h1>lamp</h1>' in client.get('/')[2]


def test_messages_are_in_its_own_words(kit):
    assert kit.run('run', 'lamp', '--heap', '1', status=2) == (
        '--heap 1: too small to start anything, the default is 256K\n'
    )
    small = kit.run('run', 'lamp', '--heap', '40K', '--port', free_port(), status=2)
    assert 'give it more, microdot-kit run --heap ' in small
    (kit.folder / 'two.py').write_text(
        'from microdot import Microdot\na, b = Microdot(), Microdot()\n'
    )
    several = kit.run('run', 'two.py', '--port', free_port(), status=2)
    assert several.endswith('two.py has several applications (a, b): choose with two.py:NAME\n')
    assert kit.run('deploy', 'lamp', '--port', '/dev/nowhere', status=1).endswith(
        '\n--port /dev/nowhere: no such port. Is the board plugged in?\n'
    )
    assert kit.run('deploy', 'lamp', '--board', 'x', status=1).startswith('x: no such board.')


def test_deploying_brings_the_framework_of_the_wheel(kit, tmp_path, other_paths):
    needs.micropython()
    import ptyboard
    from deploying import files_on

    with ptyboard.Board(tmp_path / 'board') as board:
        printed = kit.run('deploy', 'lamp', '--port', board.port, '--watch', '20')
        assert 'Starting the application' in printed
        files = files_on(board)
    assert {
        '/main.py',
        '/static/index.html',
        '/lib/microdot/__init__.mpy',
        '/lib/utemplate/__init__.mpy',
    } <= files
    assert not {'/README.md', '/network.json.example', '/test_main.mpy'} & files
    assert list((kit.folder / '.cache' / 'microdot-kit' / 'mpy').iterdir())
    assert not (kit.folder / 'build').exists()


def test_deploying_to_the_emulated_board(kit):
    image = building.firmware('rpi_pico') / 'firmware.uf2'
    try:
        board = Board(image)
    except Failure as failure:
        needs.missing(str(failure))
    try:
        printed = kit.run('deploy', 'lamp', '--port', board.console, '--watch', '60')
        assert 'Serving: ' in printed.splitlines()[-1], printed
        state = json.loads(answer(board.url + '/api/state'))
        assert (state['platform'], state['on']) == ('rp2', False)
        assert b'<h1>lamp</h1>' in answer(board.url + '/')
    finally:
        board.close()


def answer(url):
    """What a server on the emulated board answers, which takes its time to start."""
    end = time.monotonic() + DEADLINE
    while True:
        try:
            with urllib.request.urlopen(url, timeout=60) as response:
                return response.read()
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.5)
