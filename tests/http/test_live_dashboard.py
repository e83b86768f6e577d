"""The dashboard, ten entities in Home Assistant and four browsers, in 192 KB of MicroPython.

No request is answered with 503, and no event is lost that is not counted. It lasts half a minute;
`make test-live` takes ten.
"""

import contextlib
import json
import os
import queue
import time
from pathlib import Path

from servers import ROOT, ServerProcess, eventually
from test_mqtt_brokers import Broker, Observer, check_discovery, mosquitto
from test_topics_listeners import compiled

import needs
import tables
from browsing import Page

MINUTES = float(os.environ.get('TEST_LIVE', 0.5))
PROGRAM = Path(__file__).parent / 'live_program.py'
SENSORS = ('heap', 'uptime', 'requests', 'pages', 'missed')  # of the program
BROWSERS = 4
TURN = 5  # seconds from one thing that somebody does to the next
MORE = 6000  # bytes of heap that may be in use more at the end than after the first turns
# Counts what a page is told: whoever asks for `told` gets the events, those it was told that it had
# missed, and the number of the first and the last one.
COUNTING = """
window.told = {events: 0, missed: 0, first: null, last: null, streams: 0, opened: 0};
const Stream = window.EventSource;
window.EventSource = class extends Stream {
  constructor(url) {
    super(url);
    told.streams += 1;
    this.addEventListener('open', () => { told.opened += 1; });
    this.addEventListener('missed', ({data}) => { told.missed += Number(data); });
    this.addEventListener('message', ({lastEventId}) => {
      const number = Number(lastEventId.split('-')[1]);
      told.first ??= number;
      told.events += 1;
      told.last = number;
    });
  }
};
"""


class Visitor:
    """A browser with the dashboard, and all that it was told on its pages."""

    def __init__(self, chromium, server):
        self.visit = Page(chromium, server)
        self.page = self.visit.page
        self.page.add_init_script(COUNTING)
        self.page.on('response', self.look)
        self.answers = {}
        self.events = self.missed = self.lost = self.again = 0
        self.page.goto('/')

    def look(self, response):
        self.answers[response.status] = self.answers.get(response.status, 0) + 1

    def count(self):
        """Add up what this page was told, which is about to be left."""
        told = self.page.evaluate('window.told')
        if told['events']:
            self.events += told['events']
            self.missed += told['missed']
            self.again += told['opened'] - 1
            self.lost += told['last'] - told['first'] + 1 - told['events'] - told['missed']

    def shows(self, script):
        """Wait until an expression is true; the page's policy forbids it to be polled there."""
        end = time.monotonic() + 20
        while not self.page.evaluate(script):
            assert time.monotonic() < end, script
            self.page.wait_for_timeout(100)

    def save(self, name):
        """Change the name by the form, which loads the page again."""
        self.count()
        self.page.get_by_label('Device name').fill(name)
        self.page.get_by_role('button', name='Save').click()
        self.page.get_by_role('heading', name=name).wait_for()

    def leave(self):
        self.count()
        self.visit.context.close()


def received(observer, into):
    """Count the messages that have come, by topic; but not what the broker had kept."""
    with contextlib.suppress(queue.Empty):
        while True:
            message = observer.messages.get_nowait()
            if not message.retain:
                into.setdefault(message.topic, []).append(message.payload)


def turn(number, server, visitors, observer, states):
    """Somebody switches the lamp in Home Assistant, somebody else fills in the form."""
    wanted = 'ON' if number % 2 else 'OFF'
    observer.send('board/lamp/set', wanted)
    observer.send('board/level/set', str(number % 100))
    observer.send('board/light/set', json.dumps({'state': wanted, 'brightness': number % 256}))
    observer.send('board/restart/set', 'PRESS')
    for visitor in visitors:
        visitor.shows(f"document.getElementById('lamp-text').textContent === '{wanted.lower()}'")
    visitors[number % BROWSERS].save(f'Desk {number}')
    for visitor in visitors:
        visitor.shows(f"document.getElementById('name').textContent === 'Desk {number}'")
        visitor.page.wait_for_timeout(TURN * 1000 / BROWSERS)
    received(observer, states)
    return json.loads(server.body('/counts'))


