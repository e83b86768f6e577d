"""How a board with Wi-Fi is set up by its access point: see wifi_cases.

micropython -c "import wifi_setup_cases; wifi_setup_cases.run('esp32', 'wrong_password')"
"""

import asyncio
import gc
import json
import os
import sys

import wifi_cases
from wifi_cases import AIR, HOME, drive, joined, said, see

radio = link = startup = None
FILE = 'fs/network.json'
OWN = 'Wi-Fi: password of the access point: '
# (settings, made with SETUP=1, whether a page opens)
ALLOWED = (
    ({}, False, False),
    ({}, True, True),
    ({'setup': True}, False, True),
    ({'setup': False}, True, False),
    ({'setup': []}, False, False),
    ({'setup': 'yes'}, True, False),
    ({'ap': {'open': True}}, False, False),
    ({'ap': {'password': 'secret-of-ap'}}, True, True),
)


def run(chip, name):
    wifi_cases.run(chip, name, globals())


def start(settings=None, image=False):
    """A board with this network.json, `None` for none, and an image made with SETUP=1 or not."""
    if settings is not None:
        with open(FILE, 'w') as file:
            json.dump(settings, file)
    startup.FOLDERS = ('fs',)
    if image:
        sys.modules['setup_image'] = link
    import builtins

    builtins.print = lambda *values, **options: said.append(' '.join([str(v) for v in values]))
    nic = link.start(startup.settings())
    assert not page()
    if nic:
        link.retry(nic)  # as in the event loop
    return nic


def page():
    return link.wifi.page


def saved():
    with open(FILE) as file:
        return json.load(file)


def told(begin):
    return [line[len(begin) :] for line in said if line.startswith(begin)]


def open_only_if_allowed():
    for settings, image, opens in ALLOWED:
        sys.modules.pop('setup_image', None)
        start(settings, image)
        assert bool(page()) == opens, (settings, image)
        assert radio.point.on == (opens or 'ap' in settings)
        if opens:
            assert told('Wi-Fi: set-up page: ') == ['http://192.168.4.1/wifi-setup']
            page().close()
        wrong = settings.get('setup') not in (None, True, False)
        assert bool(told('network.json: setup ')) == wrong
        radio.point.on = False
        said.clear()


def a_password_of_its_own():
    start({'setup': True})
    (password,) = told(OWN)
    assert len(password) == 14 and radio.aired[-1]['key'] == password
    code = 'WIFI:T:WPA;S:microdot-1A2B;P:%s;;' % password
    assert told('Wi-Fi: as a QR code: ') == [code]
    page().close()
    said.clear()
    start({'setup': True})  # it is made once
    assert told(OWN) == [password]
    page().close()
    for broken in (b'', b'short', b'\xff' * 20):  # a cut of the power does not leave it so
        said.clear()
        with open('fs/wifi_setup.txt', 'wb') as file:
            file.write(broken)
        start({'setup': True})
        assert len(told(OWN)[0]) == 14 and told(OWN) != [password]
        page().close()


def no_memory_for_the_page():
    """The access point does not stay without it, unless it is there for the application, too."""
    from microdot import Microdot

    def fail(port):
        raise MemoryError

    dispatch = Microdot.dispatch_request
    for settings, stays in (
        ({'setup': True}, False),
        ({'setup': True, 'ap': {'open': True}}, True),
    ):
        from wifi_setup import networks

        networks.is_free = fail
        nic = start(settings)
        assert (radio.point.on, page()) == (stays, None), settings
        assert Microdot.dispatch_request == dispatch
        assert told('Wi-Fi: set-up page: ') == ['MemoryError()'], said
        link.retry(nic)
        assert radio.point.on and bool(page()) != stays
        if page():
            page().close()
        radio.point.on = False
        said.clear()


def a_chosen_password_is_not_told():
    start({'setup': True, 'ap': {'ssid': 'desk', 'password': 'secret-of-ap'}})
    assert page() and radio.aired[-1]['key'] == 'secret-of-ap'
    assert not told(OWN) and not told('Wi-Fi: as a QR') and not page().is_open
    page().close()
    radio.point.on = False
    start({'setup': True, 'ap': {'open': True}})
    assert page().is_open and not told('Wi-Fi: as a QR')


def no_password_in_the_first_ten_minutes():
    nic = start(image=True)
    assert nic and radio.aired[-1] == {'ssid': 'microdot-1A2B', 'key': '', 'security': 0}
    assert page().is_open and not told(OWN)
    drive(590)
    assert page().is_open and len(radio.aired) <= 2
    drive(20)
    assert not page().is_open and radio.point.on
    assert radio.aired[-1]['key'] == told(OWN)[0]
    drive(3600 * 24 * 14)  # the count of milliseconds begins anew on the way
    page().close()
    radio.point.on = False
    link.wifi.point = None
    drive(4)
    assert radio.point.on and not page().is_open


def a_password_once_there_is_a_file():
    for content in ('{}', '{"ssid": ', ''):  # also one that is broken
        with open(FILE, 'w') as file:
            file.write(content)
        start(image=True)
        assert not page().is_open and radio.aired[-1]['key'] == told(OWN)[-1]
        page().close()
        radio.point.on = False


