"""Heap in use on a 32-bit MicroPython: the WebAssembly build, run by Node.js.

The unix port is a 64-bit program whose objects are twice a board's; this build has a board's
sizes. npm fetches it into a build folder, pinned; nothing of it belongs to the project."""

import json
import pathlib
import subprocess

from microdot_kit import nodejs
from microdot_kit.steps import Failure

from . import steps
from .server import Missing

PACKAGE = '@micropython/micropython-webassembly-pyscript'
VERSION = '1.29.0-6'


class WasmError(Exception):
    """A step failed on the WebAssembly build."""


def install(folder, package=PACKAGE, version=VERSION):
    """Have npm put a package of that version into `folder`, unless it is there. Returns the command
    that starts Node.js and the package's folder. Raises `Missing`."""
    try:
        node, npm = nodejs.find(folder)
    except Failure as failure:
        raise Missing(str(failure)) from None
    module = folder / 'node_modules' / package
    if installed_version(module) != version:
        folder.mkdir(parents=True, exist_ok=True)
        flags = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund']
        command = [*npm, 'install', '--prefix', str(folder), *flags, f'{package}@{version}']
        done = subprocess.run(command, capture_output=True, text=True)
        if installed_version(module) != version:
            raise Missing(f'npm could not install {package} {version}:\n{done.stderr.strip()}')
    return node, module


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


def imports(names):
    """Source that imports these modules."""
    return '\n'.join(f'import {name}' for name in names)


def in_use(node, module, folder, program, modules):
    """{step: bytes in use after it} beyond what asyncio takes, of a measured program's requests.

    `end` is the figure after importing `modules` too; `kept` that without the application."""
    todo = steps.PROFILES[program]
    code = [f'import direct\ndirect.start({program!r})']
    code += [f'direct.do({step.raw()!r}, {step.status})' for step in todo]
    code += [imports(modules), f'import direct\ndirect.forget({program!r})\ndel direct']
    result = heap_after(node, module, folder, code)
    names = ('start', *(step.name for step in todo), 'end', 'kept')
    before, *after = result['used']
    figures = {name: used - before for name, used in zip(names, after, strict=True)}
    return {**figures, 'names': result['qstrs'][-1][0] - result['qstrs'][0][0]}
