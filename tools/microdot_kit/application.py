"""Makes a folder of modules to freeze from an application's folder.

- `main.py` becomes `frozen_application.py`: `main` is what starts the board.
- Modules and packages stay as they are.
- `templates/` becomes a package of compiled templates: those that `microdot-kit templates` has left
  there, or if there are none, what it makes of them, escaping values if a module of the
  application has `autoescape=True`.
- `static/` becomes the module `static_resources` (`microdot-kit resources`).

Everything else (tests, names that start with a dot, files of other kinds) stays behind; of files
that the application may open this is said.
"""

import os
import re
import subprocess
from pathlib import Path

from microdot_kit import runtimes
from microdot_kit.steps import Failure, copy, remove, say, write

MAIN = 'frozen_application.py'
# Not modules of an application: tests, and what is packed.
LEFT = ('tests', 'static')
MARK = 'setup_image.py'  # in an image made with SETUP=1: see boards/modules/wifi/link.py
MARKED = b'# The board may be set up by a page of its access point: see docs/wifi.md.\n'
# What the board calls itself to programs that set it up: see wifi_setup/improv.py.
ABOUT = 'NAME = {!r}\nVERSION = {!r}\n'
LONGEST_NAME, LONGEST_VERSION = 100, 40  # bytes that it can tell in one frame
VERSION = re.compile(r"""^__version__ *= *(['"])(.+?)\1""", re.M)
KEY = 'update_key.py'  # in a firmware made with KEY=: see keys.py
OURS = (KEY, 'main.py', 'startup.py', 'link.py', 'launch.py', 'serve.py', MAIN, MARK)
OURS += ('slots.py', 'slot_trial.py', 'slot_writer.py', 'wifi_setup.py', 'wifi_setup/__init__.py')
NO_FILES = ('.py', '.pyi', '.pyc', '.md', 'requirements.txt')  # that an application opens
SHOWN = 4  # names
AUTOESCAPE = re.compile(rb'\bautoescape\s*=\s*True\b')


def about(main, name='', version=''):
    """The name and the version of an application by its main file, unless they are given.

    That is the name of its folder, and its `__version__`, empty without one.
    """
    name = name or (main.parent.name if main.stem in ('main', 'app') else main.stem)
    if not version:
        found = VERSION.search(main.read_text(errors='replace'))
        version = found[2] if found else ''
    for text, most, option in ((name, LONGEST_NAME, 'NAME'), (version, LONGEST_VERSION, 'VERSION')):
        if len(text.encode()) > most:
            raise Failure(f'{text[:20]}… is too long: {option}= of at most {most} bytes')
    return name, version


def mark(about):
    """The source of the module that lets a board be set up, and says what it calls itself."""
    return MARKED + ABOUT.format(*about).encode()


def main_file(app):
    """The path of an application's main file, given that or its folder."""
    path = Path(app).expanduser().resolve()  # not all shells expand the ~ of APP=~/app
    if path.is_dir():
        path /= 'main.py'
    if not path.is_file():
        raise Failure(f'APP={app}: no main.py in there, and not a file')
    return path


def prepare(app, folder, setup=False, key=b''):
    """Bring the folder up to date with the application, a folder or the path of its main file.

    With `setup` the board may be set up by a page of its access point. `key` is the source of the
    module `update_key`, if updates are to be taken over the network.

    Files that have not changed are not touched, so that they are not compiled again.
    """
    main = main_file(app)
    wanted = {MAIN: main, **modules(main)}
    made = resources(main.parent, folder)
    if not any(name.startswith('templates/') for name in wanted):
        made += templates(main.parent, folder, wanted.values())
    for name, source in wanted.items():
        target = folder / name
        if not target.exists() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            copy(source, target)
    for name, content in ((MARK, mark(about(main)) if setup else b''), (KEY, key)):
        if content:
            made.append(name)
            write(folder / name, content)
    for path in folder.rglob('*.py'):
        if str(path.relative_to(folder)) not in (*wanted, *made):
            remove(path)
    tell(left_behind(main.parent))
    return folder


def left_behind(app):
    """The names of the files that are not in the firmware, and that the application may open."""
    found = []
    for top, folders, names in os.walk(app):
        packed = (*LEFT, 'templates')
        folders[:] = sorted(name for name in folders if name not in packed and name[0] not in '._')
        inside = Path(top).relative_to(app)
        found += [str(inside / n) for n in sorted(names) if n[0] != '.']
    return [name for name in found if not name.endswith(NO_FILES)]


def tell(left):
    if left:
        names = ', '.join(left[:SHOWN]) + (' and more' if len(left) > SHOWN else '')
        say(f'Not in the firmware, where there are no files: {names}. `make deploy` brings them')


def modules(main):
    """{name in the firmware: path} of the modules beside the main file and below."""
    found = {}
    for top, folders, names in os.walk(main.parent):
        folders[:] = sorted(name for name in folders if name not in LEFT and name[0] not in '._')
        for name in sorted(names):
            path = Path(top) / name
            if path.suffix == '.py' and path != main:
                found[str(path.relative_to(main.parent))] = path
    taken = sorted(set(found) & set(OURS))
    if taken:
        raise Failure(f'{taken[0]} is a name that the firmware uses itself: rename that module')
    return found


def resources(app, folder):
    """Pack the application's folder `static`; return the names of what was made."""
    name = 'static_resources.py'
    return make(app / 'static', folder, name, ['resources', app / 'static', folder / name])


def templates(app, folder, sources):
    """Compile the application's folder `templates`; return the names of what was made.

    Whether values are to be escaped is looked up in its modules, whose paths `sources` has; a
    loader that was told otherwise refuses what was compiled, so a mistake does no harm.
    """
    output = folder / 'templates'
    command = ['templates', app / 'templates', '--output', output]
    if any(AUTOESCAPE.search(path.read_bytes()) for path in sources):
        command.append('--autoescape')
    return make(app / 'templates', folder, 'templates/**/*.py', command)


def make(source, folder, pattern, command):
    """Run a tool that makes modules of a folder, if there is one; return their names."""
    if not source.is_dir():
        return []
    folder.mkdir(parents=True, exist_ok=True)
    command = runtimes.kit_command(*command)
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if ended.returncode:
        lines = (ended.stderr + ended.stdout).strip().splitlines()
        raise Failure(f'{source}: ' + (lines[0] if lines else f'{command[1]} failed'))
    return [str(path.relative_to(folder)) for path in folder.glob(pattern)]
