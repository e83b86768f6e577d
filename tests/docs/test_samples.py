"""The Python samples of all pages in docs/ work as they are printed, on CPython and MicroPython.

The fenced blocks of a page are one program, in their order, run with 192 KB of heap on MicroPython;
`app.run()` returns at once. Comments in a page, which a reader does not see, say more:

    <!-- samples: cpython -->    the page claims nothing about MicroPython
    <!-- sample: cpython -->     neither does the next block
    <!-- check                   what the application of the blocks so far answers, with one client:
    GET /path -> 200 text & text          status, and what is in the headers and the body
    POST /path form={'a': '1'} -> 302     keywords of TestClient.request
    -->
    <!-- run                     more of the program
    assert answer == 42
    -->

`sh` blocks that make files for samples are run before them. Pages that cannot have comments, and
the files that samples read, are in the tables.
"""

import inspect
import re
import subprocess
import sys

import pytest

import needs
from microdot.static import Static
from microdot_kit import runtimes

DOCS = runtimes.ROOT / 'docs'
PARTS = re.compile(r'^```python\n(.*?)^```|^<!-- (samples?|check|run)\b:?(.*?)-->', re.M | re.S)
LINE = re.compile(r'(\w+) (\S+)(.*?) -> (\d+)(.*)')
PACK = '^```sh\npython3 tools/microdot_kit (resources .*?)\n```'

CHECKING = """
import asyncio

from microdot import Microdot
from microdot.test_client import TestClient

Microdot.run = lambda app, *args, **kwargs: None
clients = {}


async def ask(app, line, method, path, options, status, parts):
    client = clients.setdefault(id(app), TestClient(app))
    res = await client.request(method, path, **options)
    headers = ['%s: %s' % (name, res.headers[name]) for name in res.headers]
    answer = '\\n'.join(headers) + '\\n' + str(res.text)
    assert res.status_code == status, (line, res.status_code, answer)
    for part in parts:
        # The runtimes put different blanks into JSON.
        assert part.replace(' ', '') in answer.replace(' ', ''), (line, answer)


def check(*args):
    asyncio.run(ask(*args))
"""

# Files that a page's samples find, by the page: those of tests and of other pages.
FILES = {
    'static.md': {
        'web/index.html': 'home',
        'web/assets/a.js': 'script',
        'manuals/en/a.txt': 'manual',
    },
    'templates.md': {'templates/index.html': None},  # None: the page's first block of that kind
    'tutorial.md': {'main.py': None, 'static/index.html': None},
    'guide/responses.md': {'report.pdf': '%PDF', 'photo.jpg': 'picture'},
    'howto/moving.md': {'index.html': 'home'},
    'howto/tls.md': {
        f'{kind}.{ending}': (runtimes.ROOT / f'tests/core/tls/{kind}.{ending}').read_bytes()
        for kind in ('cert', 'key')
        for ending in ('pem', 'der')
    },
}

# Pages whose samples together need more memory when all modules are compiled from source.
HEAPS = {'testing.md': '256K'}

# Blocks that do not run here, by a line of theirs, and what they are.
ELSEWHERE = {
    "package('templates', base_path='build', opt=3)": 'a manifest: tests/firmware',
    "app.static('/static', '/rom/static')": 'ROMFS: tests/firmware/test_romfs.py',
}
CPYTHON_ONLY = ('from microdot.jinja import Template',)
CPYTHON_PAGES = ('deployment.md',)

# Checks of pages without comments, for each block.
CHECKS = {
    'static.md': (
        'GET /api/hello -> 200 "hello": "world"\nGET / -> 200 home\nGET /assets/a.js -> 200 script',
        'GET / -> 200 max-age=0 & home\nGET /assets/a.js -> 200 max-age=31536000, immutable',
        'GET /manuals/en/a.txt -> 200 manual\nGET /manuals/fr/a.txt -> 404 404 error\n'
        'GET /manuals/en/../../web/index.html -> 404 Not found',
        'GET / -> 200 home\nGET /assets/a.js -> 200 script',
    ),
    'templates.md': ('GET / -> 200 <h1>Sensors</h1> & <p>21.5 °C</p>',),
}


