"""The emulated board for the tests of this folder, and the table of what they measured."""

import board as boards
import pytest

import needs
from firmware.steps import Failure
from measure import table


@pytest.fixture(scope='session')
def board():
    """A board that has booted the firmware as `make firmware BOARD=rpi_pico` builds it."""
    image = boards.image()
    try:
        running = boards.Board(image)
    except Failure as failure:
        needs.missing(str(failure))
    yield running
    running.close()


def pytest_terminal_summary(terminalreporter):
    if boards.figures:
        columns = ('on the emulated RP2040', 'value', 'unit')
        terminalreporter.write_line('')
        terminalreporter.write_line(table.render(columns, boards.figures))
