"""Compiles the templates of a folder ahead of time, for devices: see docs/templates.md.

    microdot-kit templates DIR [--autoescape] [--output DIR] [--check]

DIR may be the folder of an application, one with main.py: then it is `templates` in there.

Each template becomes a module beside it, or at the same place in the output folder, the same on
every machine. Nothing is written unless all of them compile; what is wrong is printed as
`file:line: message`. With `--check` nothing is written at all, and the exit status is 1 also if a
module is missing or not up to date. Python files, hidden files and backups are no templates.
"""

import argparse
import io
import sys
from pathlib import Path

from microdot_kit import runtimes
from microdot_kit.steps import write

sys.path.insert(0, str(runtimes.LIB))

from utemplate import TemplateError, check_name, module_name, source  # noqa: E402
from utemplate.compiler import Compiler  # noqa: E402

OTHER_FILES = ('.py', '.pyc', '.mpy', '.new', '~')


def options(arguments):
    parser = argparse.ArgumentParser(
        prog='microdot-kit templates', description='Compile templates.'
    )
    parser.add_argument('folder', type=Path, metavar='DIR', help='the folder of the templates')
    parser.add_argument('--autoescape', action='store_true', help='escape values for HTML')
    parser.add_argument('--output', type=Path, metavar='DIR', help='where the modules go')
    parser.add_argument('--check', action='store_true', help='write nothing; fail if it had to')
    return parser.parse_args(arguments)


def find_templates(folder):
    """The names of all templates below a folder; SystemExit with one line if there are none."""
    if not folder.is_dir():
        sys.exit(f'{folder}: no such folder')
    names = []
    for path in sorted(folder.rglob('*')):
        name = path.relative_to(folder)
        hidden = any(part.startswith('.') or part == '__pycache__' for part in name.parts)
        if path.is_file() and not hidden and not name.name.endswith(OTHER_FILES):
            names.append(name.as_posix())
    if not names:
        sys.exit(f'{folder}: no templates')
    return names


def compile_one(folder, name, names, autoescape):
    """The module of a template as bytes. Raises TemplateError, also for an unknown include."""
    try:
        check_name(name)
    except ValueError as error:
        raise TemplateError(name, 0, str(error)) from None
    out = io.BytesIO()
    with open(folder / name, 'rb') as f:
        compiler = Compiler(f, out, name, autoescape)
        compiler.compile()
    for line, included in compiler.includes:
        if included not in names:
            raise TemplateError(name, line, f'includes {included!r}, which is not there')
    return out.getvalue()


def compile_all(folder, names, output, autoescape):
    """Return ({path: bytes} of the modules, [messages] about what is wrong)."""
    modules, wrong, made_of = {}, [], {}
    loader = source.Loader(None, output)
    for name in names:
        path = output / (module_name(name) + '.py')
        try:
            loader.is_ours(name)
            if path in made_of:
                raise TemplateError(name, 0, f'would be the same module as {made_of[path]}')
            made_of[path] = name
            modules[path] = compile_one(folder, name, names, autoescape)
        except TemplateError as error:
            wrong.append(f'{folder}/{error}')
    return modules, wrong


def main(arguments):
    """Compile, or check; return the exit status."""
    try:
        return make(options(arguments))
    except OSError as error:
        sys.exit(f'{error.filename}: {error.strerror}')


def make(chosen):
    folder = chosen.folder
    if (folder / 'main.py').is_file() and not (folder / 'main').is_file():
        folder /= 'templates'  # what else is there is no template: README, static...
    names = find_templates(folder)
    output = chosen.output or folder
    modules, wrong = compile_all(folder, names, output, chosen.autoescape)
    old = [path for path in modules if not path.is_file() or path.read_bytes() != modules[path]]
    if chosen.check:
        wrong.extend(f'{path}: not up to date' for path in old)
    if wrong:
        print(*wrong, sep='\n', file=sys.stderr)
        return 1
    for path in old:
        write(path, modules[path])
    print(f'{output}: {len(modules)} templates, {len(old)} compiled')
    return 0
