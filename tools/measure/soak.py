"""Requests of every kind in any order, some broken off: what they leave behind (`make soak`).

The application of `measure/programs` with sessions, which has what the others have, runs on
MicroPython in 192 KB from `.mpy`. Several clients at a time do the steps of `measure/steps.py`,
over connections of their own and persistent ones, and break off what they have begun. Every answer
is read and compared. It fails if one is another than expected, if there is a 503, or no answer,
without a line of the server that says why, if the heap in use has grown, or if a descriptor is
still open.

    measure.soak [N] [--seed NUMBER]    N requests, 100,000 if not given
"""

import argparse
import contextlib
import os
import pathlib
import random
import re
import socket
import struct
import sys
import tempfile
import threading
import time

from measure import forms, server, steps, table
from microdot_kit import runtimes

CLIENTS = 4  # every other one over a persistent connection
WARM = 3  # rounds before what is in use is looked at: modules load late, tables grow
MORE_HEAP = 8192  # bytes in use that may be more: names, tables, what the stack happens to hold
SETTLE = 20  # seconds for the server to close what clients have left
REPORT = re.compile(r'qstr pool:|\d+ microdot')
REASON = re.compile(r'^(503: |MemoryError)', re.MULTILINE)
_WEBSOCKET = (
    b'GET /echo HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
    b'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
)
_STEPS = {step.name: step for step in steps.PROFILES['page'] + steps.LIVE_STEPS}
_UPLOAD = _STEPS['upload of 50 KB'].raw()
# What is sent, how many bytes of the answer are taken before the connection is reset.
BROKEN = {
    'reset before a request': (b'', 0),
    'reset in a head': (b'GET / HTTP/1.1\r\nHo', 0),
    'reset after a request': (_STEPS['JSON out'].raw(), 0),
    'reset in a body': (_UPLOAD[:20000], 0),
    'reset in a file': (_STEPS['file of 12 KB'].raw(), 500),
    'reset in a stream': (_STEPS['stream'].raw(), 100),
    'reset in events': (_STEPS['30 events'].raw(), 300),
    'reset of a WebSocket': (_WEBSOCKET + steps.frame(1, steps.MESSAGE), 200),
    'reset in a message': (_WEBSOCKET + steps.frame(1, steps.MESSAGE)[:50], 100),
}
# How often each kind is chosen; those of a page most often, as they take the least time.
WEIGHTS = [
    *[(step, 12) for step in steps.PROFILES['page']],
    *[(step, 3) for step in steps.LIVE_STEPS + steps.SESSION_STEPS],
    *[(name, 4) for name in BROKEN],
]


def name_of(kind):
    return kind if isinstance(kind, str) else kind.name


class Soak:
    """The clients: `left` requests to do, what became of the others by kind, and what was wrong."""

    def __init__(self, port, number, seed):
        self.port = port
        self.left = number
        self.seed = seed
        self.counts = {name_of(kind): [0, 0, 0] for kind, _ in WEIGHTS}  # all, refused, wrong
        self.wrong = []
        self.lock = threading.Lock()

    def run(self):
        """Do all of it; return the seconds that it took."""
        threads = [threading.Thread(target=self._work, args=(n,)) for n in range(CLIENTS)]
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.monotonic() - begun

    def _work(self, number):
        chance = random.Random(f'{self.seed} {number}')
        kinds, weights = zip(*WEIGHTS)
        with steps.Client(self.port, close=number % 2 == 0) as client:
            while self._take():
                self.do(client, chance.choices(kinds, weights)[0])

    def _take(self):
        with self.lock:
            self.left -= 1
            return self.left >= 0

    def do(self, client, kind):
        """Do one request, and note what came of it."""
        failure = ''
        try:
            if isinstance(kind, str):
                break_off(self.port, *BROKEN[kind])
            else:
                client.do(kind)
        except steps.StepError as error:
            failure = str(error)
            client.hang_up()
        except OSError as error:
            failure = f'{kind}: no answer: {error!r}'
        # A client may be cut off for want of memory, as long as the server says so.
        unavailable = ': 503 ' in failure or ': no answer' in failure
        with self.lock:
            count = self.counts[name_of(kind)]
            count[0] += 1
            count[1] += unavailable
            count[2] += bool(failure) and not unavailable
            if failure and not unavailable:
                self.wrong.append(failure)


def break_off(port, data, take):
    """Send bytes, take a part of the answer, and reset the connection."""
    with socket.create_connection((server.HOST, port), timeout=steps.DEADLINE) as sock:
        sock.sendall(data)
        while take > 0:
            got = sock.recv(take)
            if not got:
                raise OSError('the server closed it before')
            take -= len(got)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))


