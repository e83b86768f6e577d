"""What tests of updates share: a flash in memory, slots in it, and updates signed for them."""

import json
import struct
from hashlib import sha256

SECTOR = 4096
SECTORS = 2  # of a slot
WHOLE = 1 << 30  # operations


class Flash(bytearray):
    """A block device in memory that erases to ones and programs zeros; `operations` are counted.

    `fails`: how many operations go well before each one is an OSError.
    """

    operations = 0
    fails = WHOLE

    def ioctl(self, op, block):
        assert op == 6
        self._operate()
        start = block * SECTOR
        for at in range(start, start + SECTOR, 256):
            self[at : at + 256] = b'\xff' * 256

    def writeblocks(self, block, data, offset):
        self._operate()
        at = block * SECTOR + offset
        for byte in data:
            self[at] &= byte
            at += 1

    def _operate(self):
        self.operations += 1
        if self.operations > self.fails:
            raise OSError(5)


# One for all tests, made while there is room for it.
flash = Flash(SECTOR * (2 * SECTORS + 2))

from board_modules import board_module  # noqa: E402
from microdot import Microdot  # noqa: E402
from microdot.auth import BasicAuth  # noqa: E402
from microdot.update import Update, version_text  # noqa: E402
from wire import post, serve  # noqa: E402

_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# A private key, its public one, and of one fixed nonce (never do that with a real key) its inverse
# and r: so the tests can sign on a board, too.
_D = 0x5FB9A51677E249B479CEE437D7E17B81A54448B41D021CDED634A7618B73A1FA
_X = 0x9CF098294423E553695EA5CD4C33D245E0D03909F3E6C22A12FE5FFEBAF776FC
_Y = 0x741E677ABA3B7A9300400F4E27E75A1B8CD1295644CC22B3C164AE14E96FBA14
_K = 0x59B5635C5A58C901A243743B954DD08482C6C1183CDE5557C3F36CBD95B363A0
_R = 0x50A75606DFC9D3E09D870227B58A4D3A6AF4B5E0A51A34876FC12AAAE5E52AA6

AUTH = 'Authorization: Basic YWRhOnNlY3JldA=='  # ada:secret


def slots_module():
    """The module `slots`, of the sources of the boards or of the firmware."""
    board_module('slot_writer')  # imported late otherwise, without its path
    return board_module('slots')


class Key:
    """Stands for the module `update_key`."""

    KEY = _X.to_bytes(32, 'big') + _Y.to_bytes(32, 'big')
    BOARD = 'rpi_pico'
    VERSION = '1.2.0'


def sign(digest, d=_D):
    """The signature of a digest: 64 bytes."""
    h = int.from_bytes(digest, 'big')
    s = pow(_K, _N - 2, _N) * (h + _R * d) % _N
    return _R.to_bytes(32, 'big') + s.to_bytes(32, 'big')


def number(text):
    major, minor, patch = text.split('.')
    return int(major) << 24 | int(minor) << 12 | int(patch)


def update(payload, version='1.3.0', board='rpi_pico', kind=0, **changed):
    """The bytes of a signed update; what is `changed` is so before it is signed."""
    fields = {'magic': b'MDU1', 'zeros': bytes(3), 'length': len(payload)}
    fields['sha256'] = sha256(payload).digest()
    fields.update(changed)
    name = board if isinstance(board, bytes) else board.encode()
    signed = struct.pack(
        '<4sB3sII32s32s',
        fields['magic'],
        kind,
        fields['zeros'],
        number(version),
        fields['length'],
        fields['sha256'],
        name + bytes(32 - len(name)),
    )
    return signed + sign(sha256(signed).digest()) + payload


def image(size=4400, fill=1):
    """What looks like a ROMFS image of that many bytes (1000 to 16000)."""
    inside = size - 5
    head = b'\xd2\xcd1' + bytes([0x80 | inside >> 7, inside & 0x7F])
    return head + bytes([fill]) * inside


def erase():
    flash.fails = WHOLE
    for block in range(len(flash) // SECTOR):
        flash.ioctl(6, block)


def make_slots(slots, version='1.2.0', state='confirmed'):
    """Slots from which a version runs, in the flash, which is erased before."""
    erase()
    made = slots.Slots(flash)
    if version:
        first = image(fill=7)
        writer = made.begin(len(first))
        for start in range(0, len(first), SECTOR):
            writer.write(first[start : start + SECTOR])
        writer.commit(number(version), sha256(first).digest(), state)
    made.start(False)
    flash.operations = 0
    return made


def table(made):
    """All that the board needs to start what runs: the image, and what is said of it."""
    return bytes(made.image(made.running)), made.records[made.running.slot].pack()


def next_start(slots, made):
    """The version that a board with this flash would start next."""
    return version_text(slots.Slots(made.device).start(False).version)


class Restarts(list):
    """Called to restart the board."""

    def __call__(self):
        self.append(1)


def make_app(slots, key=Key, **options):
    """(application, its Update) with a route beside it; user ada, password secret."""
    app = Microdot()
    auth = BasicAuth()

    @auth.authenticate
    async def check(request, user, password):
        return user if (user, password) == ('ada', 'secret') else None

    @app.get('/')
    async def index(request):
        return 'hello'

    made = Update(app, auth, key=key, slots=slots, restart=Restarts(), **options)
    made.pause = 0.01
    return app, made


async def send(server, body, query='', *lines):
    """Send an update, and return the Reply."""
    return await server.request(post('/update' + query, body, *(lines or (AUTH,))))


async def state(server):
    """What GET answers."""
    reply = await server.get('/update', AUTH)
    assert reply.status == 200 and reply.header('Content-Type').startswith('application/json')
    return json.loads(reply.body)


async def send_to(app, body, query='', *lines):
    """Send an update to an application that is served for it, and return the Reply."""
    async with serve(app) as server:
        return await send(server, body, query, *lines)


async def state_of(app):
    async with serve(app) as server:
        return await state(server)
