"""Signed updates of the emulated RP2040 by `microdot.update`, from `make update` to what serves.

They come by curl and by `make deploy URL=`, others are served meanwhile, and versions that are
broken give way. The cuts of the power are in test_device_slots.
"""

import hashlib
import json
import re
import subprocess
import threading
import time

import board as boards
import pytest
import slotted

import building
import needs
from microdot_kit import keys, runtimes, update
from microdot_kit.steps import Failure

# The key is in the application, as it is in no firmware that other tests share.
MAIN = """
import asyncio
import gc
from microdot import Microdot
from microdot.auth import BasicAuth
from microdot.update import Update, confirm

BEFORE


class Key:
    KEY = PUBLIC
    BOARD = 'rpi_pico'


class Heap:
    least = most = task = None


app = Microdot()
auth = BasicAuth()


@auth.authenticate
async def check(request, user, password):
    return user if password == 'secret' else None


update = Update(app, auth, key=Key)


@app.get('/')
async def index(request):
    return 'version NUMBER'


@app.get('/untouched')
async def untouched(request):
    import hashlib

    running = update.slots.running
    found = hashlib.sha256(update.slots.image(running)).digest()
    return found.hex() + running.pack().hex()


@app.post('/confirm')
async def confirmed(request):
    confirm()
    return ''


@app.post('/heap')
async def start(request):
    Heap.task = asyncio.create_task(watch())
    return ''


@app.get('/heap')
async def heap(request):
    return [Heap.least, Heap.most]


async def watch():
    while True:
        gc.collect()
        used = gc.mem_alloc()
        Heap.least = min(used, Heap.least or used)
        Heap.most = max(used, Heap.most or 0)
        await asyncio.sleep_ms(20)


async def main():
    server = asyncio.create_task(app.start_server(port=80))
    AFTER
    await server


SERVE
"""
DEFAULTS = {'BEFORE': '', 'AFTER': '', 'SERVE': 'asyncio.run(main())'}
BROKEN = {
    'raises as it is imported': {'BEFORE': 'import nothing'},
    'hangs': {'AFTER': 'await asyncio.sleep(1)\n    import time\n    time.sleep(3600)'},
    'answers no request': {'SERVE': 'asyncio.run(asyncio.sleep(3600))'},
}
FILLING = 60000  # bytes beside the program, where it matters how long an update takes
USER = 'ada:secret'
PAGE = runtimes.ROOT / 'docs' / 'howto' / 'update.md'
ROW = re.compile(r'^\| ([^|]+) \| ([\d,]+) bytes \|$', re.MULTILINE)


def now(board):
    """Emulated seconds since the board was reset."""
    return board.emulator.stats()['nanos'] / 1e9


def check_heap(what, size, off=300):
    """That the page says what something takes of the heap, within so many bytes."""
    boards.figures.append((f'heap of {what}', size, 'bytes'))
    written = dict(ROW.findall(PAGE.read_text()))
    assert abs(int(written[what].replace(',', '')) - size) < off, (what, size)


class Visitor(threading.Thread):
    """Asks for the page again and again, on one connection each; `waits` are emulated seconds."""

    def __init__(self, board):
        super().__init__()
        self.board = board
        self.waits = []
        self.error = None
        self.over = threading.Event()
        self.start()

    def run(self):
        try:
            while not self.over.is_set():
                began = now(self.board)
                status, _, _ = self.board.request('GET', '/')
                assert status == 200
                self.waits.append(now(self.board) - began)
        except Exception as exc:
            self.error = exc

    def end(self):
        """The waits, once the last one has been answered."""
        self.over.set()
        self.join()
        assert not self.error, self.error
        return self.waits


