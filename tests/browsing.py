"""A headless Chromium for tests, and pages in it that remember what went wrong.

`chromium` is a fixture of all tests. SCREENSHOTS=folder in the environment keeps pictures of pages,
to be looked at.
"""

import contextlib
import os

import pytest

import needs

ARGUMENTS = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
]


@contextlib.contextmanager
def launched(*arguments):
    """A Chromium with further arguments."""
    path = needs.browser()
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        needs.missing('playwright is not installed: install it (pip install playwright)')
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, *arguments])
        yield browser
        browser.close()


@pytest.fixture(scope='module')
def chromium():
    with launched() as browser:
        yield browser


class Page:
    """A page of a server (tests/serving.py); console messages and lost files are faults."""

    def __init__(self, chromium, server, width=1280, **options):
        self.context = chromium.new_context(
            viewport={'width': width, 'height': 844}, base_url=server.url, **options
        )
        self.context.set_default_timeout(30_000)
        self.page = self.context.new_page()
        self.faults = []
        self.page.on('console', lambda message: self.fault('console', message.text))
        self.page.on('pageerror', lambda error: self.fault('error', error))
        self.page.on('requestfailed', self.failed)

    def fault(self, *parts):
        self.faults.append(' '.join([str(part) for part in parts]))

    def failed(self, request):
        """What is under way when the page is left is given up: that is no fault."""
        if request.failure != 'net::ERR_ABORTED':
            self.fault('failed', request.url, request.failure)

    def __enter__(self):
        return self.page

    def __exit__(self, *exc):
        self.context.close()
        if exc[0] is None:
            assert not self.faults, self.faults


def overflow(page):
    """How many pixels a page is wider than the window."""
    return page.evaluate('document.scrollingElement.scrollWidth - innerWidth')


def keep(page, name, **options):
    """Leave a picture of the page in the folder that SCREENSHOTS= names, if any."""
    folder = os.environ.get('SCREENSHOTS')
    if folder:
        page.screenshot(path=os.path.join(folder, name.replace('/', '-') + '.png'), **options)
