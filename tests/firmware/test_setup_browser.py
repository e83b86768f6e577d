"""The set-up page in Chromium, as a phone opens it: from the host that it probes to the end."""

import json

import pytest
from setting_up import Board

from browsing import Page, keep, launched, overflow

SCHEMES = ['light', 'dark']
# What a person can hardly hit with a finger.
SMALL = """[...document.querySelectorAll('button, .n, input.f')].filter(
    (e) => e.getBoundingClientRect().height < 44).map((e) => e.outerHTML)"""
CONTRAST = """(selector) => {
    const rgb = (c) => c.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255).map(
        (v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const light = (c) => { const [r, g, b] = rgb(c); return 0.2126*r + 0.7152*g + 0.0722*b; };
    let e = document.querySelector(selector), back = e;
    while (getComputedStyle(back).backgroundColor === 'rgba(0, 0, 0, 0)') back = back.parentElement;
    const a = light(getComputedStyle(e).color);
    const b = light(getComputedStyle(back).backgroundColor);
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""


class Phone(Page):
    """Every host leads to the board, as its DNS server has it. Other requests are faults."""

    def __init__(self, browser, board, **options):
        super().__init__(browser, board, 390, **options)
        self.page.on('request', lambda request: self.check(request.url, board.url))

    def check(self, url, own):
        if not url.startswith((own, 'http://captive.apple.com', 'data:')):
            self.fault('request', url)


@pytest.fixture
def board(tmp_path):
    with Board(tmp_path, seconds=1) as running:
        yield running


@pytest.fixture
def browser(board):
    with launched(f'--host-resolver-rules=MAP captive.apple.com 127.0.0.1:{board.port}') as found:
        yield found


def fill(page, name, password, network='home'):
    page.get_by_role('radio', name=network, exact=True).check()
    page.get_by_label('Its password').fill(password)
    page.get_by_label('Name of the board').fill(name)
    page.get_by_role('button', name='Connect').click()


@pytest.mark.parametrize('scheme', SCHEMES)
@pytest.mark.parametrize('script', [True, False], ids=['script', 'no script'])
def test_from_the_probe_to_the_end(board, browser, scheme, script):
    def picture(name):
        assert overflow(page) <= 0 and page.evaluate(SMALL) == []
        if script:
            keep(page, f'setup-{name}-{scheme}', full_page=True)

    options = {'color_scheme': scheme, 'java_script_enabled': script}
    with Phone(browser, board, **options) as page:
        page.goto('http://captive.apple.com/hotspot-detect.html')
        page.get_by_role('heading', name='Set up microdot-1a2b').wait_for()
        assert page.url == board.url + '/wifi-setup'
        listed = page.locator('fieldset .n span').all_inner_texts()
        wanted = ['home', 'Café Zürich open', 'FRITZ!Box 7590 <guests>', '台所 🏠']
        assert listed[:4] == wanted, listed
        picture('form')
        for selector in ('button', 'button.s', 'small', 'body', 'legend'):
            assert page.evaluate(CONTRAST, selector) >= 4.5, selector
        fill(page, 'desk', 'mistyped')
        page.get_by_text('Connecting to home').wait_for()
        picture('trying')
        page.get_by_role('alert').wait_for()
        assert page.get_by_role('alert').inner_text().startswith('home refused the password.')
        assert page.evaluate(CONTRAST, '.bad') >= 4.5
        assert page.get_by_label('Its password').input_value() == 'mistyped'
        assert page.get_by_label('Name of the board').input_value() == 'desk'
        assert page.get_by_role('radio', name='home', exact=True).is_checked()
        picture('refused')
        fill(page, 'desk', 'secret-of-home')
        page.get_by_text('The board has joined home.').wait_for()
        links = page.get_by_role('link').all_inner_texts()
        port = f':{board.port}'  # of the application
        assert links == [f'http://desk.local{port}', f'http://192.168.1.23{port}']
        picture('joined')
        said = json.loads((board.folder / 'network.json').read_text())
        assert said['ssid'] == 'home' and said['hostname'] == 'desk', said
        page.goto('http://captive.apple.com/hotspot-detect.html')
        assert page.title() == page.locator('body').inner_text() == 'Success'
    board.do('link.wifi.farewell = link.ticks_ms()')  # the minute is over
    board.wait(lambda: 'access point: closed' in board.output())
    assert board.get('/wifi-setup')[0] == 404 and board.get('/')[1] == 'the application'


def test_a_network_without_a_name_in_the_list(board, browser):
    board.do("radio.air['<hidden> \"one\"'] = 'of-the-hidden'")
    with Phone(browser, board) as page:
        page.goto('/wifi-setup')
        page.get_by_role('radio', name='Another one').check()
        page.get_by_label('Name of another network').fill('<hidden> "one"')
        page.get_by_label('Its password').fill('of-the-hidden')
        page.get_by_role('button', name='Connect').click()
        page.get_by_text('The board has joined <hidden> "one".').wait_for()


def test_a_network_that_has_gone(board, browser):
    with Phone(browser, board) as page:
        page.goto('/wifi-setup')
        board.do("radio.air.pop('home')")
        fill(page, 'desk', 'secret-of-home')
        page.get_by_role('alert').wait_for()
        assert 'home was not found' in page.get_by_role('alert').inner_text()
        board.do("radio.neighbors = [(b'moved', -50, 4)]")
        page.get_by_role('button', name='Search for networks again').click()
        page.get_by_role('radio', name='moved').wait_for()
        assert page.get_by_label('Name of another network').input_value() == 'home'


def test_without_a_password(tmp_path):
    with Board(tmp_path) as board, launched() as browser:
        board.do('page.is_open = True')
        for scheme in SCHEMES:
            with Phone(browser, board, color_scheme=scheme) as page:
                page.goto('/wifi-setup')
                assert 'no password' in page.locator('.warn').inner_text()
                assert page.evaluate(CONTRAST, '.warn') >= 4.5
                keep(page, f'setup-open-{scheme}', full_page=True)


def test_only_from_the_side_of_the_access_point(board):
    assert board.get('/wifi-setup')[0] == 200
    assert board.get('/wifi-setup', source='127.0.9.1')[0] == 404
    assert board.get('/', 'example.com')[0] == 302
    assert board.get('/', 'example.com', '127.0.9.1')[0] == 421
    assert board.get('/', source='127.0.9.1') == (200, 'the application')
