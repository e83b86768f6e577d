"""Repeats in the stubs (.pyi) what editors would not find in the code.

    release.stubs            writes the texts into lib/microdot/*.pyi
    release.stubs --check    exit status 1 if they are not up to date

Needed because editors would complete half of the attributes without a word about them.

An editor shows a method's docstring if the code has that method where the stub has it: those by
which `Microdot` runs are in its base. It shows no `#:` comments, which are for Sphinx, nor what a
class says about its parameters. So these texts are also in the stubs; change them in the code, or
in docs/api/texts.toml.
"""

import ast
import importlib
import inspect
import re
import sys
import textwrap

import tomllib

from microdot_kit import runtimes

FOLDER = runtimes.LIB / 'microdot'
TEXTS = runtimes.ROOT / 'docs' / 'api' / 'texts.toml'
WIDTH = 100
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def comments(module, name):
    """Return {attribute: its `#:` comment} of a class, or {} if the module has no such class."""
    path = FOLDER / (module + '.py')
    if not path.exists():
        return {}  # of Python itself
    lines = path.read_text().splitlines()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            assigned = [part for part in node.body if isinstance(part, ast.Assign)]
            return {target.id: above(lines, part) for part in assigned for target in part.targets}
    return {}


def above(lines, node):
    """Return the text of the `#:` lines above a statement."""
    found = []
    for line in reversed(lines[: node.lineno - 1]):
        if not line.lstrip().startswith('#:'):
            break
        found.insert(0, line.strip()[2:].strip())
    return ' '.join(found)


def attribute(cls, name):
    """Return the text about an attribute: a comment, that of the function which computes it, what
    the documentation adds, or that of the parameter that it is."""
    for base in cls.__mro__:
        text = comments(base.__module__.split('.')[-1], base.__name__).get(name)
        if text:
            return text
    value = getattr(cls, name, None)
    if isinstance(value, (type, property)):
        return inspect.cleandoc(value.__doc__ or '')
    if name in added(cls):
        return added(cls)[name]
    for doc in (cls.__doc__, cls.__init__.__doc__):
        found = re.search(r':param %s: (.*?)(?=\n *:|\n *\n|\Z)' % name, doc or '', re.DOTALL)
        if found:
            text = ' '.join(found.group(1).split())
            return text[0].upper() + text[1:]
    return ''


def added(cls):
    """What the documentation says about attributes of a class that the code says nothing about."""
    known = tomllib.loads(TEXTS.read_text())
    core = known.get('microdot.' + cls.__name__, {})  # by the name that the package gives it,
    core |= known.get('microdot.microdot.' + cls.__name__, {})  # or that module
    return core | known.get(f'{cls.__module__}.{cls.__name__}', {})


def texts(cls, node):
    """Yield (statement of the stub, text that belongs below it) of a class."""
    seen = set()  # of overloads the first one has the text
    for part in node.body:
        if isinstance(part, ast.AnnAssign):
            yield part, attribute(cls, part.target.id)
        elif isinstance(part, FUNCTIONS) and part.name not in {*vars(cls), *seen}:
            seen.add(part.name)
            f = getattr(cls, part.name)
            yield part, '' if part.name[:2] == '__' else inspect.getdoc(f) or ''


def quoted(text, indent):
    """Return a docstring as lines."""
    lines = text.splitlines()
    if len(lines) == 1:
        lines = textwrap.wrap(text, WIDTH - indent - 6)
    if len(lines) > 1:
        lines.append('')
    return textwrap.indent('"""' + '\n'.join(lines) + '"""', ' ' * indent).splitlines()


def without(lines, tree):
    """Take the texts below attributes and in functions out of the lines of a stub."""
    gone = []
    for cls in [node for node in tree.body if isinstance(node, ast.ClassDef)]:
        for part in cls.body:
            inner = part.body[0] if isinstance(part, FUNCTIONS) else part
            if isinstance(inner, ast.Expr) and isinstance(inner.value.value, str):
                gone.append((part, inner))
    for part, inner in reversed(gone):
        del lines[inner.lineno - 1 : inner.end_lineno]
        if part is not inner:
            lines[inner.lineno - 2] += ' ...'
    return lines


def filled(module):
    """Return the stub of a module with the texts that belong into it."""
    source = (FOLDER / (module + '.pyi')).read_text()
    source = '\n'.join(without(source.splitlines(), ast.parse(source))) + '\n'
    lines, found = source.splitlines(), []
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and node.name[0] != '_':
            cls = getattr(importlib.import_module('microdot.' + module), node.name)
            found += [(part, text) for part, text in texts(cls, node) if text]
    for part, text in reversed(found):
        end = part.end_lineno
        function = isinstance(part, FUNCTIONS)
        if function:
            lines[end - 1] = lines[end - 1].removesuffix(' ...')
        lines[end:end] = quoted(text, part.col_offset + 4 * function)
    return '\n'.join(lines) + '\n'


def main(arguments):
    sys.path.insert(0, str(runtimes.LIB))
    changed = []
    for path in sorted(FOLDER.glob('*.pyi')):
        text = filled(path.stem)
        if text != path.read_text():
            changed.append(path.name)
            if '--check' not in arguments:
                path.write_text(text)
    if changed and '--check' in arguments:
        sys.exit(
            'Not up to date: ' + ', '.join(changed) + '. Run: .venv/bin/python tools release.stubs'
        )


if __name__ == '__main__':
    main(sys.argv[1:])
