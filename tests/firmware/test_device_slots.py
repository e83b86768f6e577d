"""The power is cut in updates of the emulated RP2040, in each operation of its kept flash.

The updates are not signed: test_device_update has those, and versions that are broken.
"""

import contextlib
import hashlib
import http.client

import board as boards
import pytest
import slotted

from microdot_kit import payload, romfs

# The application takes an update itself, unsigned: `microdot.update` has tests of its own.
MAIN = """
import asyncio
import hashlib
import machine
import slots
from microdot import Microdot

app = Microdot()


@app.get('/')
async def index(request):
    return 'version NUMBER'


@app.get('/state')
async def state(request):
    running = slots.open().running
    return [running.state, running.starts]


@app.post('/confirm')
async def confirm(request):
    slots.confirm()
    return ''


@app.post('/update/<int:version>')
async def update(request, version):
    left = request.content_length
    writer = slots.open().begin(left)
    digest = hashlib.sha256()
    while left:
        block = await request.stream.readexactly(min(4096, left))
        left -= len(block)
        digest.update(block)
        writer.write(block)
        await asyncio.sleep(0)
    writer.commit(version, digest.digest())
    asyncio.create_task(restart())
    return 'written'


async def restart():
    await asyncio.sleep_ms(200)
    machine.reset()


asyncio.run(app.start_server(port=80))
"""
SIZE = 2  # sectors of an image
OF_UPDATE = 2 + 1 + 2 * SIZE + 2 + 2 + 2  # operations of the flash: see slot_writer
OF_START = 2  # when a trial starts


def image(tmp_path, number, before=''):
    """The ROMFS image of a version."""
    folder = tmp_path / f'version{number}'
    folder.mkdir(exist_ok=True)
    (folder / 'main.py').write_text(before + MAIN.replace('NUMBER', str(number)))
    (folder / 'filling.bin').write_bytes(hashlib.sha256(b'%d' % number).digest() * 140)
    data = romfs.pack(payload.app_files(folder, 'armv6m', romfs=True))
    assert len(data) // 4096 == SIZE - 1
    return data


class Updated(slotted.SlottedBoard):
    """A board, and the versions it gets."""

    def state(self):
        return self.board.request('GET', '/state')[2].decode()

    def post(self, path, data=b''):
        """Whether the board has answered."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.board.request('POST', path, data)[0] == 200
        return False

    def update(self, number, data):
        before = self.emulator.resets
        assert self.post(f'/update/{number}', data)
        self.reset_after(before)


@pytest.fixture(scope='module')
def updated(tmp_path_factory):
    folder = tmp_path_factory.mktemp('updated')
    made = Updated(folder, image(folder, 1), 1)
    yield made
    made.board.close()


@pytest.fixture
def old(updated):
    """The number of the version that the board runs, and keeps."""
    number = updated.version()
    assert updated.post('/confirm')
    return number


def test_cuts_in_an_update(updated, old):
    """In each operation: of what the upload writes, and of the first start."""
    number = old
    seen = []
    for operation in range(1, OF_UPDATE + OF_START + 1):
        before = updated.emulator.resets
        updated.emulator.cut(operation)
        new = number + 1
        updated.post(f'/update/{new}', image(updated.folder, new))
        updated.reset_after(before, 1 if operation <= OF_UPDATE else 2)
        runs = updated.version()
        assert runs in (number, new), operation
        seen.append(runs == new)
        if runs == new:
            assert updated.post('/confirm')
            number = new
    assert sum(seen) >= 1 + OF_START and seen[0] is False
    updated.update(number + 1, image(updated.folder, number + 1))
    assert updated.version() == number + 1


def test_cuts_in_a_confirmation_and_a_roll_back(updated, old):
    new, states = old + 1, []
    updated.update(new, image(updated.folder, new))
    assert updated.version() == new
    for operation in (1, 2):
        before = updated.emulator.resets
        updated.emulator.cut(operation)
        assert not updated.post('/confirm')
        updated.reset_after(before)
        assert updated.version() == new
        states.append(updated.state())
    assert states == ['["trial", 1]', '["confirmed", 1]']
    broken = image(updated.folder, new + 1, 'import nothing\n')
    for operation, resets in ((1, 6), (2, 5)):
        before = updated.emulator.resets
        updated.emulator.cut(OF_UPDATE + 3 * OF_START + operation)
        assert updated.post(f'/update/{new + 1}', broken)
        updated.reset_after(before, resets)
        assert updated.version() == new
        assert updated.emulator.resets == before + resets


COST = """
import gc, time
def used():
    gc.collect()
    return gc.mem_alloc()
a = used()
import slots
b = used()
t = time.ticks_us()
slots.start(False)
t = time.ticks_diff(time.ticks_us(), t)
c = used()
s = time.ticks_us()
slots.sha256(slots.started.memory[: slots.started.capacity]).digest()
s = time.ticks_diff(time.ticks_us(), s)
print(b - a, c - b, t, slots.started.running.length, s)
"""


def test_what_it_costs(updated, old):
    module, objects, time_us, length, hash_us = map(int, updated.board.exec(COST).split())
    boards.figures.append(('heap of slots: module, objects', f'{module}, {objects}', 'bytes'))
    boards.figures.append((f'choosing a slot of {length} bytes', f'{time_us / 1000:.1f}', 'ms'))
    boards.figures.append(('hashing a full slot', f'{hash_us / 1000:.1f}', 'ms'))
    assert module + objects < 3000
