"""`microdot.update`: clients that leave or come twice, a flash that fails."""

# The flash is in memory, too.
# heap: 256K

import updates
from updates import AUTH, image, make_app, make_slots, next_start, slots_module, update
from wire import post, serve, until


async def test_two_at_a_time_and_one_that_leaves():
    slots = slots_module()
    made = make_slots(slots)
    app, updating = make_app(made)
    whole = post('/update', update(image()), AUTH)
    async with serve(app) as server:
        first = await server.open()
        await first.send(whole[: len(whole) - 300])
        await until(lambda: made.device.operations > 2)  # a sector is written
        assert 'on its way' in (await updates.state(server))['why']
        reply = await server.request(whole)
        assert reply.status == 409 and b'on its way' in reply.body
        await first.close()
        await until(lambda: not updating._taking)
        assert next_start(slots, made) == '1.2.0' and not updating.restart
        assert (await server.request(whole)).status == 200
    assert next_start(slots, made) == '1.3.0'


async def test_one_that_stalls():
    slots = slots_module()
    made = make_slots(slots)
    app, updating = make_app(made)
    whole = post('/update', update(image()), AUTH)
    async with serve(app, body_timeout=0.3) as server:
        first = await server.open()
        await first.send(whole[: len(whole) - 300])
        assert (await first.response()).status == 408
        assert next_start(slots, made) == '1.2.0' and not updating._taking


async def test_a_flash_that_fails():
    slots = slots_module()
    made = make_slots(slots)
    flash = made.device
    body = update(image())
    good = False
    for fails in range(40):
        flash.operations, flash.fails = 0, fails
        app, updating = make_app(made)
        reply = await updates.send_to(app, body)
        good = reply.status == 200
        if good:
            break
        assert reply.status == 500 and b'flash could not be written' in reply.body, reply.body
        flash.fails = updates.WHOLE
        assert next_start(slots, made) == '1.2.0', fails
        made = slots.Slots(flash)
        made.start(False)
    assert good and fails > 6
    flash.fails = updates.WHOLE
    assert next_start(slots, made) == '1.3.0'
