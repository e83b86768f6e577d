"""The MicroPython that the firmware is made of, as a program for this machine: `make micropython`.

    python -m firmware.runtime

It is the unix port out of the same sources, with 32 bits like a board's where gcc can do that: on
x86-64 with gcc-multilib. An object takes as much memory in it as on a board, so that its heap can
be compared with one. `make run RUNTIME=board` serves on it, and the core tests run on it.
"""

import platform
import sys

from firmware import apt, ports, sources
from microdot_kit import runtimes
from microdot_kit.steps import FIRMWARE, Failure, alone, copy, run, write

MANIFEST = "include('$(MPY_DIR)/extmod/asyncio')\n"
# What needs libraries of the system, or has no use here.
WITHOUT = ('MICROPY_PY_BTREE=0', 'MICROPY_PY_FFI=0', 'MICROPY_PY_BLUETOOTH=0', 'STRIP=')


def wide():
    """Whether the processor can run programs of 32 bits."""
    return platform.machine() in ('x86_64', 'AMD64')


def build(program=runtimes.LIKE_A_BOARD.name, link=''):
    """Build it, seconds if nothing has changed, and return its path; Failure if it cannot be.

    :param program: the name of the file; another one is linked anew out of the same objects.
    :param link: flags for the linker, and objects to link in.
    """
    port = sources.pins()['ports']['unix']
    apt.need({**port, **sources.pins()['32 bits']} if wide() else port)
    tree, pinned = sources.tree('unix'), sources.pins()
    job = ports.Job(
        board='micropython',
        tree=tree,
        work=FIRMWARE / 'work' / f'micropython-{tree.name}',
        env=ports.job_environment(pinned['epoch'], pinned['tag']),
    )
    with alone(FIRMWARE / 'lock', 'build'):
        compile_in(job, program, link)
    return runtimes.LIKE_A_BOARD.with_name(program)


def compile_in(job, program, link):
    job.env['MICROPY_MPYCROSS'] = str(ports.mpy_cross(job))
    write(job.manifest, MANIFEST)
    unix = job.tree / 'ports' / 'unix'
    command = ['make', '-C', str(unix), f'-j{ports.JOBS}', 'VARIANT=standard']
    command += [f'BUILD={job.work}', f'FROZEN_MANIFEST={job.manifest}', *WITHOUT]
    command += [f'PROG={program}', f'LDFLAGS_EXTRA={link}']
    command += ['MICROPY_FORCE_32BIT=1'] if wide() else []
    run('Compiling MicroPython', command, job.log('compile'), job.env)
    copy(job.work / program, runtimes.LIKE_A_BOARD.with_name(program))


def main():
    try:
        print(runtimes.shown(build()))
    except (Failure, OSError) as exc:
        sys.exit(str(exc))
    except KeyboardInterrupt:
        sys.exit('Interrupted. The next make goes on from here.')


if __name__ == '__main__':
    main()
