"""Makes packages for MicroPython's installer `mip`: what `make mip` calls.

    release.mip [FOLDER]         into build/mip, or another folder
    release.mip --repository     write package.json and lib/package.json

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

The repository itself is two packages, of sources, wherever it is published: package.json has the
core for `mpremote mip install github:OWNER/NAME`, lib/package.json the lot for
`github:OWNER/NAME/lib`. A test tells when they have to be written anew.
"""

import argparse
import ast
import hashlib
import json
import sys
from pathlib import Path

from microdot_kit import payload, runtimes
from microdot_kit.steps import BUILD, Failure, replace, write

FOLDER = BUILD / 'mip'
MARK = 'index.json'  # which tells a folder of packages
CORE = 'microdot'
SHORT = 8  # digits of the checksums that files are called by, as in MicroPython's own index
ABOUT = 'A web framework that fits a microcontroller'


def packages():
    """{name of a package: (modules as in `payload.manifest`, names of packages that it needs)}."""
    core = payload.manifest(extensions=False)

    def beyond(modules):
        return [module for module in modules if module not in core], (CORE,)

    found = {CORE: (core, ())}
    for extension in payload.extensions():
        alone = payload.manifest(extensions=False, **{extension: True})
        found[f'{CORE}-{extension}'] = beyond(alone)
    found[f'{CORE}-test-client'] = beyond(test_client(core))
    found[f'{CORE}-all'] = beyond(payload.manifest())
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
        self.version = payload.version()

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

    def add_files(self, files):
        """Keep {name: bytes} and return [[name, checksum]]."""
        return [[name, self.add_file(files[name])] for name in sorted(files)]

    def add(self, kind, name, files, needed):
        """Add a package, given its files and {name of a package that it needs: its files}."""
        entry = {'v': 1, 'version': self.version, 'hashes': self.add_files(files)}
        if needed:
            entry['deps'] = [[other, self.version] for other in sorted(needed)]
        for called in (self.version, 'latest'):
            self.write_json(f'package/{kind}/{name}/{called}.json', entry)
        everything = dict(files)
        for other in needed.values():
            everything.update(other)
        # Beside the folder of the files: not all that fetches them understands `..`.
        urls = [[path, f'file/{short[:2]}/{short}'] for path, short in self.add_files(everything)]
        suffix = '.py.json' if kind == 'py' else '.json'
        self.write_json(name + suffix, {'version': self.version, 'urls': urls})

    def finish(self, names, kinds):
        """Write what lists the packages, in the way of MicroPython's own index."""
        versions = {kind: [self.version] for kind in kinds}
        listed = [
            {'name': name, 'version': self.version, 'versions': versions, 'description': ABOUT}
            for name in sorted(names)
        ]
        self.write_json(MARK, {'v': 2, 'packages': listed})


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


def in_repository():
    """{path: text} of what makes the repository a package: the core at its top, the lot in lib."""
    found = packages()
    core, everything = found[CORE][0], found[f'{CORE}-all'][0]
    lib = runtimes.LIB.name + '/'
    return {
        'package.json': source_package(core, lib),
        lib + 'package.json': source_package(core + everything, ''),
    }


def source_package(modules, folder):
    """The text of a package.json for sources that lie in a folder beside it, a line a file."""
    pairs = ',\n'.join('  ' + json.dumps([name, folder + name]) for name, _, _ in modules)
    return f'{{\n "version": {json.dumps(payload.version())},\n "urls": [\n{pairs}\n ]\n}}\n'


def main(arguments):
    parser = argparse.ArgumentParser(prog='release.mip', description='Make packages for mip.')
    parser.add_argument('folder', nargs='?', type=Path, default=FOLDER)
    parser.add_argument('--repository', action='store_true', help='write package.json files')
    chosen = parser.parse_args(arguments)
    try:
        if chosen.repository:
            for name, text in in_repository().items():
                write(runtimes.ROOT / name, text)
            return
        folder = chosen.folder.resolve()
        names = replace(folder, MARK, build)
    except (Failure, OSError) as exc:
        sys.exit(str(exc))
    size = sum(path.stat().st_size for path in folder.glob('file/*/*'))
    print(f'{runtimes.shown(folder)}: {len(names)} packages, {size:,} bytes')
    print(' '.join(names))


if __name__ == '__main__':
    main(sys.argv[1:])
