"""An application that takes updates, with a flash in memory; what restarts is its slots alone.

    update_program.py PORT [SECONDS]

SECONDS is how long an operation of the flash takes.

POST /try/... is for tests: `confirm` and `fail`, the version on trial proves itself, or does not;
`break`, the next one will not; `reset`, the board is as it was at the beginning.
"""

import asyncio
import sys
import time

import updates
from microdot import Microdot
from microdot.auth import BasicAuth
from microdot.update import Update

SLOWLY = float((sys.argv + ['0.03'] * 2)[2])
AWAY = 1.5  # seconds that a restart takes

slots = updates.slots_module()


class Board:
    def __init__(self):
        self.app = Microdot()
        self.auth = BasicAuth()
        self.auth.authenticate(lambda request, user, password: password == 'secret' and user)
        self.update = Update(self.app, self.auth, key=updates.Key, restart=self.restart)
        self.update.pause = 0.2
        self.app.before_request(self.gone)
        self.app.get('/')(lambda request: 'hello')
        self.app.post('/try/<what>')(self.attempt)
        self.reset()

    def reset(self):
        self.update.slots = updates.make_slots(slots)
        self.update._taken = self.broken = False
        self.until = 0

    def gone(self, request):
        if time.time() < self.until:
            return 'gone', 503

    def restart(self):
        self.until = time.time() + AWAY
        for _ in range(slots.RESTARTS + 1 if self.broken else 1):
            self.update.slots = slots.Slots(updates.flash)
            self.update.slots.start(self.broken)
        self.update._taken = self.broken = False

    def attempt(self, request, what):
        if what == 'confirm':
            self.update.slots.confirm()
        elif what == 'fail':
            self.broken = True
            self.restart()
        elif what == 'break':
            self.broken = True
        else:
            self.reset()
        return ''


def operate(self):
    time.sleep(SLOWLY)


if __name__ == '__main__':
    board = Board()
    updates.Flash._operate = operate
    asyncio.run(board.app.start_server('127.0.0.1', int(sys.argv[1])))
