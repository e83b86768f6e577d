"""`microdot.update`: good updates, and what is answered meanwhile."""

# The flash is in memory, too.
# heap: 256K

import asyncio
from time import time

import updates
from updates import AUTH, SECTOR, image, make_app, make_slots, slots_module, update
from wire import get, post, serve, until


async def test_a_good_update():
    slots = slots_module()
    made = make_slots(slots)
    app, updating = make_app(made)
    updating.pause = 2  # until both answers are here
    async with serve(app) as server:
        about = await updates.state(server)
        assert about == {
            'board': 'rpi_pico',
            'version': '1.2.0',
            'state': 'confirmed',
            'capacity': 2 * SECTOR,
        }
        reply = await updates.send(server, update(image()))
        assert (reply.status, updating.restart) == (200, []), reply.body
        assert b'"1.3.0"' in reply.body and b'"trial"' in reply.body
        late = await updates.send(server, update(image(), '1.4.0'))
        assert late.status == 409 and b'restarts' in late.body, late.body
        await until(lambda: updating.restart)
    assert updating.restart == [1]
    again = slots.Slots(made.device)
    assert updates.version_text(again.start(False).version) == '1.3.0'
    assert again.running.state == 'trial'
    assert bytes(again.image(again.running)) == image()


async def test_the_board_restarts_without_memory_for_the_answer():
    app, updating = make_app(make_slots(slots_module()))
    dispatch = app.dispatch_request

    async def fail(request):
        await dispatch(request)
        raise MemoryError

    app.dispatch_request = fail
    assert (await updates.send_to(app, update(image()))).status == 503
    await until(lambda: updating.restart)


async def test_lengths():
    """Of an image: a sector, more, less, as many bytes as a slot has."""
    slots = slots_module()
    for size in (1000, SECTOR - 1, SECTOR, SECTOR + 1, 2 * SECTOR):
        made = make_slots(slots)
        reply = await updates.send_to(make_app(made)[0], update(image(size)))
        assert reply.status == 200, (size, reply.body)
        again = slots.Slots(made.device)
        again.start(False)
        assert bytes(again.image(again.running)) == image(size), size


async def test_requests_are_answered_meanwhile():
    """How long the longest one waits is printed; each has to be answered."""
    app, updating = make_app(make_slots(slots_module()))
    whole = post('/update', update(image()), AUTH)
    waits = []

    async def ask(server, sending):
        client = await server.open()
        while not sending.done():
            began = time()
            await client.send(get('/'))
            assert (await client.response()).body == b'hello'
            waits.append(time() - began)

    async def send(server):
        client = await server.open()
        for start in range(0, len(whole), 500):
            await client.send(whole[start : start + 500])
        return await client.response()

    async with serve(app) as server:
        sending = asyncio.create_task(send(server))
        await ask(server, sending)
        assert (await sending).status == 200
    print('%d requests during an update, longest %d ms' % (len(waits), max(waits) * 1000))
    assert len(waits) > 20
