"""Makes the core one file that is copied alone to a device: what `make bundle` calls.

    bundle.py [FILE]        build/bundle/microdot.py, or another file

It is a module `microdot` with all names of `microdot.microdot`, for MicroPython and CPython, made
of the modules that those need. Extensions need the package: they do not work beside it.

Each module's names go into one namespace. A name that several modules define, or that Python or
a module has, gets its module's before it (`_routing_find`), other than the public ones; whatever
cannot be told to be right ends the tool with one line. Comments and docstrings stay behind.
"""

import argparse
import ast
import builtins
import sys
from pathlib import Path

import payload
import runtimes
from firmware.steps import BUILD, Failure, write

FILE = BUILD / 'bundle' / 'microdot.py'
PACKAGE = runtimes.LIB / 'microdot'
PUBLIC = 'microdot'  # the module whose names the file is for
# What stands for `compat`, by the runtime: the branches of one `if`.
PLATFORM = {'micropython': ('compat', 'compat_late'), 'cpython': ('compat_cpython',)}
COMPAT = ('compat', 'compat_late', 'compat_cpython')
LATE = 'Methods'  # the class in a module that another one names as its `_late`
HEADER = """\
# The core of microdot-kit {version} in one file, made of its modules by tools/bundle.py.
# MIT license. Extensions need the package instead.
import sys
"""
LOAD = """
def load(module, name):
    return globals()['_' + module + '_' + name]
"""
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def owner_of(module):
    """What the name of a module begins with in the bundle: the halves of `compat` are one."""
    return 'compat' if module in COMPAT else module


def is_compat_branch(node):
    return isinstance(node, ast.If) and 'implementation' in ast.unparse(node.test)


class Module:
    """The syntax of one module, taken apart.

    `body` is what stays of it, `imports` {local name: (module, name there)} of the package,
    `plain` its other imports, without the `libraries` that stay in the body, `defined` the names
    that it binds itself.
    """

    def __init__(self, name):
        self.name = name
        self.body = []
        self.imports = {}
        self.plain = []
        self.libraries = set()
        tree = ast.parse((PACKAGE / (name + '.py')).read_text())
        statements = tree.body
        if name == 'compat':
            statements = self.micropython_half(statements)
        for node in statements:
            self.take(node)
        self.defined = bound_in(self.body)

    def micropython_half(self, statements):
        halves = [node for node in statements if is_compat_branch(node)]
        if len(halves) != 1:
            raise Failure('compat.py: not one `if` by the name of the runtime')
        return halves[0].orelse

    def take(self, node):
        if isinstance(node, ast.ImportFrom) and node.level:
            if not node.module:
                raise Failure(f'{self.name}.py:{node.lineno}: imports a module as a whole')
            for alias in node.names:
                self.imports[alias.asname or alias.name] = (node.module, alias.name)
        elif isinstance(node, ast.Import) and self.name == 'compat_cpython':
            self.body.append(node)  # MicroPython lacks some of these
            self.libraries |= bound_in([node])
        elif isinstance(node, ast.Import) or (
            isinstance(node, ast.ImportFrom) and self.name not in COMPAT
        ):
            self.plain.append(node)
        elif not self.is_left_out(node):
            self.body.append(node)

    def is_left_out(self, node):
        if isinstance(node, ast.FunctionDef):
            return node.name == '__getattr__' or (self.name in COMPAT and node.name == 'load')
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            return node.targets[0].id == '__all__'
        return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)

    def needed(self):
        """The modules of the package that it imports anywhere."""
        found = {module for module, _ in self.imports.values()}
        for node in self.walk():
            if isinstance(node, ast.ImportFrom) and node.level and node.module:
                found.add(node.module)
        return found | self.late()

    def late(self):
        """The modules that its classes name as their `_late`."""
        return {
            ast.literal_eval(node.value)
            for node in self.walk()
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == '_late'
        }

    def walk(self):
        for node in self.body:
            yield from ast.walk(node)


def bound_in(statements):
    """The names that statements bind in their own scope."""
    names = set()
    waiting = list(statements)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update((alias.asname or alias.name).split('.')[0] for alias in node.names)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            names.add(node.id)
        elif isinstance(node, (ast.Lambda, *COMPREHENSIONS)):
            continue  # with names of their own; := is in use nowhere, as MicroPython's is younger
        waiting.extend(ast.iter_child_nodes(node))
    return names


