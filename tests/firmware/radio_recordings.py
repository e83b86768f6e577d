"""What MicroPython's driver of a Pico W and the model of its radio have said to each other.

    PYTHONPATH=tests:tests/firmware:tools python tests/firmware/radio_recordings.py IMAGE

records it anew into the folder radio/: each scenario below, with a firmware for the Pico W. The
form of a recording is explained in tools/emulator/radio/recorder.mjs; the radio's firmware and the
CLM data that the driver brings are not in it, only their hashes.
"""

import sys
import tempfile
from pathlib import Path

import board as boards

from emulator import files

HERE = Path(__file__).resolve().parent / 'radio'
HOME = {'ssid': 'home', 'password': 'secret-of-home', 'channel': 6, 'rssi': -48}
CAFE = {'ssid': 'café', 'channel': 1, 'rssi': -70}
SILENT = {
    'ssid': 'silent',
    'password': 'secret-of-silent',
    'channel': 11,
    'rssi': -80,
    'silent': True,
}
START = """
import network, time
nic = network.WLAN(network.STA_IF)
point = network.WLAN(network.AP_IF)
nic.active(True)

def until(wanted):
    '''Wait for a status, and print the one that it is.'''
    start = time.ticks_ms()
    while nic.status() != wanted and time.ticks_diff(time.ticks_ms(), start) < 8000:
        time.sleep_ms(10)
    print(nic.status())
"""
JOIN = "nic.connect('home', 'secret-of-home')\nuntil(3)"

# Scenario: (networks, what is done, what that prints); a step is code for the board, or what
# happens in the air.
SCENARIOS = {
    'start': (
        [],
        ['print(nic.active(), nic.status(), nic.config("mac").hex(":"))'],
        ('True 0 02:43:43:9e:00:01',),
    ),
    'scan': (
        [HOME, CAFE],
        ['for one in sorted(nic.scan()): print(*one)'],
        (
            "b'caf\\xc3\\xa9' b'\\x02CC\\x9e\\x01\\x01' 1 -70 0 1",
            "b'home' b'\\x02CC\\x9e\\x01\\x00' 6 -48 5 1",
        ),
    ),
    'join': (
        [HOME],
        [JOIN, 'print(nic.ifconfig()[0], nic.status("rssi"), nic.config("channel"))'],
        (
            '3',
            '10.0.2.15 -48 6',
        ),
    ),
    'open': (
        [CAFE],
        ["nic.connect('café')\nuntil(3)", 'nic.disconnect()\nuntil(0)'],
        (
            '3',
            '0',
        ),
    ),
    'refused': ([HOME], ["nic.connect('home', 'mistyped')\nuntil(-3)"], ('-3',)),
    'timed-out': ([SILENT], ["nic.connect('silent', 'mistyped')\nuntil(-3)"], ('1',)),
    'not-found': ([HOME], ["nic.connect('work', 'whatever')\nuntil(-2)"], ('-2',)),
    'lost': (
        [HOME],
        [JOIN, ('out', 'home'), 'time.sleep(4)\nprint(nic.isconnected())', ('back', 'home'), JOIN],
        ('3', 'False', '3'),
    ),
    'good-bye': (
        [HOME],
        [JOIN, ('bye', 'home'), 'time.sleep(1)\nprint(nic.isconnected())'],
        (
            '3',
            'False',
        ),
    ),
    'access-point': (
        [],
        [
            "point.config(ssid='board', key='eight or more', security=0x400004)\n"
            'point.active(True)\ntime.sleep_ms(100)\n'
            'print(point.ifconfig()[0], point.isconnected())',
            ('visit', 'something else'),
            'time.sleep_ms(200)\nprint(point.isconnected())',
            ('visit', 'eight or more'),
            'time.sleep(1)\nprint(len(point.status("stations")))',
            ('depart', ''),
            'time.sleep_ms(200)\nprint(point.isconnected())',
            'point.active(False)\ntime.sleep_ms(100)\nprint(point.active())',
        ],
        ('192.168.4.1 False', 'False', '1', 'False', 'False'),
    ),
}


def play(board, steps):
    """Do the steps on a board; return the lines that it prints."""
    printed = board.exec(START)
    for step in steps:
        if isinstance(step, str):
            printed += board.exec(step)
        else:
            board.emulator.happen(*step)
    return tuple(printed.splitlines())


def run(image, name, folder, **options):
    """Play a scenario on an emulated Pico W; return the lines that it prints."""
    networks, steps, _ = SCENARIOS[name]
    flash = Path(folder) / f'{name}.bin'
    files.write(flash, 'rpi_pico_w', {'main.py': b'pass\n'})
    air = {'networks': networks}
    board = boards.Board(image, link=False, flash=flash, air=air, visitors=[0], **options)
    try:
        return play(board, steps)
    finally:
        board.close()


def record(image):
    HERE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, (_, _, expected) in SCENARIOS.items():
            path = HERE / f'{name}.txt'
            printed = run(image, name, folder, record=path)
            print(f'{name}: {path.stat().st_size} bytes', '' if printed == expected else printed)


if __name__ == '__main__':
    record(sys.argv[1])
