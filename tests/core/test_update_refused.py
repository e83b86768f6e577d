"""`microdot.update`: each kind of bad update, what is said to it, and that nothing happens."""

# The flash is in memory, too.
# heap: 256K

from hashlib import sha256

from updates import (
    AUTH,
    SECTOR,
    SECTORS,
    image,
    make_app,
    make_slots,
    next_start,
    sign,
    slots_module,
    table,
    update,
)
from wire import get, post, serve


def other_key():
    data = update(image())
    return data[:80] + sign(sha256(data[:80]).digest(), 12345) + data[144:]


def altered(at):
    data = bytearray(update(image()))
    data[at] ^= 1
    return bytes(data)


# What is wrong, the body, the query, the status, a part of the answer, whether the header tells.
BAD = (
    ('nothing', lambda: b'', '', 411, 'announced', True),
    ('a byte', lambda: b'M', '', 400, 'cut short: 1 of 144', True),
    ('a header alone', lambda: update(image())[:144], '', 400, 'cut short: 144 of 144', True),
    ('a picture', lambda: b'\x89PNG' + bytes(400), '', 400, 'no update', True),
    ('of another format', lambda: update(image(), magic=b'MDU2'), '', 400, 'no update', True),
    ('of an unknown kind', lambda: update(image(), kind=2), '', 400, 'no update', True),
    ('of a later format', lambda: update(image(), zeros=b'\0\0\1'), '', 400, 'no update', True),
    ('of no length', lambda: update(b'', length=0) + b'x', '', 400, 'no update', True),
    ('a board in no text', lambda: update(image(), board=b'\xff\xfe'), '', 400, 'no update', True),
    ('cut short', lambda: update(image())[:-1], '', 400, 'cut short: 4543 of 4544', True),
    ('cut short in the first sector', lambda: update(image())[:900], '', 400, 'cut short', True),
    ('with something after it', lambda: update(image()) + b'\n', '', 400, '4545 bytes', True),
    ('for another board', lambda: update(image(), board='esp32'), '', 422, 'is for esp32', True),
    (
        'for a variant',
        lambda: update(image(), board='rpi_pico-OTA'),
        '',
        422,
        'is for rpi_pico-OTA',
        True,
    ),
    ('for no board', lambda: update(image(), board=''), '', 422, 'this board is rpi_pico', True),
    ('too long', lambda: update(bytes(SECTORS * SECTOR + 1)), '', 413, '8193 bytes', True),
    ('older', lambda: update(image(), '1.1.9'), '', 409, '1.1.9, and 1.2.0', True),
    ('the same', lambda: update(image(), '1.2.0'), '', 409, '?older=1', True),
    (
        'older, asked for badly',
        lambda: update(image(), '1.1.9'),
        '?older=yes',
        409,
        '?older=1',
        True,
    ),
    ('a firmware', lambda: update(image(), kind=1), '', 422, 'applications alone', True),
    ('signed by another key', lambda: other_key(), '', 422, 'signature', True),
    ('with another version', lambda: altered(8), '', 422, 'signature', True),
    ('with another hash', lambda: altered(16), '', 422, 'signature', True),
    ('with another r', lambda: altered(80), '', 422, 'signature', True),
    ('with another s', lambda: altered(143), '', 422, 'signature', True),
    ('unsigned', lambda: update(image())[:80] + bytes(64) + image(), '', 422, 'signature', True),
    ('another first byte', lambda: altered(144), '', 422, 'altered', False),
    ('another last byte', lambda: altered(4543), '', 422, 'altered', False),
    (
        'signed with a wrong hash',
        lambda: update(image(), sha256=bytes(32)),
        '',
        422,
        'altered',
        False,
    ),
    ('no ROMFS', lambda: update(bytes(5000)), '', 422, 'not a ROMFS image', False),
)


async def test_bad_updates():
    slots = slots_module()
    made = make_slots(slots)
    flash = made.device
    app, updating = make_app(made)
    before = table(made)
    async with serve(app) as server:
        for what, make, query, status, part, early in BAD:
            flash.operations = 0
            reply = await server.request(post('/update' + query, make(), AUTH))
            text = reply.body.decode()
            assert reply.status == status and part in text, (what, reply.status, text)
            assert reply.header('Content-Type').startswith('text/plain'), what
            assert not early or not flash.operations, what
            assert table(made) == before, what
            assert next_start(slots, made) == '1.2.0', what
            assert (await server.get('/')).body == b'hello', what
        reply = await server.request(post('/update?older=1', update(image(), '1.1.9'), AUTH))
        assert reply.status == 200, reply.body
    assert next_start(slots, made) == '1.1.9'


async def test_without_a_length():
    made = make_slots(slots_module())
    app, updating = make_app(made)
    async with serve(app) as server:
        head = get('/update', 'Transfer-Encoding: chunked', AUTH, method='POST')
        reply = await server.request(head + b'3\r\nMDU\r\n0\r\n\r\n')
        assert reply.status == 411 and b'announced' in reply.body, reply.body
