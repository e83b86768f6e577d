"""The workshop in headless Chromium: login, upload, WebSocket and event stream in one session."""

import os

import pytest
from test_workshop import serve_workshop

from browsing import overflow

UPLOAD = os.urandom(200_000)
SENT_AS = '..<b>bracket.gcode'
KEPT_AS = '_b_bracket.gcode'
# Remembers what the page says about an upload.
NOTES = """
    window.notes = [];
    new MutationObserver(() => notes.push(document.getElementById('note').textContent))
        .observe(document.getElementById('note'), {childList: true});
"""


@pytest.fixture(params=[('micropython', 390), ('cpython', 1280)], ids=['micropython', 'cpython'])
def served(request, tmp_path):
    runtime, width = request.param
    with serve_workshop(runtime, tmp_path) as server:
        yield server, width


class Person:
    """Somebody's browser: its page, what went wrong in it, and its WebSockets."""

    def __init__(self, chromium, server, width):
        self.context = chromium.new_context(
            viewport={'width': width, 'height': 844}, base_url=server.url
        )
        self.context.set_default_timeout(30_000)
        self.page = self.context.new_page()
        self.faults, self.sockets, self.closed, self.uptimes = [], [], [], []
        self.page.on('console', lambda message: self.faults.append(message.text))
        self.page.on('pageerror', lambda error: self.faults.append(str(error)))
        self.page.on('websocket', self.socket_opened)
        self.page.goto('/')

    def socket_opened(self, socket):
        self.sockets.append(socket)
        socket.on('close', lambda closed: self.closed.append(closed))

    def log_in(self, name, password):
        assert self.page.get_by_text('As ada or as grace, with workbench.').is_visible()
        self.page.get_by_label('Name').fill(name)
        self.page.get_by_label('Password').fill(password)
        self.page.get_by_label('Remember me').check()
        self.page.get_by_role('button', name='Log in').click()

    def say(self, text):
        self.page.get_by_label('Message').fill(text)
        self.page.get_by_role('button', name='Send').click()

    def hears(self, text):
        self.page.locator('#messages').get_by_text(text, exact=True).wait_for()

    def sees_time_pass(self, times=2):
        """Wait for events of the stream: the page shows another time of its device."""
        for _ in range(times):
            shown = self.page.locator('#uptime').inner_text()
            for _ in range(300):
                if self.page.locator('#uptime').inner_text() != shown:
                    break
                self.page.wait_for_timeout(100)
            else:
                raise AssertionError('no event came')


def logged_in(chromium, server, width, name):
    person = Person(chromium, server, width)
    person.log_in(name, 'workbench')
    person.page.get_by_text('Live', exact=True).wait_for()
    return person


def test_wrong_password_then_the_right_one(chromium, served):
    server, width = served
    ada = Person(chromium, server, width)
    assert ada.page.url == server.url + '/login?next=/'
    assert overflow(ada.page) <= 0
    ada.log_in('ada', 'wrong')
    ada.page.get_by_role('alert').get_by_text('do not go together').wait_for()
    assert ada.page.get_by_label('Name').input_value() == 'ada'
    assert ada.page.get_by_label('Password').input_value() == ''
    assert len(ada.faults) == 1 and '403' in ada.faults.pop(), ada.faults
    ada.log_in('ada', 'workbench')
    ada.page.get_by_text('Live', exact=True).wait_for()
    assert ada.page.url == server.url + '/'
    ada.context.clear_cookies(name='session')  # as when the browser was closed
    ada.page.reload()
    ada.page.get_by_text('Live', exact=True).wait_for()
    assert ada.faults == []
    ada.context.close()


def upload(person, server):
    person.page.evaluate(NOTES)
    file = {'name': SENT_AS, 'mimeType': 'text/plain', 'buffer': UPLOAD}
    person.page.locator('#file').set_input_files(file)
    person.page.get_by_text(KEPT_AS + ': done.').wait_for()
    assert 'Uploading: 100 %' in person.page.evaluate('window.notes')
    assert not person.page.locator('#progress').is_visible()
    assert [path.name for path in server.files.iterdir()] == [KEPT_AS]
    assert (server.files / KEPT_AS).read_bytes() == UPLOAD


def log_out(person, server):
    person.page.get_by_role('button', name='Log out').click()
    person.page.get_by_label('Password').wait_for()
    assert person.page.url == server.url + '/login'
    assert [cookie['name'] for cookie in person.context.cookies()] == ['session']
    person.page.goto('/')
    person.page.get_by_label('Password').wait_for()


def test_upload_talk_and_events_at_once(chromium, served):
    server, width = served
    ada = logged_in(chromium, server, width, 'ada')
    grace = logged_in(chromium, server, width, 'grace')

    ada.say('Is anybody here?')
    for person in (ada, grace):
        person.hears('Is anybody here?')
    grace.say('<i>I am</i>')
    for person in (ada, grace):
        person.hears('<i>I am</i>')
        person.page.locator('#people').get_by_text('ada, grace').wait_for()
        person.sees_time_pass()

    upload(ada, server)
    link = grace.page.get_by_role('link', name=KEPT_AS)  # by an event: it was not reloaded
    with grace.page.expect_download() as download:
        link.click()
    assert download.value.path().read_bytes() == UPLOAD
    assert download.value.suggested_filename == KEPT_AS

    ada.say('It is on the shelf.')
    for person in (ada, grace):
        person.hears('It is on the shelf.')
        person.sees_time_pass()
        assert overflow(person.page) <= 0
        # All of it over one WebSocket, which is still open.
        assert (len(person.sockets), person.closed) == (1, [])
        said = person.page.locator('#messages li').all_inner_texts()
        assert [text.split('\n')[0] for text in said] == ['ada', 'grace', 'ada']
        assert person.page.locator('#messages i').count() == 0

    grace.page.get_by_role('button', name='Remove ' + KEPT_AS).click()
    ada.page.get_by_text('Nothing on the shelf yet.').wait_for()
    assert list(server.files.iterdir()) == []

    log_out(ada, server)
    grace.page.locator('#people').get_by_text('grace', exact=True).wait_for()
    log_out(grace, server)
    for person in (ada, grace):
        assert person.faults == []
        person.context.close()
