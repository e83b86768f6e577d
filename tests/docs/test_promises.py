"""The page of promises names tests that exist, and defaults that are those of the code."""

import ast
import re

import pytest
from test_facts import CODE, values

from microdot import Request
from microdot.server import Connection
from microdot_kit import runtimes

PAGE = runtimes.ROOT / 'docs' / 'promises.md'
OWNERS = {'Request': Request}
ROWS = [
    re.split(r' ?\| ?', line.strip('| \n'))
    for line in PAGE.read_text().partition('## A hundred thousand')[0].splitlines()
    if line.startswith('| ') and not line.startswith('| Promise')
]


def test_there_are_promises():
    assert len(ROWS) > 30
    assert sum(len(row) == 4 for row in ROWS) > 12


@pytest.mark.parametrize('row', ROWS, ids=[row[-1].strip('`') for row in ROWS])
def test_promise(row):
    file, name = row[-1].strip('`').split('::')
    tree = ast.parse((runtimes.ROOT / 'tests' / file).read_text())
    functions = ast.FunctionDef, ast.AsyncFunctionDef
    assert name in {node.name for node in tree.body if isinstance(node, functions)}
    if len(row) == 4:
        *owner, attribute = CODE.findall(row[0])[0].split('.')
        found = getattr(OWNERS[owner[0]] if owner else Connection, attribute)
        [default] = values(row[1])
        assert found in default, (attribute, found)
