"""What the tests of this folder share: the runtimes, and how much of each test is run.

All of it is run with `TEST_WIRE=all`, as `make test-wire` does.
"""

import os
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / 'http'))

ALL = os.environ.get('TEST_WIRE') == 'all'


@pytest.fixture(params=['cpython', 'micropython'])
def runtime(request):
    """The name of a runtime; each test runs once for each."""
    return request.param


@pytest.fixture
def everything():
    """Whether the long form is asked for."""
    return ALL
