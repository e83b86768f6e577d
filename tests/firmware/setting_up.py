"""A board that waits to be set up, as a process: `with Board(folder) as board`."""

import http.client
import os
import socket
import subprocess
import time
from pathlib import Path

import needs
from microdot_kit import runtimes
from serving import free_port

HERE = Path(__file__).parent
MODULES = runtimes.ROOT / 'boards' / 'modules'
FOLDERS = HERE, MODULES, MODULES / 'wifi', runtimes.LIB
DEADLINE = 30


class Board:
    """The process of setup_server.py, the ports of its page and of its DNS, what it prints."""

    def __init__(self, folder, settings='{"setup": true}', seconds=0.3, heap='512K'):
        (folder / 'network.json').write_text(settings)
        self.port, self.dns_port = free_port(), free_port()
        self.url = f'http://127.0.0.1:{self.port}'
        self.log = folder / 'board.log'
        self.folder = folder
        numbers = [str(self.port), str(self.dns_port), str(seconds)]
        command = [needs.micropython(), '-X', f'heapsize={heap}', str(HERE / 'setup_server.py')]
        self.command = [*command, *numbers]

    def __enter__(self):
        # Not its standard input, which Improv reads. Open for both, it waits for nobody.
        os.mkfifo(self.folder / 'orders')
        self.orders = open(self.folder / 'orders', 'r+b', buffering=0)
        with self.log.open('wb') as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=runtimes.micropython_environment(*FOLDERS),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            self.wait(self.listens)
            self.wait(lambda: 'set-up page: ' in self.output())
        except BaseException:
            self.__exit__(True)
            raise
        return self

    def __exit__(self, *exc):
        self.process.kill()
        self.process.wait(DEADLINE)
        self.process.stdin.close()
        self.orders.close()
        if exc[0] is None:
            assert 'Traceback' not in self.output(), self.output()

    def output(self):
        return self.log.read_text()

    def listens(self):
        try:
            socket.create_connection(('127.0.0.1', self.port), timeout=5).close()
            return True
        except OSError:
            return False

    def wait(self, condition):
        """Wait until that is true; AssertionError with what was printed if it never is."""
        end = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < end and self.process.poll() is None, self.output()
            time.sleep(0.05)

    def do(self, line):
        """Run a line of Python in there."""
        self.orders.write(line.encode() + b'\n')

    def get(self, path, host='127.0.0.1', source='127.0.0.1'):
        """(status, body) of a GET from one of this machine's addresses."""
        client = http.client.HTTPConnection(
            '127.0.0.1', self.port, timeout=DEADLINE, source_address=(source, 0)
        )
        client.request('GET', path, headers={'Host': host})
        answer = client.getresponse()
        body = answer.read().decode()
        client.close()
        return answer.status, body
