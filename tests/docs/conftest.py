"""The documentation, built once for all of its tests as `make docs` does it."""

import subprocess
import sys

import pytest

import runtimes


@pytest.fixture(scope='session')
def build(tmp_path_factory):
    """What Sphinx said, and the folder with the pages that it made."""
    folder = tmp_path_factory.mktemp('site')
    options = ['-W', '--keep-going', '-n', '-q', '-E', '-b', 'html', '-d', folder / 'doctrees']
    ended = subprocess.run(
        [sys.executable, '-m', 'sphinx', *options, runtimes.ROOT / 'docs', folder / 'html'],
        capture_output=True,
        text=True,
        timeout=300,
    )
    return ended, folder / 'html'


@pytest.fixture(scope='session')
def site(build):
    return build[1]
