"""What each extension costs beside the core: heap kept on the 32-bit WebAssembly build, bytes of
`.mpy`. Which modules are of an extension is what the package's `manifest.py` says."""

from microdot_kit import payload

from . import wasm

# What applications import; an extension's other modules load when they are first needed.
ENTRIES = {'templates': 'utemplate'}
# That build has no SHA-1: a stand-in, in use before anything is measured.
HASHLIB = """
class hashlib:
    sha1 = sha256 = None

import sys
sys.modules['hashlib'] = hashlib
"""


def groups(lib):
    """{extension: names of its modules, such as `microdot.sse`}, all that it freezes."""
    found = payload.run_manifest(lib.parent)[0]['EXTENSIONS']
    names = {name: [f'microdot.{file[:-3]}' for file in files] for name, files in found.items()}
    compiler = sorted((lib / 'utemplate').glob('*.py'))
    names['templates'] += [f'utemplate.{path.stem}' for path in compiler]
    return {name: [m.removesuffix('.__init__') for m in names[name]] for name in sorted(names)}


def measure(lib, folder, node, module, core):
    """One row an extension of the package in `lib`, compiled in `folder`; `core`: names of modules.

    Its name; bytes kept by importing it after the core; by importing all of its modules; bytes of
    those. Interned strings live in pools that grow when they are full: which import that happens
    to shifts some hundred bytes from one to the other."""
    rows = []
    for extension, names in groups(lib).items():
        others = [name for name in core if name not in names]
        entry = f'microdot.{ENTRIES.get(extension, extension)}'
        code = [HASHLIB + wasm.imports(others), f'import {entry}', wasm.imports(names)]
        _, before, imported, every = wasm.heap_after(node, module, folder, code)['used']
        size = sum(size_of(folder, name) for name in names)
        rows.append([extension, imported - before, every - before, size])
    return rows


def size_of(folder, name):
    path = folder / name.replace('.', '/')
    file = path / '__init__.mpy' if path.is_dir() else path.with_suffix('.mpy')
    return file.stat().st_size
