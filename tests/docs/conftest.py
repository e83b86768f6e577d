"""The documentation, built once for all of its tests as `make docs` does it."""

import fcntl
import os
import pickle
import subprocess
import sys

import pytest

from microdot_kit import runtimes


@pytest.fixture
def printed_ports():
    """The ports that pages name, for one test at a time, whichever process it runs in."""
    path = runtimes.ROOT / 'build' / 'ports.lock'
    path.parent.mkdir(exist_ok=True)
    with open(path, 'w') as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope='session')
def build(tmp_path_factory):
    """What Sphinx said, and the folder with the pages that it made, once for all processes."""
    folder = tmp_path_factory.getbasetemp()
    if 'PYTEST_XDIST_WORKER' in os.environ:
        folder = folder.parent
    said = folder / 'site.pickle'
    with open(folder / 'site.lock', 'w') as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not said.exists():
            said.write_bytes(pickle.dumps(sphinx(folder / 'site')))
    return pickle.loads(said.read_bytes()), folder / 'site' / 'html'


def sphinx(folder):
    """Build the pages into the folder, and return what became of that."""
    options = ['-W', '--keep-going', '-n', '-q', '-E', '-b', 'html', '-d', folder / 'doctrees']
    return subprocess.run(
        [sys.executable, '-m', 'sphinx', *options, runtimes.ROOT / 'docs', folder / 'html'],
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope='session')
def site(build):
    return build[1]