def locals_of(node):
    """The names that are local to a function, a lambda or a comprehension."""
    if isinstance(node, COMPREHENSIONS):
        return bound_in([generator.target for generator in node.generators])
    arguments = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
    names = {argument.arg for argument in arguments}
    names.update(argument.arg for argument in (node.args.vararg, node.args.kwarg) if argument)
    if not isinstance(node, ast.Lambda):
        names |= bound_in(node.body)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Global):
                names -= set(inner.names)
    return names


class Renamer(ast.NodeTransformer):
    """Gives one module's global names what they are called in the bundle.

    :param module: the module.
    :param names: {name in the module: name in the bundle}.
    :param resolve: a function from (module, name) to the name in the bundle, `None` for a module
        that is not in it.
    """

    def __init__(self, module, names, resolve):
        self.module = module
        self.names = names
        self.resolve = resolve
        self.scopes = []
        self.eager = set()  # global names that are needed when the module starts

    def is_local(self, name):
        return any(name in scope for scope in self.scopes)

    def name_of(self, name, where):
        if self.is_local(name):
            return name
        if name in self.names:
            return self.names[name]
        if hasattr(builtins, name) or name in ('__name__', 'load'):
            return name
        raise Failure(f'{self.module.name}.py:{where.lineno}: {name} is defined nowhere')

    def visit_Name(self, node):
        node.id = self.name_of(node.id, node)
        if not self.scopes or all(isinstance(scope, Body) for scope in self.scopes):
            self.eager.add(node.id)
        return node

    def visit_Global(self, node):
        node.names = [self.names[name] for name in node.names]
        return node

    def visit_function(self, node):
        for part in ('decorator_list', 'args', 'returns'):
            self.visit_parts(getattr(node, part, None))
        if not self.scopes and hasattr(node, 'name'):
            node.name = self.names[node.name]
        # What a class binds is not seen in its methods.
        outside = self.scopes
        self.scopes = [scope for scope in outside if not isinstance(scope, Body)]
        self.scopes.append(locals_of(node))
        if isinstance(node, ast.Lambda):
            node.body = self.visit(node.body)
        else:
            node.body = self.visit_body(node.body)
        self.scopes = outside
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = visit_function

    def visit_comprehension_of(self, node):
        self.scopes.append(locals_of(node))
        self.generic_visit(node)
        self.scopes.pop()
        return node

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_comprehension_of

    def visit_ClassDef(self, node):
        for part in ('decorator_list', 'bases', 'keywords'):
            self.visit_parts(getattr(node, part))
        if not self.scopes:
            node.name = self.names[node.name]
        self.scopes.append(Body())
        for statement in node.body:
            # On the right a name may still be the module's, of which the class makes its own.
            if isinstance(statement, ast.Assign):
                self.visit(statement.value)
                self.scopes[-1].update(bound_in([statement]))
                continue
            self.scopes[-1].update(bound_in([statement]))
            if self.visit(statement) is not statement:
                raise Failure(f'{self.module.name}.py:{statement.lineno}: a class that imports')
        self.scopes.pop()
        return node

    def visit_parts(self, part):
        for item in part if isinstance(part, list) else [part]:
            if item is not None:
                self.visit(item)

    def visit_body(self, statements):
        made = []
        for statement in statements:
            result = self.visit(statement)
            made.extend(result if isinstance(result, list) else [result])
        return made

    def visit_ImportFrom(self, node):
        """An import in a function becomes an assignment, or nothing if the name is the same."""
        if not node.level:
            return node
        if not self.scopes:
            raise Failure(f'{self.module.name}.py:{node.lineno}: a late import by the module')
        if not node.module or self.resolve(node.module, None) is None:
            # For an extension: there is none, as MicroPython then says.
            name = 'microdot' + ('.' + node.module if node.module else '')
            return ast.ImportFrom(module=name, names=node.names, level=0)
        made = []
        for alias in node.names:
            local = alias.asname or alias.name
            name = self.resolve(node.module, alias.name)
            if local != name:
                made.append(ast.parse(f'{local} = {name}').body[0])
        return made or ast.Pass()


class Body(set):
    """What the body of a class has bound so far."""


def without_docstrings(tree):
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:] or [ast.Pass()]
    return tree


