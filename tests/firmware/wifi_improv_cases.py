"""When a board listens on its console, and how long: see wifi_cases.

micropython -c "import wifi_improv_cases; wifi_improv_cases.run('esp32', 'ctrl_c')"
"""

import asyncio
import json
import sys

import wifi_cases
from wifi_cases import HOME, said, see

from support import raises

radio = link = startup = None
STATE, INFO, SCAN = b'\2\0', b'\3\0', b'\4\0'
JOIN = b'\1\x14\4home\x0esecret-of-home'
typed = []  # what comes on the console
sent = []  # what the board answered
switched = []  # what `kbd_intr` was called with


def run(chip, name):
    wifi_cases.run(chip, name, globals())


def begin(settings=None, wait=None):
    """A board that starts; return what listens on its console, `None` if nothing does."""
    if settings is not None:
        with open('fs/network.json', 'w') as file:
            json.dump(settings, file)
    startup.FOLDERS = ('fs',)
    from wifi_setup import improv

    startup.kbd_intr, improv.print = switched.append, said.append
    startup.Console.pending = lambda self: bool(typed)
    improv.Improv.read = lambda self: bytes((typed.pop(0),))
    improv.Improv.send = lambda self, data: sent.append(data)
    del improv
    sys.modules['wifi_setup.networks'].is_free = lambda port: port != 80
    startup.begin(startup.WAIT if wait is None else wait)
    return startup.console


def say(command):
    """Type the frame of a command."""
    data = b'IMPROV\1\3' + bytes((len(command),)) + command
    typed.extend(data + bytes((sum(data) & 255, 10)))


def answers():
    """[(type, data)] of what was sent since."""
    frames = [(data[8], data[10:-2]) for data in sent]
    sent.clear()
    return frames


async def sleep(seconds):
    await asyncio.sleep(seconds)


def wait(seconds):
    """Let an application run for that long."""
    asyncio.run(sleep(seconds))


def one_minute_without_a_network():
    begin()
    wait(59)
    assert startup.console and switched[-1] == -1
    say(STATE)
    wait(1)
    assert answers() == [(1, b'\2')]
    wait(57)
    assert startup.console
    wait(4)
    assert not startup.console and switched[-1] == 3
    assert not [name for name in sys.modules if name.startswith('wifi_setup')]
    switched.clear()
    radio.clock.advance(1000)
    assert not radio.clock.due or not switched


def ten_seconds_with_one():
    see('home')
    begin(HOME)
    say(STATE)
    wait(1)
    url = b'http://192.168.1.23'
    assert answers() == [(1, b'\4'), (4, b'\2\x14\x13' + url)]
    wait(8)
    assert startup.console
    wait(3)
    assert not startup.console and radio.station.isconnected()


def heard_while_it_joins():
    """A board that waits for its network goes on when it is asked something, and answers."""
    before = radio.clock.now
    say(STATE)
    begin(HOME)
    assert radio.clock.now - before < 100 and switched == [-1]
    wait(1)
    assert answers() == [(1, b'\2')] and 3 not in switched


def set_up_from_nothing():
    see('home')
    begin()
    say(JOIN)
    wait(6)
    assert answers() == [(2, b'\0'), (1, b'\3'), (1, b'\4'), (4, b'\1\x14\x13http://192.168.1.23')]
    with open('fs/network.json') as file:
        assert json.load(file) == {'ssid': 'home', 'password': HOME['password'], 'networks': []}
    assert 'Network: 192.168.1.23 (microdot-1a2b.local)' in said
    # It is kept from now on.
    see()
    wait(30)
    see('home')
    wait(120)
    assert radio.station.isconnected()


def saved_beside_what_is_known():
    see('home')
    begin({'ssid': 'shed', 'password': 'secret-of-shed', 'hostname': 'desk'})
    say(INFO)
    say(JOIN)
    wait(12)
    assert answers()[-1] == (4, b'\1\x14\x13http://192.168.1.23')
    with open('fs/network.json') as file:
        known = json.load(file)
    assert known['ssid'] == 'home' and known['hostname'] == 'desk'
    assert known['networks'] == [{'ssid': 'shed', 'password': 'secret-of-shed'}]
    tasks = [line for line in said if line.startswith('Network: 192')]
    assert len(tasks) == 1, said  # nobody else keeps it


def beside_the_access_point():
    """The set-up page is open at the same time, and closes once the board has joined."""
    see('home')
    begin({'setup': True})
    wait(4)
    assert link.wifi.page
    say(SCAN)
    wait(2)
    assert answers() == [(4, b'\4\x0d\4home\3-60\3YES'), (4, b'\4\0')]
    say(JOIN)
    wait(8)
    assert answers()[-1] == (4, b'\1\x14\x13http://192.168.1.23')
    assert not radio.point.on and link.wifi.page is None
    wait(20)
    assert startup.console is None and radio.station.isconnected()


