"""The dashboard in headless Chromium, served by MicroPython: what a person gets to see."""

import pytest

from browsing import Page, keep, overflow
from serving import Client, serve

DASHBOARD = 'examples/dashboard/main.py'
POINTS = "document.getElementById('line').points.length"
# The labels of the chart's scale that are over its curve.
COLLIDING = """[...document.querySelectorAll('.scale')].filter(label => {
    const edge = document.querySelector('figure svg').getBoundingClientRect().left;
    return label.getBoundingClientRect().right > edge;
}).map(label => label.textContent)"""
VIEWS = [(width, scheme) for width in (390, 1280) for scheme in ('light', 'dark')]


@pytest.fixture
def server(tmp_path):
    with serve(DASHBOARD, 'micropython', tmp_path) as running:
        yield running


def wait(page, script):
    """Wait until a JavaScript expression is true; the page's policy forbids it to be polled."""
    for _ in range(300):
        if page.evaluate(script):
            return
        page.wait_for_timeout(100)
    raise AssertionError('never true: ' + script)


@pytest.mark.parametrize('width, scheme', VIEWS)
def test_live_page(chromium, server, width, scheme):
    with Page(chromium, server, width, color_scheme=scheme) as page:
        page.goto('/')
        page.get_by_text('Live', exact=True).wait_for()
        assert page.get_by_role('heading', name='Microdot device').is_visible()
        assert page.get_by_text('MicroPython', exact=True).is_visible()
        before = page.evaluate(POINTS)
        wait(page, f'{POINTS} >= {before + 2}')
        assert overflow(page) <= 0
        wait(page, "document.getElementById('log').rows.length >= 4")
        assert page.locator('#log').get_by_text('/api/status').is_visible()
        assert page.evaluate(COLLIDING) == []
        keep(page, f'dashboard-{width}-{scheme}')


@pytest.mark.parametrize('width', [390, 1280])
def test_form_changes_the_name_for_every_visitor(chromium, server, width):
    with Page(chromium, server, width) as page, Page(chromium, server, width) as other:
        other.goto('/')
        page.goto('/')
        page.get_by_label('Device name').fill('W' * 24)
        page.get_by_label('LED on').uncheck()
        page.get_by_role('button', name='Save').click()
        page.get_by_role('heading', name='W' * 24).wait_for()
        assert page.locator('form').get_by_role('status').inner_text() == 'Saved.'
        assert page.url == server.url + '/'
        assert page.title() == 'W' * 24
        assert page.get_by_label('Device name').input_value() == 'W' * 24
        assert not page.get_by_label('LED on').is_checked()
        assert overflow(page) <= 0
        keep(page, f'dashboard-saved-{width}')
        page.reload()
        assert page.get_by_text('Saved.').count() == 0
        other.get_by_role('heading', name='W' * 24).wait_for()  # by an event: it was not reloaded
        assert other.locator('#lamp-text').inner_text() == 'off'


def test_long_paths_and_markup_in_the_log(chromium, server):
    with Page(chromium, server, 390) as page:
        page.goto('/')
        page.request.get('/<img src=x onerror=alert(1)>' + 'x' * 100)
        page.locator('#log').get_by_text('/<img src=x').wait_for()
        assert page.locator('#log img').count() == 0
        assert overflow(page) <= 0


def test_bad_input_is_explained_and_kept(chromium, server):
    page = Page(chromium, server, 390)
    page.page.goto('/')
    page.page.get_by_label('Device name').fill('   ')
    page.page.get_by_label('LED on').uncheck()
    page.page.get_by_role('button', name='Save').click()
    page.page.get_by_role('alert').wait_for()
    assert 'name' in page.page.get_by_role('alert').inner_text()
    assert not page.page.get_by_label('LED on').is_checked()
    assert overflow(page.page) <= 0
    page.context.close()


def test_without_javascript(chromium, server):
    with Page(chromium, server, 390, java_script_enabled=False) as page:
        page.goto('/')
        assert page.get_by_text('Snapshot').is_visible()
        assert page.locator('noscript a').is_visible()
        page.get_by_label('Device name').fill('Plain')
        page.get_by_role('button', name='Save').click()
        page.get_by_role('heading', name='Plain').wait_for()
        assert page.get_by_text('Saved.').is_visible()


def test_error_page(chromium, server):
    page = Page(chromium, server, 390)
    assert page.page.goto('/nothing').status == 404
    page.page.get_by_role('link', name='Back to the dashboard').click()
    page.page.get_by_text('Live', exact=True).wait_for()
    page.context.close()


def test_a_page_that_is_not_seen_listens_no_more(chromium, server):
    hide = "Object.defineProperty(document, 'hidden', {value: %s, configurable: true});"
    hide += "document.dispatchEvent(new Event('visibilitychange'))"
    with Page(chromium, server) as page:
        page.goto('/')
        wait(page, "document.getElementById('live').textContent === 'Live'")
        page.evaluate(hide % 'true')
        before = page.evaluate(POINTS)
        with Client(server) as client:
            client.post('/', {'name': 'Attic', 'color': '#102030'})
        page.evaluate(hide % 'false')
        page.get_by_role('heading', name='Attic').wait_for()
        wait(page, f'{POINTS} >= {before + 2}')


def test_a_device_that_starts_again(chromium, tmp_path):
    with serve(DASHBOARD, 'micropython', tmp_path) as first:
        page = Page(chromium, first).page
        page.goto('/')
        wait(page, f'{POINTS} >= 12')
    page.get_by_text('Connection lost').wait_for()
    with serve(DASHBOARD, 'micropython', tmp_path, first.port):
        page.get_by_text('Live', exact=True).wait_for()
        wait(page, f'{POINTS} <= 11')  # browsers wait for seconds before they ask again
    page.context.close()
