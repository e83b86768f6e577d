"""What a board does once it has started, on MicroPython with a stand-in for its network."""

import subprocess

import pytest

from microdot_kit import runtimes

MODULES = runtimes.ROOT / 'boards' / 'modules'
LINK = """
import os

class Interface:
    def isconnected(self):
        return os.getenv('UP') == '1'

    def ipconfig(self, name):
        return '10.0.0.2', '255.255.255.0'

def start(settings):
    print('settings', sorted(settings.items()))
    return Interface()

def hopes():
    return True

def name():
    return ''

def retry(nic):
    if not nic.isconnected():
        print('retry')
"""
MAIN = "import helper\nprint('{}', __name__, helper.name)\n"
STARTUP = """
import sys
import startup
startup.FOLDERS = {folders}
startup.WAIT = 50
startup.run()
"""


LATER = """
import asyncio
import startup

startup.LOOK = 0.01

async def main():
    await asyncio.sleep(0.2)

asyncio.run(main())
"""


# A system with so many sockets.
SOCKETS = """
left = {}

class socket:
    def __init__(self):
        global left
        if not left:
            raise OSError(23)
        left -= 1

    def close(self):
        global left
        left += 1
"""
BOUND = """
from microdot.server import Connection
import socket
print(Connection.max_connections, socket.left)
"""


@pytest.fixture
def board(tmp_path):
    """A folder like a board: `frozen` has the modules of its firmware, `fs` and `rom` nothing."""
    for name in ('fs', 'rom', 'frozen'):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'helper.py').write_text(f"name = 'helper in {name}'\n")
    (tmp_path / 'frozen' / 'link.py').write_text(LINK)
    (tmp_path / 'frozen' / 'startup.py').symlink_to(MODULES / 'startup.py')
    (tmp_path / 'frozen' / 'frozen_application.py').write_text(MAIN.format('frozen'))
    return tmp_path


def run(script, *folders, up=True):
    """What a script prints on MicroPython that imports from those folders."""
    environment = runtimes.micropython_environment(*folders)
    ended = subprocess.run(
        [*runtimes.micropython_command(), '-c', script],
        env={**environment, 'UP': str(int(up))},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout.splitlines()


def start(board, *libraries, up=True):
    folders = str(board / 'fs'), str(board / 'rom')
    return run(STARTUP.format(folders=folders), board / 'frozen', *libraries, up=up)


@pytest.mark.parametrize(
    ('files', 'application'),
    [
        ([], 'frozen __main__ helper in frozen'),
        (['rom'], 'rom __main__ helper in rom'),
        (['fs'], 'fs __main__ helper in fs'),
        (['rom', 'fs'], 'fs __main__ helper in fs'),
    ],
)
def test_which_application_runs(board, files, application):
    for name in files:
        (board / name / 'main.py').write_text(MAIN.format(name))
    assert start(board) == ['settings []', 'Network: 10.0.0.2', application]


def test_an_application_runs_without_a_network(board):
    lines = start(board, up=False)
    assert lines[1:] == ['Network: not joined', 'frozen __main__ helper in frozen']


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('{"ssid": "home"}', ["settings [('ssid', 'home')]"]),
        ('{"ssid": ', ['network.json: not a JSON object, ignored', 'settings []']),
        ('[1, 2]', ['network.json: not a JSON object, ignored', 'settings []']),
    ],
)
def test_settings(board, text, said):
    (board / 'fs' / 'network.json').write_text(text)
    assert start(board)[: len(said)] == said


def test_the_network_is_joined_again_while_the_application_runs(board):
    (board / 'fs' / 'main.py').write_text(LATER)
    assert 'retry' in start(board, up=False)
    assert 'retry' not in start(board)


@pytest.mark.parametrize(
    ('sockets', 'bound'), [(100, 16), (20, 16), (16, 12), (10, 7), (5, 3), (2, 1), (0, 1)]
)
def test_the_server_is_bounded_by_the_sockets_there_are(board, sockets, bound):
    (board / 'frozen' / 'socket.py').write_text(SOCKETS.format(sockets))
    (board / 'fs' / 'main.py').write_text(BOUND)
    assert start(board, runtimes.LIB)[-1] == f'{bound} {sockets}'
