"""Numbers and names in the tables of the documentation are those of the code.

A default in a page begins with the value (`10 s`, `-1: what it means`), as Python writes it or in
the words of WORDS; `16 (CPython: 1000)` has one for each runtime, of which this is CPython.
"""

import ast
import inspect
import json
import re

import pytest

from microdot import Request
from microdot.auth import BasicAuth, TokenAuth
from microdot.cors import CORS
from microdot.csrf import CSRF
from microdot.multipart import FormDataIter
from microdot.server import Connection
from microdot.sse import SSE
from microdot.websocket import WebSocket
from microdot_kit import romfs as romfs_tool
from microdot_kit import runtimes

DOCS = runtimes.ROOT / 'docs'
BOARDS = json.loads((runtimes.ROOT / 'boards' / 'boards.json').read_text())
WAYS = ('`.mpy` files', 'ROMFS', 'frozen into firmware')
WORDS = {'none': ((), None)}
CODE = re.compile(r'`([^`]+)`')


def table(page, first):
    """The rows below a table's head whose first cell has that text; each a list of its cells."""
    lines = (DOCS / page).read_text().splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f'| {first} |'))
    for line in lines[start + 2 :]:
        if not line.startswith('|'):
            return
        yield re.split(r' ?\| ', line.strip('| '))


def values(cell):
    """What a cell with defaults says, one after the other."""
    cell = re.sub(r'.*\(CPython: (\w+)\).*', r'\1', cell)
    for part in cell.split(', '):
        word = re.split(r':| s$', part.strip('`'))[0].strip('`')
        yield WORDS[word] if word in WORDS else (ast.literal_eval(word),)


def parameters(f):
    return {name: p.default for name, p in inspect.signature(f).parameters.items()}


def default(owner, name):
    """The default of an attribute of a class, or of a parameter of its constructor."""
    known = parameters(owner)
    return known[name] if name in known else getattr(owner, name)


# Page, the first cell of the table's head, whose defaults they are unless the name says it.
DEFAULTS = (
    ('server.md', 'Attribute', Connection),
    ('guide/websocket.md', 'Option', WebSocket),
    ('guide/cors.md', 'Option', CORS),
    ('guide/csrf.md', 'Option', CSRF),
    ('guide/sse.md', 'Option', SSE),
    ('guide/multipart.md', 'Limit (`FormDataIter`)', FormDataIter),
    ('guide/auth.md', 'Option', BasicAuth),
)
OWNERS = {'Request': Request, 'TokenAuth': TokenAuth}


@pytest.mark.parametrize('page, first, owner', DEFAULTS)
def test_defaults(page, first, owner):
    checked = 0
    for names, told, *_ in table(page, first):
        for name, possible in zip(CODE.findall(names), values(told) if told else ()):
            call = re.match(r'(\w+)\((?:\w+, )?(\w+)=', name)
            *prefix, last = call.groups() if call else name.rstrip('=').split('.')
            found = default(OWNERS.get(prefix[0], owner) if prefix else owner, last)
            assert found in possible, (name, told, found)
            checked += 1
    assert checked >= 2


def test_bounds_that_are_told_of_in_passing():
    text = ' '.join((DOCS / 'troubleshooting.md').read_text().split())
    for name, value in re.findall(r'`(?:Request\.)?(max_\w+)` \((\d+)\)', text):
        owner = Request if hasattr(Request, name) else Connection
        assert getattr(owner, name) == int(value), name


def test_costs_are_the_same_on_all_pages():
    rows = [cells[:2] for cells in table('howto/memory.md', 'What')]
    costs = [next(cost for what, cost in rows if way in what) for way in WAYS]
    assert costs == sorted(costs, key=lambda cost: -float(cost.split()[0]))
    for name in ('docs/figures/code.svg', 'docs/index.md', 'README.md', 'docs/esp32.md'):
        text = (runtimes.ROOT / name).read_text()
        for way, cost in zip(WAYS, costs):
            assert cost in text or (way == 'ROMFS' and name == 'README.md'), (name, cost)


def size(cell):
    number, unit = cell.split()
    return int(float(number) * {'KiB': 1 << 10, 'MiB': 1 << 20}[unit])


def test_flash_of_boards():
    told = {CODE.findall(cells[0])[0]: cells[1:] for cells in table('howto/romfs.md', '`BOARD`')}
    facts = {name: board['flash']['romfs'] for name, board in BOARDS.items() if 'flash' in board}
    assert set(told) == set(facts)
    for name, (cell, slot) in told.items():
        assert size(cell) == int(facts[name]['size'], 0), name
        assert size(slot) == romfs_tool.capacity(size(cell)), name
    for board, chip, flash, romfs, storage, arch in table('esp32.md', '`BOARD`'):
        known = BOARDS[board.strip('`')]
        assert known['chip'] == chip and known['mpy_arch'] == arch.strip('`')
        assert size(romfs) == int(known['flash']['romfs']['size'], 0)
        assert size(storage) == int(known['flash']['storage']['size'], 0)
        assert size(flash) == max(
            int(part['offset'], 0) + int(part['size'], 0)
            for part in known['flash'].values()
            if isinstance(part, dict)
        )


def test_all_boards_are_told_of():
    told = {name for cells in table('firmware.md', '`BOARD`') for name in CODE.findall(cells[0])}
    assert told == set(BOARDS)


@pytest.mark.parametrize('page', ['firmware.md', 'howto/freeze.md'])
def test_options_of_the_manifest(page):
    text = (runtimes.ROOT / 'manifest.py').read_text()
    found = re.search(r'^EXTENSIONS = (\{.*?^\})', text, re.M | re.S)[1]
    told = set()
    for cells in table(page, 'Option'):
        told |= {name.split('=')[0] for name in CODE.findall(cells[0])}
    assert told == {*ast.literal_eval(found), 'extensions', 'app', 'opt'}
