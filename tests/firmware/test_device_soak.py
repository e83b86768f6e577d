"""A short form of `make soak BOARD=rpi_pico`, and what that makes of a heap that is not flat."""

import board as boards
import pytest

import needs
from emulator import soak
from microdot_kit.steps import Failure

HOURS = 1
REQUESTS = len(soak.ROUND) + 20


def test_an_hour_of_the_board(capsys):
    try:
        rows = soak.soak('rpi_pico', HOURS, REQUESTS, boards.image())
    except Failure as failure:
        if 'needed' in str(failure):
            needs.missing(str(failure))
        raise
    assert rows[-1][:2] == (HOURS, REQUESTS)
    (*_, first, _, _), (*_, last, largest, minutes) = rows[0], rows[-1]
    boards.figures.append(('free heap lost in an hour', first - last, 'bytes'))
    boards.figures.append(('an hour of the board', minutes, 'minutes'))
    assert 20_000 < largest <= last
    assert len(capsys.readouterr().out.splitlines()) == HOURS


@pytest.mark.parametrize(
    ('first', 'last', 'lost'),
    [
        ((180_000, 90_000), (178_600, 82_000), []),
        ((180_000, 90_000), (181_000, 120_000), []),
        ((180_000, 90_000), (178_000, 90_000), ['2000 bytes of the free heap are gone']),
        ((180_000, 90_000), (180_000, 80_000), ['10000 bytes of its largest free block are gone']),
    ],
)
def test_a_heap_that_is_not_flat(first, last, lost):
    found = object.__new__(soak.Soak)
    found.rows = [(0, 61, *first, 1), (24, 5000, *last, 30)]
    assert list(found.losses()) == lost
