"""Microdot itself, to be run beside ours: an application for the one runs on the other."""

import subprocess
import sys

from microdot_kit import runtimes
from microdot_kit.steps import once

from .server import Missing

VERSION = '2.7.0'
NAME = f'microdot {VERSION}'
SHORT = 'reference'
FOLDER = runtimes.ROOT / 'build' / 'reference' / VERSION


def install(folder=FOLDER):
    """Return a folder with the package, which is no part of .venv: it has our package's name.

    Raises `Missing` if it is not there and cannot be installed.
    """
    return once(folder, fill)


def fill(folder):
    command = [sys.executable, '-m', 'pip', 'install', '-qq', '--no-deps']
    command += ['--target', str(folder), f'microdot=={VERSION}']
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        why = done.stderr.strip().splitlines()[-1:] or ['no output']
        raise Missing(f'microdot {VERSION} cannot be installed: {why[0]}')