class Bundle:
    """All modules that the public one needs, in one namespace."""

    def __init__(self):
        core = {Path(name).stem for name, _, _ in payload.manifest(extensions=False)}
        self.modules = {}
        waiting = [PUBLIC, *COMPAT]
        while waiting:
            name = waiting.pop()
            if name not in self.modules:
                self.modules[name] = module = Module(name)
                waiting.extend(sorted(module.needed() & core))
        self.called = self.name_all()
        self.check_names()

    def name_all(self):
        """{(module, name): name in the bundle} of all that the modules define."""
        owners = {}
        for module in self.modules.values():
            for name in module.defined:
                owners.setdefault(name, set()).add(owner_of(module.name))
        public = self.modules[PUBLIC]
        # Names that are somebody else's, wherever a module defines them.
        taken = {name for module in self.modules.values() for name in bound_in(module.plain)}
        taken |= public.defined | set(public.imports) | set(self.modules) | set(dir(builtins))
        taken |= {LATE} | {name for name in owners if len(owners[name]) > 1}
        called = {}
        for module in self.modules.values():
            owner = owner_of(module.name)
            for name in module.defined:
                is_public = owner == PUBLIC or public.imports.get(name, ('',))[0] == owner
                stays = is_public or name in module.libraries or name not in taken
                called[module.name, name] = name if stays else f'_{owner}_{name}'
        return called

    def check_names(self):
        """Failure if two things are called the same."""
        owners = {}
        for (module, name), called in self.called.items():
            owner = (owner_of(module), name)
            if owners.setdefault(called, owner) != owner:
                raise Failure(f'{called} would be {owner} and {owners[called]}')
        for half in PLATFORM.values():
            seen = set()
            for name in half:
                twice = seen & self.modules[name].defined
                if twice:
                    raise Failure(f'{name}.py: {sorted(twice)} are in compat.py too')
                seen |= self.modules[name].defined

    def resolve(self, module, name):
        """What a name of a module is called here, `None` if the module is not here."""
        if module not in self.modules:
            return None
        if name is None:
            return module
        for owner in COMPAT if module == 'compat' else (module,):
            if (owner, name) in self.called:
                return self.called[owner, name]
        source = self.modules[module].imports.get(name)
        if source:
            return self.resolve(*source)
        if module == 'compat' and name == 'load':
            return name
        raise Failure(f'{module}.py does not define {name}')

    def names_in(self, module):
        """{name in a module: name in the bundle}."""
        names = {name: name for name in bound_in(module.plain)}
        for name, (source, there) in module.imports.items():
            names[name] = self.resolve(source, there)
        names.update((name, self.called[module.name, name]) for name in module.defined)
        if module.name in COMPAT:
            names['sys'] = 'sys'
        return names

    def make(self):
        """The source."""
        texts, eager, defines = {}, {}, {}
        for module in self.modules.values():
            renamer = Renamer(module, self.names_in(module), self.resolve)
            tree = ast.Module(body=[renamer.visit(node) for node in module.body], type_ignores=[])
            text = ast.unparse(ast.fix_missing_locations(without_docstrings(tree)))
            texts[module.name] = text
            eager[module.name] = renamer.eager
            defines[module.name] = {self.called[module.name, name] for name in module.defined}
            eager[module.name] |= {self.called[late, LATE] for late in module.late()}
        parts = [HEADER.format(version=payload.version()), self.plain_imports(), LOAD]
        parts.append(f'__version__ = {payload.version()!r}')
        parts.append(platform_text(texts))
        parts += [texts[name] for name in in_order(eager, defines)]
        return '\n\n'.join(part.strip('\n') for part in parts if part.strip()) + '\n'

    def plain_imports(self):
        lines = {ast.unparse(node) for module in self.modules.values() for node in module.plain}
        return '\n'.join(sorted(lines - {'import sys'}))


def platform_text(texts):
    """The differences between the runtimes, under one `if`."""
    lines = ["if sys.implementation.name in ('micropython', 'circuitpython'):"]
    for half, names in PLATFORM.items():
        if half == 'cpython':
            lines.append('else:')
        for name in names:
            lines += ['    ' + line if line else '' for line in texts[name].splitlines()]
    return '\n'.join(lines)


def in_order(eager, defines):
    """The modules' names, each after those that it needs to start. Failure for a circle."""
    left = sorted(set(eager) - set(COMPAT))
    done = []
    while left:
        for name in left:
            if not any(eager[name] & defines[other] for other in left if other != name):
                break
        else:
            raise Failure('these modules need each other to start: ' + ', '.join(left))
        left.remove(name)
        done.append(name)
    return done


def main(arguments):
    parser = argparse.ArgumentParser(prog='bundle.py', description='Make the core one file.')
    parser.add_argument('file', nargs='?', type=Path, default=FILE)
    file = parser.parse_args(arguments).file.resolve()
    try:
        text = Bundle().make()
        compile(text, str(file), 'exec')
        write(file, text)
    except (Failure, OSError) as exc:
        sys.exit(str(exc))
    print(f'{runtimes.shown(file)}: {len(text.encode()):,} bytes')


if __name__ == '__main__':
    main(sys.argv[1:])
