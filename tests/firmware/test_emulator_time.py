"""Time on the emulated board: sleeping takes as long as it says, and the watchdog bites in time."""

import subprocess
import time
from pathlib import Path

import board as boards
import pytest

import building
import needs
from emulator import parts
from microdot_kit import nodejs
from microdot_kit.steps import Failure

CHECK = Path(__file__).resolve().parent / 'pace_check.mjs'
PACE = building.ROOT / 'tools' / 'emulator' / 'pace.mjs'
RESET_CAUSE = '__import__("machine").reset_cause()'
WDT_RESET = 3  # machine.WDT_RESET of the rp2 port


@pytest.fixture(scope='module')
def board():
    """A board of its own: its watchdog resets it."""
    try:
        running = boards.Board(boards.image())
    except Failure as failure:
        needs.missing(str(failure))
    yield running
    running.close()


def asleep(seconds, *options):
    """How long a sleep of the board takes of the host's time."""
    try:
        node, _ = nodejs.find(parts.FOLDER)
    except Failure as failure:
        needs.missing(str(failure))
    command = [node, str(CHECK), str(PACE), str(seconds), *options]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize('seconds', (0.01, 2.5, 60))
def test_asleep_time_passes_as_on_the_wall(seconds):
    """None of it is lost, however long the host sleeps at once."""
    assert seconds * 0.9 <= asleep(seconds) <= seconds * 1.1


def test_a_sleep_that_is_skipped_takes_no_time():
    """Beside the moment in which the host may answer; the second after that takes its time."""
    assert 0.9 <= asleep(3600, 'skip') <= 1.2


def test_a_sleep_is_no_longer_than_it_says(board):
    before = time.monotonic()
    assert (
        board.exec(
            'import time; a = time.ticks_ms(); time.sleep(3)\n'
            'print(2999 <= time.ticks_diff(time.ticks_ms(), a) <= 3010)'
        )
        == 'True\n'
    )
    took = round(time.monotonic() - before, 2)
    boards.figures.append(('time.sleep(3)', took, 'seconds on the wall'))


def test_a_watchdog_that_expires_resets_the_board(board):
    before = board.emulator.resets
    board.prompt().exec_raw_no_follow(
        'import machine, time\nmachine.WDT(timeout=500)\nwhile True: time.sleep_ms(100)'
    )
    board.transport.serial.close()
    board.transport = None
    end = time.monotonic() + boards.ANSWER
    while board.emulator.resets == before and time.monotonic() < end:
        time.sleep(0.05)
    assert board.emulator.resets == before + 1
    assert board.wait_for_server()[0] == 200
    assert board.eval(RESET_CAUSE) == WDT_RESET


HELD = """
import gc, json, time
with open('network.json', 'w') as file:
    json.dump({'watchdog': 4}, file)
import startup
startup.hold()
gc.collect()
time.sleep(10)
print('still here')
"""


def test_a_watchdog_that_is_held_does_not_reset_the_board(board):
    """Also after a collection, which ends a timer that nothing refers to."""
    before = board.emulator.resets
    assert board.exec(HELD) == 'still here\n'
    assert board.emulator.resets == before
