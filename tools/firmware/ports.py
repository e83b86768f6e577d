"""How MicroPython's own build systems are called, one function for each port.

Nothing of where or when a firmware is built gets into it: paths are mapped away, dates are those of
the sources.
"""

import hashlib
import os
import re
import shutil
import sys

from microdot_kit import runtimes
from microdot_kit.steps import FIRMWARE, Failure, alone, environment, remove, run, write

JOBS = os.cpu_count() or 1
FIT = re.compile(r'[\w/.+@~-]|[^\x00-\x7f]')  # in a path: what shells, make and linkers leave alone


class Job:
    """One build: `board` and its `facts`, the folders `tree`, `work` (objects) and `out`,
    `env` for the programs, `own` if the tree is a user's checkout."""

    def __init__(self, **about):
        self.__dict__.update(about)

    @property
    def manifest(self):
        return self.work.with_name(f'{self.board}.manifest.py')

    def log(self, name):
        return self.work.parent / f'{self.board}.logs' / name


def check_place(folder):
    """Failure if the build systems cannot build in a folder: they have its path in shell commands,
    and a blank ends it."""
    odd = sorted({character for character in str(folder) if not FIT.fullmatch(character)})
    if odd:
        named = ', '.join('a blank' if character.isspace() else character for character in odd)
        raise Failure(
            f'{folder}: MicroPython cannot be built in a folder whose path has {named} in it: '
            'rename or move it'
        )


def manifest(job, board, app):
    """Write the manifest of a build: that of the board's folder, with an application."""
    include = f'include({str(board / "manifest.py")!r}, app={str(app)!r})\n'
    write(job.manifest, include)


def clear(job, key):
    """Remove the objects of earlier builds, unless what `key` is the hash of was the same."""
    stamp = job.work.with_name(f'{job.board}.key')
    if not stamp.exists() or stamp.read_text() != key.hexdigest():
        remove(stamp)
        remove(job.work)
        job.work.mkdir(parents=True)
        write(stamp, key.hexdigest())


def flags(job):
    """The compiler flags that keep paths of this machine out of the firmware."""
    # The last one that fits is the one that counts.
    places = (runtimes.ROOT, 'project'), (job.tree, 'micropython'), (job.work, 'build')
    return ' '.join(f'-ffile-prefix-map={path}={name}' for path, name in places)


def mpy_cross_folder(tree, container=''):
    """Where the cross compiler of a tree is built: one for all boards, another for a container."""
    key = hashlib.sha256(f'{tree} {container}'.encode()).hexdigest()[:8]
    return FIRMWARE / 'work' / f'mpy-cross-{key}'


def mpy_cross(job):
    """Build the cross compiler that fits the tree, which stays as it is; return its path."""
    check_place(FIRMWARE)
    folder = mpy_cross_folder(job.tree)
    command = ['make', '-C', str(job.tree / 'mpy-cross'), f'-j{JOBS}', f'BUILD={folder}']
    with alone(folder.with_suffix('.lock'), 'build of mpy-cross'):
        run('Building mpy-cross', command, job.log('mpy-cross'), job.env)
    return folder / 'mpy-cross'


def rp2(job):
    """Build for the RP2040 or RP2350: firmware.elf and firmware.bin in `work`."""
    board = runtimes.ROOT / 'boards' / job.board
    env = {**job.env, **dict.fromkeys(('CFLAGS', 'CXXFLAGS', 'ASMFLAGS'), flags(job))}
    configure = ['cmake', '-S', str(job.tree / 'ports' / 'rp2'), '-B', str(job.work)]
    configure += ['-G', 'Ninja' if shutil.which('ninja') else 'Unix Makefiles']
    for name, value in {
        'MICROPY_BOARD': job.board,
        'MICROPY_BOARD_DIR': board,
        'MICROPY_FROZEN_MANIFEST': job.manifest,
        'PICO_BUILD_DOCS': 0,
        'PICO_NO_PICOTOOL': 1,
        'Python3_EXECUTABLE': sys.executable,
    }.items():
        configure.append(f'-D{name}={value}')
    run(f'Configuring {job.board}', configure, job.log('configure'), env)
    build = ['cmake', '--build', str(job.work), '-j', str(JOBS)]
    run(f'Compiling {job.board}', build, job.log('compile'), env)


def unix(job):
    """Build the executable `microdot`, with its symbols, in `work`."""
    board = runtimes.ROOT / 'boards' / job.board
    command = ['make', '-C', str(job.tree / 'ports' / 'unix'), f'-j{JOBS}']
    command += [f'VARIANT_DIR={board}', f'BUILD={job.work}', f'FROZEN_MANIFEST={job.manifest}']
    command += [f'CFLAGS_EXTRA={flags(job)}', 'STRIP=', f'PYTHON={sys.executable}']
    command += ['LDFLAGS_EXTRA=-Wl,--build-id=none'] if sys.platform == 'linux' else []
    run(f'Compiling {job.board}', command, job.log('compile'), job.env)


def job_environment(epoch, tag, **others):
    """The environment of all programs of a build; `tag` is None for MicroPython to ask git."""
    version = {'MICROPY_GIT_TAG': tag, 'MICROPY_GIT_HASH': 'packaged'} if tag else {}
    env = environment(SOURCE_DATE_EPOCH=str(epoch), PYTHONHASHSEED='0', **version, **others)
    if shutil.which('ccache'):
        for name in ('C', 'CXX'):
            env.setdefault(f'CMAKE_{name}_COMPILER_LAUNCHER', 'ccache')
    return env


PORTS = {'rp2': rp2, 'unix': unix}
