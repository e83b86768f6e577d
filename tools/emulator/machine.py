"""An emulated board as an object: starting it, what it tells, ending it.

    with Emulator(image) as board:
        board.wait_for_link()
        urllib.request.urlopen(board.url)

The emulator ends with this process, however that ends: it reads commands from a pipe, and the pipe
breaks.
"""

import contextlib
import functools
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
from microdot_kit.steps import Failure

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
    - `on_air(event, details)`: gets what the radio tells, in the same thread.
    - `air`: the board has a radio, and this is in the air around it (see air.py).
    - `visitors`: ports of this machine by which a visitor of the board's access point reaches it,
      and `far`: by which a client does that is behind a router of its network; 0: a free one.
    - `bits`: emulate the radio's wires bit by bit.
    - `record`: a file that gets what is said on these wires.

    `happened` has what the radio told, as [(seconds since the start, {'event': ..., ...})].
    """

    def __init__(
        self,
        image,
        port=0,
        address='127.0.0.1',
        flash=None,
        console=0,
        on_console=None,
        on_air=None,
        air=None,
        visitors=(),
        far=(),
        bits=False,
        record=None,
    ):
        self.image = image
        self.air = air
        self.forwards = [f'{port}:{WEB_PORTS}', *(f'far:{port}:{WEB_PORTS}' for port in far)]
        self.visitors = [f'{port}:{WEB_PORTS}' for port in visitors]
        self.bits = bits
        self.record = record
        self.on_air = on_air or (lambda event, details: None)
        self.happened = []
        self.began = time.monotonic()
        self.flash = flash
        self.address = address
        self.console_port = console
        self.on_console = on_console or (lambda text: None)
        self.printed = deque(maxlen=1000)
        self.link = threading.Event()
        self.served = threading.Event()
        self._skipped = threading.Event()
        self.resets = 0
        self.error = None
        self.url = self.console = self.process = None
        self.far_urls = self.visitor_urls = ()
        self._ready = threading.Event()
        self._answers = queue.Queue()

    def start(self):
        """Start the board; Failure if that is impossible: the port is in use, no image, ..."""
        made = parts.prepare()
        command = [made.node, str(BOARD), '--image', str(self.image), '--rom', str(made.rom)]
        command += ['--gateway', str(made.gateway), '--address', self.address]
        command += ['--console', str(self.console_port)]
        self.process = subprocess.Popen(
            [*command, *self._options()],
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

    def _options(self):
        found = [option for port in self.forwards for option in ('--forward', port)]
        found += [option for port in self.visitors for option in ('--visitor', port)]
        found += ['--flash', str(self.flash)] if self.flash else []
        found += ['--air', json.dumps(self.air)] if self.air else []
        found += ['--record', str(self.record)] if self.record else []
        return found + ['--bits'] * self.bits

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

    def serves(self, timeout):
        """Wait until a program on the board takes connections; return whether one does after
        `timeout` seconds, or since it has begun to, when it has."""
        end = time.monotonic() + timeout
        while self.running and time.monotonic() < end:
            if self.served.is_set():
                time.sleep(max(0, end - time.monotonic()))
            elif self.link.wait(0.1):
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

    def skip(self, seconds, timeout):
        """Let that much emulated time pass, at once where the board sleeps, unless it is reset;
        Failure if that has taken `timeout` seconds."""
        self._skipped.clear()
        self._send(f'skip {seconds}')
        if not self._skipped.wait(timeout) or not self.running:
            raise Failure(self.error or 'The board does not sleep')

    def reset(self):
        """Press the board's reset button. Returns at once."""
        self._send('reset')

    def cut(self, operations=0):
        """Let the power fail in that many operations of the flash from now on, half way through the
        last one, or now, and come back. Returns at once."""
        self._send(f'cut {operations}')

    def happen(self, what, value=''):
        """Let something happen in the air: see air.py."""
        self._send(f'{what} {value}')

    def _send(self, command):
        try:
            self.process.stdin.write(command.encode() + b'\n')
            self.process.stdin.flush()
        except (OSError, ValueError):
            raise Failure(self.error or 'The emulator has ended') from None

    def _listen(self):
        for line in self.process.stdout:
            message = json.loads(line)
            event = message.pop('event')
            getattr(self, '_on_' + event, functools.partial(self._note, event))(**message)
        self.link.clear()
        self._ready.set()
        self._skipped.set()

    def _on_ready(self, console, ports):
        self.console = f'socket://127.0.0.1:{console}'
        shown = 'localhost' if self.address in ('127.0.0.1', '0.0.0.0') else self.address
        forwards, visitors = (
            [f'http://{shown}:{each["port"]}' for each in ports[kind]]
            for kind in ('forward', 'visitor')
        )
        self.visitor_urls = visitors
        self.url, *self.far_urls = forwards
        self._ready.set()

    def _note(self, event, **details):
        self.happened.append((time.monotonic() - self.began, {'event': event, **details}))
        self.on_air(event, details)

    def _on_link(self, up):
        if up:
            self.link.set()
        else:
            self.link.clear()
            self.served.clear()

    def _on_served(self):
        self.served.set()

    def _on_skipped(self):
        self._skipped.set()

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
