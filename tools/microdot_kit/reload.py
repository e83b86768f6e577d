"""Starts a server again whenever a file of its application changes: `make run RELOAD=1`.

In place of a server that has ended by itself, as one whose application does not compile, browsers
see what it has said (failed.py), until the next change starts it again. They learn of a start by
livereload.
"""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from microdot_kit import runtimes, watched

ENDING_SECONDS = 3  # for the application's own cleaning up
NAMED = 5  # of the files that have changed at once: a checkout changes hundreds
MOST = 16384  # bytes that are kept of what it has said
FAILED = Path(__file__).resolve().parent / 'programs' / 'failed.py'


def supervise(folder, command, environment, address):
    """Run the command in the folder, again after each change there, until Ctrl-C; return 0.

    `address` is the host and the port that it serves on, as text.
    """
    starts = 0
    environment = dict(environment)
    changes = watched.changes(folder)
    try:
        while True:
            starts += 1
            server = Server(command, {**environment, 'RELOAD': str(starts)}, address)
            for name in ('QR_HTTP', 'QR_HTTPS'):  # once is enough
                environment.pop(name, None)
            try:
                names = next(changes)
            finally:
                server.end()
            more = f' and {len(names) - NAMED} more' if len(names) > NAMED else ''
            print(f'Changed: {", ".join(names[:NAMED])}{more}', flush=True)
    except KeyboardInterrupt:
        return 0


class Server:
    """One start: the server or, when that has failed, what answers in its place."""

    def __init__(self, command, environment, address):
        self.environment, self.address = environment, address
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.lock = threading.Lock()
        self.wanted = True
        self.listener = threading.Thread(target=self.listen, args=(self.process,), daemon=True)
        self.listener.start()

    def listen(self, process):
        """Pass on what the server prints, and say so when it has failed."""
        said = b''
        with process.stdout as output:
            while piece := os.read(output.fileno(), MOST):
                os.write(sys.stdout.fileno(), piece)
                said = (said + piece)[-MOST:]
        if process.wait() > 0:
            with self.lock:
                if self.wanted:
                    self.stand_in(said)

    def stand_in(self, said):
        self.process = subprocess.Popen(
            [sys.executable, str(FAILED), *self.address],
            env={**os.environ, 'RELOAD': self.environment['RELOAD'], 'PYTHONPATH': runtimes.LIB},
            stdin=subprocess.PIPE,
        )
        with self.process.stdin as text:
            text.write(said)
        print('It has ended. The next change of a file starts it again.', flush=True)

    def end(self):
        """Interrupt what runs as Ctrl-C does; kill what goes on."""
        with self.lock:
            self.wanted = False
            process = self.process
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self.listener.join(ENDING_SECONDS)
