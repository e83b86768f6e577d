"""Where the two runtimes are and how the tools start them.

`MICROPYTHON=path` in the environment names another build of MicroPython's unix port than the one
that make installs into .venv.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIB = ROOT / 'lib'
HEAP = '192K'

ABSENT = (
    'MicroPython is not installed. make installs it on x86-64 Linux and macOS; elsewhere build its '
    'unix port and set MICROPYTHON=path/to/micropython'
)


def micropython():
    """Return the absolute path of the MicroPython to use; SystemExit with one line if none."""
    named = os.environ.get('MICROPYTHON')
    if named:
        path = shutil.which(named)
        if not path:
            sys.exit(f'MICROPYTHON={named}: no such program')
        return os.path.abspath(path)
    for folder in (Path(sys.executable).parent, ROOT / '.venv' / 'bin'):
        path = folder / 'micropython'
        if path.exists():
            return str(path)
    return sys.exit(ABSENT)


def micropython_command(heap=HEAP):
    """The start of a command line: MicroPython with a heap of that size (`192K`, `2M`)."""
    return [micropython(), '-X', f'heapsize={heap}']


def micropython_environment(*folders):
    """This environment, with the folders (default: lib) as MicroPython's module path."""
    paths = [str(folder) for folder in folders or (LIB,)]
    return {**os.environ, 'MICROPYPATH': ':'.join([*paths, '.frozen'])}


def micropython_name():
    """The runtime's name and version, such as `MicroPython 1.29.0-preview`."""
    script = 'import sys; print(".".join([str(n) for n in sys.implementation.version]))'
    command = [*micropython_command(), '-c', script]
    version = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    *numbers, last = version.strip().strip('.').split('.')
    return 'MicroPython ' + '.'.join(numbers) + (f'.{last}' if last.isdigit() else f'-{last}')


def shown(path):
    """A path as it is printed: from the top of the project, if it is in there."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
