"""Makes the core one file that is copied alone to a device: what `make bundle` calls.

    release.bundle [FILE]        build/bundle/microdot.py, or another file

It is a module `microdot` with all names of `microdot.microdot`, for MicroPython and CPython, made
of the modules that those need. Extensions need the package: they do not work beside it.

The first import of each module becomes the module's own statements, there and then. What functions
import later comes at the end. All modules share one namespace, so no two may give a name to
different things: the tool then ends with one line. Comments and docstrings stay behind.
"""

import argparse
import ast
import builtins
import sys
from pathlib import Path

from microdot_kit import payload, runtimes
from microdot_kit.steps import BUILD, Failure, write

FILE = BUILD / 'bundle' / 'microdot.py'
PACKAGE = runtimes.LIB / 'microdot'
PUBLIC = 'microdot'  # the module whose names the file is for
CPYTHON = 'compat_cpython'  # has the names of `compat` and `compat_rare` on purpose
HEADER = """\
# The core of microdot-kit {version} in one file, made of its modules by tools/release/bundle.py.
# MIT license. Extensions need the package instead.
__version__ = {version!r}
"""
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Bundle(ast.NodeTransformer):
    """The modules that the public one needs: `modules` has their names, `text` is the source."""

    def __init__(self):
        self.core = {Path(name).stem for name, _, _ in payload.manifest(extensions=False)} | {
            CPYTHON
        }
        self.modules = []
        self.waiting = [PUBLIC]
        self.module = None  # the one that is being read
        self.in_function = False
        self.owners = {}  # {name: [(module, what it stands for there)]}
        body = []
        while self.waiting:
            body += self.statements(self.waiting.pop(0))
        self.text = HEADER.format(version=payload.version()) + '\n'.join(once(body)) + '\n'

    def statements(self, module):
        """The statements of a module, none if it has been taken before."""
        if module in self.modules:
            return []
        self.modules.append(module)
        outside = self.module, self.in_function
        self.module, self.in_function = module, False
        tree = ast.parse((PACKAGE / (module + '.py')).read_text())
        tree.body = tree.body[is_text(tree.body[0]) :]
        self.check_names(tree)
        body = self.visit(tree).body
        self.module, self.in_function = outside
        return body

    def check_names(self, tree):
        """Failure if a name of the module stands for something else in another one."""
        for name, meaning in bound_in(tree.body, self.module):
            if hasattr(builtins, name):
                raise Failure(f'{self.module}.py: {name} is a name of Python itself')
            owners = self.owners.setdefault(name, [])
            for other, known in owners:
                if meaning != known and not are_halves(self.module, other):
                    raise Failure(f'{self.module}.py: {name} is in {other}.py too')
            owners.append((self.module, meaning))

    def visit_ImportFrom(self, node):
        if not node.level:
            return node
        if node.module not in self.core:
            # An extension: there is none, as Python then says.
            name = 'microdot.' + node.module if node.module else 'microdot'
            return ast.ImportFrom(module=name, names=node.names, level=0)
        if any(alias.asname for alias in node.names):
            raise Failure(f'{self.module}.py:{node.lineno}: gives a name of {node.module} another')
        if self.in_function:
            self.waiting.append(node.module)
            return ast.Pass()
        return self.statements(node.module) or ast.Pass()

    def visit_definition(self, node):
        outside = self.in_function
        self.in_function = outside or isinstance(node, FUNCTIONS)
        if is_text(node.body[0]):
            node.body = node.body[1:] or [ast.Pass()]
        self.generic_visit(node)
        self.in_function = outside
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_definition


def is_text(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def are_halves(module, other):
    return CPYTHON in (module, other) and module.startswith('compat') and other.startswith('compat')


def bound_in(statements, module):
    """Yield (name, what it stands for) of all that statements bind in their own scope."""
    waiting = list(statements)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            yield node.name, module
        elif isinstance(node, ast.Assign) and is_own_name(node):
            pass
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in [] if getattr(node, 'level', 0) else node.names:
                text = ast.unparse(type(node)(**{**vars(node), 'names': [alias]}))
                yield alias.asname or alias.name, text
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, module
        elif not isinstance(node, (ast.Lambda, ast.comprehension)):
            waiting.extend(ast.iter_child_nodes(node))


def is_own_name(node):
    """Tell whether it gives a name of Python itself to the module: ``hasattr = hasattr``."""
    names = {ast.unparse(part) for part in (*node.targets, node.value)}
    return len(names) == 1


def once(statements):
    """The lines of statements, imports that are alike once."""
    seen = set()
    for node in statements:
        text = ast.unparse(ast.fix_missing_locations(node))
        if not isinstance(node, ast.Pass) and text not in seen:
            yield text
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            seen.add(text)


def main(arguments):
    parser = argparse.ArgumentParser(prog='release.bundle', description='Make the core one file.')
    parser.add_argument('file', nargs='?', type=Path, default=FILE)
    file = parser.parse_args(arguments).file.resolve()
    try:
        text = Bundle().text
        compile(text, str(file), 'exec')
        write(file, text)
    except (Failure, OSError) as exc:
        sys.exit(str(exc))
    print(f'{runtimes.shown(file)}: {len(text.encode()):,} bytes')


if __name__ == '__main__':
    main(sys.argv[1:])
