"""Puts an application and the framework onto a board: what `make deploy` calls.

    microdot-kit deploy APP [--board BOARD] [--port PORT] [--romfs] [--watch SECONDS] [--again]

The application goes to the top of the file system, the framework, unless the firmware has it, to
/lib (deploy_copy), or both to ROMFS (deploy_romfs). Then the board restarts, and this waits for the
address that the application prints (deploy_watch). What is wrong is said in one line, with exit
status 1; what the board did before, it does again. With --again that is waited for, too: the next
change of a file is deployed, until Ctrl-C.
"""

import argparse
import ast
import os

from mpremote.transport import TransportExecError

from microdot_kit import boards, credentials, deploy_romfs, payload, running
from microdot_kit import device as devices
from microdot_kit.deploy_copy import RENAME, SETTINGS, Copy
from microdot_kit.deploy_watch import watch
from microdot_kit.device import Device, say
from microdot_kit.steps import Failure

WATCH_SECONDS = 20
APPLICATION_SECONDS = 10  # until an application that is measured has started its server

IMPORT = """
import gc, sys
def _alloc():
    gc.collect()
    return gc.mem_alloc()
_before = _alloc()
import microdot
_file = getattr(microdot, '__file__', '')
try: os.stat(_file)
except OSError: _file = '.frozen/' + _file
"""
# What a server needs of the framework, then what the application needs until it starts one. The
# latter runs that far a second time, right afterwards, when the board starts.
# What an ordinary page loads of the core when it is first needed.
REQUEST = """
for _n in ('urlencoded', 'streaming', 'cookies'):
    try: __import__('microdot.' + _n)
    except ImportError: pass
_framework = _alloc() - _before
"""
APPLICATION = """
class _Started(BaseException): pass
def _start(*args, **options): raise _Started
microdot.Microdot.run = microdot.Microdot.start_server = _start
sys.path.insert(0, %r)
try: import main
except _Started: pass
_application = _alloc() - _before - _framework
"""
LITTLE = 20000  # bytes: two browsers, and a template or two
FEW = 'Little memory is left: docs/howto/memory.md says what to do'
READ_SETTINGS = f"""
def _settings():
    try:
        with open({SETTINGS!r}, 'rb') as f: return repr(f.read())
    except OSError: return 'None'
"""
WIFI = """
import network
_wifi = hasattr(network, 'WLAN')
"""


def options(arguments):
    parser = argparse.ArgumentParser(prog='microdot-kit deploy', description='Deploy to a board.')
    parser.add_argument('app', metavar='APP', help='a folder with main.py, or the main file')
    parser.add_argument('--board', default='', help='what has to be there: a folder of boards/')
    parser.add_argument('--port', default='', help='its serial port; found if there is one board')
    parser.add_argument('--romfs', action='store_true', help='send a ROMFS image')
    parser.add_argument(
        '--wifi',
        default=os.environ.get('WIFI_SSID', ''),
        metavar='SSID',
        help='the Wi-Fi network to join (default: WIFI_SSID of the environment)',
    )
    parser.add_argument('--access-point', action='store_true', help='... or the own one to open')
    parser.add_argument('--watch', type=float, default=WATCH_SECONDS, metavar='SECONDS')
    parser.add_argument('--again', action='store_true', help='deploy what changes afterwards')
    return parser.parse_args(arguments)


def check(about, board):
    """Raise Failure if this firmware cannot run what would be deployed, or is another board."""
    if about['name'] != 'micropython':
        raise Failure(f'The board runs {about["name"]}, not MicroPython: make flash')
    version = '.'.join(str(number) for number in about['version'])
    if about['mpy'] & 0xFF != payload.MPY_VERSION:
        oldest = '.'.join(map(str, payload.OLDEST))
        raise Failure(
            f'The MicroPython {version} of the board does not load .mpy version '
            f'{payload.MPY_VERSION}: flash MicroPython {oldest} or newer (make flash)'
        )
    if board:
        devices.check_chip(about, board)


def arch(about):
    """What the compiler calls the native code of this firmware."""
    number = about['mpy'] >> 10 & 0xF
    return payload.ARCHITECTURES[number] if number < len(payload.ARCHITECTURES) else ''


def frozen(about):
    return [name for name, version in about['frozen'].items() if version is not None]


def entered(chosen, main):
    """What was entered about a network, `None` if nothing is to be."""
    if not chosen.wifi:
        return None
    if (main.parent / credentials.NAME).exists():
        raise Failure(
            f'WIFI_SSID={chosen.wifi}, and APP has a {credentials.NAME}: only one of them can be '
            'what the board gets'
        )
    return credentials.entered(chosen.wifi, chosen.access_point)


