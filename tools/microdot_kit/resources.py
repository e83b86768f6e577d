"""Packs the files of a directory into one Python module, to be frozen into firmware.

    microdot-kit resources web web_resources.py

    import web_resources
    app.static('/', web_resources)

The module is nothing but constants, so frozen code leaves them in flash, as do .mpy files in ROMFS.
A file that gzip makes smaller by a tenth at least has its compressed variant beside it; `--gzip
only` leaves the plain one out, which halves the flash, but clients without gzip then get 406. The
same files give the same module. Names that start with a dot are left out.

What cannot be packed is said in one line, with exit status 2, and leaves no module half written.
"""

import argparse
import gzip
import hashlib
import os
import sys
from pathlib import Path

from microdot_kit import runtimes
from microdot_kit.steps import Failure, write

HEAD = '''"""The files that `microdot-kit resources` has packed; do not edit.

For each (name, entity tag, content, content compressed with gzip), `None` for what is left out.
"""

'''
WIDTH = 90
ESCAPES = [chr(c) if 32 <= c < 127 else f'\\x{c:02x}' for c in range(256)]
for character, escape in (('\n', '\\n'), ('\r', '\\r'), ('\t', '\\t'), ("'", "\\'")):
    ESCAPES[ord(character)] = escape
ESCAPES[ord('\\')] = '\\\\'


def files_in(directory):
    """The paths of the files in a directory and below by their names, in the order of these."""
    if not directory.is_dir():
        raise Failure(f'{directory}: no such directory')

    def fail(error):
        raise error

    found = {}
    for folder, folders, names in os.walk(directory, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith('.')]
        for name in names:
            path = Path(folder) / name
            if path.is_file() and not name.startswith('.'):
                found[path.relative_to(directory).as_posix()] = path
    if not found:
        raise Failure(f'{directory}: no files to pack')
    check_names(found)
    return dict(sorted(found.items()))


def check_names(names):
    """Raise Failure for the first name that could not be asked for."""
    sys.path.insert(0, str(runtimes.LIB))
    from microdot.static import is_safe

    sys.path.remove(str(runtimes.LIB))
    for name in sorted(names):
        try:
            if not is_safe(name):
                raise ValueError
            name.encode()
        except ValueError:
            raise Failure(f'{name!r} would not be served under that name: rename it') from None


def compressed(data):
    """The bytes compressed with gzip, `None` if that does not save a tenth of them."""
    packed = bytearray(gzip.compress(data, 9, mtime=0))
    packed[9] = 255  # the operating system, which is nobody's business
    return bytes(packed) if len(packed) * 10 <= len(data) * 9 else None


def literal(data):
    """The source of a constant, long ones broken into lines within the string."""
    if data is None:
        return 'None'
    lines, line = [], "b'"
    for byte in data:
        escape = ESCAPES[byte]
        if len(line) + len(escape) > WIDTH:
            lines.append(line)
            line = ''
        line += escape
    return '\\\n'.join([*lines, line + "'"])


def pack(files, variants):
    """The source of the module, and how many bytes of content it has.

    :param files: the paths by their names.
    :param variants: 'both', 'only' (the compressed one where there is one) or 'never'.
    """
    source, size = [HEAD, 'FILES = (\n'], 0
    for name, path in files.items():
        data = path.read_bytes()
        packed = compressed(data) if variants != 'never' else None
        # Of both: another compressor makes another variant of the same content.
        tag = hashlib.sha256(data + (packed or b'')).hexdigest()[:16]
        if packed and variants == 'only':
            data = None
        size += len(data or b'') + len(packed or b'')
        source.append(f'    (\n        {name!r},\n        {tag!r},\n')
        source.append(f'        {literal(data)},\n        {literal(packed)},\n    ),\n')
    return ''.join([*source, ')\n']), size


def check_output(output, directory):
    """Raise Failure unless a module can be written there."""
    if output.suffix != '.py' or not output.stem.isidentifier():
        raise Failure(f'{output}: a name such as resources.py is needed')
    if output.is_dir() or not output.parent.is_dir():
        raise Failure(f'{output}: there is no directory for it, or it is one')
    if output.exists() and not output.read_bytes().startswith(HEAD[:40].encode()):
        raise Failure(f'{output}: is there, and not made by this: choose another name')
    if directory.resolve() in output.resolve().parents:
        raise Failure(f'{output}: it would be packed itself: choose another directory for it')


def options(arguments):
    parser = argparse.ArgumentParser(
        prog='microdot-kit resources',
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('directory', type=Path, metavar='DIRECTORY')
    parser.add_argument('output', type=Path, metavar='OUTPUT.py')
    parser.add_argument('--gzip', choices=('both', 'only', 'never'), default='both')
    return parser.parse_args(arguments)


def main(arguments):
    chosen = options(arguments)
    try:
        check_output(chosen.output, chosen.directory)
        files = files_in(chosen.directory)
        source, size = pack(files, chosen.gzip)
        write(chosen.output, source)
    except Failure as failure:
        print(f'resources: {failure}', file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(f'resources: {error.filename}: {error.strerror}', file=sys.stderr)
        sys.exit(2)
    print(f'{chosen.output}: {len(files)} files, {size} bytes')
