"""Puts an application and the framework onto a board: what `make deploy` calls.

    deploy.py APP [--board BOARD] [--port PORT] [--romfs] [--watch SECONDS]

Copies the files that differ (by their SHA-256 on the board): the application to the top of the file
system, the framework, unless the firmware has it, to /lib. All of them arrive under names that end
in `.new` and are renamed when the last one is there, so that whatever interrupts it leaves files
that are old or new, never half. What an earlier run has put there and is not needed any more goes;
`/.deployed` lists it. `--romfs` sends a ROMFS image instead. Then the board restarts, and this
waits for the address that the application prints.
"""

import argparse
import ast
import json
import os
import re
import socket
import subprocess
import sys

from mpremote.transport import TransportExecError

import credentials
import device as devices
import payload
import romfs
import runtimes
from device import Device, say
from firmware import boards
from firmware.steps import Failure

RECORD = '/.deployed'
SETTINGS = '/' + credentials.NAME
WATCH_SECONDS = 20
SILENT_SECONDS = 3  # of an application with a network: it has no more to say
PORTS = (80, 5000)  # where a browser looks, what the framework chooses
URL = re.compile(r'https?://[^\s"\'<>()]+[^\s"\'<>().,;:]')
STARTING = re.compile(r'server on (\S+):(\d+)')
ADDRESS = re.compile(r'Network: (\d+\.\d+\.\d+\.\d+)')

UNCHANGED = 'What the board had is still in place.'
MIXED = 'Some files are new, others old, none is half written: deploy again.'
FULL = ('ENOSPC', 'OSError: 28')

ROM = """
try:
    import vfs
    _rom = vfs.rom_ioctl(2, 0)
except (ImportError, AttributeError): _rom = -1
if isinstance(_rom, int): print(0)
elif hasattr(_rom, 'ioctl'): print(_rom.ioctl(4, 0) * _rom.ioctl(5, 0))
else: print(len(_rom))
"""
ROM_HASH = """
print(binascii.hexlify(hashlib.sha256(memoryview(_rom)[:%d]).digest()).decode())
"""
IMPORT = """
import gc
gc.collect()
_kept = gc.mem_alloc()
import microdot
gc.collect()
_file = getattr(microdot, '__file__', '')
try: os.stat(_file)
except OSError: _file = '.frozen/' + _file
print(_file, gc.mem_alloc() - _kept, gc.mem_free())
"""
READ_RECORD = """
try:
    with open(%r) as _f: print(_f.read())
except OSError: print('[]')
"""
READ_SETTINGS = f"""
try:
    with open({SETTINGS!r}, 'rb') as _f: print(_f.read())
except OSError: print(None)
"""
WIFI = """
import network
print(hasattr(network, 'WLAN'))
"""
# Each takes a list of names.
REMOVE = """
def _remove(name):
    try:
        os.remove(name)
        while name.rfind('/') > 0:
            name = name[:name.rfind('/')]
            os.rmdir(name)
    except OSError: pass
for _n in %r: _remove(_n)
"""
MAKE_FOLDERS = """
for _n in %r:
    try: os.mkdir(_n)
    except OSError as e:
        if e.args[0] != 17: raise
"""
RENAME = "for _n in %r: os.rename(_n + '.new', _n)"


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