class Updated(slotted.SlottedBoard):
    """A board, and the versions that are made for it."""

    def __init__(self, folder):
        self.folder = folder
        self.private, self.public = keys.make(folder / 'keys')
        super().__init__(folder, self.made(1).read_bytes()[update.HEADER :], update.number('1.0.0'))

    def made(self, number, filling=0, **changes):
        """The path of an update to version NUMBER.0.0, as `make update` makes it."""
        text = MAIN.replace('PUBLIC', repr(keys.public_key(self.public)))
        for name, default in DEFAULTS.items():
            text = text.replace(name, changes.get(name, default))
        app = self.folder / f'version{number}'
        app.mkdir(exist_ok=True)
        (app / 'main.py').write_text(text.replace('NUMBER', str(number)))
        data = b''.join(hashlib.sha256(b'%d' % i).digest() for i in range(filling // 32))
        (app / 'filling.bin').write_bytes(data)
        arguments = [str(app), '--version', f'{number}.0.0', '--key', str(self.private)]
        path = app.with_suffix('.mdu')
        return update.make(update.options([*arguments, '--output', str(path)]))

    def curl(self, path):
        """(status, answer) of an update that curl sends."""
        command = [needs.require('curl', 'install it (Debian: apt-get install curl)')]
        command += ['-sS', '-u', USER, '--data-binary', f'@{path}', '--max-time']
        command += [str(boards.ANSWER), '-w', r'\n%{http_code}']
        command += [self.board.url + '/update']
        ended = subprocess.run(command, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
        answer, _, status = ended.stdout.rpartition('\n')
        return int(status), answer

    def about(self):
        """What `GET /update` says."""
        self.board.wait_for_server()
        headers = {'Authorization': 'Basic YWRhOnNlY3JldA=='}
        status, _, body = self.board.request('GET', '/update', headers=headers)
        assert status == 200
        return json.loads(body)

    def confirm(self):
        assert self.board.request('POST', '/confirm')[0] == 200

    def get(self, path):
        return self.board.request('GET', path)[2]


@pytest.fixture(scope='module')
def updated(tmp_path_factory):
    try:
        keys.cryptography()
    except Failure as exc:
        needs.missing(str(exc))
    made = Updated(tmp_path_factory.mktemp('updated'))
    yield made
    made.board.close()


@pytest.fixture
def old(updated):
    """The number of the version that the board runs, and keeps."""
    number = updated.version()
    updated.confirm()
    return number


def test_version_2_arrives_by_curl_while_others_are_served_and_stays(updated, old):
    new = old + 1
    file = updated.made(new, FILLING)
    assert updated.about()['version'] == f'{old}.0.0'
    before = updated.emulator.resets
    began = now(updated.board)
    visitor = Visitor(updated.board)
    status, answer = updated.curl(file)
    waits = visitor.end()
    seconds = now(updated.board) - began
    assert (status, json.loads(answer)) == (200, {'version': f'{new}.0.0', 'state': 'trial'})
    size = file.stat().st_size
    boards.figures.append((f'an update of {size} bytes, others served', f'{seconds:.1f}', 's'))
    boards.figures.append(('answered meanwhile', len(waits), 'requests'))
    boards.figures.append(('the longest wait of one', f'{max(waits) * 1000:.0f}', 'ms'))
    assert len(waits) > 3
    updated.reset_after(before)
    assert updated.version() == new
    about = updated.about()
    assert 'on trial' in about.pop('why')
    assert about == {
        'board': 'rpi_pico',
        'version': f'{new}.0.0',
        'state': 'trial',
        'capacity': update.capacity(slotted.ROM['size']),
    }
    for _ in range(2):  # switched off, and on
        before = updated.emulator.resets
        updated.emulator.cut()
        updated.reset_after(before)
        assert updated.version() == new
    assert updated.about()['state'] == 'trial'
    began = time.monotonic()
    updated.emulator.skip(75, boards.ANSWER)
    boards.figures.append(('a slot confirms itself', f'{time.monotonic() - began:.1f}', 's'))
    assert updated.about()['state'] == 'confirmed'
    assert re.search(r'ROMFS: slot [01] is confirmed', updated.printed())


@pytest.mark.parametrize('how', BROKEN)
def test_a_broken_one_comes_back(updated, old, how):
    new = old + 1
    updated.emulator.printed.clear()
    before, began = updated.emulator.resets, time.monotonic()
    status, answer = updated.curl(updated.made(new, **BROKEN[how]))
    assert status == 200, answer
    updated.reset_after(before)
    while updated.emulator.resets < before + 4:
        updated.emulator.skip(610, boards.ANSWER)
    boards.figures.append((f'comes back that {how}', f'{time.monotonic() - began:.1f}', 's'))
    assert updated.version() == old
    assert updated.emulator.resets == before + 4
    assert updated.printed().count('is on trial') == 3
    about = updated.about()
    assert (about['version'], about['state']) == (f'{old}.0.0', 'confirmed')
    assert about['failed'] == f'{new}.0.0' and 'why' not in about


def test_an_altered_one_is_refused(updated, old):
    """What it costs, too: all is done for it but the last entry in the table."""
    file = updated.made(old + 1, FILLING)
    data = bytearray(file.read_bytes())
    untouched = updated.get('/untouched')
    data[update.HEADER + 30000] ^= 1
    file.write_bytes(data)
    assert updated.board.request('POST', '/heap')[0] == 200
    resets = updated.emulator.resets
    began = now(updated.board)
    status, answer = updated.curl(file)
    seconds = now(updated.board) - began
    assert (status, answer.strip()) == (
        422,
        'The update has been altered: it is not what was signed.',
    )
    boards.figures.append((f'altered, {len(data)} bytes, heap watched', f'{seconds:.1f}', 's'))
    least, most = json.loads(updated.get('/heap'))
    check_heap('an update, at most', most - least, 1500)
    data[update.HEADER - 1] ^= 1
    file.write_bytes(data)
    status, answer = updated.curl(file)
    assert (status, answer.strip()) == (
        422,
        'The signature is not that of the key in this firmware.',
    )
    assert updated.get('/untouched') == untouched
    assert updated.version() == old and updated.emulator.resets == resets
    assert updated.about() == {
        'board': 'rpi_pico',
        'version': f'{old}.0.0',
        'state': 'confirmed',
        'capacity': update.capacity(slotted.ROM['size']),
    }


def test_make_deploy(updated, old):
    new = old + 1
    url = updated.board.url.replace('://', f'://{USER}@')
    status, said = building.make('deploy', f'URL={url}', f'UPDATE={updated.made(new)}')
    assert status == 0 and f'runs version {new}.0.0, on trial' in said, said
    assert updated.version() == new
    status, said = building.make('deploy', f'URL={url}', f'UPDATE={updated.made(new + 1)}')
    assert status != 0 and 'is on trial: wait until it is confirmed' in said, said


COST = """
import gc
def used():
    gc.collect()
    return gc.mem_alloc()
from microdot import Microdot
from microdot.auth import BasicAuth
import slots
app, auth = Microdot(), BasicAuth()
class Key:
    KEY = bytes(64)
    BOARD = 'rpi_pico'
a = used()
import microdot.update
b = used()
made = microdot.update.Update(app, auth, key=Key)
c = used()
import microdot.p256, slot_writer
d = used()
print(b - a, c - b, d - c)
"""


def test_what_it_costs(updated, old):
    found = map(int, updated.board.exec(COST).split())
    check_heap('loading it, with `csrf`', next(found))
    check_heap('an `Update`', next(found))
    check_heap('what an update loads', next(found))
