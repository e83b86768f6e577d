"""The documentation builds without a warning, has no dead links, and tells all that is public."""

import ast
import html.parser
import importlib
import re
import sys
import types
from urllib.parse import unquote, urlsplit

import pytest

from microdot_kit import runtimes

pytestmark = pytest.mark.slow  # building the pages is
DOCS = runtimes.ROOT / 'docs'


def test_without_warnings(build):
    assert build[0].returncode == 0, build[0].stdout + build[0].stderr


class Page(html.parser.HTMLParser):
    """The identifiers, links and resources of a page."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.resources = set(), [], []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids.add(attributes.get('id'))
        if tag == 'a' and attributes.get('href'):
            self.links.append(attributes['href'])
        elif tag in ('script', 'link', 'img') and attributes.get('rel') != 'canonical':
            self.resources.append(attributes.get('src') or attributes.get('href'))


@pytest.fixture(scope='module')
def pages(site):
    return {path.resolve(): Page(path) for path in site.rglob('*.html')}


def test_every_page_is_in_the_table_of_contents(site, pages):
    index = pages[site / 'index.html']
    listed = {urlsplit(link).path for link in index.links}
    for path in DOCS.rglob('*'):
        if path.suffix in ('.md', '.rst') and path.stem != 'index':
            assert path.relative_to(DOCS).with_suffix('.html').as_posix() in listed


def test_links_of_the_site(pages):
    local = 0
    for path, page in pages.items():
        for link in page.links + [name for name in page.resources if name]:
            parts = urlsplit(link)
            if parts.scheme in ('http', 'https', 'mailto', 'data'):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.exists(), (path.name, link)
            if parts.fragment and target in pages:
                assert unquote(parts.fragment) in pages[target].ids, (path.name, link)
            local += 1
    assert local > 100


def test_the_site_needs_no_other_host(pages):
    for path, page in pages.items():
        for name in page.resources:
            assert not name or not urlsplit(name).netloc, (path.name, name)


def stubs():
    """Yield (module, statements) of every stub."""
    for path in sorted(runtimes.LIB.glob('*/*.pyi')):
        name = path.parent.name + ('' if path.stem == '__init__' else '.' + path.stem)
        yield name, ast.parse(path.read_text()).body


def is_public(name):
    return not name.startswith('_')


def names_of(node):
    """Return the names that a statement of a stub gives a module or a class."""
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets]
    if isinstance(node, ast.AnnAssign):
        return [node.target.id]
    if isinstance(node, ast.ImportFrom):
        return [alias.asname for alias in node.names if alias.asname == alias.name]
    return [node.name] if hasattr(node, 'name') else []


def public():
    """Yield (module, name, its statement) of all that the stubs say is public."""
    for module, body in stubs():
        for node in body:
            for name in filter(is_public, names_of(node)):
                yield module, name, node


def value_of(path, name):
    value = getattr(path, name)
    return getattr(value, '__func__', value)  # methods are made anew each time


@pytest.fixture(scope='module')
def documented(site, pages):
    """The names that the reference has a place for."""
    api = (site / 'api').resolve()
    return {name for path, page in pages.items() if path.parent == api for name in page.ids if name}


def lookup(name):
    """Return what a dotted name stands for, or `None`."""
    parts = name.split('.')
    for n in range(len(parts), 0, -1):
        try:
            value = importlib.import_module('.'.join(parts[:n]))
        except ImportError:
            continue
        for part in parts[n:]:
            value = getattr(value, part, None)
        return getattr(value, '__func__', value)
    return None


def test_every_public_name_is_in_the_reference(documented):
    described = {}
    for name in documented:
        if re.fullmatch(r'(microdot|utemplate)[\w.]*', name):
            described.setdefault(id(lookup(name)), []).append(name)
    checked = 0
    for module, name, node in public():
        value = value_of(importlib.import_module(module), name)
        if isinstance(value, types.ModuleType):
            continue
        simple = isinstance(node, ast.AnnAssign)
        places = [f'{module}.{name}'] if simple else described.get(id(value), [])
        assert places and (not simple or places[0] in documented or module != 'microdot')
        for part in node.body if isinstance(node, ast.ClassDef) else ():
            for member in filter(is_public, names_of(part)):
                assert any(f'{path}.{member}' in documented for path in places), (places, member)
                checked += 1
    assert checked > 250


class Entries(html.parser.HTMLParser):
    """The names that a page of the reference describes, each with the text about it."""

    def __init__(self, path):
        super().__init__()
        self.texts, self.open, self.name = {}, [], None
        self.in_signature = False
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        if tag == 'dt':
            self.name = dict(attributes).get('id') or self.name
            self.in_signature = True
        elif tag == 'dd':
            self.open.append(self.name)

    def handle_endtag(self, tag):
        if tag == 'dd':
            self.open.pop()
        elif tag == 'dt':
            self.in_signature = False

    def handle_data(self, data):
        if self.open and self.open[-1] and not self.in_signature:
            self.texts[self.open[-1]] = self.texts.get(self.open[-1], '') + data


def test_every_name_is_told_about(site):
    silent = []
    for path in sorted((site / 'api').glob('*.html')):
        entries = Entries(path)
        for name in re.findall(r'<dt class="sig[^>]* id="([^"]+)"', path.read_text()):
            owner, _, last = name.rpartition('.')
            told = re.search(rf'\b{last}\b', entries.texts.get(owner, ''))
            if not entries.texts.get(name, '').strip() and not told:
                silent.append(name)
    assert not silent, silent


def test_added_texts_are_about_something_that_says_nothing(documented):
    sys.path.insert(0, str(DOCS))
    try:
        conf = importlib.import_module('conf')
    finally:
        sys.path.remove(str(DOCS))
    assert conf.TEXTS
    for owner, texts in conf.TEXTS.items():
        for name in texts:
            assert f'{owner}.{name}' in documented
            f = lookup(f'{owner}.{name}')
            assert not (isinstance(f, types.FunctionType) and f.__doc__), (owner, name)


def entries_of(site):
    for path in sorted((site / 'api').glob('*.html')):
        names = re.findall(r'<dt class="sig[^>]* id="([^"]+)"', path.read_text())
        yield path, names, Entries(path).texts


def test_no_text_is_about_two_attributes(site):
    """Such as about `ssl` and `debug`, which left readers to guess."""
    for path, _, texts in entries_of(site):
        page = path.read_text()
        told = {}
        signature = r'<dl class="py attribute">\n<dt class="sig[^>]* id="([^"]+)"'
        for name in re.findall(signature, page):
            text = ' '.join(texts.get(name, '').split())
            told.setdefault((name.rpartition('.')[0], text), []).append(name)
        alike = [names for (_, text), names in told.items() if text and len(names) > 1]
        assert not alike, path.name


def test_attributes_come_after_methods(site):
    found = 0
    for path, _, _ in entries_of(site):
        kinds = {}
        for kind, name in re.findall(
            r'<dl class="py (method|attribute)">\n<dt class="sig[^>]* id="([^"]+)"',
            path.read_text(),
        ):
            kinds.setdefault(name.rpartition('.')[0], []).append(kind)
        for name, order in kinds.items():
            assert order == sorted(order, reverse=True), name
            found += 'attribute' in order and 'method' in order
    assert found > 5
