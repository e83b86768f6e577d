"""The model of the Pico W's radio: what the real driver has said to it, replayed without it."""

import json
import re
import subprocess

import pytest
import radio_recordings as recordings

import building
import needs
from emulator import parts
from microdot_kit import nodejs
from microdot_kit.steps import Failure

MODEL = building.ROOT / 'tools' / 'emulator' / 'radio'
REPLAY = recordings.HERE.parent / 'radio_replay.mjs'
NAMES = sorted(recordings.SCENARIOS)
CLMLOAD = b'clmload\0'.hex()
DRIVER = 224_896  # bytes of firmware and settings that the driver loads into the radio

# What the radio tells its driver, and the log, in each scenario: event, status, reason, flags.
UP = [('AUTH', 0, 0, 0), ('ASSOC', 0, 0, 0), ('LINK', 0, 0, 1)]
JOINED = [*UP, ('PSK_SUP', 6, 0, 0), ('JOIN', 0, 0, 0), ('SET_SSID', 0, 0, 0)]
EVENTS = {
    'start': [],
    'scan': [('ESCAN_RESULT', 8, 0, 0)] * 2 + [('ESCAN_RESULT', 0, 0, 0)],
    'join': JOINED,
    'open': [
        *UP,
        ('JOIN', 0, 0, 0),
        ('SET_SSID', 0, 0, 0),
        ('DISASSOC', 0, 0, 0),
        ('LINK', 0, 3, 0),
    ],
    'refused': [*UP, ('PSK_SUP', 8, 14, 0), ('DEAUTH_IND', 0, 15, 0), ('LINK', 0, 1, 0)],
    'not-found': [('SET_SSID', 3, 0, 0)],
    'lost': [*JOINED, ('LINK', 0, 4, 0), *JOINED],
    'good-bye': [*JOINED, ('DEAUTH_IND', 0, 3, 0), ('LINK', 0, 2, 0)],
    'access-point': [
        ('LINK', 0, 0, 1),
        ('ASSOC_IND', 0, 0, 0),
        ('DISASSOC_IND', 0, 0, 0),
        ('LINK', 0, 0, 0),
    ],
}


def node():
    try:
        return nodejs.find(parts.FOLDER)[0]
    except Failure as failure:
        return needs.missing(str(failure))


def lines(name):
    return (recordings.HERE / f'{name}.txt').read_text().splitlines()


def replay(path):
    command = [node(), str(REPLAY), str(MODEL), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize('name', NAMES)
def test_the_model_says_what_the_driver_has_been_told_before(name):
    replayed = replay(recordings.HERE / f'{name}.txt')
    assert replayed['problems'] == []
    assert replayed['transfers'] > 3500


@pytest.mark.parametrize(
    ('found', 'changed'),
    [
        (r'(?m)^(sends a0044000 4 )\S\S', r'\g<1>ff'),  # an answer
        (r'"status":6', '"status":5'),  # an event
        (r'(?m)^(leaves 0 )\S\S', r'\g<1>00'),  # a frame of the board
        (r'(?m)^(wants \d+ )\d+', r'\g<1>1'),  # a time
        (r'(?m)^wants .*\n', ''),
    ],
)
def test_a_replay_notices_a_difference(tmp_path, found, changed):
    text = (recordings.HERE / 'join.txt').read_text()
    text, count = re.subn(found, changed, text, count=1)
    assert count == 1
    (tmp_path / 'changed.txt').write_text(text)
    assert replay(tmp_path / 'changed.txt')['problems']


@pytest.mark.parametrize('name', sorted(EVENTS))
def test_the_events_of_a_recording(name):
    told = [json.loads(line.split(' ', 2)[2]) for line in lines(name) if line[:11] == 'tells radio']
    keys = ('name', 'status', 'reason', 'flags')
    assert [tuple(event[key] for key in keys) for event in told] == EVENTS[name]


@pytest.mark.parametrize('name', NAMES)
def test_nothing_of_what_the_driver_loads_is_in_a_recording(name):
    loaded = 0
    for line in lines(name):
        word, *rest = line.split(' ')
        if word == 'loads':
            first, count, size, digest = rest
            assert len(first) == 8 and len(digest) == 64
            loaded += int(count) * int(size)
        if CLMLOAD in line:
            assert word == 'masks' and rest[0].endswith(CLMLOAD + rest[0][-24:])
    assert loaded == DRIVER
    assert sum(line.startswith('masks') for line in lines(name)) > 0
