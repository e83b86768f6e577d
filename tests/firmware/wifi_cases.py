"""What a board with Wi-Fi does in which case; each runs on MicroPython in a process of its own.

micropython -c "import wifi_cases; wifi_cases.run('esp32', 'wrong_password')"
"""

import wifi_standins

PASSWORD = 'secret-of-home'
HOME = {'ssid': 'home', 'password': PASSWORD}
SHED = {'ssid': 'shed', 'password': 'secret-of-shed'}
AP = {'password': 'secret-of-ap'}
AIR = {'home': PASSWORD, 'shed': 'secret-of-shed'}

radio = link = startup = None
said = []


def run(chip, name, cases=None):
    """Run a case, of this file or of the names of another one, which then has these three too."""
    global radio, link, startup
    wall = name.startswith('served')
    radio = wifi_standins.install(chip, wifi_standins.WallClock() if wall else None)
    import link
    import startup

    link.print = startup.print = lambda *values: said.append(' '.join([str(v) for v in values]))
    cases = globals() if cases is None else cases
    cases.update({'radio': radio, 'link': link, 'startup': startup})
    cases[name]()
    assert 'secret' not in ''.join(said), said


def drive(seconds):
    """Let time pass, with a look at the network every two seconds."""
    for _ in range(seconds // 2):
        radio.clock.advance(2000)
        link.retry(radio.station)


def joined():
    return radio.station.isconnected() and radio.station.goal[0]


def see(*networks):
    radio.air.clear()
    radio.air.update({name: AIR[name] for name in networks})


def joins_at_the_first_try():
    see('home')
    nic = link.start(HOME)
    drive(4)
    assert nic is radio.station and joined() == 'home' and not said
    assert len(radio.attempts()) == 1 and radio.route == 'station'
    if radio.chip == 'esp32':
        assert radio.station.reconnects == 0  # it is this that starts over


def wrong_password():
    see('home')
    link.start({'ssid': 'home', 'password': 'secret-mistyped'})
    drive(1200)
    assert not joined() and said == ['Wi-Fi: home: refused: is the password right?'], said
    tries = radio.attempts()[:: 2 if radio.chip == 'rp2' else 1]  # which tries WPA3 as well
    gaps = [(later - earlier) // 1000 for earlier, later in zip(tries, tries[1:])]
    # Further and further apart, up to a pause of a minute and an attempt of 15 seconds.
    assert gaps[0] <= 10 and 60 <= gaps[-1] <= 80 and 14 <= len(tries) <= 30, gaps
    assert ('scans by itself',) not in radio.log


def wrong_password_of_a_silent_router():
    """It lets the proof time out; a Pico W tries again and again, and its status tells nothing."""
    see('home')
    radio.silent.append('home')
    link.start({'ssid': 'home', 'password': 'secret-mistyped'})
    drive(60)
    assert not joined() and said == ['Wi-Fi: home: refused: is the password right?'], said


def router_appears_later():
    link.start(HOME)
    drive(600)
    assert not joined() and said == ['Wi-Fi: home: not found'], said
    see('home')
    drive(90)
    assert joined() == 'home'


def lost_and_found():
    see('home')
    link.start(HOME)
    drive(3600 * 24 * 7)  # so long that what was noted at its beginning is stale
    for _ in range(3):
        see()
        drive(20)
        assert not joined()
        see('home')
        drive(24)
        assert joined() == 'home'
    assert len(set(said)) == 1 and said[0].startswith('Wi-Fi: home: n'), said


def a_moment_without_the_router():
    see('home')
    link.start(HOME)
    drive(10)
    see()
    radio.station.settle()
    see('home')
    drive(6)
    assert joined() == 'home' and len(radio.attempts()) == 2 and not said


def access_point_until_joined():
    link.start({'ssid': 'home', 'password': PASSWORD, 'ap': AP})
    drive(26)
    assert not radio.point.on  # a router that starts again takes its time
    drive(10)
    assert radio.point.on and said[-1] == 'Wi-Fi: access point: microdot-1A2B, 192.168.4.1', said
    wanted = {'ssid': 'microdot-1A2B', 'key': 'secret-of-ap'}
    wanted['security'] = 3 if radio.chip == 'esp32' else 0x400004
    assert radio.aired[-1] == wanted and len(radio.aired) == 1 + (radio.chip == 'esp32')
    drive(120)
    see('home')
    drive(90)
    assert joined() == 'home' and not radio.point.on and radio.route == 'station'
    assert said[-1] == 'Wi-Fi: access point: closed'
    # Before 1.28 a Pico W has to start its radio anew for that route, and to join again.
    assert (('deinit',) in radio.log) == (radio.chip == 'rp2' and not radio.forgets)
    see()
    drive(60)
    assert radio.point.on
    see('home')
    drive(90)
    assert joined() == 'home' and not radio.point.on and radio.route == 'station'


def access_point_alone():
    assert link.start({'ap': {'ssid': 'desk', 'open': True}}) is None
    assert radio.point.on and radio.aired[-1] == {'ssid': 'desk', 'key': '', 'security': 0}
    assert said == ['Wi-Fi: access point: desk, 192.168.4.1']


def no_access_point_unasked():
    link.start(HOME)
    drive(600)
    assert not radio.aired


def guests_are_left_in_peace():
    link.start({'ssid': 'home', 'password': PASSWORD, 'ap': AP})
    drive(40)
    radio.guests = 1
    before = len(radio.attempts())
    drive(3600)
    assert 10 <= len(radio.attempts()) - before <= 14
    radio.guests = 0
    see('home')
    drive(80)
    assert joined() == 'home'


def a_network_with_wpa3_alone():
    see('home', 'shed')
    radio.wpa3.append('shed')
    link.start(SHED)
    drive(16)
    assert joined() == 'shed' and len(said) <= 1, said
    before = len(radio.attempts())
    radio.air.pop('shed')
    radio.station.settle()
    see('home', 'shed')
    drive(8)
    assert joined() == 'shed' and len(radio.attempts()) == before + 1  # it has learned
    radio.wpa3.clear()
    radio.air.pop('shed')
    radio.station.settle()
    see('home', 'shed')
    drive(16)
    assert joined() == 'shed'


def a_name_as_long_as_can_be():
    name = 'x' * 31 + '!'
    radio.air[name] = PASSWORD
    settings = {'ssid': name, 'password': PASSWORD}
    link.start(settings)
    drive(4)
    link.start(settings)  # after a soft reset: it stays as it is
    assert joined() == name and len(radio.attempts()) == 1 and not said


def a_radio_that_is_missing():
    """What makes itself felt: the driver of the Pico W does not say it when it is switched on."""
    radio.missing = True
    nic = link.start({'ssid': 'home', 'password': PASSWORD, 'ap': AP})
    if radio.chip == 'esp32':  # which raises
        assert nic is None
        assert said == ['Wi-Fi: the radio does not start: Wifi Unknown Error 0x0101'], said
        return
    drive(60)
    busy = 'the radio is busy or missing'
    assert said == ['Wi-Fi: home: ' + busy, 'Wi-Fi: access point: ' + busy], said
    assert not radio.point.on


def several_networks():
    settings = {'networks': [HOME, SHED]}
    see('shed')
    link.start(settings)
    drive(16)
    assert joined() == 'shed' and said == ['Wi-Fi: home: not found']
    see('home', 'shed')
    drive(20)
    assert joined() == 'shed'
    radio.air.pop('shed')
    radio.station.settle()
    see('home', 'shed')
    drive(6)
    assert joined() == 'home'
    see('home', 'shed')
    drive(20)
    radio.air.pop('home')
    drive(40)
    assert joined() == 'shed'


def a_network_without_addresses():
    see('home', 'shed')
    radio.mute.append('home')
    link.start({'networks': [HOME, SHED]})
    drive(26)
    connecting = 1001 if radio.chip == 'esp32' else 2
    assert joined() == 'shed', said
    assert said == ['Wi-Fi: home: no connection (status %d)' % connecting]


def first_network_comes_first():
    see('home', 'shed')
    link.start({'ssid': 'shed', 'password': AIR['shed'], 'networks': [HOME]})
    drive(4)
    assert joined() == 'shed'


def a_busy_radio():
    see('home')
    radio.busy = True
    link.start(HOME)
    drive(30)
    radio.busy = False
    drive(30)
    assert joined() == 'home' and said == ['Wi-Fi: home: the radio is busy or missing']


def after_a_soft_reset():
    see('home', 'shed')
    link.start(HOME)
    drive(4)
    before = len(radio.attempts())
    link.start({'networks': [SHED, HOME]})  # is kept: it is one of them
    assert joined() == 'home' and len(radio.attempts()) == before
    link.start(SHED)
    drive(10)
    assert joined() == 'shed'
    link.start(HOME)  # and while that goes on, once more
    link.start(SHED)
    drive(30)
    assert joined() == 'shed'
    see()
    link.start({'ssid': 'home', 'password': PASSWORD, 'ap': AP})
    drive(60)
    assert radio.point.on
    see('home')
    link.start(HOME)
    drive(30)
    assert joined() == 'home' and not radio.point.on and radio.route == 'station'


def after_a_program_that_never_gives_up():
    station = radio.station
    station.active(True)
    station.connect('elsewhere', 'secret')
    radio.clock.advance(60000)
    see('home')
    link.start(HOME)
    drive(20)
    assert joined() == 'home' and station.reconnects in (0, -(radio.chip == 'rp2'))


def other_settings():
    see('home')
    address = ['192.168.1.50', '255.255.255.0', '192.168.1.1', '9.9.9.9']
    settings = {'hostname': 'desk', 'country': 'DE', 'address': address}
    settings.update(HOME)
    link.start(settings)
    drive(6)
    assert [e for e in radio.log if e[0] != 'connect'] == [
        ('hostname', 'desk'),
        ('country', 'DE'),
        ('ifconfig', tuple(address)),
    ]
    assert joined() and radio.station.ipconfig('addr4')[0] == '192.168.1.50' and not said


NO_AP = 'network.json: ap needs a password of 8 to 63 characters, or "open": true, ignored'
NO_SSID = 'network.json: a network without an ssid of up to 32 bytes, ignored'
SHORT = 'network.json: home: a password has 8 to 63 characters, ignored'
MALFORMED = (
    # (what is added to the settings, what is said)
    ({'networks': 5}, 'network.json: networks is not a list, ignored'),
    ({'networks': [5]}, NO_SSID),
    ({'networks': [{'ssid': 5}]}, NO_SSID),
    ({'networks': [{'ssid': ''}]}, NO_SSID),
    ({'networks': [{'ssid': 'ö' * 17}]}, NO_SSID),
    ({'networks': [{'ssid': 'home', 'password': 'secret7'}]}, SHORT),
    ({'networks': [{'ssid': 'home', 'password': 12345678}]}, SHORT),
    ({'networks': [{'ssid': 'home', 'password': 'secret..' * 9}]}, SHORT),
    ({'hostname': 'x' * 33}, 'network.json: hostname is not valid, ignored'),
    ({'hostname': 5}, 'network.json: hostname is not valid, ignored'),
    ({'country': 'Germany'}, 'network.json: country is not valid, ignored'),
    ({'address': '192.168.1.50'}, 'network.json: address is not valid, ignored'),
    ({'address': ['192.168.1.50']}, 'network.json: address is not valid, ignored'),
    ({'address': None}, 'network.json: address is not valid, ignored'),
    ({'ap': True}, NO_AP),
    ({'ap': {}}, NO_AP),
    ({'ap': {'password': 'secret7'}}, NO_AP),
    ({'ap': {'password': 'secret7', 'open': True}}, NO_AP),
    ({'ap': {'open': 1}}, NO_AP),
    ({'ap': {'ssid': 'x' * 33, 'password': 'secret-of-ap'}}, NO_AP),
)


def malformed():
    see('home')
    for added, message in MALFORMED:
        said.clear()
        settings = dict(added)
        settings.update(HOME)
        link.start(settings)
        drive(16)
        assert said == [message] and joined() == 'home', (added, said)
        assert not radio.aired
        radio.station.disconnect()
        radio.clock.advance(200)


def nothing_known():
    assert link.start({}) is None
    assert said == ['Wi-Fi: put {"ssid": "...", "password": "..."} into network.json']