def use(server, chromium, observer):
    """Have the board used for MINUTES; return what it counted, the visitors and the messages."""
    visitors = [Visitor(chromium, server) for _ in range(BROWSERS)]
    eventually(lambda: json.loads(server.body('/counts'))['listeners'] == BROWSERS)
    end = time.monotonic() + 60 * MINUTES
    counts, states = [], {}
    while time.monotonic() < end:
        counts.append(turn(len(counts) + 1, server, visitors, observer, states))
    for visitor in visitors:
        visitor.leave()
    counts.append(json.loads(server.body('/counts')))
    end = time.monotonic() + 20
    while len(states.get('board/missed/state', ())) < counts[-1]['published']:
        assert time.monotonic() < end, (counts[-1], {k: len(v) for k, v in states.items()})
        received(observer, states)
        time.sleep(0.1)
    return counts, visitors, states


def test_dashboard_entities_and_four_browsers(chromium, tmp_path, monkeypatch):
    monkeypatch.setenv('MICROPYTHON', str(needs.like_a_board()))  # 32 bits, as on a board
    broker = Broker(mosquitto, tmp_path)
    observer = Observer(broker.port, 'board/#', 'homeassistant/#')
    lib = compiled(tmp_path)
    bounds = (str(broker.port), str(ROOT / 'examples' / 'dashboard'))
    with ServerProcess('micropython', *bounds, program=PROGRAM, lib=lib) as server:
        server.url = f'http://127.0.0.1:{server.port}'
        told = json.loads(observer.next('homeassistant/device/board/config').payload)
        check_discovery(told)
        assert len(told['components']) == 10
        counts, visitors, states = use(server, chromium, observer)
    assert 'Traceback' not in server.text, server.text
    observer.stop()
    broker.kill()
    report(counts, visitors, states)
    last = counts[-1]
    for visitor in visitors:
        assert not visitor.visit.faults
        assert set(visitor.answers) <= {200, 303}, visitor.answers
        assert visitor.lost == 0 < visitor.events
    assert last['dropped'] == 0
    for name in SENSORS:
        values = [int(value) for value in states[f'board/{name}/state']]
        assert values[: last['published']] == list(range(1, last['published'] + 1)), name
    assert last['pressed'] == len(counts) - 1
    used = [count['heap'] for count in counts]
    assert min(used[-3:]) < used[min(2, len(used) - 1)] + MORE, used


def report(counts, visitors, states):
    title = f'Dashboard, ten entities, four browsers: {MINUTES:g} minutes on 192 KB'
    last = counts[-1]
    used = [count['heap'] for count in counts]
    answers = {}
    for visitor in visitors:
        for status, number in visitor.answers.items():
            answers[status] = answers.get(status, 0) + number
    rows = (
        ('events published', last['events']),
        ('events that the four browsers got', ', '.join(str(v.events) for v in visitors)),
        ('missed, and told so', ', '.join(str(v.missed) for v in visitors)),
        ('lost without being counted', sum(visitor.lost for visitor in visitors)),
        ('streams that were opened again', sum(visitor.again for visitor in visitors)),
        ('answers by status', ', '.join(f'{answers[s]} of {s}' for s in sorted(answers))),
        ('MQTT messages received', sum(len(value) for value in states.values())),
        ('MQTT messages dropped', last['dropped']),
        ('heap in use: first, most, last', f'{used[0]:,}, {max(used):,}, {used[-1]:,} bytes'),
        ('of a heap of', f'{last["of"]:,} bytes'),
    )
    for row in rows:
        tables.add(title, ('', ''), row)
        print(*row, sep=': ')
