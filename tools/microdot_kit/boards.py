"""The boards there are: one folder each in boards/, their facts in boards/boards.json.

`boards.json` has for each board

- `title`, `chip`, `network`: for people
- `port`: the MicroPython port; `micropython`: the version that its tests have
- `tested`: the versions that it was built with by hand, on an ESP32 as far as CMake configures it
- `sources`: `packages`, if the pinned packages have all it is built from, or `checkout`
- `submodules`: what it needs of those of a MicroPython checkout
- `mpy_arch`: what `mpy-cross -march=` calls the chip
- `flash`: in bytes, `size`; `base`, where it is in the chip's memory; `image`, where in it the
  image goes; `romfs` and `storage` (the file system), each with `offset` and `size`; on an ESP32
  also `app`, the firmware
- `idf`: the versions of ESP-IDF that this MicroPython supports, the best one last
- `uf2_family`: what a UF2 image is marked with
- `emulated`: whether its image can be run on this machine
"""

import json

from microdot_kit import runtimes
from microdot_kit.steps import Failure

FOLDER = runtimes.ROOT / 'boards'


def read():
    """All boards by their names; numbers written as hexadecimal strings are numbers."""
    return {name: numbers(facts) for name, facts in table().items()}


def table():
    return json.loads((FOLDER / 'boards.json').read_text())


def numbers(value):
    if isinstance(value, dict):
        return {key: numbers(entry) for key, entry in value.items()}
    if isinstance(value, str) and value.startswith('0x'):
        return int(value, 16)
    return value


def find(name):
    """The facts of a board; Failure with the names there are if it is none of them."""
    boards = read()
    if name not in boards:
        raise Failure(f'BOARD={name}: no such board. There are: {", ".join(boards)}')
    return boards[name]
