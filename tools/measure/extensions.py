"""What each extension costs beside the core: heap kept on the 32-bit WebAssembly build, bytes of
`.mpy`. Which modules are of an extension is what `manifest.py` says."""

import mip
import payload

# What applications import; an extension's other modules load when they are first needed.
ENTRIES = {'templates': 'utemplate'}
# That build has no SHA-1: a stand-in, in use before anything is measured.
HASHLIB = """
class hashlib:
    sha1 = sha256 = None

import sys
sys.modules['hashlib'] = hashlib
"""


def groups():
    """{extension: names of its modules, such as `microdot.sse`}, all that it freezes."""
    packages = mip.packages()
    return {
        name: [module_name(file) for file, _, _ in packages[f'{mip.CORE}-{name}'][0]]
        for name in payload.extensions()
    }


def module_name(file):
    """`utemplate/__init__.py` as `utemplate`."""
    return file.removesuffix('.py').removesuffix('/__init__').replace('/', '.')


def measure(kit, core, whole):
    """One dictionary an extension; `core` and `whole` are statements that import the core, and with
    it all that loads later.

    `import`: bytes kept by importing it after the core, with what it needs of the core's other
    modules, which extensions share; `own`: by all of its own modules, after those; `mpy`: bytes of
    its modules. Interned strings live in pools that grow when they are full: which import that
    happens to shifts some hundred bytes from one to the other."""
    return [
        {
            'extension': extension,
            'import': kept(kit, core, [f'microdot.{ENTRIES.get(extension, extension)}']),
            'own': kept(kit, whole, modules),
            'mpy': sum(size_of(kit, name) for name in modules),
        }
        for extension, modules in groups().items()
    ]


def kept(kit, before, modules):
    """Bytes kept by importing modules in an interpreter that has run `before`."""
    imports = '\n'.join(f'import {name}' for name in modules)
    _, without, with_them = kit.heap_after(kit.mpy, [HASHLIB + before, imports])['used']
    return with_them - without


def size_of(kit, name):
    path = kit.mpy / name.replace('.', '/')
    file = path / '__init__.mpy' if path.is_dir() else path.with_suffix('.mpy')
    return file.stat().st_size
