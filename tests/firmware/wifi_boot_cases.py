"""What a board with Wi-Fi does with an event loop, and with a watchdog: see wifi_cases.

micropython -c "import wifi_boot_cases; wifi_boot_cases.run('esp32', 'watchdog_resets')"
"""

import asyncio
import gc
import json

import wifi_cases
import wifi_standins
from wifi_cases import AP, HOME, SHED, joined, said, see

from heap import heap_lock, heap_unlock
from support import raises

UP = 'Network: 192.168.1.23 (microdot-1a2b.local)'
radio = link = startup = None


def run(chip, name):
    wifi_cases.run(chip, name, globals())


def begin(wait=None, **settings):
    settings.update(HOME)
    settings['improv'] = False  # standard input has ended: that is none of a board's
    with open('fs/network.json', 'w') as file:
        json.dump(settings, file)
    startup.FOLDERS = ('fs',)
    startup.begin(startup.WAIT if wait is None else wait)


async def sleep(seconds):
    await asyncio.sleep(seconds)


def wait(seconds):
    """Let an application run for that long."""
    asyncio.run(sleep(seconds))


def told_while_the_application_runs():
    see('home')
    begin()
    assert said == [UP]
    see()
    wait(60)
    see('home')
    wait(120)
    assert said[1:] == ['Network: not joined', 'Wi-Fi: home: not found', said[0]], said


def second_network_while_it_starts():
    see('shed')
    begin(networks=[SHED])
    assert said == ['Wi-Fi: home: not found', UP], said


def boot_py_waits_for_nothing():
    """The USB port of a board with native USB is not there before boot.py has ended."""
    see('home')
    before = radio.clock.now
    begin(wait=0)
    assert radio.clock.now == before and not said
    wait(6)
    assert joined() == 'home' and said == [UP], said
    begin(wait=0)
    assert said[1:] == [UP]  # it is joined already


def an_exception_does_not_end_it():
    see('home')
    begin()
    good, link.retry = link.retry, lambda nic: 1 / 0
    wait(4)
    assert said[1:] and all('ZeroDivisionError' in line for line in said[1:])
    link.retry = good
    see()
    wait(10)
    see('home')
    wait(30)
    assert joined() == 'home'


def no_memory_does_not_end_it():
    see('home')
    begin()
    good, tell = link.retry, startup.print
    ended = []

    def fail(nic):
        heap_lock()
        raise MemoryError

    def say(name, kind, error):
        heap_unlock()
        ended.append(kind)

    link.retry, startup.print = fail, say
    wait(6)
    link.retry, startup.print = good, tell
    assert len(ended) > 1 and set(ended) == {MemoryError}
    see()
    wait(10)
    see('home')
    wait(30)
    assert joined() == 'home'


def watchdog_is_fed():
    see('home')
    begin(watchdog=True)
    radio.clock.advance(60000)
    assert not radio.dogs  # there is no event loop yet
    wait(3600)
    assert [dog.timeout for dog in radio.dogs] == [8000]
    see()
    wait(3600)


def watchdog_resets():
    begin(watchdog=5)

    async def stuck():
        await asyncio.sleep(60)
        radio.clock.advance(4900)
        await asyncio.sleep(60)
        radio.clock.advance(6000)

    raises(wifi_standins.Reset, asyncio.run, stuck())


def watchdog_resets_after_the_end():
    begin(watchdog=5)
    wait(60)
    raises(wifi_standins.Reset, radio.clock.advance, 6000)


def no_watchdog_unasked():
    for value in (None, 0, False, '8', 3.9, -1, [], 1e300):
        said.clear()
        begin(watchdog=value)
        wait(60)
        assert not radio.dogs, value
        silent = value in (None, 0, False)
        assert silent != any('watchdog' in line for line in said), (value, said)


def watchdog_longer_than_the_chip_has():
    begin(watchdog=30)
    wait(60)
    if radio.chip == 'esp32':
        assert [dog.timeout for dog in radio.dogs] == [30000]
    else:
        assert said[-1] == 'network.json: watchdog: timeout exceeds 8388, ignored', said


def served_while_the_network_is_away():
    import wire
    from microdot import Microdot

    async def page(request):
        return 'here'

    app = Microdot()
    app.get('/')(page)
    # The radio and the looks at it are faster than real ones.
    wifi_standins.SCAN, wifi_standins.JOIN = 40, 30
    link.ATTEMPT, link.PAUSE, link.LONGEST, link.ALONE = 2000, 20, 80, 200
    startup.LOOK = 0.02

    async def main():
        async with wire.serve(app) as server:
            for _ in range(2):
                assert (await server.get('/')).body == b'here' and joined() == 'home'
                see()
                await wire.until(lambda: radio.point.on)
                assert (await server.get('/')).body == b'here' and not joined()
                see('home')
                await wire.until(lambda: joined() and not radio.point.on)
        assert said.count('Network: not joined') >= 2, said

    see('home')
    begin(ap=AP)
    asyncio.run(main())


def interrupted(watchdog):
    see('home')
    with open('fs/main.py', 'w') as file:
        file.write('import asyncio\nasync def main():\n  await asyncio.sleep(20)\n')
        file.write('  raise KeyboardInterrupt\nasyncio.run(main())\n')
    with open('fs/network.json', 'w') as file:
        settings = {'watchdog': watchdog, 'improv': False}
        settings.update(HOME)
        json.dump(settings, file)
    startup.FOLDERS = ('fs',)
    raises(KeyboardInterrupt, startup.run)
    gc.collect()
    radio.clock.advance(3600000)
    assert joined() == 'home'


def prompt_stays():
    interrupted(watchdog=0)
    assert not radio.dogs and not radio.timers


def prompt_stays_in_spite_of_the_watchdog():
    interrupted(watchdog=8)
    assert len(radio.dogs) == len(radio.timers) == 1


def prompt_after_a_soft_reset():
    with open('fs/network.json', 'w') as file:
        json.dump({'watchdog': 8}, file)
    startup.FOLDERS = ('fs',)
    startup.hold()
    gc.collect()
    radio.clock.advance(3600000)
    with open('fs/network.json', 'w') as file:
        json.dump({}, file)
    startup.watchdog = None
    startup.hold()
    assert len(radio.dogs) == len(radio.timers) == 1
