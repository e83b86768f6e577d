"""How Sphinx builds the documentation: `make docs`, into build/docs/html.

The pages are Markdown. Those of docs/api have a directive of their own: `.. api:: module` describes
what the module's stub (.pyi) says is public, and takes the texts from the docstrings and `#:`
comments of the code; api/texts.toml has what these lack. Links to files of the repository outside
of docs become copies of these files; links to its folders stay text. Figures (SVG) become parts of
their pages, so that they have the colors of the theme that a reader chooses.
"""

import ast
import functools
import html
import importlib
import inspect
import re
import sys
from pathlib import Path

import docutils.nodes
import tomllib
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parents[1]
LIB = ROOT / 'lib'
sys.path.insert(0, str(LIB))

import microdot  # noqa: E402

project = 'microdot-kit'
version = release = microdot.__version__
extensions = ['myst_parser', 'sphinx.ext.autodoc', 'sphinx_copybutton']
root_doc = 'index'
exclude_patterns = ['_*']
myst_heading_anchors = 4
highlight_language = 'text'
autodoc_inherit_docstrings = False  # the methods of dict have texts that are no reStructuredText
python_use_unqualified_type_names = True
copybutton_prompt_text = r'>>> |\.\.\. '
copybutton_prompt_is_regexp = True
# Only names with a module in front of them have to lead somewhere: others are Python's own types.
nitpick_ignore_regex = [('py:.*', r'[^.]+|collections\..+|os\..+|types\..+|ssl\..+|asyncio\..+')]

html_theme = 'furo'
html_title = project
html_static_path = ['_static']
html_css_files = ['kit.css']
html_favicon = '_static/icon.svg'
html_use_index = html_domain_indices = False  # the search finds more
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False

CORE = 'microdot.microdot'  # has all names that applications import, the package most of them
FIRST = ('Microdot', 'Request', 'Response')
TEXTS = tomllib.loads((ROOT / 'docs/api/texts.toml').read_text())


@functools.cache
def stub(module):
    """Return the statements of a module's stub."""
    path = LIB.joinpath(*module.split('.'))
    path = path / '__init__.pyi' if path.is_dir() else path.with_suffix('.pyi')
    return ast.parse(path.read_text()).body


def named(node):
    """Return the public names that a statement of a stub defines."""
    if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        names = [node.name]
    elif isinstance(node, ast.AnnAssign) and not is_alias(node):
        names = [node.target.id]
    else:
        names = []
    return [name for name in names if name[0] != '_' or name == '__version__']


def is_alias(node):
    return isinstance(node.annotation, ast.Name) and node.annotation.id == 'TypeAlias'


@functools.cache
def exported(module):
    """Return {name: module that defines it} of what a module takes from others for applications."""
    found = {}
    for node in stub(module):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [alias.name for alias in node.names if alias.asname == alias.name]
            found.update(dict.fromkeys(names, 'microdot.' + node.module))
    return found


def home(name):
    """Return the module on whose page a name of the core is described, `None` for another name."""
    return 'microdot' if name in exported('microdot') else CORE if name in exported(CORE) else None


def core_name(name):
    return f'{home(name)}.{name}' if home(name) else name


def definitions(module):
    """Yield (name, module that defines it, statements) of what a module's page describes."""
    core = exported(CORE)
    sources = {name: source for name, source in core.items() if home(name) == module}
    for name, source in sorted(sources.items(), key=lambda item: (item[0] not in FIRST, item[0])):
        yield name, source, [node for node in stub(source) if name in named(node)]
    groups = {}
    for node in stub(module):
        for name in named(node):
            groups.setdefault(name, []).append(node)
    for name, nodes in groups.items():
        if core.get(name) != module:
            yield name, module, nodes


def borrowed(module):
    """Return {name: where it is described} of what a module has of others."""
    found = {}
    for node in stub(module):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                owner = home(alias.name) or f'microdot.{node.module}'
                if alias.asname == alias.name and owner != module:
                    found[alias.name] = f'{owner}.{alias.name}'
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute):
            found[node.targets[0].id] = 'microdot.' + ast.unparse(node.value)
    core = exported(CORE)
    found.update({name: core_name(name) for name in sorted(core) if core[name] == module})
    return found


def signature(nodes):
    """Return the parameters of a function without their types; '' leaves them to the code."""
    if len(nodes) != 1:
        return ''  # overloads
    arguments = ast.parse('def f(%s): ...' % ast.unparse(nodes[0].args)).body[0].args
    for argument in ast.walk(arguments):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    text = ast.unparse(arguments)
    if '...' in text:
        return ''
    return '(%s)' % re.sub(r'^(self|cls)(, |$)', '', text)


def comment(cls, name):
    """Return the text about an attribute: its `#:` comment, or its docstring if it is computed."""
    places = [(c.__module__, c.__name__) for c in cls.__mro__ if c.__module__ != 'builtins']
    for module, owner in places:
        lines = ModuleAnalyzer.for_module(module).find_attr_docs().get((owner, name))
        if lines:
            return ' '.join(lines).strip()
    value = getattr(cls, name, None)
    return inspect.cleandoc(value.__doc__ or '') if isinstance(value, (type, property)) else ''


def parameter(cls, name):
    """Return what the class or its constructor says about a parameter of that name."""
    for doc in (cls.__doc__, cls.__init__.__doc__):
        found = re.search(r':param %s: (.*?)(?=\n *:|\n *\n|\Z)' % name, doc or '', re.DOTALL)
        if found:
            text = ' '.join(found.group(1).split())
            return text[0].upper() + text[1:]
    return ''


