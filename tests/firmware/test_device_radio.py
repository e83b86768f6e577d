"""The driver of a real Pico W firmware on the model of its radio: scanning, joining, losing."""

import board as boards
import pico_w
import pytest
import radio_recordings as recordings

from emulator import files


@pytest.mark.parametrize('name', sorted(recordings.SCENARIOS))
def test_the_driver_gets_what_is_in_the_air(name, tmp_path):
    printed = recordings.run(pico_w.image(), name, tmp_path)
    assert printed == recordings.SCENARIOS[name][2]


@pytest.mark.parametrize('name', ['scan', 'join', 'access-point'])
def test_bits_on_the_pins_give_the_same(name, tmp_path):
    printed = recordings.run(pico_w.image(), name, tmp_path, bits=True)
    assert printed == recordings.SCENARIOS[name][2]


def test_programs_of_this_machine_can_be_called_by_name(tmp_path):
    networks, [join, *_], _ = recordings.SCENARIOS['join']
    flash = tmp_path / 'flash.bin'
    files.write(flash, pico_w.BOARD, {'main.py': b'pass\n'})
    air = {'networks': networks}
    board = boards.Board(pico_w.image(), link=False, flash=flash, air=air)
    try:
        recordings.play(board, [join])
        assert boards.called(board, 'host') == b'hello from the host'
    finally:
        board.close()
