"""`microdot.update`: what a board says of its versions, and when it takes none."""

# The flash is in memory, too.
# heap: 256K

import updates
from microdot.update import confirm, version_text
from updates import Key, image, make_app, make_slots, next_start, number, slots_module, update
from wire import serve

# What the board lacks, and what it says to GET and POST.
UNABLE = (
    ('a key', None, True, 'no key'),
    ('slots', Key, False, 'no room for a second version'),
)


async def test_a_board_that_takes_no_updates():
    slots = slots_module()
    for what, key, has_slots, part in UNABLE:
        made = make_slots(slots) if has_slots else None
        app, updating = make_app(made, key)
        updating.key = key
        async with serve(app) as server:
            reply = await updates.send(server, update(image()))
            assert reply.status == 501 and part in reply.body.decode(), (what, reply.body)
            assert part in (await updates.state(server))['why'], what
        assert not made or made.device.operations == 0


async def test_on_trial():
    made = make_slots(slots_module(), '1.2.0', 'trial')
    app, updating = make_app(made)
    async with serve(app) as server:
        reply = await updates.send(server, update(image()))
        assert reply.status == 409 and b'on trial' in reply.body
        state = await updates.state(server)
        assert state['state'] == 'trial' and 'on trial' in state['why']
        made.confirm()
        assert (await updates.send(server, update(image()))).status == 200


async def test_a_board_without_an_application_in_a_slot():
    slots = slots_module()
    made = make_slots(slots, None)
    app, updating = make_app(made)
    async with serve(app) as server:
        assert (await updates.state(server))['version'] is None
        assert (await updates.send(server, update(image(), '0.0.0'))).status == 200
    assert next_start(slots, made) == '0.0.0'


async def test_an_image_that_is_longer_than_a_slot():
    """As `mpremote romfs deploy` writes one: it is not written over unasked."""
    slots = slots_module()
    made = make_slots(slots, None)
    long = image(3 * updates.SECTOR)
    for start in range(0, len(long), updates.SECTOR):
        made.device.writeblocks(start // updates.SECTOR, long[start : start + updates.SECTOR], 0)
    made = slots.Slots(made.device)
    app, updating = make_app(made)
    reply = await updates.send_to(app, update(image()))
    assert reply.status == 409 and b'longer than a slot' in reply.body, reply.body
    assert made.memory[: len(long)] == long


async def test_a_failed_version_is_named():
    slots = slots_module()
    made = make_slots(slots)
    assert (await updates.send_to(make_app(made)[0], update(image()))).status == 200
    for _ in range(slots.RESTARTS + 1):
        made = slots.Slots(made.device)
        made.start(True)
    assert version_text(made.running.version) == '1.2.0'
    app, updating = make_app(made)
    about = await updates.state_of(app)
    assert (about['version'], about['failed']) == ('1.2.0', '1.3.0')
    assert (await updates.send_to(app, update(image(), '1.3.1'))).status == 200
    assert next_start(slots, made) == '1.3.1'
    made = slots.Slots(made.device)
    made.start(False)
    assert 'failed' not in await updates.state_of(make_app(made)[0])


def test_versions():
    for text in ('0.0.0', '1.2.3', '255.4095.4095'):
        assert version_text(number(text)) == text
    assert number('1.10.0') > number('1.9.4095')


def test_confirm():
    slots = slots_module()
    made = make_slots(slots, '1.2.0', 'trial')
    before = slots.started
    try:
        slots.started = made
        confirm()
        assert made.running.state == 'confirmed'
        operations = made.device.operations
        confirm()
        assert made.device.operations == operations
    finally:
        slots.started = before
