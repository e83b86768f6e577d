"""The emulated board for the tests of this folder, and the table of what they measured."""

import board as boards
import pytest

import needs
from emulator.prompt import Board
from measure import table
from microdot_kit.steps import Failure


@pytest.fixture(scope='session')
def board():
    """A board that has booted the firmware as `make firmware BOARD=rpi_pico` builds it."""
    image = boards.image()
    try:
        running = Board(image)
    except Failure as failure:
        needs.missing(str(failure))
    yield running
    running.close()


def pytest_sessionfinish(session):
    """Hand on the figures of one of several processes."""
    if hasattr(session.config, 'workeroutput'):
        session.config.workeroutput['figures'] = boards.figures


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    boards.figures.extend(getattr(node, 'workeroutput', {}).get('figures', ()))


def pytest_terminal_summary(terminalreporter):
    if boards.figures:
        columns = ('measured', 'value', 'unit')
        terminalreporter.write_line('')
        terminalreporter.write_line(table.render(columns, boards.figures))
