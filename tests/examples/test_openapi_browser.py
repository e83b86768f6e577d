"""The page of `microdot.openapi` in headless Chromium, on a phone and a desk; and Swagger UI."""

import json
import os
import subprocess
import sys

import pytest
from test_examples_browser import MISSING

import needs
from browsing import Page, keep, overflow
from serving import ROOT, copied, free_port, running, serve

WIDTHS = (390, 1280)
WITH_LIB = {**os.environ, 'PYTHONPATH': str(ROOT / 'lib')}
SWAGGER_UI = '5.35.0'
UNDER_A_PREFIX = """
import sys

sys.path.insert(0, {folder!r})
from main import app
from microdot import Microdot

house = Microdot()
house.mount(app, '/house')
house.run(host='127.0.0.1', port={port})
"""
WITH_SWAGGER_UI = """
import sys

sys.path.insert(0, {folder!r})
from main import app
from microdot.openapi import OpenAPI
from microdot.openapi_cpython import swagger_ui

swagger_ui(OpenAPI(app, path='/v1/api.json', page=None), {files!r}, '/for/people')
app.run(host='127.0.0.1', port={port})
"""


@pytest.fixture(scope='module')
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp('openapi')
    with serve(copied('examples/openapi/main.py', folder), 'micropython', folder) as server:
        yield server


def opened(page, summary):
    """The operation with that summary, unfolded."""
    box = page.locator('details').filter(has=page.get_by_text(summary, exact=True))
    box.locator('summary').click()
    return box


@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize('width', WIDTHS)
def test_the_page(chromium, server, width, scheme):
    with Page(chromium, server, width, color_scheme=scheme) as page:
        page.goto('/docs')
        page.get_by_role('heading', name='Alarm clock').wait_for()
        assert page.locator('details').count() == 5
        for box in page.locator('details').all():
            box.locator('summary').click()
        assert not page.evaluate(MISSING)
        assert overflow(page) <= 0
        keep(page, f'openapi-{width}-{scheme}', full_page=True)


def test_trying_it(chromium, server):
    view = Page(chromium, server)
    with view as page:
        page.goto('/')
        box = opened(page, 'Add an alarm')
        assert 'time: string, length ≤ 5, matches' in box.inner_text()
        body = box.get_by_label('Body')
        proposed = json.loads(body.input_value())
        assert proposed == {'time': '06:45', 'days': [], 'volume': 5}
        body.fill('{"time": "07:30", "days": ["<b>"]}')
        box.get_by_role('button', name='Try it').click()
        box.locator('.bad', has_text='422').wait_for()
        box.get_by_text('must be one of').wait_for()
        assert all('422' in fault for fault in view.faults)
        view.faults.clear()
        body.fill('{"time": "07:30", "volume": 9}')
        box.get_by_role('button', name='Try it').click()
        box.locator('.good', has_text='201').wait_for()
        box = opened(page, 'List the alarms')
        box.get_by_label('loud').fill('9')
        box.get_by_role('button', name='Try it').click()
        box.get_by_text('"07:30"').wait_for()
        assert '06:45' not in box.locator('pre').first.inner_text()
        box = opened(page, 'Remove an alarm')
        box.get_by_label('number').fill('1')
        box.get_by_role('button', name='Try it').click()
        box.locator('.good', has_text='204').wait_for()


def test_under_a_prefix(chromium, tmp_path):
    port = free_port()
    folder = str(copied('examples/openapi/main.py', tmp_path).parent)
    (tmp_path / 'program.py').write_text(UNDER_A_PREFIX.format(folder=folder, port=port))
    with (
        running(
            [sys.executable, 'program.py'], port, tmp_path, cwd=tmp_path, env=WITH_LIB
        ) as server,
        Page(chromium, server) as page,
    ):
        page.goto('/house/docs')
        box = opened(page, 'Show an alarm')
        box.get_by_label('number').fill('0')
        box.get_by_role('button', name='Try it').click()
        box.locator('.good', has_text='200').wait_for()
        box.get_by_text(f':{port}/house/alarms/0').wait_for()


def swagger_files():
    """The folder of the npm package, fetched once."""
    npm = needs.require('npm', 'install it (Debian: apt-get install npm)')
    folder = ROOT / 'build' / f'swagger-ui-{SWAGGER_UI}'
    files = folder / 'node_modules' / 'swagger-ui-dist'
    if not (files / 'LICENSE').exists():
        command = [npm, 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix']
        subprocess.run([*command, str(folder), f'swagger-ui-dist@{SWAGGER_UI}'], check=True)
    return files


@pytest.mark.slow
def test_swagger_ui(chromium, tmp_path):
    port = free_port()
    folder = str(copied('examples/openapi/main.py', tmp_path).parent)
    program = WITH_SWAGGER_UI.format(folder=folder, port=port, files=str(swagger_files()))
    (tmp_path / 'program.py').write_text(program)
    with (
        running(
            [sys.executable, 'program.py'], port, tmp_path, cwd=tmp_path, env=WITH_LIB
        ) as server,
        Page(chromium, server) as page,
    ):
        page.goto('/for/people')
        page.get_by_text('Add an alarm').click()
        page.get_by_role('button', name='Try it out').click()
        page.get_by_role('button', name='Execute').click()
        page.locator('.live-responses-table .response-col_status', has_text='201').wait_for()
        keep(page, 'openapi-swagger-ui', full_page=True)
