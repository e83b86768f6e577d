"""Runs `wire_targets.py` on a runtime, and asks it over a pipe.

with Piped('micropython') as piped:
    text = piped.ask('head', [b'GET / HTTP/1.1...'])
"""

import os
import select
import subprocess
import sys
from pathlib import Path

from servers import ROOT

import needs

HERE = Path(__file__).resolve().parent
PIECE = 512  # bytes
DEADLINE = 20  # seconds for one input: a loaded machine is slow, a loop without end does not end


class Fault(AssertionError):
    """An exception in the framework, a crash, or no answer in time."""


class Piped:
    """A process that answers until the end of the block; it is started again after a crash."""

    def __init__(self, runtime, heap='192K'):
        self.command = [sys.executable, '-W', 'ignore']  # what a template says may be unwise
        if runtime == 'micropython':
            self.command = [needs.micropython(), '-X', f'heapsize={heap}']
        self.no_host = False

    def __enter__(self):
        lib = ROOT / 'lib'
        paths = {'PYTHONPATH': f'{lib}:{HERE}', 'MICROPYPATH': f'{lib}:{HERE}:.frozen'}
        self.process = subprocess.Popen(
            [*self.command, str(HERE / 'wire_targets.py')],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            env={**os.environ, **paths, 'PYTHONIOENCODING': 'utf-8'},
        )
        self.output = b''
        if self.no_host:
            self.ask('need_no_host', [])
        return self

    def __exit__(self, *exc):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def need_no_host(self):
        """Let requests without `Host` through from now on."""
        self.no_host = True
        self.ask('need_no_host', [])

    def ask(self, target, pieces):
        """The text of a target for pieces of bytes. Raises Fault."""
        lines = []
        for piece in pieces:
            # As much as the framework reads at once on a board; it gets longer ones in parts.
            lines += ['+' + piece[i : i + PIECE].hex() for i in range(0, len(piece), PIECE)]
        try:
            self.process.stdin.write('\n'.join([*lines, target, '']).encode())
        except BrokenPipeError:
            pass
        text = self._line()
        if text.startswith('= '):
            return text[2:]
        asked = f'{target} {b"".join(pieces)[:2000].hex()}'
        if not text.startswith('FAULT'):  # a traceback of the server, or of the end
            while text := self._line(0.5):
                asked = f'{asked}\n{text}'
            self.process.kill()
            self.__exit__()
            self.__enter__()
            raise Fault(asked)
        raise Fault(f'{text[6:]}: {asked}')

    def _line(self, seconds=DEADLINE):
        """The next line of output; an empty one if there is none in time."""
        while b'\n' not in self.output:
            ready, _, _ = select.select([self.process.stdout], [], [], seconds)
            more = os.read(self.process.stdout.fileno(), 65536) if ready else b''
            if not more:
                return ''
            self.output += more
        line, _, self.output = self.output.partition(b'\n')
        return line.decode(errors='replace')
