"""All pages of the documentation in headless Chromium, on a phone and on a desk.

MicroPython serves them, by the framework's own static files.
"""

import re

import pytest

from browsing import Page, keep, overflow
from microdot_kit import runtimes
from serving import serve

pytestmark = pytest.mark.slow  # building the pages is
FIGURES = sorted((runtimes.ROOT / 'docs/figures').glob('*.svg'))
SERVER = """\
from microdot import Microdot

app = Microdot()
app.static('/', 'html')
"""

# What does not fit and has to be scrolled; code may.
CUT_OFF = """[...document.querySelectorAll('article *')].filter(
    (e) => e.scrollWidth > e.clientWidth + 1 && !e.closest('pre, .highlight, svg')
        && getComputedStyle(e).overflowX !== 'visible'
).map((e) => e.textContent.trim().slice(0, 60))"""


@pytest.fixture(scope='module')
def server(site, tmp_path_factory):
    folder = tmp_path_factory.mktemp('server')
    (folder / 'main.py').write_text(SERVER)
    (folder / 'html').symlink_to(site)
    with serve(folder / 'main.py', 'micropython', folder) as running:
        yield running


@pytest.mark.parametrize('width, scheme', [(390, 'light'), (390, 'dark'), (1280, 'light')])
def test_pages(chromium, server, site, width, scheme):
    names = sorted(str(path.relative_to(site)) for path in site.rglob('*.html'))
    assert len(names) > 40
    with Page(chromium, server, width, color_scheme=scheme) as page:
        for name in names:
            assert page.goto(f'/{name}').status == 200
            assert overflow(page) <= 0, name
            assert page.evaluate(CUT_OFF) == [], name
            keep(page, f'{name[:-5]}-{width}-{scheme}', full_page=True)


def test_search(chromium, server):
    with Page(chromium, server, 390) as page:
        page.goto('/search.html?q=max_conns')
        page.locator('#search-results').get_by_role('link', name='Behind nginx').first.wait_for()


def test_figures_follow_the_theme_that_the_reader_chooses(chromium, server):
    color = "getComputedStyle(document.querySelector('svg.fig text')).fill"
    with Page(chromium, server, color_scheme='light') as page:
        page.goto('/internals.html')
        before = page.evaluate(color)
        page.evaluate("document.body.dataset.theme = 'dark'")
        assert page.evaluate(color) != before


def test_figures_have_one_style_and_a_text():
    styles = {re.search(r'<style>.*</style>', path.read_text(), re.S)[0] for path in FIGURES}
    assert len(FIGURES) >= 4 and len(styles) == 1
    texts = '\n'.join(path.read_text() for path in (runtimes.ROOT / 'docs').rglob('*.md'))
    for path in FIGURES:
        assert re.search(rf'!\[[^\]]{{40,}}\]\([./]*figures/{path.name}\)', texts), path.name


def test_code_can_be_copied(chromium, server):
    """What is copied is what is typed: no prompts, and nothing of what a command answers."""
    with Page(chromium, server, permissions=['clipboard-read', 'clipboard-write']) as page:
        for name, text in (
            ('howto/develop', 'make run APP=myapp/main.py RELOAD=1'),
            ('howto/romfs', 'import vfs\nvfs.rom_ioctl(1)'),
        ):
            page.goto(f'/{name}.html')
            first = page.locator('div.highlight:has(pre)').first
            first.hover()
            first.locator('button.copybtn').click()
            page.locator('button.copybtn.success').wait_for()
            assert page.evaluate('navigator.clipboard.readText()').strip() == text
