"""The pages of the small examples in headless Chromium as wide as a phone, from MicroPython."""

import contextlib

import pytest

from browsing import Page, keep, overflow
from serving import copied, serve

PHONE = 390  # pixels


class Phone(Page):
    def __init__(self, chromium, server):
        super().__init__(chromium, server, PHONE)


def seen(page, text):
    page.get_by_text(text, exact=True).first.wait_for()


def static(page):
    page.get_by_role('link', name='About').click()
    page.get_by_role('heading', name='About').wait_for()
    page.get_by_role('link', name='Home').click()
    page.locator('#uptime').get_by_text('Up for').wait_for()


def streaming(page):
    for _ in range(300):
        if page.evaluate("document.querySelector('img').naturalWidth") == 256:
            return
        page.wait_for_timeout(100)
    raise AssertionError('no picture')


def templates(page):
    page.get_by_label('Another note').fill('<b>bold</b>')
    page.get_by_role('button', name='Add').click()
    seen(page, '<b>bold</b>')


def sessions(page):
    page.get_by_label('What else?').fill('<i>milk</i>')
    page.get_by_role('button', name='Add').click()
    seen(page, '<i>milk</i>')
    page.get_by_role('button', name='Clear the list').click()
    seen(page, 'Nothing yet.')


def login(page):
    page.get_by_label('Name').fill('ada')
    page.get_by_label('Password').fill('analytical')
    page.get_by_role('button', name='Log in').click()
    seen(page, 'Hello, ada')
    assert overflow(page) <= 0
    page.get_by_role('button', name='Log out').click()
    page.get_by_label('Password').wait_for()


def echo(page):
    page.locator('button:enabled').wait_for()
    page.get_by_label('Message').fill('<i>hello</i>')
    page.get_by_role('button', name='Send').click()
    seen(page, '<i>hello</i>')


def chat(page):
    page.get_by_label('Your name').fill('Ada')
    page.get_by_role('button', name='Enter').click()
    seen(page, 'Ada has come. Here: Ada')
    page.get_by_label('Message').fill('x' * 200)
    page.get_by_role('button', name='Send').click()
    seen(page, 'Ada: ' + 'x' * 200)


def events(page):
    seen(page, 'Connected')
    page.locator('tr:has(td:text-is("2"))').wait_for()


def gpio(page):
    page.get_by_role('button', name='lamp: off').click()
    page.get_by_role('button', name='lamp: on').wait_for()
    seen(page, 'door: high')


def weather(page):
    page.locator('#state').get_by_text('every 60 seconds').wait_for()
    assert page.locator('#line').get_attribute('points').count(',') >= 2
    assert '°C' in page.locator('#celsius').inner_text()


def uploads(page):
    file = {'name': '<b>plan.txt', 'mimeType': 'text/plain', 'buffer': b'x' * 1000}
    page.get_by_label('Files').set_input_files(file)
    page.get_by_role('button', name='Upload').click()
    page.get_by_role('link', name='_b_plan.txt').wait_for()


def homeassistant(page):
    page.locator('#temperature').get_by_text('.').wait_for()
    page.get_by_role('button', name='On').first.click()
    page.locator('#lamp').get_by_text('on, ').wait_for()


def update(page):
    page.get_by_label('Password').fill('long enough')
    page.get_by_role('button', name='Choose it').click()
    page.get_by_role('link', name='updates').wait_for()


PAGES = {
    'static/main.py': static,
    'streaming/main.py': streaming,
    'templates/main.py': templates,
    'sessions/main.py': sessions,
    'login/main.py': login,
    'websocket/echo.py': echo,
    'websocket/chat.py': chat,
    'sse/main.py': events,
    'gpio/main.py': gpio,
    'weather/main.py': weather,
    'uploads/main.py': uploads,
    'homeassistant/main.py': homeassistant,
    'update/main.py': update,
}


# What is missing in a page: for those who do not see it, or touch it with a thumb.
MISSING = """() => [
    !document.documentElement.lang && 'lang',
    !document.title && 'title',
    !document.querySelector('meta[name=viewport]') && 'viewport',
    ...[...document.images].filter(image => !image.hasAttribute('alt')).map(() => 'alt'),
    ...[...document.querySelectorAll('input, button')]
        .filter(field => field.checkVisibility())
        .flatMap(field => [
            !field.labels.length && !field.ariaLabel && !field.textContent && 'label',
            field.type !== 'checkbox' && field.offsetHeight < 40 && 'height',
        ].map(fault => fault && `${fault}: ${field.outerHTML}`)),
].filter(Boolean)"""


