"""The core tests on the MicroPython that the firmware is made of, in a heap as small as a board's.

What `make run` serves on may be another version: what differs between the two is seen here.
"""

import pytest

import building
import needs
from testing import on_micropython

FILES = sorted((building.ROOT / 'tests' / 'core').glob('test_*.py'))
HEAP = '144K'  # with 32 bits; tests and framework are compiled in it


@pytest.mark.parametrize('file', FILES, ids=lambda file: file.stem)
def test_core(file, monkeypatch):
    monkeypatch.setenv('MICROPYTHON', str(needs.like_a_board()))
    result, log = on_micropython.run_file(file, heap=HEAP)
    assert result.count
    assert not result.failures, on_micropython.without_passed(log)
