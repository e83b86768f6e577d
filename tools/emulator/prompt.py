"""An emulated board to be worked with: its prompt, its web server, its cycles.

The prompt is MicroPython's raw REPL, spoken by mpremote's own transport.
"""

import contextlib
import http.client
import socket
import subprocess
import sys
import time
import urllib.parse

from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from emulator.machine import Emulator

MPREMOTE = [sys.executable, '-m', 'mpremote']
ANSWER = 120  # seconds for what should take a moment, on a slow machine
TRIES = 30
JOIN = 'import startup; startup.join()'


class BoardError(Exception):
    """Code on the board raised an exception; the text is its traceback."""


class Board:
    """A running board. `url` is its web server's, `console` what mpremote connects to.

    `options` are the Emulator's. `link`: whether it joins a network by itself, and is waited for.
    """

    def __init__(self, image, link=True, **options):
        self.emulator = Emulator(image, **options).start()
        self.url = self.emulator.url
        self.console = self.emulator.console
        self.transport = None
        if link:
            self.emulator.wait_for_link()

    def close(self):
        self.release()
        self.emulator.close()

    # The prompt.

    def prompt(self, fresh=False):
        """The transport, at the raw prompt; a program that runs is interrupted. `fresh`: after a
        soft reset, with nothing imported."""
        if self.transport is None:
            self.transport = SerialTransport(self.console, wait=5)
            self.interrupt(b'\r\x03\x02', b'>>> ')
            fresh = True
        if fresh or not self.transport.in_raw_repl:
            self.transport.enter_raw_repl(soft_reset=fresh, timeout_overall=ANSWER)
        return self.transport

    def interrupt(self, keys, until):
        """Press keys until the board has printed `until`, and return all of that.

        A Ctrl-C may come to nothing: one that meets the function that reads from the network ends
        that one alone.
        """
        printed = b''
        for _ in range(TRIES):
            self.transport.serial.write(keys)
            printed += self.transport.read_until(1, until, timeout=ANSWER / TRIES)
            if printed.endswith(until):
                return printed
        raise AssertionError(f'the board does not listen to its console: {printed[-500:]!r}')

    def release(self):
        """Let others have the console."""
        if self.transport:
            with contextlib.suppress(OSError, TransportError):
                self.transport.exit_raw_repl()
                time.sleep(0.1)  # the prompt that this prints is not for the next one
            with contextlib.suppress(OSError):
                self.transport.serial.close()
            self.transport = None

    def exec(self, code, timeout=ANSWER):
        """Run code at the prompt and return what it prints; BoardError if it raises."""
        output, error = self.prompt().exec_raw(code, timeout=timeout)
        if error:
            raise BoardError(error.decode())
        return output.decode().replace('\r\n', '\n')

    def eval(self, expression):
        return self.prompt().eval(expression)

    def fresh(self):
        """Start anew: a soft reset, and the network joined again."""
        self.prompt(fresh=True)
        self.exec(JOIN)

    def mpremote(self, *arguments):
        """Run mpremote on the board and return (exit status, all that it printed)."""
        self.release()
        command = [*MPREMOTE, 'connect', self.console, 'resume', *arguments]
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=ANSWER,
        )
        return done.returncode, done.stdout

    # The web server.

    @contextlib.contextmanager
    def serving(self, code):
        """Run a program that serves, until the end of the block; the heap is a fresh one."""
        self.fresh()
        self.prompt().exec_raw_no_follow(code)
        try:
            self.wait_for_server()
            yield self
        finally:
            self.stop()

    def stop(self):
        """Interrupt the program that was started."""
        output = self.interrupt(b'\x03', b'\x04')
        error = self.transport.read_until(1, b'\x04', timeout=ANSWER)
        if b'KeyboardInterrupt' not in output + error:
            raise BoardError((output + error).decode())

    def wait_for_server(self):
        end = time.monotonic() + ANSWER
        while time.monotonic() < end:
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self.request('GET', '/')
            time.sleep(0.2)
        raise AssertionError('no server on the board: ' + ''.join(self.emulator.printed))

    @property
    def address(self):
        parts = urllib.parse.urlsplit(self.url)
        return parts.hostname, parts.port

    def client(self):
        return http.client.HTTPConnection(*self.address, timeout=ANSWER)

    def request(self, method, path, body=None, headers=()):
        """One request on a connection of its own: (status, headers, body)."""
        client = self.client()
        try:
            client.request(method, path, body, dict(headers))
            response = client.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            client.close()

    def connect(self):
        """A plain socket to the server."""
        return socket.create_connection(self.address, ANSWER)

    # Figures.

    @property
    def cycles(self):
        """Cycles in which the core has worked."""
        return self.emulator.stats()['cycles']

    def reset(self):
        """Press the reset button and wait until the board has joined the network again."""
        self.release()
        before = self.emulator.resets
        self.emulator.reset()
        end = time.monotonic() + ANSWER
        while self.emulator.resets == before and time.monotonic() < end:
            time.sleep(0.02)
        self.emulator.wait_for_link(ANSWER)
