"""`microdot.update` on an ESP32 with two firmwares: from one to the other, and back."""

# The flash is in memory, too.
# heap: 256K

# First: the stack of MicroPython ends how deep imports may nest.
import updates

# isort: split
import esp32_standin
from esp32_standin import installed
from microdot.update import confirm, version_text
from updates import Key, make_app, update
from wire import serve, until

FIRMWARE = esp32_standin.MAGIC + bytes(range(200)) * 25


def firmware(version='1.3.0', payload=FIRMWARE, **changed):
    return update(payload, version, kind=1, **changed)


async def test_a_good_firmware_that_is_confirmed():
    with installed() as there:
        app, updating = make_app(None)
        async with serve(app) as server:
            about = await updates.state(server)
            assert about['firmware'] == {'version': '1.2.0', 'state': 'confirmed', 'capacity': 8192}
            assert 'why' not in about and 'capacity' not in about
            assert (await updates.send(server, firmware())).status == 200
        assert there.memory['ota_1'][: len(FIRMWARE)] == FIRMWARE
        there.start()
        assert there.running[4] == 'ota_1'
        app, updating = make_app(None)
        assert updating.firmware.state == 'trial'
        reply = await updates.send_to(app, firmware('1.4.0'))
        assert reply.status == 409 and b'on trial' in reply.body
        confirm()
        assert updating.firmware.state == 'confirmed'
        there.start()
        assert there.running[4] == 'ota_1'
        app, updating = make_app(None)
        assert (await updates.send_to(app, firmware('1.4.0'))).status == 200
        there.start()
        assert there.running[4] == 'ota_0'


async def test_a_firmware_that_proves_itself():
    with installed() as there:
        assert (await updates.send_to(make_app(None)[0], firmware())).status == 200
        there.start()
        from microdot.update_esp32 import Firmware

        proof, Firmware.proof = Firmware.proof, 0.05
        try:
            app, updating = make_app(None)
            async with serve(app):
                await until(lambda: updating.firmware.state == 'confirmed')
        finally:
            Firmware.proof = proof
        there.start()
        assert there.running[4] == 'ota_1'


async def test_a_firmware_that_is_not_confirmed():
    with installed() as there:
        assert (await updates.send_to(make_app(None)[0], firmware())).status == 200
        there.start()
        assert there.running[4] == 'ota_1'
        there.start()
        assert there.running[4] == 'ota_0'
        assert make_app(None)[1].firmware.state == 'confirmed'
        assert (await updates.send_to(make_app(None)[0], firmware('1.3.1'))).status == 200
        there.start()
        assert there.running[4] == 'ota_1'


# What is wrong, the body, the status, a part of the answer.
BAD = (
    ('too long', lambda: firmware(payload=bytes(8193)), 413, 'room for 8192'),
    ('older', lambda: firmware('1.1.0'), 409, 'add ?older=1'),
    ('no firmware', lambda: firmware(payload=bytes(5000)), 422, 'can run'),
    ('an application', lambda: update(FIRMWARE), 501, 'no room for a second version'),
    ('altered', lambda: firmware()[:-1] + b'x', 422, 'altered'),
    ('of another board', lambda: firmware(board='esp32'), 422, 'for esp32'),
    ('of another key', lambda: firmware()[:90] + b'x' + firmware()[91:], 422, 'signature'),
)


async def test_bad_firmware():
    with installed() as there:
        there.memory['ota_0'][:5] = b'first'
        app, updating = make_app(None)
        async with serve(app) as server:
            for what, make, status, part in BAD:
                reply = await updates.send(server, make())
                assert reply.status == status and part in reply.body.decode(), (what, reply.body)
                assert there.boot()[4] == 'ota_0', what
                assert there.memory['ota_0'][:5] == b'first', what
        assert updating.restart == []


async def test_what_waits_for_a_restart_is_not_written_over():
    with installed() as there:
        assert (await updates.send_to(make_app(None)[0], firmware())).status == 200
        before = bytes(there.memory['ota_1'])
        reply = await updates.send_to(make_app(None)[0], firmware('1.4.0'))
        assert reply.status == 500 and b'waits for a restart' in reply.body
        assert there.memory['ota_1'] == before and there.boot()[4] == 'ota_1'


async def test_a_flash_that_reads_something_else():
    with installed() as there:
        app, updating = make_app(None)
        readblocks = esp32_standin.Partition.readblocks

        def read(partition, block, buffer, offset=0):
            readblocks(partition, block, buffer, offset)
            buffer[0] ^= partition.entry[4] == 'ota_1' and block == 1

        esp32_standin.Partition.readblocks = read
        try:
            reply = await updates.send_to(app, firmware())
        finally:
            esp32_standin.Partition.readblocks = readblocks
        assert reply.status == 500 and there.boot()[4] == 'ota_0', reply.body


async def test_a_board_with_one_firmware():
    one = ((1, 2, 0x9000, 4096, 'nvs'), (0, 0, 0x10000, 8192, 'factory'))
    with installed(one):
        app, updating = make_app(None)
        assert updating.firmware is None
        assert (await updates.send_to(app, firmware())).status == 501
        confirm()  # there is nothing to confirm


def test_versions():
    with installed():

        class Unversioned:
            KEY, BOARD = Key.KEY, 'esp32-OTA'

        app, updating = make_app(None, Unversioned)
        assert updating.firmware.version == 0
        app, updating = make_app(None)
        assert version_text(updating.firmware.version) == '1.2.0'
