"""A small project of its own to try the tools on: copies of them around a few test files."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import needs

ROOT = Path(__file__).resolve().parents[2]
COPIED = ('Makefile', 'pyproject.toml', 'tools', 'tests/conftest.py', 'tests/needs.py')
COPIED += (
    'tests/browsing.py',
    'tests/tables.py',
    'tests/micropython_runner.py',
    'tests/core/support.py',
)
DEADLINE = 300


class Project:
    """A folder with the tools in it; `environment` is what they are run with."""

    def __init__(self, folder, micropython):
        self.folder = folder
        self.environment = {
            **os.environ,
            'MICROPYTHON': micropython,
            'CI': '',
        }
        for name in ('MAKEFLAGS', 'MFLAGS', 'MAKELEVEL'):  # of the make that runs these tests
            self.environment.pop(name, None)
        for name in COPIED:
            source, target = ROOT / name, folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns('__pycache__'))
            else:
                shutil.copy(source, target)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def run(self, *command):
        """Run a command in the project and return its exit status and all that it printed."""
        ended = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE,
        )
        return ended.returncode, ended.stdout

    def test(self, *arguments):
        """Run the tests of the project."""
        return self.run(sys.executable, 'tools', 'testing', *arguments)


@pytest.fixture(scope='session')
def built(tmp_path_factory):
    """The wheel and the sdist."""
    from release import release

    folder = tmp_path_factory.mktemp('built')
    release.build_packages(folder)
    (wheel,) = folder.glob('*.whl')
    (sdist,) = folder.glob('*.tar.gz')
    assert len(list(folder.iterdir())) == 2
    return wheel, sdist


@pytest.fixture(scope='session')
def micropython():
    return needs.micropython()


@pytest.fixture
def project(tmp_path, micropython):
    return Project(tmp_path, micropython)
