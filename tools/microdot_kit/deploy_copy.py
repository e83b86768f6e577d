"""Copies files onto a board's file system so that whatever interrupts it leaves each old or new.

    Copy(device, {'/main.py': b'...', '/lib/microdot/server.mpy': b'...'}).run()

Only those that differ are sent (by their SHA-256 on the board), under names that end in `.new`,
and renamed when the last one is there and found undamaged. `/.deployed` lists what an earlier run
has put there: what of that is not needed any more goes.
"""

import json

from mpremote.transport import TransportExecError

from microdot_kit import credentials, payload
from microdot_kit import device as devices
from microdot_kit.device import say
from microdot_kit.steps import Failure

RECORD = '/.deployed'
SETTINGS = '/' + credentials.NAME

UNCHANGED = 'What the board had is still in place.'
MIXED = 'Some files are new, others old, none is half written: deploy again.'

READ_RECORD = f"""
def _record():
    try:
        with open({RECORD!r}) as f: return f.read()
    except OSError: return '[]'
"""
# What has one of the names but is of the other kind: a folder where a file is to go.
KIND = """
def _kind(name, bit):
    try: return os.stat(name)[0] & bit
    except OSError: return 0
"""
FOLDER, FILE = 0x4000, 0x8000
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


class Copy:
    """The files of a deployment, and what the board has of them."""

    def __init__(self, device, files):
        self.device = device
        self.files = files
        self.old = self.recorded()
        hidden = [name[: -len('mpy')] + 'py' for name in files if name.endswith('.mpy')]
        there = device.hashes([*files, *hidden])
        self.changed = [name for name in files if there[name] != payload.digest(files[name])]
        self.stale = [name for name in self.old if name not in files and name not in hidden]
        self.stale = [name for name in self.stale if name != SETTINGS]  # without it no network
        # A module's source would be imported in place of the compiled one.
        self.stale += [name for name in hidden if there[name]]

    def recorded(self):
        self.device.run(READ_RECORD)
        try:
            names = json.loads(self.device.ask('_record()'))
            return [name for name in names if isinstance(name, str) and name.startswith('/')]
        except (TypeError, ValueError):
            return []

    def record(self, names):
        self.device.write(RECORD + '.new', json.dumps(sorted(names)).encode())
        self.device.run(RENAME % [RECORD])

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
            self.device.each(RENAME, self.changed)
            self.device.each(REMOVE, self.stale)
            self.record(self.files)
        except (Failure, KeyboardInterrupt) as exc:
            raise Failure(f'{str(exc) or "Interrupted"}. {state}') from None
        except TransportExecError as error:
            if state is UNCHANGED:
                self.device.each(REMOVE, [name + '.new' for name in [*self.changed, RECORD]])
            raise Failure(f'{devices.reason(error)}. {state}') from None
        for name in self.stale:
            say(f'  removed {name}')
        new = {name: self.files[name] for name in self.changed}
        say(f'Copied {payload.count(new)} of {payload.count(self.files)}')

    def prepare(self):
        """Remove what an interrupted deployment has left, see that there is room, note names."""
        names = sorted({*self.old, *self.files})
        self.device.each(REMOVE, [name + '.new' for name in [*names, RECORD]])
        self.check_kinds()
        self.check_room()
        self.record(names)

    def check_kinds(self):
        self.device.run(KIND)
        for names, other, kind in (
            (self.changed, FOLDER, 'is a folder, not a file'),
            (self.new_folders(), FILE, 'is a file, not a folder'),
        ):
            for part in devices.batches(names):
                wrong = self.device.ask(f'[n for n in {part!r} if _kind(n, {other})]')
                if wrong:
                    raise Failure(f'{wrong[0]} {kind}, on the board: mpremote rm -r :{wrong[0]}')

    def check_room(self):
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

    def new_folders(self):
        folders = set()
        for name in self.changed:
            parts = name.split('/')
            folders.update('/'.join(parts[:count]) for count in range(2, len(parts)))
        return sorted(folders)

    def stage(self):
        self.device.each(MAKE_FOLDERS, self.new_folders())
        for number, name in enumerate(self.changed, 1):
            say(f'  [{number}/{len(self.changed)}] {name} ({len(self.files[name]):,} bytes)')
            self.device.write(name + '.new', self.files[name])
        arrived = self.device.hashes([name + '.new' for name in self.changed])
        for name in self.changed:
            if arrived[name + '.new'] != payload.digest(self.files[name]):
                raise Failure(f'{name} arrived damaged: deploy again')
