"""The page about an exception in headless Chromium, from both runtimes, on a phone and a desk."""

import urllib.error
import urllib.request

import pytest

from browsing import keep, overflow
from serving import serve

APP = """
from microdot import Microdot

app = Microdot()


def parse(text):
    # One number after the other.
    return [int(part) for part in text.split(',')]


@app.get('/sum/<numbers>')
async def add(request, numbers):
    return {'sum': sum(parse(numbers))}


@app.get('/<path:anything>')
@app.post('/a/rather/long/path/<with_an_argument>/and/another/<int:one_more>')
async def others(request, **arguments):
    return 'others'


if __name__ == '__main__':
    app.run(debug=True)
"""
VIEWS = [(width, scheme) for width in (390, 1280) for scheme in ('light', 'dark')]


@pytest.fixture(scope='module', params=['micropython', 'cpython'])
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp('debug')
    (folder / 'main.py').write_text(APP)
    with serve(folder / 'main.py', request.param, folder) as running:
        running.check = lambda: None  # tracebacks are what this is about
        running.runtime = request.param
        yield running


@pytest.mark.parametrize('width, scheme', VIEWS)
def test_the_page(chromium, server, width, scheme):
    context = chromium.new_context(
        viewport={'width': width, 'height': 844}, color_scheme=scheme, base_url=server.url
    )
    page = context.new_page()
    response = page.goto('/sum/1,%3Cscript%3Ealert(1)?more=' + 'x' * 200)
    assert response.status == 500
    heading = page.get_by_role('heading', level=1).inner_text()
    assert heading.startswith('ValueError: ') and '<script>alert(1)' in heading
    assert page.get_by_role('heading', name='main.py, line 9, in').is_visible()
    marked = page.locator('pre .at').inner_text()
    assert ' '.join(marked.split()) == "9 return [int(part) for part in text.split(',')]"
    assert page.get_by_role('row', name='GET /sum/<numbers>: add').is_visible()
    assert page.get_by_role('row', name='User-Agent').is_visible()
    assert page.locator('script').count() == 0
    assert overflow(page) <= 0
    keep(page, f'debug-{server.runtime}-{width}-{scheme}', full_page=True)
    context.close()


def test_a_program_gets_the_text(server):
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(server.url + '/sum/x', timeout=30)
    assert (raised.value.code, raised.value.read()) == (500, b'Internal server error')
