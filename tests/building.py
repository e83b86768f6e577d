"""What the firmware tests share: source trees and finished builds, each made once.

A build needs Debian's apt-get or what an earlier build has fetched, and compilers. Where they are
not, the tests are skipped with the line that says what is missing (see needs).
"""

import functools
import shutil
import subprocess
from pathlib import Path

import needs
from firmware import apt, ports, sources
from microdot_kit import boards, steps

ROOT = Path(__file__).resolve().parents[1]
DEADLINE = 1200  # seconds for a build on a slow machine

BOARDS = sorted(boards.read())


@functools.cache
def lacking(port):
    """Why a port cannot be built here, in one line; empty if it can."""
    try:
        pins = sources.pins()['ports'][port]
        apt.need(pins)
        sources.tree(port)
    except steps.Failure as exc:
        return str(exc)
    return ''


def tree(port):
    """The source tree of a port."""
    if lacking(port):
        needs.missing(lacking(port))
    return sources.tree(port)


def make(*arguments, root=ROOT, env=()):
    """Run make and return its exit status and all that it printed."""
    ended = subprocess.run(
        ['make', *arguments],
        cwd=root,
        env=steps.environment(**dict(env)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DEADLINE,
    )
    return ended.returncode, ended.stdout


@functools.cache
def firmware(board):
    """The folder of the results of `make firmware BOARD=board`."""
    tree(boards.find(board)['port'])
    status, output = make('firmware', f'BOARD={board}')
    assert status == 0, output
    return ROOT / 'build' / 'firmware' / board


def cross_compiler(tree, folder, **others):
    """The path of the cross compiler of a tree, built unless it is there; `others` go to its build.

    Its date and version are those of all builds: with others it would be linked anew, while some
    other process runs it.
    """
    pinned = sources.pins()
    env = ports.job_environment(pinned['epoch'], pinned['tag'], **others)
    return ports.mpy_cross(ports.Job(board='tests', tree=tree, work=folder, env=env))


def project(folder):
    """A copy of this project in another place, with the archives that have been fetched."""
    (folder / 'build').mkdir(parents=True)
    for name in ('tools', 'lib', 'boards', 'examples'):
        ignored = shutil.ignore_patterns('__pycache__')
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ('manifest.py', 'Makefile'):
        shutil.copy2(ROOT / name, folder / name)
    for name in ('.venv', 'build/cache'):
        (folder / name).symlink_to(ROOT / name)
    return folder