class Watched:
    """A server process, whose output is read all the time."""

    def __init__(self, process):
        self.process = process.process
        self.lines = []
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.decode(errors='replace').rstrip('\n'))

    def look(self):
        """Return (names, bytes of heap in use, descriptors), when nothing is going on any more."""
        known = len(self.lines)
        end = time.monotonic() + SETTLE
        found = None
        with contextlib.suppress(BrokenPipeError):
            os.write(self.process.stdin.fileno(), b'\n')
        while not found:
            time.sleep(0.01)
            found = re.search(r'n_qstr=(\d+).*\n(\d+) microdot', '\n'.join(self.lines[known:]))
            if not found and (self.process.poll() is not None or time.monotonic() > end):
                raise server.ServerError('\n'.join([*self.lines, 'The server says no more.']))
        names, used = map(int, found.groups())
        return names, used, len(os.listdir(f'/proc/{self.process.pid}/fd'))

    def settled(self, descriptors=0):
        """`look()`, once there are no more descriptors than that, or in vain after a while."""
        end = time.monotonic() + SETTLE
        while True:
            time.sleep(0.2)
            seen = self.look()
            if seen[2] <= descriptors or time.monotonic() > end:
                return seen


def soak(process, number, seed):
    """Do it; return (the Soak, its seconds, what there was before, what there is after, output)."""
    watched = Watched(process)
    alone = watched.look()
    warm = Soak(process.port, 0, seed)
    with steps.Client(process.port, close=True) as client:
        for _ in range(WARM):
            for kind, _ in WEIGHTS:
                warm.do(client, kind)
    before = watched.settled(alone[2])
    done = Soak(process.port, number, seed)
    done.wrong += warm.wrong
    seconds = done.run()
    after = watched.settled(before[2])
    return done, seconds, before, after, '\n'.join(watched.lines)


def reasons(output):
    """How many lines of the server say why it has refused something."""
    return len(REASON.findall(output))


def problems(done, before, after, output):
    """One line for each thing that is not as it should be."""
    found = done.wrong[:10]
    unavailable = sum(count[1] for count in done.counts.values())
    if unavailable > reasons(output):
        found.append(f'{unavailable} requests refused, and {reasons(output)} lines that say why')
    errors = re.findall(r'^\w+(?:Error|Exception)\b.*', output, re.MULTILINE)
    found += [line for line in errors if not REASON.match(line)][:10]
    if after[1] > before[1] + MORE_HEAP:
        found.append(f'{after[1] - before[1]:,} bytes of heap more in use than before')
    if after[2] != before[2]:
        found.append(f'{after[2]} descriptors, {before[2]} before')
    return found


def report(done, seconds, before, after, output):
    """The tables, as text."""
    rows = [[name, f'{all:,}', short, wrong] for name, (all, short, wrong) in done.counts.items()]
    total = [sum(count[n] for count in done.counts.values()) for n in range(3)]
    rows.append(['all', f'{total[0]:,}', *total[1:]])
    used = [
        [name, f'{before[n]:,}', f'{after[n]:,}']
        for n, name in ((1, 'bytes of heap in use'), (2, 'descriptors'), (0, 'interned names'))
    ]
    return '\n'.join(
        (
            table.render(['kind', 'number', 'refused', 'wrong'], rows),
            '',
            table.render(['', 'before', 'after'], used),
            f'{reasons(output)} lines that say why something was refused',
            f'{total[0] / seconds:.0f} requests a second, {CLIENTS} clients',
        )
    )


def main(arguments):
    parser = argparse.ArgumentParser(
        prog='measure.soak', description='Many requests of every kind.'
    )
    parser.add_argument('number', nargs='?', type=int, default=100_000, metavar='N')
    parser.add_argument('--seed', type=int, default=2026)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        try:
            form = forms.make('mpy', runtimes.LIB, pathlib.Path(folder))
            with form.server('serve', 'sessions', control=True) as process:
                done, seconds, before, after, output = soak(process, options.number, options.seed)
        except (server.Missing, server.ServerError) as exc:
            sys.exit(str(exc))
    print(report(done, seconds, before, after, output))
    found = problems(done, before, after, output)
    if found:
        said = [line for line in output.splitlines() if not REPORT.match(line)]
        sys.exit('\n'.join([*found, 'The server said:', *said[-40:]]))


if __name__ == '__main__':
    main(sys.argv[1:])
