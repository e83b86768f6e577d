"""Puts an application and the framework onto a board: what `make deploy` calls.

    deploy.py APP [--board BOARD] [--port PORT] [--romfs] [--watch SECONDS]

The application goes to the top of the file system, the framework, unless the firmware has it, to
/lib (deploy_copy), or both to ROMFS (deploy_romfs). Then the board restarts, and this waits for the
address that the application prints (deploy_watch). What is wrong is said in one line, with exit
status 1; what the board did before, it does again.
"""

import argparse
import ast
import os
import sys

from mpremote.transport import TransportExecError

import credentials
import deploy_romfs
import device as devices
import payload
from deploy_copy import RENAME, SETTINGS, Copy
from deploy_watch import watch
from device import Device, say
from firmware import boards
from firmware.steps import Failure

WATCH_SECONDS = 20

IMPORT = """
import gc
gc.collect()
_kept = gc.mem_alloc()
import microdot
gc.collect()
_kept = gc.mem_alloc() - _kept
_file = getattr(microdot, '__file__', '')
try: os.stat(_file)
except OSError: _file = '.frozen/' + _file
"""
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
    parser = argparse.ArgumentParser(prog='deploy.py', description='Deploy to a board.')
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
    found, kept, free = device.ask('[_file, _kept, gc.mem_free()]')
    # Small firmwares tell no file names.
    if found != '.frozen/' and not found.startswith(place):
        raise Failure(f'The board imports {found} instead of {place}microdot: remove that one')
    say(f'Importing the framework keeps {kept:,} bytes of memory, {free:,} are free then')


def deploy(chosen):
    if chosen.board:
        boards.find(chosen.board)
    said = entered(chosen, payload.main_file(chosen.app))
    port = chosen.port or devices.find_port()
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
        check_import(device, '.frozen/' if 'microdot' in frozen(about) else place)
        watch(device, chosen.watch)


if __name__ == '__main__':
    sys.exit(devices.exit_status(deploy, options(sys.argv[1:])))