class Copy:
    """The files of a deployment, and what the board has of them."""

    def __init__(self, device, files):
        self.device = device
        self.files = files
        self.old = self.recorded()
        hidden = [name[: -len('mpy')] + 'py' for name in files if name.endswith('.mpy')]
        there = device.hashes([*files, *hidden])
        self.changed = [name for name in files if there[name] != payload.digest(files[name])]
        # A module's source would be imported in place of the compiled one.
        self.stale = [name for name in self.old if name not in files and name not in hidden]
        self.stale += [name for name in hidden if there[name]]

    def recorded(self):
        try:
            names = json.loads(self.device.run(READ_RECORD % RECORD))
            return [name for name in names if isinstance(name, str) and name.startswith('/')]
        except (TypeError, ValueError):
            return []

    def record(self, names):
        self.device.write(RECORD + '.new', json.dumps(sorted(names)).encode())
        self.device.run(RENAME % [RECORD])

    def each(self, script, names):
        for start in range(0, len(names), 16):
            self.device.run(script % names[start : start + 16])

    def run(self):
        """Bring the board up to date; say what was done."""
        if not self.changed and not self.stale:
            say(f'The board has it all already: {payload.count(self.files)}')
            return
        state = UNCHANGED
        try:
            self.prepare()
            self.stage()
            state = MIXED
            say('Putting the new files in place')
            self.each(RENAME, self.changed)
            self.each(REMOVE, self.stale)
            self.record(self.files)
        except (Failure, KeyboardInterrupt) as exc:
            raise Failure(f'{str(exc) or "Interrupted"}. {state}') from None
        except TransportExecError as error:
            raise Failure(self.refused(error, state)) from None
        for name in self.stale:
            say(f'  removed {name}')
        new = {name: self.files[name] for name in self.changed}
        say(f'Copied {payload.count(new)} of {payload.count(self.files)}')

    def prepare(self):
        """Remove what an interrupted deployment has left, see that there is room, note names."""
        names = sorted({*self.old, *self.files})
        self.each(REMOVE, [name + '.new' for name in [*names, RECORD]])
        blocks = self.device.about()['blocks']
        if blocks is None:
            raise Failure('The board has no file system: flash it anew (make flash)')
        size, free, _ = blocks
        parts = [-(-len(self.files[name]) // size) for name in self.changed]
        needed = sum(parts) + 2 * len(self.new_folders()) + 2
        if needed > free:
            raise Failure(
                f'The file system of the board is full: {needed * size // 1024} KB are needed, '
                f'{free * size // 1024} KB are free. Remove files, or deploy with ROMFS=1'
            )
        self.record(names)

    def new_folders(self):
        folders = set()
        for name in self.changed:
            parts = name.split('/')
            folders.update('/'.join(parts[:count]) for count in range(2, len(parts)))
        return sorted(folders)

    def stage(self):
        self.each(MAKE_FOLDERS, self.new_folders())
        for number, name in enumerate(self.changed, 1):
            say(f'  [{number}/{len(self.changed)}] {name} ({len(self.files[name]):,} bytes)')
            self.device.write(name + '.new', self.files[name])
        arrived = self.device.hashes([name + '.new' for name in self.changed])
        for name in self.changed:
            if arrived[name + '.new'] != payload.digest(self.files[name]):
                raise Failure(f'{name} arrived damaged: deploy again')

    def refused(self, error, state):
        """What to say when the board has raised an exception, after cleaning up."""
        if state is UNCHANGED:
            self.each(REMOVE, [name + '.new' for name in [*self.changed, RECORD]])
        reason = devices.last_line(error)
        if any(sign in reason for sign in FULL):
            reason = 'The file system of the board is full: remove files, or deploy with ROMFS=1'
        return f'{reason}. {state}'


def write_settings(device, said):
    """Say in network.json of the board how to join a network; nothing of it is printed."""
    try:
        able = device.run(WIFI).strip() == 'True'
    except TransportExecError:
        able = False
    if not able:
        raise Failure('The board has no Wi-Fi: deploy without WIFI_SSID')
    known = ast.literal_eval(device.run(READ_SETTINGS).strip())
    data = credentials.merge(known, said)
    if data != known:
        device.write(SETTINGS + '.new', data)
        device.run(RENAME % [SETTINGS])
    say(f'{credentials.NAME} says how to join {said["ssid"]}')


def copy(device, about, app):
    """Copy an application and the framework; return where the framework has to come from."""
    there = frozen(about)
    files = {}
    if 'startup' not in there and device.hashes([SETTINGS])[SETTINGS]:
        files = payload.starter(arch(about))
    files.update(('/' + name, data) for name, data in payload.app_files(app, arch(about)).items())
    for name, data in payload.framework(arch(about), there).items():
        files['/lib/' + name] = data
    if 'microdot' in there:
        say(f'The framework ({about["frozen"]["microdot"]}) is in the firmware')
    Copy(device, files).run()
    return '.frozen/' if 'microdot' in there else '/lib/'


def send_romfs(port, about, app):
    """Send a ROMFS image with mpremote; return where the framework has to come from."""
    there = frozen(about)
    image = romfs.pack(romfs.contents(app, arch(about), there))
    with Device(port) as device:
        size = int(device.run(ROM))
        if not size:
            raise Failure('The firmware has no ROMFS: deploy without ROMFS=1, or make flash')
        romfs.check_size(image, size, 'the board')
        same = device.run(ROM_HASH % len(image)).strip() == payload.digest(image)
    if same:
        say(f'ROMFS has this image of {len(image):,} bytes already')
    else:
        path = romfs.image_path(app)
        romfs.write(path, image)
        mpremote(port, path)
    with Device(port) as device:
        device.run(ROM)
        if device.run(ROM_HASH % len(image)).strip() != payload.digest(image):
            raise Failure('The ROMFS of the board is not what was sent: deploy again')
        clear(device, about)
    return '.frozen/' if 'microdot' in there else '/rom/lib/'


def mpremote(port, path):
    say(f'Sending {runtimes.shown(path)}, {path.stat().st_size:,} bytes')
    command = [sys.executable, '-m', 'mpremote', 'connect', port, 'romfs', 'deploy', str(path)]
    try:
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    except KeyboardInterrupt:
        raise Failure('Interrupted. The ROMFS of the board is incomplete: deploy again') from None
    if ended.returncode:
        reason = (ended.stderr.strip().splitlines() or ['mpremote failed'])[-1]
        raise Failure(f'{reason}. The ROMFS of the board may be incomplete: deploy again')


def clear(device, about):
    """Remove from the file system what would hide ROMFS, if an earlier deployment put it there."""
    earlier = Copy(device, {})
    if earlier.stale:
        say(f'Removed from the file system: {", ".join(earlier.stale)}')
        earlier.each(REMOVE, [*earlier.stale, RECORD])
    for name in ('/main.py', '/main.mpy'):
        if device.hashes([name])[name]:
            say(f'{name} on the file system hides the one in ROMFS: mpremote rm :{name[1:]}')
    if about['frozen']['startup'] is None:
        say('This firmware does not start what is in ROMFS: give it a boot.py or main.py that does')


def check_import(device, place):
    """See that the board can import the framework, and from where it was put."""
    try:
        found, kept, free = device.run(IMPORT).split()
    except TransportExecError as error:
        reason = devices.last_line(error)
        raise Failure(f'The board cannot import the framework: {reason}') from None
    # Small firmwares tell no file names.
    if found != '.frozen/' and not found.startswith(place):
        raise Failure(f'The board imports {found} instead of {place}microdot: remove that one')
    say(f'Importing the framework keeps {int(kept):,} bytes of memory, {int(free):,} are free then')


class Output:
    """What an application prints as it starts: where it can be reached, what it ended with."""

    def __init__(self, addresses):
        self.addresses = addresses
        self.port = self.url = self.error = None

    def take(self, line):
        """Note what a line tells; return whether that is all that is needed."""
        url, server, address = URL.search(line), STARTING.search(line), ADDRESS.search(line)
        if line.startswith('Traceback '):
            self.error = ''
        elif self.error == '' and line[:1].strip():
            self.error = line
        if server:
            self.port = int(server.group(2))
            self.addresses += [server.group(1)] if server.group(1) != '0.0.0.0' else []
        self.addresses += [address.group(1)] if address else []
        self.url = url and url.group()
        return bool(self.url or (self.port and self.addresses))

    def find_url(self):
        """The URL that was printed, or else can be made of what is known; empty if none can."""
        if self.url or not self.addresses:
            return self.url or ''
        address = self.addresses[-1]
        ports = [self.port] if self.port else [p for p in PORTS if reachable(address, p)]
        return f'http://{address}:{ports[0]}'.removesuffix(':80') if ports else ''


def watch(device, seconds):
    """Start the application and say where it can be reached. Failure if it ends with an error."""
    output = Output(device.addresses())
    say('Starting the application')
    device.start()
    silence = 0
    for line in device.listen(seconds):
        silence = silence + 1 if line is None else 0
        if silence > SILENT_SECONDS and output.addresses:
            break
        if line == devices.PROMPT.decode():
            if output.error:
                raise Failure(f'The application has ended: {output.error}')
            say('The application has ended')
            return
        if line:
            say('  ' + line)
        if line and output.take(line):
            break
    url = output.find_url()
    if url:
        say(f'Serving: {url}')
        return
    port = f' on port {output.port}' if output.port else ''
    address = output.addresses[-1] if output.addresses else 'not known, it has printed none'
    say(f'Started{port}. The address of the board: {address}')


def reachable(address, port):
    try:
        socket.create_connection((address, port), 2).close()
        return True
    except OSError:
        return False


def deploy(chosen):
    if chosen.board:
        boards.find(chosen.board)
    payload.main_file(chosen.app)
    said = credentials.entered(chosen.wifi, chosen.access_point) if chosen.wifi else None
    port = chosen.port or devices.find_port()
    say(f'Connecting to the board on {port}')
    with Device(port) as device:
        about = device.about()
        say(about['machine'])
        check(about, chosen.board)
        if said:
            write_settings(device, said)
        if not chosen.romfs:
            place = copy(device, about, chosen.app)
    if chosen.romfs:
        place = send_romfs(port, about, chosen.app)
    with Device(port) as device:
        check_import(device, place)
        device.reset()
        watch(device, chosen.watch)


if __name__ == '__main__':
    sys.exit(devices.exit_status(deploy, options(sys.argv[1:])))
