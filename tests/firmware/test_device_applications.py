"""The measured applications keep to their ceilings on the emulated RP2040.

`make test-device` runs this. Two firmwares are built for it, with and without the framework.
"""

import os

import pytest

import needs
from measure import board, size, steps, targets
from microdot_kit import runtimes
from microdot_kit.steps import Failure

IN_FIRMWARE = """
import sys
sys.path[:] = ['.frozen']
try:
    import microdot
    print(True)
except ImportError:
    print(False)
"""
pytestmark = pytest.mark.skipif(
    os.environ.get('TEST_DEVICE') != 'all', reason='make test-device runs it'
)


@pytest.fixture(scope='module', params=size.BOARD)
def running(request, tmp_path_factory):
    """(form, a board that has the framework in it)."""
    way = request.param.removeprefix('rp2040-')
    try:
        with board.board(runtimes.LIB, tmp_path_factory.mktemp(way), way) as made:
            yield request.param, made
    except Failure as error:
        needs.missing(str(error))


def test_the_framework_is_where_it_should_be(running):
    form, made = running
    assert made.exec(IN_FIRMWARE).strip() == str(form == 'rp2040-frozen')


def test_heap_in_use(running):
    form, made = running
    states = board.in_use(made, 'page', steps.PAGE_STEPS)
    figures = size.of_states(f'page {form}', states)
    assert targets.of(form) - {f'page {form} least'} <= set(figures)
    assert targets.over(figures) == []


def test_little_free_heap_will_do(running):
    form, made = running
    kib = targets.CEILINGS[f'page {form} least'] // 1024
    assert any(board.passes(made, 'page', steps.PAGE_STEPS, kib) for _ in range(3))


def test_next_to_no_free_heap_will_not_do(running):
    assert not board.passes(running[1], 'page', steps.PAGE_STEPS, 12)