@contextlib.contextmanager
def served(app, folder):
    path = copied('examples/' + app, folder)
    with serve(path, 'micropython', folder) as server:
        server.url = server.url.replace('127.0.0.1', 'localhost')
        yield server


@pytest.mark.parametrize('app', PAGES)
def test_page(chromium, app, tmp_path):
    with served(app, tmp_path) as server, Phone(chromium, server) as page:
        page.goto('/')
        assert overflow(page) <= 0
        assert page.evaluate(MISSING) == []
        PAGES[app](page)
        assert overflow(page) <= 0
        assert page.evaluate(MISSING) == []
        keep(page, app)


def enter(page):
    page.get_by_label('Your name').fill('Ada')
    page.get_by_role('button', name='Enter').click()


# By the file, what opens the page, what it says without its server, and when that is back.
GONE = {
    'websocket/echo.py': (None, 'this page tries again', 'Connected.'),
    'websocket/chat.py': (enter, 'this page tries again', 'Ada has come'),
    'sse/main.py': (None, 'Lost; the browser tries again', 'Connected'),
    'gpio/main.py': (None, 'this page tries again', None),
    'weather/main.py': (None, 'this page tries again', 'every 60 seconds'),
    'homeassistant/main.py': (None, 'this page tries again', 'not connected'),
    'streaming/main.py': (streaming, 'this page tries again', 'Five pictures a second'),
}


@pytest.mark.parametrize('app', GONE)
def test_server_gone_and_back(chromium, app, tmp_path):
    begin, gone, back = GONE[app]
    path = copied('examples/' + app, tmp_path)
    page = chromium.new_page(viewport={'width': PHONE, 'height': 844})
    page.set_default_timeout(30_000)
    with serve(path, 'micropython', tmp_path) as server:
        page.goto(server.url, wait_until='domcontentloaded')
        if begin:
            begin(page)
        if back:
            page.get_by_text(back).first.wait_for()
    page.get_by_text(gone).first.wait_for()
    assert overflow(page) <= 0
    with serve(path, 'micropython', tmp_path, server.port):
        if back:
            page.get_by_text(back).last.wait_for()
        else:
            page.get_by_text(gone).wait_for(state='hidden')
    page.close()


def test_cors(chromium, tmp_path):
    api_file = copied('examples/cors/api.py', tmp_path)
    with serve('examples/cors/page.py', 'micropython', tmp_path) as site:
        own = f'http://localhost:{site.port}'
        api_file.write_text(api_file.read_text().replace('http://localhost:5001', own))
        with serve(api_file, 'micropython', api_file.parent) as server:
            api = f'http://localhost:{server.port}'
            context = chromium.new_context(viewport={'width': PHONE, 'height': 844})
            page = context.new_page()
            page.set_default_timeout(30_000)

            def says(button, text):
                page.get_by_role('button', name=button, exact=True).click()
                page.locator('#log').get_by_text(text).wait_for()

            page.goto(f'{own}/?api={api}')
            says('PUT on', 'PUT: {"on":true}')
            says('GET', 'GET: {"on":true}')
            says('DELETE (not allowed)', 'DELETE: kept from this page')
            assert overflow(page) <= 0
            keep(page, 'cors')
            page.goto(f'{site.url}/?api={api}')  # the same page, but of 127.0.0.1
            for button in ('GET', 'PUT off'):
                says(button, button.split()[0] + ': kept from this page')
            page.goto(f'{own}/?api={api}')
            says('GET', 'GET: {"on":true}')
            context.close()


def test_csrf(chromium, tmp_path):
    (tmp_path / 'attacker').mkdir()
    attacking = served('csrf/attacker.py', tmp_path / 'attacker')
    with served('csrf/bank.py', tmp_path) as bank, attacking as attacker:
        context = chromium.new_context(viewport={'width': PHONE, 'height': 844})
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.goto(bank.url)
        assert overflow(page) <= 0
        page.get_by_role('button', name='Pay').click()
        seen(page, '€ 990')
        keep(page, 'bank')
        trap = f'{attacker.url}/?bank={bank.url}'
        page.goto(trap)
        assert overflow(page) <= 0
        keep(page, 'attacker')
        page.get_by_role('button', name='Show me the kittens').click()
        seen(page, 'This payment was started by another site.')
        assert overflow(page) <= 0
        page.goto(bank.url)
        seen(page, '€ 990')
        page.goto(trap)
        page.get_by_role('button', name='Show me more kittens').click()
        seen(page, '€ 490')  # without protection the browser's cookie was enough
        context.close()
