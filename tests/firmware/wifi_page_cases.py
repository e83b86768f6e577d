"""The set-up page as clients of the access point get it, and what comes of it: see wifi_cases.

micropython -c "import wifi_page_cases; wifi_page_cases.run('esp32', 'served_a_search')"
"""

import asyncio
import os
import sys

import wifi_cases
import wifi_setup_cases
import wifi_standins
from wifi_cases import AIR, joined, see
from wifi_setup_cases import page, saved, start

import wire
from microdot import Microdot
from microdot.urlencoded import urlencode

radio = link = startup = None
FORM = 'Content-Type: application/x-www-form-urlencoded'
HOST = 'Host: 127.0.0.1'


def run(chip, name):
    wifi_cases.run(chip, name, globals())


def fast():
    """Real time, in which the radio and the looks at it are faster than real ones."""
    wifi_standins.SCAN = wifi_standins.REFUSAL = wifi_standins.JOIN = 100
    wifi_setup_cases.link, wifi_setup_cases.startup = link, startup
    startup.LOOK, link.FAREWELL, radio.address = 0.05, 1500, '127.0.0.1'
    from wifi_setup import networks, page

    networks.GLANCE, page.GRACE = 0.02, 0.1
    page.DNS_PORT = wire.free_port()


async def until_shown(server, path, words):
    """Look at the page until it has these words; return its text."""
    for _ in range(200):
        text = (await server.request(get(path))).body.decode()
        if words in text:
            return text
        await asyncio.sleep(0.05)
    raise AssertionError(text)


def get(path):
    return ('GET %s HTTP/1.1\r\n%s\r\n\r\n' % (path, HOST)).encode()


async def post(server, **fields):
    fields['token'] = page().token
    form = '&'.join([key + '=' + urlencode(fields[key]) for key in fields])
    sent = wire.post('/wifi-setup', form.encode(), FORM).replace(b'Host: h', HOST.encode())
    return await server.request(sent)


def served(case):
    app = Microdot()
    app.get('/')(lambda request: 'the application')
    fast()
    see('home', 'shed')
    nic = start({'setup': True})

    async def main():
        asyncio.create_task(startup.keep(nic, False))
        async with wire.serve(app) as server:
            await case(server)

    asyncio.run(main())


async def has_closed():
    await wire.until(lambda: not radio.point.on)
    left = [name for name in sys.modules if name.startswith('wifi_setup.')]
    assert not left, left


def served_from_the_form_to_the_end():
    async def case(server):
        reply = await post(server, ssid='home', password='secret-mistyped', name='Desk')
        path = reply.header('Location')
        assert reply.status == 303 and path.startswith('/wifi-setup?attempt='), path
        text = await until_shown(server, path, 'refused the password')
        # What was typed is there, for whoever typed it.
        for typed in ('value="home" checked', 'value="secret-mistyped"', 'value="desk"'):
            assert typed in text, typed
        other = (await server.request(get('/wifi-setup'))).body.decode()
        assert 'mistyped' not in other and 'home refused the password' in other
        assert not os.listdir('fs').count('network.json.new') and 'ssid' not in saved()
        reply = await post(server, ssid='', other='home', password=AIR['home'], name='desk')
        text = await until_shown(server, reply.header('Location'), 'has joined home')
        port = ':%d"' % server.port
        assert 'http://192.168.1.23' + port in text and 'http://desk.local' + port in text
        assert saved()['password'] == AIR['home'] and saved()['hostname'] == 'desk'
        assert radio.point.on
        await has_closed()
        assert (await server.request(get('/wifi-setup'))).status == 404
        assert (await server.request(get('/'))).body == b'the application'
        await wire.until(joined)  # an old Pico W has had to start its radio anew
        assert joined() == 'home' and link.name() == 'desk.local'

    served(case)


def served_to_two_phones():
    async def case(server):
        first = await post(server, ssid='home', password='secret-mistyped')
        second = await post(server, ssid='shed', password='secret-of-second')
        text = second.body.decode()
        assert second.status == 409 and 'Another phone' in text
        assert 'value="secret-of-second"' in text and 'secret-mistyped' not in text
        await until_shown(server, first.header('Location'), 'value="secret-mistyped"')
        second = await post(server, ssid='shed', password=AIR['shed'])
        # The first one gets to see what has come of it, too.
        await until_shown(server, first.header('Location'), 'has joined shed')
        assert (await post(server, ssid='home', password=AIR['home'])).status == 409
        assert saved()['ssid'] == 'shed'
        await has_closed()

    served(case)


def served_a_search():
    async def case(server):
        radio.neighbors = [(b'new one', -40, 4)]
        reply = await post(server, ssid='', other='typed', password='secret-typed', scan='1')
        text = reply.body.decode()
        for shown in ('value="new one"', 'value="typed"', 'value="secret-typed"'):
            assert shown in text, shown

    served(case)


def served_without_room_for_the_file():
    async def case(server):
        def full(name, text):
            raise OSError(28)

        sys.modules['wifi_setup.networks'].write_whole = full
        reply = await post(server, ssid='home', password=AIR['home'])
        text = await until_shown(server, reply.header('Location'), 'has joined home')
        assert 'cannot be saved: OSError(28' in text
        await has_closed()

    served(case)


def served_by_itself():
    """With an application that does not listen on the page's port: until it does."""
    fast()
    from wifi_setup import page as module

    module.PORT = wire.free_port()
    start({'setup': True})
    app = Microdot()
    app.get('/')(lambda request: 'the application')

    async def main():
        async def text():
            try:
                reader, writer = await asyncio.open_connection('127.0.0.1', module.PORT)
                client = wire.Client(reader, writer)
                await client.send(get('/'))
                reply = await client.response()
                await client.close()
                return reply.header('Location') or reply.body.decode()
            except (OSError, EOFError):
                return ''

        async def shows(wanted):
            for _ in range(100):
                if await text() == wanted:
                    return
                await asyncio.sleep(0.05)
            raise AssertionError(await text())

        await shows('http://127.0.0.1:%d/wifi-setup' % module.PORT)
        task = asyncio.create_task(app.start_server('0.0.0.0', module.PORT))
        await shows('the application')
        await asyncio.sleep(1)  # the page does not take it back
        await shows('the application')
        app.shutdown()
        await task
        await shows('http://127.0.0.1:%d/wifi-setup' % module.PORT)

    asyncio.run(main())
