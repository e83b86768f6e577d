"""What the tools share: one way to fail, one way to run a program, one way to write.

A step either leaves its whole result behind or none: results are made under another name and
renamed. So what is interrupted goes on where it was.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from microdot_kit import runtimes, words

BUILD = runtimes.BUILD
FIRMWARE = BUILD / 'firmware'
LAST_LINES = 12  # of a failed program's output that are shown
SHOW_SECONDS = 10  # between two signs of life of a long step
LOOK_SECONDS = 0.2  # between two looks at a lock


class Failure(Exception):
    """What keeps a tool from doing what it is for, in one line that names the remedy."""

    def __init__(self, text):
        super().__init__(words.said(text))


def say(text):
    print(words.said(text), file=sys.stderr, flush=True)


def exit_status(work, chosen):
    """Do what a tool is for and return its exit status; what goes wrong is said in one line."""
    try:
        work(chosen)
    except Failure as failure:
        problem = str(failure)
    except OSError as error:
        problem = f'{error.filename}: {error.strerror}' if error.filename else str(error)
    except KeyboardInterrupt:
        problem = 'Interrupted'
    else:
        return 0
    say(problem)
    return 1


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
    except (OSError, subprocess.TimeoutExpired):
        return ''
    return '' if ended.returncode else ended.stdout.strip()


@contextlib.contextmanager
def alone(path, what):
    """Keep other processes out of the block that do the same, by a file to lock."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, 'w') as held:
        if not lock(held):
            say(f'Waiting for another {what} to end')
            while not lock(held):
                time.sleep(LOOK_SECONDS)
        yield


def lock(file, shared=False):
    """Lock an open file until it is closed; return False if another process has it locked.

    `shared`: others may lock it in the same way (where the system knows such locks).
    """
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        def take():
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:

        def take():
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)

    try:
        take()
    except OSError:
        return False
    return True


@contextlib.contextmanager
def new_file(path):
    """A name to write a file under, which becomes `path` if the block ends well, and else goes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f'.{path.name}.{os.getpid()}')
    try:
        yield new
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def write(path, content):
    """Write a file whole or not at all, and not if that is what it says already."""
    data = content.encode() if isinstance(content, str) else content
    if not path.exists() or path.read_bytes() != data:
        with new_file(path) as new:
            new.write_bytes(data)


def copy(source, target):
    """Copy a file to a name that is there only when all of it is."""
    with new_file(target) as new:
        shutil.copy(source, new)


@contextlib.contextmanager
def new_folder(path):
    """The same as `new_file` for a folder, which is empty at first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix='.new-') as made:
        new = Path(made) / 'new'
        new.mkdir()
        yield new
        if path.exists():
            path.rename(Path(made) / 'old')
        new.rename(path)


def once(folder, make):
    """Return a folder, which `make(new folder)` fills unless it is there.

    Other processes wait meanwhile: one that made it a second time would put it in place of the
    first one, in which somebody may work already.
    """
    with alone(folder.with_name(folder.name + '.lock'), f'process that makes {folder.name}'):
        if not folder.exists():
            with new_folder(folder) as new:
                make(new)
    return folder


def replace(folder, mark, make):
    """Put what `make(new folder)` makes in place of what a folder has, and return its result.

    Failure if the folder has something else in it, which is so if no file there is called `mark`.
    """
    if folder.exists() and not (folder / mark).is_file() and any(folder.iterdir()):
        raise Failure(f'{folder}: has something else in it: name a new folder')
    with new_folder(folder) as new:
        return make(new)


def remove(path):
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
