"""The page of `microdot.update` in Chromium, on a phone and on a desk, light and dark."""

import os
import sys
import urllib.request

import pytest

import updates
from browsing import Page, keep, overflow
from serving import ROOT, free_port, running

PROGRAM = ROOT / 'tests' / 'http' / 'update_program.py'
SIZES = [(390, 'light'), (1280, 'dark'), (390, 'dark'), (1280, 'light')]
if 'SCREENSHOTS' not in os.environ:
    SIZES = SIZES[:2]
ONE = pytest.mark.parametrize('page', SIZES if len(SIZES) > 2 else SIZES[:1], indirect=True)
SMALL = """[...document.querySelectorAll('button, .drop, .older')].filter((e) =>
    e.checkVisibility() && e.getBoundingClientRect().height < 44).map((e) => e.outerHTML)"""


@pytest.fixture(scope='module')
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp('update')
    port = free_port()
    path = os.pathsep.join([str(ROOT / 'lib'), str(ROOT / 'tests' / 'core')])
    env = {**os.environ, 'PYTHONPATH': path}
    with running([sys.executable, str(PROGRAM), str(port), '0.15'], port, folder, env=env) as found:
        yield found


class UpdatePage(Page):
    """Chromium tells the console of every status that is an error: these are expected."""

    def fault(self, *parts):
        if not str(parts[1]).startswith('Failed to load resource: the server responded'):
            super().fault(*parts)


def attempt(server, what):
    """Let something happen to the version on trial, or to the board."""
    urllib.request.urlopen(urllib.request.Request(server.url + '/try/' + what, b''), timeout=10)


@pytest.fixture(params=SIZES, ids=lambda size: f'{size[0]}-{size[1]}')
def page(request, chromium, server):
    attempt(server, 'reset')
    width, scheme = request.param
    credentials = {'username': 'ada', 'password': 'secret'}
    options = {'color_scheme': scheme, 'http_credentials': credentials}
    with UpdatePage(chromium, server, width, **options) as opened:
        opened.shot = lambda name: picture(opened, f'update-{name}-{width}-{scheme}')
        opened.goto('/update')
        opened.get_by_text('1.2.0').wait_for()
        yield opened


def picture(page, name):
    assert overflow(page) <= 0 and page.evaluate(SMALL) == [], name
    keep(page, name, full_page=True)


def choose(page, data, name='desk-1.3.0.mdu'):
    file = {'name': name, 'mimeType': 'application/octet-stream', 'buffer': data}
    page.get_by_label('Choose an update').or_(page.locator('#file')).set_input_files(file)


def test_a_good_update(page, server):
    button = page.locator('#send')
    assert button.is_disabled()
    page.shot('begin')
    choose(page, updates.update(updates.image(8000)))
    page.get_by_text('version 1.3.0, 8 KB').wait_for()
    page.shot('chosen')
    page.get_by_role('button', name='Install 1.3.0').click()
    page.get_by_text('Writing it to flash').wait_for()
    page.shot('writing')
    page.get_by_text('The board restarts').wait_for()
    page.shot('restarting')
    page.get_by_text('Version 1.3.0 runs, on trial').wait_for()
    page.shot('trial')
    assert 'on trial' in page.locator('#about').inner_text()
    attempt(server, 'confirm')
    page.get_by_text('Version 1.3.0 runs.', exact=True).wait_for()
    page.shot('end')


@ONE
def test_one_that_does_not_pass_its_trial(page, server):
    choose(page, updates.update(updates.image()))
    page.get_by_role('button', name='Install 1.3.0').click()
    page.get_by_text('Version 1.3.0 runs, on trial').wait_for()
    attempt(server, 'fail')
    page.get_by_text('Version 1.3.0 did not pass its trial.').wait_for()
    assert '1.2.0' in page.locator('#about').inner_text()
    page.shot('failed')


# The file, and what the page says to it.
WRONG = (
    (b'\x89PNG' + bytes(400), 'is no update'),
    (updates.update(updates.image())[:-5], 'is not complete'),
    (updates.update(updates.image(), board='esp32s3-OTA'), 'is for esp32s3-OTA, this board is'),
    (updates.update(bytes(20000)), 'there is room for 8 KB'),
    (updates.update(updates.image(), kind=1), 'takes no firmware'),
)


@ONE
def test_wrong_files(page):
    for data, said in WRONG:
        choose(page, data, 'a-file-with-quite-a-long-name-from-somewhere-else-2026-11-29.mdu')
        page.locator('#wrong', has_text=said).wait_for()
        assert page.locator('#send').is_disabled(), said
    page.shot('wrong')
    choose(page, updates.update(updates.image()))
    page.locator('#wrong').wait_for(state='hidden')
    assert page.locator('#send').is_enabled()


@ONE
def test_an_older_one(page):
    choose(page, updates.update(updates.image(), '1.1.0'), 'desk-1.1.0.mdu')
    box = page.get_by_label('Install it although 1.2.0 runs')
    box.wait_for()
    button = page.get_by_role('button', name='Install 1.1.0')
    assert button.is_disabled()
    page.shot('older')
    box.check()
    button.click()
    page.get_by_text('Version 1.1.0 runs, on trial').wait_for()


@ONE
def test_what_the_board_refuses(page):
    data = bytearray(updates.update(updates.image()))
    data[100] ^= 1
    choose(page, bytes(data))
    page.get_by_role('button', name='Install 1.3.0').click()
    page.get_by_text('The signature is not that of the key').wait_for()
    page.shot('refused')
    assert page.get_by_role('button', name='Install 1.3.0').is_enabled()