def write_settings(device, said):
    """Say in network.json of the board how to join a network; nothing of it is printed."""
    try:
        device.run(WIFI)
        able = device.ask('_wifi')
    except TransportExecError:
        able = False
    if not able:
        raise Failure('The board has no Wi-Fi: deploy without WIFI_SSID')
    device.run(READ_SETTINGS)
    known = ast.literal_eval(device.ask('_settings()'))
    data = credentials.merge(known, said)
    if data != known:
        device.write(SETTINGS + '.new', data)
        device.run(RENAME % [SETTINGS])
    say(f'{credentials.NAME} says how to join {said["ssid"]}')


def copy(device, about, app):
    """Copy an application, the framework and what joins a network, as far as they are needed."""
    there = frozen(about)
    own = {'/' + name: data for name, data in payload.app_files(app, arch(about)).items()}
    files = {}
    if 'startup' not in there and (SETTINGS in own or device.hashes([SETTINGS])[SETTINGS]):
        files = payload.starter(arch(about))
    files.update(own)
    for name, data in payload.framework(arch(about), there).items():
        files['/lib/' + name] = data
    Copy(device, files).run()


def check_import(device, place):
    """See that the board can import the framework, and from where it was put."""
    try:
        device.run(IMPORT)
    except TransportExecError as error:
        reason = devices.reason(error).removeprefix('The board: ')
        raise Failure(f'The board cannot import the framework: {reason}') from None
    found = device.ask('_file')
    # Small firmwares tell no file names.
    if found != '.frozen/' and not found.startswith(place):
        raise Failure(f'The board imports {found} instead of {place}microdot: remove that one')


def tell_memory(device, romfs):
    """Say what the framework and the application take of the board's memory, and what is left."""
    device.run(REQUEST)
    try:
        error = device.attempt(APPLICATION % ('/rom' if romfs else ''), APPLICATION_SECONDS)
    except Failure:
        return  # it starts no server, and does not end
    if 'MemoryError' in error:
        say('The application does not fit into the memory that the framework leaves')
        say(FEW)
    if error:
        return  # what else it raises, it raises again when it starts
    framework, application, free = device.ask('[_framework, _application, gc.mem_free()]')
    say(
        f'Memory: the framework takes {framework:,} bytes, the application {application:,}, '
        f'{free:,} are free'
    )
    if free < LITTLE:
        say(FEW)


def find(chosen):
    """(port, URL) of the board; the URL is that of an emulated one, `None` of another."""
    if not chosen.port and chosen.board and running.runs(chosen.board):
        return running.find(chosen.board)
    return chosen.port or devices.find_port(), None


def deploy(chosen):
    if chosen.board:
        boards.find(chosen.board)
    said = entered(chosen, payload.main_file(chosen.app))
    port, url = find(chosen)
    say(f'Connecting to the board on {port}')
    with Device(port) as device:
        about = device.about()
        say(about['machine'] or 'A board with MicroPython')
        check(about, chosen.board)
        if said:
            write_settings(device, said)
        if 'microdot' in frozen(about):
            say(f'The framework ({about["frozen"]["microdot"]}) is in the firmware')
        if chosen.romfs:
            deploy_romfs.send(device, chosen.app, arch(about), frozen(about))
        else:
            copy(device, about, chosen.app)
        place = '/rom/lib/' if chosen.romfs else '/lib/'
        device.reset()
        if chosen.romfs:
            deploy_romfs.mount(device, frozen(about))
        check_import(device, '.frozen/' if 'microdot' in frozen(about) else place)
        tell_memory(device, chosen.romfs)
        watch(device, chosen.watch, url)


def deploy_again(chosen):
    """Deploy, and again after each change in the application's folder, until Ctrl-C."""
    try:
        from microdot_kit import watched
    except ImportError as exc:
        raise Failure(f'{exc.name} is not installed: make .venv/stamps/watch') from None
    changes = watched.changes(payload.main_file(chosen.app).parent)
    try:
        while True:
            devices.exit_status(deploy, chosen)
            say('Waiting for a change. Ctrl-C ends it')
            say(f'Changed: {", ".join(next(changes))}')
    except KeyboardInterrupt:
        pass


def main(arguments):
    chosen = options(arguments)
    return devices.exit_status(deploy_again if chosen.again else deploy, chosen)
