"""The pages of the documentation name what there is: files, links, targets, options."""

import ast
import re
import sys
from urllib.parse import urlsplit

import pytest

from microdot_kit import payload, runtimes

DOCS = runtimes.ROOT / 'docs'
PAGES = sorted(path for path in DOCS.rglob('*.md') if path.parent.name[0] != '_')
CONTRIBUTING = runtimes.ROOT / 'CONTRIBUTING.md'
LINK = re.compile(r'(?<!!)\[[^\]]*\]\(([^()\s]+)\)')


def test_the_pages_of_extensions_say_what_to_freeze():
    text = '\n\n'.join(page.read_text() for page in PAGES)
    said = ''.join(re.findall(r'\*\*Freeze:\*\* .*?\n\n', text, re.DOTALL))
    assert sorted(re.findall('`([a-z]+)=True`', said)) == payload.extensions()


def test_make_builds_with_the_same_options():
    recipe = re.search(r'^docs:.*\n((?:\t.*\n)+)', (runtimes.ROOT / 'Makefile').read_text(), re.M)
    assert ' -m sphinx -W --keep-going -n ' in recipe.group(1)


def test_what_is_described_can_be_imported():
    """Sphinx imports the modules, with nothing but its own requirements installed."""
    pinned = (runtimes.ROOT / 'tools/requirements/docs.txt').read_text()
    described = ''.join(page.read_text() for page in DOCS.glob('api/*.rst'))
    for module in re.findall(r'^\.\. api:: (\S+)', described, re.M):
        path = runtimes.LIB / module.replace('.', '/')
        source = path / '__init__.py' if path.is_dir() else path.with_suffix('.py')
        for node in ast.parse(source.read_text()).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            for name in {name.partition('.')[0] for name in names} - sys.stdlib_module_names:
                assert f'\n{name}==' in pinned, (module, name)


@pytest.mark.parametrize('page', [*PAGES, CONTRIBUTING], ids=runtimes.shown)
def test_links_work_in_the_repository_too(page):
    text = re.sub(r'^```.*?^```', '', page.read_text(), flags=re.M | re.S)
    for link in LINK.findall(re.sub(r'`[^`\n]*`', '', text)):
        parts = urlsplit(link)
        if not parts.scheme and parts.path:
            assert (page.parent / parts.path).exists(), link


def test_every_target_that_is_named_exists():
    makefile = (runtimes.ROOT / 'Makefile').read_text()
    targets = set(re.search(r'^\.PHONY: (.*)$', makefile, re.M).group(1).split())
    for page in [*PAGES, CONTRIBUTING]:
        named = re.findall(r'(?:^ *|`)make ([a-z][a-z-]*)', page.read_text(), re.M)
        assert set(named) <= targets, page.name
    assert {'test', 'lint', 'docs', 'firmware'} <= set(named)


def test_files_named_to_contributors_exist():
    named = re.findall(r'`?\b((?:lib|tests|tools)/[\w/.]+\w)', CONTRIBUTING.read_text())
    assert len(named) > 10
    for name in named:
        assert 'NAME' in name or (runtimes.ROOT / name).exists(), name


async def test_the_sample_for_contributors():
    names = {}
    exec(re.search(r'^```python\n(.*?)^```', CONTRIBUTING.read_text(), re.M | re.S)[1], names)
    await names['test_head_has_no_body']()