def opens_when_the_known_network_is_gone():
    start({'ssid': 'home', 'password': AIR['home'], 'setup': True})
    drive(26)
    assert not page()
    drive(10)
    assert page() and radio.point.on
    see('home')
    drive(90)
    assert joined() == 'home' and not page() and not radio.point.on


def names():
    for settings, name in (({'setup': True}, 'microdot-1a2b'), ({'hostname': 'desk'}, 'desk')):
        settings.update(HOME)
        see('home')
        start(settings)
        drive(10)
        assert radio.hostname == name and link.name() == name + '.local'


def attempt(ssid, password):
    from wifi_setup import networks

    before = radio.clock.now
    reason = asyncio.run(networks.join(link.wifi, ssid, password))
    return reason, (radio.clock.now - before) / 1000


def networks_are_tried():
    see('home', 'shed')
    radio.air['café'] = ''
    radio.silent.append('shed')
    start({'setup': True})
    for ssid, password, reason in (
        ('home', 'mistyped', link.REFUSED),
        ('nowhere', 'whatever', link.NOT_FOUND),
        ('shed', 'mistyped', link.REFUSED),
        ('home', AIR['home'], ''),
    ):
        found, seconds = attempt(ssid, password)
        assert found == reason and seconds < 19, (ssid, found, seconds)
        assert not link.wifi.held
    assert joined() == 'home'


def a_network_with_wpa3_alone():
    see('shed')
    radio.wpa3.append('shed')
    start({'setup': True})
    assert attempt('shed', AIR['shed'])[0] == '' and joined() == 'shed'


def a_network_that_vanishes_meanwhile():
    see('home')
    start({'setup': True})

    async def case():
        from wifi_setup import networks

        task = asyncio.create_task(networks.join(link.wifi, 'home', AIR['home']))
        await asyncio.sleep(1)
        radio.air.clear()
        return await task

    assert asyncio.run(case()) == link.NOT_FOUND


def a_network_without_addresses():
    see('home')
    radio.mute.append('home')
    start({'setup': True})
    reason, seconds = attempt('home', AIR['home'])
    assert reason.startswith('no connection') and seconds < 19, (reason, seconds)


def while_an_attempt_is_under_way():
    """The page tries what was typed although the board tries what it knows; one at a time."""
    see('shed')
    start({'ssid': 'home', 'password': AIR['home'], 'setup': True})
    drive(40)
    assert page()
    link.wifi.connect(radio.clock.now)

    async def case():
        from wifi_setup import networks

        first = asyncio.create_task(networks.join(link.wifi, 'shed', AIR['shed']))
        await asyncio.sleep(0)
        assert await networks.join(link.wifi, 'home', 'whatever') == link.BUSY
        for _ in range(4):
            link.retry(radio.station)
            await asyncio.sleep(1)
        return await first

    assert asyncio.run(case()) == '' and joined() == 'shed'


def old_networks_are_kept():
    old = {'ssid': 'shed', 'password': 'of-the-shed', 'country': 'DE', 'setup': True}
    old['networks'] = [{'ssid': 'yard', 'password': ''}, {'ssid': 'home', 'password': 'older'}, 5]
    start(old)
    from wifi_setup import networks

    networks.save(link.wifi, 'home', 'pass"ä\\word', 'desk')
    settings = saved()
    others = settings.pop('networks')
    shed = {'ssid': 'shed', 'password': 'of-the-shed'}
    assert others == [shed, {'ssid': 'yard', 'password': ''}, 5]
    known = {'ssid': 'home', 'password': 'pass"ä\\word', 'country': 'DE', 'setup': True}
    known['hostname'] = 'desk'
    assert settings == known and os.listdir('fs').count('network.json.new') == 0
    assert [name for name, _ in link.wifi.networks] == ['home', 'shed', 'yard']


def networks_are_listed():
    start({'setup': True})
    from wifi_setup import networks

    radio.neighbors = [(b'far', -80, 4), (b'near', -40, 0), (b'far', -70, 4), (b'', -30, 4)]
    radio.neighbors += [(b'\0\0\0', -30, 4), (b'\xff\xfe', -30, 4), (b'line\nbreak', -30, 4)]
    radio.neighbors.append(('台所 🏠'.encode(), -55, 4))
    wanted = [('near', -40, True), ('台所 🏠', -55, False), ('far', -70, False)]
    assert networks.scan(radio.station) == wanted
    radio.neighbors += [(b'many-%d' % n, -90, 4) for n in range(50)]
    assert len(networks.scan(radio.station)) == networks.MOST
    radio.missing = True
    page().search()
    assert page().found == []


async def turn():
    await asyncio.sleep(0)


def the_memory_comes_back():
    see('home')
    settings = {'setup': True}
    sizes = []
    for _ in range(4):
        start(settings)
        during = gc.mem_alloc()
        page().close()
        link.wifi = None
        radio.point.on = False
        for noted in said, radio.log, radio.aired:
            noted.clear()
        asyncio.run(turn())  # for what was cancelled
        gc.collect()
        sizes.append(gc.mem_alloc())
    assert sizes[-1] - sizes[1] < 200 and during - sizes[-1] > 15000, (sizes, during)
