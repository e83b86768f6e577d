"""An emulated board as an object: starting it, what it tells, ending it.

    with Emulator(image) as board:
        board.wait_for_link()
        urllib.request.urlopen(board.url)

The emulator ends with this process, however that ends: it reads commands from a pipe, and the pipe
breaks.
"""

import contextlib
import json
import os
import queue
import socket
import subprocess
import threading
import time
from collections import deque
from pathlib import Path

from emulator import parts
from firmware.steps import Failure

BOARD = Path(__file__).resolve().parent / 'board.mjs'
WEB_PORTS = '5000,80'  # of the board: what microdot chooses, what a browser asks for
START = 60  # seconds that a slow machine may take to start the emulator
ANSWER = 60  # ... to answer a command
END = 10  # ... to end


class Emulator:
    """A board that runs `image`, a UF2 file.

    - `port`: of this machine, for the board's web server; 0, the default, takes a free one.
    - `address`: where that port is open; 127.0.0.1 by default.
    - `flash`: a file that keeps the flash; without it the flash is empty and forgotten.
    - `console`: TCP port for the board's USB console; 0 takes a free one.
    - `on_console(text)`: gets what the board prints while nobody is connected to the console; it
      is called in a thread of its own.
    """

    def __init__(self, image, port=0, address='127.0.0.1', flash=None, console=0, on_console=None):
        self.image = image
        self.flash = flash
        self.address = address
        self.ports = port, console
        self.on_console = on_console or (lambda text: None)
        self.printed = deque(maxlen=1000)
        self.link = threading.Event()
        self.served = threading.Event()
        self.resets = 0
        self.error = None
        self.url = self.console = self.process = None
        self._ready = threading.Event()
        self._answers = queue.Queue()

    def start(self):
        """Start the board; Failure if that is impossible: the port is in use, no image, ..."""
        made = parts.prepare()
        port, console = self.ports
        command = [made.node, str(BOARD), '--image', str(self.image), '--rom', str(made.rom)]
        command += ['--gateway', str(made.gateway), '--address', self.address]
        command += ['--forward', f'{port}:{WEB_PORTS}', '--console', str(console)]
        if self.flash:
            command += ['--flash', str(self.flash)]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, 'EMULATOR_MODULES': str(made.modules)},
            start_new_session=True,  # a Ctrl-C in the terminal is this process's to handle
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self._ready.wait(START)
        if self.url is None:
            self.close()
            raise Failure(self.error or 'The emulator did not start')
        return self

    __enter__ = start

    def __exit__(self, *exc):
        self.close()

    def close(self):
        """End the emulator, which saves the flash. Does nothing the second time."""
        if self.process and not self.process.stdout.closed:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
            try:
                self.process.wait(END)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self._listener.join()
            self.process.stdout.close()

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def wait_for_link(self, timeout=60):
        """Wait until the board has joined the network; Failure after `timeout` seconds."""
        end = time.monotonic() + timeout
        while not self.link.wait(0.1):
            if not self.running or time.monotonic() > end:
                raise Failure(self.error or 'The board did not join the network')

    def wait_for_server(self, timeout=60):
        """Wait until a program on the board takes connections; return whether one does."""
        end = time.monotonic() + timeout
        while not self.served.is_set() and time.monotonic() < end:
            if not self.running:
                raise Failure(self.error or 'The emulator ended')
            self._try_server()
        return self.served.is_set()

    def _try_server(self):
        """Connect, and wait for what becomes of it: a board without a server refuses."""
        host, port = self.url.removeprefix('http://').split(':')
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1) as tried:
            tried.settimeout(0.1)
            for _ in range(20):
                with contextlib.suppress(TimeoutError):
                    tried.recv(1)
                    break
                if self.served.is_set():
                    break
        self.served.wait(0.2)

    def stats(self):
        """{'cycles': worked by the core since the start, 'nanos': emulated time since the last
        reset, 'hertz': the core's clock}."""
        self._send('stats')
        try:
            return self._answers.get(timeout=ANSWER)
        except queue.Empty:
            raise Failure(self.error or 'The emulator does not answer') from None

    def reset(self):
        """Press the board's reset button. Returns at once."""
        self._send('reset')

    def _send(self, command):
        try:
            self.process.stdin.write(command.encode() + b'\n')
            self.process.stdin.flush()
        except (OSError, ValueError):
            raise Failure(self.error or 'The emulator has ended') from None

    def _listen(self):
        for line in self.process.stdout:
            message = json.loads(line)
            getattr(self, '_on_' + message.pop('event'), lambda **details: None)(**message)
        self.link.clear()
        self._ready.set()

    def _on_ready(self, console, forwards):
        self.console = f'socket://127.0.0.1:{console}'
        shown = 'localhost' if self.address in ('127.0.0.1', '0.0.0.0') else self.address
        self.url = f'http://{shown}:{forwards[0]["port"]}'
        self._ready.set()

    def _on_link(self, up):
        if up:
            self.link.set()
        else:
            self.link.clear()
            self.served.clear()

    def _on_served(self):
        self.served.set()

    def _on_reset(self):
        self.link.clear()
        self.served.clear()
        self.resets += 1

    def _on_console(self, text):
        self.printed.append(text)
        self.on_console(text)

    def _on_stats(self, **figures):
        self._answers.put(figures)

    def _on_end(self, error):
        self.error = error
