"""The power is cut while a board is set up: after each operation of its flash, and within each.

micropython -c "import wifi_cut_cases; wifi_cut_cases.run('esp32', 'a_network_is_saved')"
"""

import json

import vfs
import wifi_cases
import wifi_setup_cases
from wifi_cases import AIR, drive, joined, see

radio = link = startup = None
BLOCK, BLOCKS = 512, 40
OLD = {'ssid': 'shed', 'password': 'secret-of-shed', 'country': 'DE', 'setup': True}


def run(chip, name):
    wifi_cases.run(chip, name, globals())
    wifi_setup_cases.link, wifi_setup_cases.startup = link, startup


class Cut(Exception):
    pass


class Flash:
    """A flash in memory. After `left` operations that change it the power is cut, in the last."""

    def __init__(self, data=None, left=None):
        self.data = bytearray(data or b'\xff' * BLOCK * BLOCKS)
        self.left = left

    def readblocks(self, number, buffer, offset=0):
        start = number * BLOCK + offset
        buffer[:] = self.data[start : start + len(buffer)]

    def change(self, start, data):
        if self.left == 0:
            raise OSError(5)  # there is no power
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                self.data[start : start + len(data) // 2] = data[: len(data) // 2]
                raise OSError(5)
        self.data[start : start + len(data)] = data

    def writeblocks(self, number, buffer, offset=0):
        self.change(number * BLOCK + offset, bytes(buffer))

    def ioctl(self, operation, argument):
        if operation == 6:
            self.change(argument * BLOCK, b'\xff' * BLOCK)
        return {4: BLOCKS, 5: BLOCK}.get(operation, 0)


def formatted(files):
    """The bytes of a flash with these files."""
    flash = Flash()
    vfs.VfsLfs2.mkfs(flash)
    with_files(flash, lambda: [write(name, files[name]) for name in files])
    return flash.data


def write(name, text):
    with open('/cut/' + name, 'w') as file:
        file.write(text)


def with_files(flash, function):
    """Call a function while the flash is mounted, and return what it does."""
    vfs.mount(vfs.VfsLfs2(flash), '/cut')
    try:
        return function()
    finally:
        vfs.umount('/cut')


def at_each_operation(data, change, check):
    """Cut the power in each operation of `change`; the board that starts then has to `check`."""
    startup.FOLDERS = ('/cut',)
    for count in range(1, 200):
        flash = Flash(data, count)
        whole = True
        try:
            with_files(flash, change)
        except OSError:
            whole = False
        again = Flash(flash.data)
        with_files(again, lambda: check(whole))
        # Whatever was left half done is in nobody's way.
        with_files(again, change)
        with_files(again, lambda: check(True))
        if whole and flash.left:
            return count
    raise AssertionError('never whole')


def a_network_is_saved():
    import sys

    see('home', 'shed')
    sys.modules.pop('setup_image', None)
    known = {'shed': OLD, 'home': dict(OLD)}
    known['home'].update({'ssid': 'home', 'password': AIR['home'], 'hostname': 'desk'})
    known['home']['networks'] = [{'ssid': 'shed', 'password': OLD['password']}]
    link.start(OLD)
    from wifi_setup import networks

    def change():
        networks.save(link.wifi, 'home', AIR['home'], 'desk')

    def check(whole):
        settings = startup.settings()
        assert settings == known[settings['ssid']], settings
        assert not whole or settings['ssid'] == 'home'
        radio.station.__init__(radio)
        link.start(settings)
        drive(10)
        assert joined() == settings['ssid']

    operations = at_each_operation(formatted({'network.json': json.dumps(OLD)}), change, check)
    assert operations > 4, operations


def the_first_network_is_saved():
    see('home')
    link.start({'setup': True})
    from wifi_setup import networks

    def change():
        networks.save(link.wifi, 'home', AIR['home'])

    def check(whole):
        settings = startup.settings()
        assert settings in ({}, {'ssid': 'home', 'password': AIR['home'], 'networks': []}), settings
        assert settings or not whole

    assert at_each_operation(formatted({}), change, check) > 3


def the_password_is_made():
    link.start({'setup': True, 'ap': {'password': 'secret-of-ap'}})
    from wifi_setup.page import choose_password

    made = []

    def check(whole):
        password = choose_password(False)
        assert len(password) == 14
        made.append(password)

    assert at_each_operation(formatted({}), lambda: choose_password(False), check) > 3
    assert len(set(made)) > 1
