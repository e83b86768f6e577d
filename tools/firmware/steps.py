"""What the steps of a build share: one way to fail, one way to run a program, one way to write.

A step either leaves its whole result behind or none: results are made under another name and
renamed. So an interrupted build goes on where it was.
"""

import os
import shutil
import subprocess
import sys
import time

import runtimes

BUILD = runtimes.ROOT / 'build'
FIRMWARE = BUILD / 'firmware'
LAST_LINES = 12  # of a failed program's output that are shown
SHOW_SECONDS = 10  # between two signs of life of a long step


class Failure(Exception):
    """What keeps a firmware from being built, in one line that names the remedy."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def environment(**changes):
    """This environment without what the make that called us put there for itself."""
    own = {name: value for name, value in os.environ.items() if name not in MAKE}
    return {**own, 'LC_ALL': 'C', **changes}


MAKE = ('MAKEFLAGS', 'MFLAGS', 'MAKELEVEL', 'MAKEOVERRIDES', 'BOARD', 'APP', 'CFLAGS', 'V')


def run(title, command, log, env=None, cwd=None):
    """Run a program with its output in the file `log`; Failure with its last lines if it fails.

    A step of more than SHOW_SECONDS says that it is still there.
    """
    say(title)
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, 'w') as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env, cwd=cwd
        )
        try:
            wait(process, log)
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if process.returncode:
        for line in log.read_text(errors='replace').splitlines()[-LAST_LINES:]:
            say('  ' + line)
        raise Failure(f'{title} failed: see {runtimes.shown(log)}')


def wait(process, log):
    began = time.monotonic()
    while True:
        try:
            return process.wait(SHOW_SECONDS)
        except subprocess.TimeoutExpired:
            lines = log.read_text(errors='replace').splitlines()
            last = f': {lines[-1][:80]}' if lines else ''
            say(f'  {time.monotonic() - began:.0f} s{last}')


def ask(*command):
    """What a program prints, without the space around it; empty if it fails or is not there."""
    try:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
        )
    except OSError:
        return ''
    return '' if ended.returncode else ended.stdout.strip()


def write(path, text):
    """Write a file whole or not at all, and not if that is what it says already."""
    if path.exists() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + '.new')
    new.write_text(text)
    new.replace(path)


def copy(source, target):
    """Copy a file to a name that is there only when all of it is."""
    new = target.with_name(target.name + '.new')
    shutil.copy(source, new)
    new.replace(target)


def remove(path):
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
