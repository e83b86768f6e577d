"""The wires of the radio, a word and a bit at a time: both give the answers of the chip."""

import json
import os
import subprocess

from test_radio import REPLAY
from test_radio_protocol import PATTERN, WIDE, bus, command, swapped, window

import building
import needs
from emulator import parts
from microdot_kit.steps import Failure

WIRES = REPLAY.with_name('radio_wires.mjs')
EMULATOR = building.ROOT / 'tools' / 'emulator'
WORD = b'\x12\x34\x56\x78'
TRANSFERS = [
    [swapped(PATTERN), 4],
    [WIDE, 0],
    [PATTERN, 4],
    *window(0x18000000),
    [command(1, 0, 4), 4],
    [command(0, 0x1C, 4, True, b'\x00\x04\x00\x00'), 0],
    [command(1, 0, 4), 8],
    *window(0x10000),
    [command(1, 0x120, 8, True, WORD + WORD[::-1]), 0],
    [command(1, 0x120, 8), 12],
]


def test_words_and_bits_give_the_answers_of_the_chip():
    try:
        made = parts.prepare()
    except Failure as failure:
        needs.missing(str(failure))
    done = subprocess.run(
        [made.node, str(WIRES), str(EMULATOR), json.dumps(TRANSFERS)],
        env={**os.environ, 'EMULATOR_MODULES': str(made.modules)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    words, bits = json.loads(done.stdout)
    assert words == bits == bus(*TRANSFERS)
    assert words[-1]['got'] == bytes(4).hex() + (WORD + WORD[::-1]).hex()
