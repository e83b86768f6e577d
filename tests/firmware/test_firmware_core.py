"""The core tests on the MicroPython that the firmware is made of, in a heap as small as a board's.

What `make run` serves on may be another version: what differs between the two is seen here.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest

import building
import needs
from testing import on_micropython

FILES = sorted((building.ROOT / 'tests' / 'core').glob('test_*.py'))
HEAP = '144K'  # with 32 bits; tests and framework are compiled in it
AT_ONCE = 3  # processes, which mostly wait


@pytest.fixture(scope='module')
def ran(request):
    """{file: a future of what became of it} of the tests to come, all of them under way."""
    ours = [item for item in request.session.items if item.path == request.node.path]
    asked = [item.callspec.params['file'] for item in ours]
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(AT_ONCE) as pool:
        patch.setenv('MICROPYTHON', str(needs.like_a_board()))
        yield {file: pool.submit(on_micropython.run_file, file, heap=HEAP) for file in asked}


@pytest.mark.parametrize('file', FILES, ids=lambda file: file.stem)
def test_core(file, ran):
    result, log = ran[file].result()
    assert result.count
    assert not result.failures, on_micropython.without_passed(log)