def checks(text):
    """The lines of a program that ask what a check says."""
    lines = []
    for line in text.strip().splitlines():
        found = LINE.fullmatch(line)
        assert found, f'{line}: not a check'
        method, path, options, status, answer = found.groups()
        parts = [part.strip() for part in answer.split(' & ') if part.strip()]
        lines.append(
            f'_checking.check(app, {line!r}, {method!r}, {path!r}, dict({options.strip()}), '
            f'{status}, {parts!r})\n'
        )
    return ''.join(lines)


def program(name, runtime):
    """What a page's samples and checks are as one program; empty if there is nothing to run."""
    text = (DOCS / name).read_text()
    here, skipped, number, parts = runtime == 'cpython', False, 0, []
    cpython_page = name in CPYTHON_PAGES
    for block, kind, comment in PARTS.findall(text):
        if kind in ('check', 'run'):
            more = checks(comment) if kind == 'check' else comment
            parts.append('' if skipped else more)
        elif kind:
            assert comment.strip() == 'cpython', f'{name}: {comment}'
            cpython_page, skipped = cpython_page or kind == 'samples', True
        else:
            lines = block.splitlines()
            if any(line in CPYTHON_ONLY for line in lines):
                skipped = True
            skipped = skipped and not here
            if not skipped and not any(line in ELSEWHERE for line in lines):
                parts.append(block)
                parts.append(checks(dict(enumerate(CHECKS.get(name, ()))).get(number, '')))
            skipped, number = False, number + 1
    if not any(parts) or (cpython_page and not here):
        return ''
    return 'import checking as _checking\n' + '\n'.join(parts)


def first_block(text, path):
    """The first block of a page in the language of a file."""
    language = {'html': 'html', 'py': 'python'}[path.rpartition('.')[2]]
    return re.search(f'^```{language}\n(.*?)^```', text, re.M | re.S)[1]


def prepare(name, folder):
    """Put what a page's samples need into a folder."""
    text = (DOCS / name).read_text()
    for path, content in FILES.get(name, {}).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            content = first_block(text, path)
        (folder / path).write_bytes(content if isinstance(content, bytes) else content.encode())
    for command in re.findall(PACK, text, re.M | re.S):
        subprocess.run(runtimes.kit_command(*command.split()), cwd=folder, check=True, timeout=60)
    (folder / 'checking.py').write_text(CHECKING)


PAGES = sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob('*.md'))
CASES = [(n, r) for n in PAGES for r in ('cpython', 'micropython') if program(n, r)]


@pytest.mark.parametrize(('name', 'runtime'), CASES)
def test_page(name, runtime, tmp_path):
    if 'microdot.jinja' in program(name, runtime):
        pytest.importorskip('jinja2', reason='Jinja is not installed: pip install jinja2')
    prepare(name, tmp_path)
    (tmp_path / 'sample.py').write_text(program(name, runtime))
    command, env = [sys.executable], {'PYTHONPATH': str(runtimes.LIB), 'PYTHONUTF8': '1'}
    if runtime == 'micropython':
        command = [needs.micropython(), '-X', 'heapsize=' + HEAPS.get(name, runtimes.HEAP)]
    env = {**runtimes.micropython_environment(), **env}
    ended = subprocess.run(
        [*command, 'sample.py'],
        cwd=tmp_path,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stdout.decode(errors='replace')[-2000:]


def test_the_tables_name_what_is_there():
    pages = {name: (DOCS / name).read_text() for name in PAGES}
    assert {*FILES, *HEAPS, *CHECKS, *CPYTHON_PAGES} <= set(pages)
    lines = {line for text in pages.values() for line in text.splitlines()}
    assert {*ELSEWHERE, *CPYTHON_ONLY} <= lines


@pytest.mark.parametrize('name', PAGES)
def test_links_lead_somewhere(name):
    text = re.sub('^```.*?^```', '', (DOCS / name).read_text(), flags=re.M | re.S)
    for link in re.findall(r'\]\(([^):#\s]+)(?:#[\w-]+)?\)', text):
        assert ((DOCS / name).parent / link).exists(), link


def test_all_options_of_static_are_named():
    names = re.findall(r'^\| `(\w+)` \|', (DOCS / 'static.md').read_text(), re.M)
    assert names == [name for name in inspect.signature(Static).parameters if name != 'source']