def one_thing_at_a_time():
    see('home')
    begin()
    say(JOIN)
    say(SCAN)
    say(STATE)
    wait(1)
    assert answers() == [(2, b'\xff'), (1, b'\2'), (2, b'\0'), (1, b'\3')]
    wait(5)
    assert answers()[-1][0] == 4


def refused_while_the_page_tries():
    see('home')
    begin({'setup': True})
    link.wifi.held = True
    say(SCAN)
    wait(1)
    say(JOIN)
    wait(1)
    assert answers() == [(2, b'\xff'), (2, b'\0'), (1, b'\3'), (1, b'\2'), (2, b'\3')]


def no_radio():
    radio.missing = True
    begin()
    say(STATE)
    say(SCAN)
    wait(2)
    found = answers()
    assert found[0] == (1, b'\2') and found[1:] in ([(2, b'\xff')], [(4, b'\4\0')]), found


def no_room_to_save():
    see('home')
    begin()

    def full(*values):
        raise OSError(28)

    sys.modules['wifi_setup.networks'].write_whole = full
    say(JOIN)
    wait(6)
    assert answers()[-1] == (2, b'\xff') and radio.station.isconnected()
    assert any(line.startswith('Improv: ') for line in said)


WRONG = (
    # (a command, the answers)
    (b'', [(2, b'\1')]),
    (b'\2', [(2, b'\1')]),
    (b'\2\1', [(2, b'\1')]),
    (b'\1\3\4ho', [(2, b'\1')]),
    (b'\1\2\0\0', [(2, b'\0'), (1, b'\3'), (1, b'\2'), (2, b'\3')]),
    (b'\1\7\1x\4four', [(2, b'\0'), (1, b'\3'), (1, b'\2'), (2, b'\3')]),
    (b'\5\0', [(2, b'\2')]),
    (b'\xff\0', [(2, b'\2')]),
)


def wrong_commands():
    begin()
    for command, wanted in WRONG:
        say(command)
        wait(1)
        found = answers()
        assert found == wanted, (command, found)
    typed.extend(b'IMPROV\1\3\2\2\0\0\n')
    typed.extend(b'IMPROV\1\1\1\2\xe2\n')  # what a board says itself
    wait(1)
    assert answers() == [(2, b'\1')]


def ctrl_c():
    begin()
    say(STATE)
    typed.append(3)
    raises(KeyboardInterrupt, wait, 1)
    assert len(answers()) == 1 and startup.console is None and switched[-1] == 3
    switched.clear()
    radio.clock.advance(60000)
    wait(1)
    assert not switched  # the prompt does this for itself


def a_pause_ends_a_frame():
    begin()
    typed.extend(b'IMPROV\1\3\xff')
    wait(2)
    typed.append(3)
    raises(KeyboardInterrupt, wait, 1)


def a_loop_that_stands_still():
    """Nobody reads: a Ctrl-C that waits lets the next one through."""
    begin()
    wait(1)
    radio.clock.advance(30000)
    assert -1 in switched and 3 not in switched
    typed.append(3)
    radio.clock.advance(500)
    assert 3 not in switched
    radio.clock.advance(1000)
    assert switched[-1] == 3


def a_scan_is_no_stand_still():
    begin()
    wait(1)
    say(STATE)
    radio.clock.advance(9000)
    assert 3 not in switched
    wait(1)
    assert answers() == [(1, b'\2')]


def an_application_takes_the_timer():
    begin()
    wait(1)
    radio.clock.due.pop(0)
    wait(5)
    assert startup.console is None and switched[-1] == 3


def after_the_application():
    """The prompt is as it would be without it."""
    with open('fs/main.py', 'w') as file:
        file.write('import wifi_improv_cases; wifi_improv_cases.wait(1)')
    startup.FOLDERS = ('fs',)
    begin_was, startup.begin = startup.begin, lambda wait: begin_was(wait)
    startup.run()
    assert startup.console is None


def boot_py():
    """After a soft reset nothing is switched off before there is an event loop."""
    for cause, early in ((1, radio.chip == 'esp32'), (5, False)):
        radio.reset_cause = cause
        switched.clear()
        begin(wait=0)
        assert bool(switched) == early, (cause, switched)
        startup.close_console()


def switched_off():
    assert begin({'improv': False}) is None
    wait(1)
    assert not switched and not radio.timers
    assert begin({'improv': 5}) is not None
    assert 'network.json: improv is neither true nor false, ignored' in said


def no_console():
    """Standard input has ended: as on a machine, not on a board."""
    begin()
    typed.append(3)
    sys.modules['wifi_setup.improv'].Improv.read = lambda self: b''
    wait(1)
    assert startup.console is None