def added(path, name):
    """Return the text that is not in the code about a name of a module or class."""
    return TEXTS.get(path, {}).get(name, '')


def indented(lines):
    return ['   ' + line if line else '' for line in lines]


def variable(kind, name, node, text, value=None):
    annotation = ast.unparse(node.annotation)
    annotation = re.sub(r'\b[A-Z]\w+\b', lambda m: core_name(m[0]), annotation)
    lines = [f'.. py:{kind}:: {name}', '   :no-index-entry:' if kind == 'attribute' else '']
    if not re.search(r'\b_', annotation):  # an alias of the stub's own would tell nobody anything
        lines.append('   :type: ' + annotation)
    if isinstance(value, (int, float, str, bool)):
        lines.append(f'   :value: {value!r}')
    return [line for line in lines if line] + ['', *indented(text.splitlines()), '']


def members(path, cls, node):
    """Return the lines about the methods and attributes that the stub of a class has.

    Attributes come last: more people look for methods.
    """
    lines, attributes, methods = [], [], {}
    for part in node.body:
        if isinstance(part, ast.AnnAssign):
            name = part.target.id
            text = added(path, name) or comment(cls, name) or parameter(cls, name)
            attributes += variable('attribute', name, part, text, vars(cls).get(name))
        elif isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)):
            methods.setdefault(part.name, []).append(part)
    for name, nodes in methods.items():
        f = getattr(cls, name)
        if name[:2] != '__' or (name != '__init__' and name in vars(cls) and f.__doc__):
            if any(ast.unparse(d) == 'property' for d in nodes[0].decorator_list):
                lines += [f'.. autoproperty:: {path}.{name}', '']
            else:
                lines += [f'.. automethod:: {path}.{name}{signature(nodes)}', '']
                lines += indented([added(path, name)]) + ['']
    return lines + attributes


def description(module, name, source, nodes):
    """Return the lines of reStructuredText about one name of a module."""
    path, node = f'{module}.{name}', nodes[0]
    if isinstance(node, ast.AnnAssign):
        texts = ModuleAnalyzer.for_module(source).find_attr_docs()
        text = ' '.join(texts.get(('', name), ())) or added(module, name)
        value = getattr(importlib.import_module(source), name)
        return variable('data', name, node, text, value)
    if not isinstance(node, ast.ClassDef):
        lines = [f'.. autofunction:: {path}{signature(nodes)}', '']
        return lines + indented([added(module, name)]) + ['']
    cls = getattr(importlib.import_module(module), name)
    own = [part for part in node.body if getattr(part, 'name', '') == '__init__']
    kind = 'exception' if issubclass(cls, BaseException) else 'class'
    lines = [f'.. auto{kind}:: {path}{signature(own)}', '']
    return lines + indented(members(path, cls, node))


class Api(SphinxDirective):
    """What is public of a module: `.. api:: microdot.auth`."""

    required_arguments = 1

    def run(self):
        module = self.arguments[0]
        lines = [f'.. automodule:: {module}', '']
        lines += ['.. currentmodule:: ' + module, '']
        for name, source, nodes in definitions(module):
            lines += description(module, name, source, nodes)
        others = borrowed(module)
        if others:
            links = [f':py:obj:`{name} <{path}>`' for name, path in others.items()]
            lines += ['Also here: ' + ', '.join(links) + '.', '']
        return self.parse_text_to_nodes('\n'.join(lines))


def fit(app, docname, source):
    """Leave out what leads nowhere: links to folders, and tables of contents without any page."""
    folder = (Path(app.srcdir) / docname).parent

    def text(link):
        return link[1] if (folder / link[2]).is_dir() else link[0]

    def pattern(line):
        return line[0] if list(folder.glob(line[1])) else ''

    source[0] = re.sub(r'\[([^\]]+)\]\((\.\./[^)#]+)\)', text, source[0])
    if docname == root_doc:
        source[0] = re.sub(r'^(\S*\*)\n', pattern, source[0], flags=re.MULTILINE)


def inline_figures(app, doctree, docname):
    """Put the SVG files that a page shows into the page itself."""
    for image in list(doctree.findall(docutils.nodes.image)):
        if image['uri'].endswith('.svg'):
            svg = (Path(app.srcdir) / image['uri']).read_text()
            label = f'<svg role="img" aria-label="{html.escape(image["alt"])}"'
            svg = svg.replace('<svg', label, 1)
            image.replace_self(docutils.nodes.raw('', svg, format='html'))


def fit_tables(app, doctree, docname):
    """Write the name of its column into each cell but a row's first; only phones show it."""
    for table in doctree.findall(docutils.nodes.tgroup):
        head = table.next_node(docutils.nodes.thead)
        columns = [entry.astext() for entry in head[0]] if head else []
        for row in table.next_node(docutils.nodes.tbody):
            for name, entry in list(zip(columns, row))[1:]:
                if name and entry.astext():
                    label = docutils.nodes.inline('', name + ': ', classes=['column'])
                    entry[0].insert(0, label)


def setup(app):
    app.add_directive('api', Api)
    app.connect('source-read', fit)
    app.connect('doctree-resolved', inline_figures)
    app.connect('doctree-resolved', fit_tables)
    return {'parallel_read_safe': True}
