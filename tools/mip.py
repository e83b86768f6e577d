"""Makes packages for MicroPython's installer `mip`: what `make mip` calls.

    mip.py [FOLDER]         into dist/mip, or another folder

`microdot` is the core, `microdot-sse` an extension with all that it needs, `microdot-all` the lot:
what is in which is read from `manifest.py`. `microdot-test-client`, which is frozen into nothing,
tests applications on a board. The folder can be put onto any web server as it is:

    package/6/microdot-sse/latest.json      an index: mpremote mip install --index URL microdot-sse
    microdot-sse.json                       one alone: mpremote mip install URL/microdot-sse.json
    microdot-sse.py.json                    the same as source
    file/1a/1a2b3c4d                        their files, by checksum

`6` stands for compiled modules (.mpy) of that version, which MicroPython loads since 1.19; `py` for
source, which any other version takes (mpremote mip install --no-mpy). The same sources give the
same bytes on every machine.
"""

import argparse
import ast
import contextlib
import hashlib
import json
import sys
import tempfile
from pathlib import Path

import payload
import runtimes
from firmware.steps import Failure

FOLDER = runtimes.ROOT / 'dist' / 'mip'
CORE = 'microdot'
SHORT = 8  # digits of the checksums that files are called by, as in MicroPython's own index
ABOUT = 'A web framework that fits a microcontroller'


class Options:
    """What MicroPython's build gives a manifest as `options`."""

    def __init__(self, given):
        self._kwargs = given
        self._defaults = {}

    def defaults(self, **values):
        self._defaults = values

    def __getattr__(self, name):
        return self._kwargs.get(name, self._defaults.get(name))


def manifest(**given):
    """Run manifest.py with these options.

    Returns its names and [(name of a module's file, path, level of optimization)].
    """
    found = []

    def package(name, files, base_path, opt):
        folder = runtimes.ROOT / base_path
        found.extend((f'{name}/{file}', folder / name / file, opt) for file in files)

    names = {'options': Options(given), 'package': package, 'freeze': package}
    path = runtimes.ROOT / 'manifest.py'
    with contextlib.chdir(runtimes.ROOT):
        exec(compile(path.read_text(), str(path), 'exec'), names)
    return names, found


def version():
    """The framework's version, read and not imported."""
    tree = ast.parse((runtimes.LIB / 'microdot' / '__init__.py').read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and node.targets[0].id == '__version__':
            return ast.literal_eval(node.value)
    raise Failure('lib/microdot/__init__.py has no __version__')


def packages():
    """{name of a package: (modules as in `manifest`, names of packages that it needs)}."""
    names, core = manifest(extensions=False)
    found = {CORE: (core, ())}
    for extension in sorted(names['EXTENSIONS']):
        _, modules = manifest(extensions=False, **{extension: True})
        own = [module for module in modules if module not in core]
        found[f'{CORE}-{extension}'] = (own, (CORE,))
    found[f'{CORE}-test-client'] = (test_client(core), (CORE,))
    found[f'{CORE}-all'] = ([module for module in manifest()[1] if module not in core], (CORE,))
    return found


def test_client(core):
    """The modules of the test client, and what they import beyond the core."""
    folder = runtimes.LIB / 'microdot'
    wanted = sorted(folder.glob('test_client*.py'))
    have = {path for _, path, _ in core}
    for path in wanted:  # which grows
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level and node.module:
                other = folder / (node.module + '.py')
                if other not in have and other not in wanted:
                    wanted.append(other)
    level = core[0][2]
    return [(f'microdot/{path.name}', path, level) for path in sorted(wanted)]


def contents(modules, kind):
    """{name on the board: bytes} of modules, compiled or as they are."""
    if kind == 'py':
        return {name: path.read_bytes() for name, path, _ in modules}
    return payload.compile_all(modules)


class Index:
    """A folder of packages that grows."""

    def __init__(self, folder):
        self.folder = folder
        self.version = version()
        self.listed = []

    def write(self, name, data):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def write_json(self, name, value):
        self.write(name, (json.dumps(value, indent=1, sort_keys=True) + '\n').encode())

    def add_file(self, data):
        """Keep a file and return its checksum. Failure if two files share one."""
        short = hashlib.sha256(data).hexdigest()[:SHORT]
        path = self.folder / 'file' / short[:2] / short
        if path.exists() and path.read_bytes() != data:
            raise Failure(f'two files have the checksum {short}: make SHORT in mip.py longer')
        self.write(f'file/{short[:2]}/{short}', data)
        return short

    def add(self, kind, name, files, needed):
        """Add a package, given its files and {name of a package that it needs: its files}."""
        hashes = [[path, self.add_file(files[path])] for path in sorted(files)]
        entry = {'v': 1, 'version': self.version, 'hashes': hashes}
        if needed:
            entry['deps'] = [[other, self.version] for other in sorted(needed)]
        for called in (self.version, 'latest'):
            self.write_json(f'package/{kind}/{name}/{called}.json', entry)
        everything = dict(files)
        for other in needed.values():
            everything.update(other)
        # Beside the folder of the files: not all that fetches them understands `..`.
        urls = []
        for path in sorted(everything):
            short = self.add_file(everything[path])
            urls.append([path, f'file/{short[:2]}/{short}'])
        suffix = '.py.json' if kind == 'py' else '.json'
        self.write_json(name + suffix, {'version': self.version, 'urls': urls})

    def finish(self, names, kinds):
        """Write what lists the packages, in the way of MicroPython's own index."""
        versions = {kind: [self.version] for kind in kinds}
        listed = [
            {'name': name, 'version': self.version, 'versions': versions, 'description': ABOUT}
            for name in sorted(names)
        ]
        self.write_json('index.json', {'v': 2, 'packages': listed})


def build(folder):
    """Fill an empty folder with all packages, and return their names."""
    index = Index(folder)
    found = packages()
    kinds = ('py', str(payload.MPY_VERSION))
    for kind in kinds:
        files = {name: contents(modules, kind) for name, (modules, _) in found.items()}
        for name, (_, needed) in found.items():
            index.add(kind, name, files[name], {other: files[other] for other in needed})
    index.finish(found, kinds)
    return sorted(found)


def replace(folder, make):
    """Put what `make(folder)` makes into a folder in place of what it had; return its result."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix='.new-') as made:
        new = Path(made) / 'new'
        new.mkdir()
        result = make(new)
        if folder.exists():
            folder.rename(Path(made) / 'old')
        new.rename(folder)
    return result


def check_folder(folder):
    """Failure for a folder that holds something else than packages."""
    if folder.exists() and not (folder / 'index.json').is_file() and any(folder.iterdir()):
        raise Failure(f'{folder}: has something else in it: name a new folder')


def main(arguments):
    parser = argparse.ArgumentParser(prog='mip.py', description='Make packages for mip.')
    parser.add_argument('folder', nargs='?', type=Path, default=FOLDER)
    folder = parser.parse_args(arguments).folder.resolve()
    try:
        check_folder(folder)
        names = replace(folder, build)
    except (Failure, OSError) as exc:
        sys.exit(str(exc))
    size = sum(path.stat().st_size for path in folder.glob('file/*/*'))
    print(f'{runtimes.shown(folder)}: {len(names)} packages, {size:,} bytes')
    print(' '.join(names))


if __name__ == '__main__':
    main(sys.argv[1:])
