"""A board at its prompt, on a serial port: what the tools that write to boards share.

    with Device(find_port()) as device:
        print(device.about()['machine'])

mpremote's transport does the talking. Whatever goes wrong is a `Failure` in one line: no board, two
boards, a port that is busy, not there or not allowed, a board that does not answer or has gone.
"""

import binascii
import contextlib
import errno
import io
import json
import os
import stat
import struct
import time

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport
from serial import SerialException, SerialTimeoutException, serial_for_url
from serial.tools import list_ports

from microdot_kit import boards, steps, words
from microdot_kit.device_scripts import ABOUT, FILES, HOLD, NETWORK
from microdot_kit.steps import Failure

# USB (vendor, product) of what is not a board: Raspberry Pi's debug probes.
PROBES = ((0x2E8A, 0x0004), (0x2E8A, 0x000C))
PROMPT = b'>>> '
ATTEMPTS = 3
PROMPT_SECONDS = 5  # that a board may take to come to its prompt
START_SECONDS = 60  # ... to start; a boot.py may wait for a network
ANSWER_SECONDS = 30  # ... to print something, while it works
ABSENT = (errno.EIO, errno.ENXIO, errno.ENODEV)  # what opening the port of no device raises
CHUNK = 768  # bytes written at once
FULL = ('ENOSPC', 'OSError: 28')


def find_port():
    """The port of the only board there is; Failure without one or with several."""
    ports = [port for port in sorted(list_ports.comports()) if port.vid is not None]
    ports = [port for port in ports if (port.vid, port.pid) not in PROBES]
    if not ports:
        raise Failure(
            'No board found. Plug one in (the cable must carry data), or name it: PORT=port'
        )
    if len(ports) > 1:
        names = ', '.join(f'{port.device} ({port.description})' for port in ports)
        raise Failure(f'Several boards found: {names}. Choose with PORT={ports[0].device}')
    return ports[0].device


def check_port(port):
    """Failure if a port is not there, not ours, or another program has it open."""
    if '://' not in port:
        if not os.path.exists(port) or not stat.S_ISCHR(os.stat(port).st_mode):
            raise Failure(f'PORT={port}: no such port. Is the board plugged in?')
        if not os.access(port, os.R_OK | os.W_OK):
            raise Failure(
                f'{port} is not yours to open: add yourself to its group (dialout or uucp) '
                'and log in again'
            )


def why_closed(port):
    """Why a port cannot be opened, in words; empty if it can."""
    try:
        serial_for_url(port, exclusive=True).close()
        return ''
    except SerialException as error:
        if '://' in port:
            return f'{port} takes no connection'
        if type(error.__context__).__module__ == 'termios':  # which Windows has not
            return f'PORT={port}: not a serial port'
        if error.errno in ABSENT:
            return f'PORT={port}: nothing is connected to this port'
        return f'{port} is busy: another program has it open, such as a serial monitor'


class Transport(SerialTransport):
    """mpremote's, with patience: a boot.py that waits for a network may say nothing meanwhile."""

    def read_until(self, least, ending, timeout=10, data_consumer=None, timeout_overall=None):
        if timeout_overall is not None:
            timeout = None
        return super().read_until(least, ending, timeout, data_consumer, timeout_overall)


class Device:
    """The board on a port, in its raw REPL, its application stopped.

    Entering the context connects, and soft-resets it so that memory is free and nothing runs.
    """

    def __init__(self, port):
        self.port = port
        self.transport = None

    def __enter__(self):
        self.open()
        return self

    def __exit__(self, kind, *exc):
        if kind:
            self.restore()
        self.close()

    def open(self):
        check_port(self.port)
        try:
            self.transport = Transport(self.port, timeout=ANSWER_SECONDS)
        except TransportError:
            raise Failure(why_closed(self.port) or f'{self.port} was busy: try again') from None
        try:
            self.transport.serial.write_timeout = ANSWER_SECONDS
            self.stop()
            self.reset()
        except BaseException:
            self.restore()
            self.close()
            raise

    def restore(self):
        """Whatever went wrong, the board is to do again what it did before."""
        if self.transport and self.transport.in_raw_repl:
            with contextlib.suppress(Failure), self.told():
                self.transport.serial.write(b'\x03')  # ends what it was being told
                self.start()

    def close(self):
        """Leave the board at its friendly prompt. Does nothing the second time."""
        transport, self.transport = self.transport, None
        if transport:
            with contextlib.suppress(OSError):
                if transport.in_raw_repl:
                    transport.exit_raw_repl()
            with contextlib.suppress(OSError):
                transport.close()

    def stop(self):
        """Interrupt what runs and come to the prompt."""
        for _ in range(ATTEMPTS):
            try:
                with self.told(), quiet():
                    self.enter(False, PROMPT_SECONDS)
                    return
            except Silence:
                pass
        raise Failure(
            f'The board on {self.port} does not answer: press its reset button. If it never does, '
            'it may have no MicroPython yet: make flash'
        )

    def reset(self):
        """Soft-reset the board into a raw REPL: boot.py runs, main.py does not."""
        try:
            with self.told(), quiet():
                self.enter(True, START_SECONDS)
            self.run(HOLD)
            self.run(FILES)
        except Silence:
            raise Failure(f'The board on {self.port} has not come back after its reset') from None

    def enter(self, soft_reset, seconds):
        # On a pseudo-terminal mpremote waits for bytes themselves, not for their number.
        self.transport.serial.timeout = seconds
        try:
            self.transport.enter_raw_repl(soft_reset=soft_reset, timeout_overall=seconds)
        except TransportError:
            raise Silence from None
        finally:
            self.transport.serial.timeout = ANSWER_SECONDS

    @contextlib.contextmanager
    def told(self):
        """Turn what a broken connection raises into a Failure."""
        try:
            yield
        except TransportExecError:
            raise
        except (TransportError, SerialTimeoutException, struct.error):
            raise Failure(
                f'The board on {self.port} has stopped answering: press its reset button'
            ) from None
        except OSError:
            raise Failure(f'The board on {self.port} has gone: the connection broke') from None

    def run(self, script):
        """Run Python on the board and return what it prints.

        TransportExecError with the board's traceback if it raises an exception.
        """
        with self.told(), quiet():
            printed, error = self.transport.exec_raw(script, ANSWER_SECONDS)
        if error:
            raise TransportExecError(printed, error.decode(errors='replace'))
        return printed.decode(errors='replace').replace('\r\n', '\n')

    def attempt(self, script, seconds):
        """Run Python that may not come to an end, and return the traceback it ends with, if any.

        Failure if it takes longer than that; it is interrupted then.
        """
        with self.told(), quiet():
            transport, ended = self.transport, True
            transport.exec_raw_no_follow(script)
            for wait in (seconds, *[PROMPT_SECONDS] * ATTEMPTS):
                if transport.read_until(1, b'\x04', timeout_overall=wait).endswith(b'\x04'):
                    break
                transport.serial.write(b'\x03')
                ended = False
            else:
                raise TransportError
            error = transport.read_until(1, b'\x04', ANSWER_SECONDS)[:-1]
        if not ended:
            raise Failure(f'It has not ended within {seconds} s')
        return error.decode(errors='replace')

    def ask(self, expression):
        """The value of an expression on the board, which has to be something that JSON can say.

        What else the board prints meanwhile, such as a timer of its boot.py, is not part of it.
        """
        printed = self.run(f'print("\\n\\x02" + json.dumps({expression}) + "\\x03")')
        try:
            return json.loads(printed[printed.index('\x02') + 1 : printed.index('\x03')])
        except ValueError:
            raise Failure(
                f'The board on {self.port} does not answer for itself, something on it prints all '
                'the time: press its reset button, or stop that in its boot.py'
            ) from None

    def about(self):
        """What the board is: name, version, mpy, machine, blocks (size, free, all), frozen."""
        self.run(ABOUT)
        return self.ask('_about()')

    def hashes(self, names):
        """{name: its SHA-256 in hexadecimal, '' if it is not there} of files on the board."""
        found = {}
        for part in batches(names):
            found.update(zip(part, self.ask(f'[_hash(n) for n in {part!r}]')))
        return found

    def each(self, script, names):
        """Run a script that takes a list of names (`%r`), a few of them at a time."""
        for part in batches(names):
            self.run(script % (part,))

    def addresses(self):
        """The addresses that the board has in Wi-Fi networks, as far as it can tell."""
        self.run(NETWORK)
        return self.ask('_addresses()')

    def write(self, name, data):
        """Write a file in place. TransportExecError if the file system does not take it."""
        self.run(f'_f = open({name!r}, "wb")')
        try:
            for start in range(0, len(data), CHUNK):
                part = binascii.b2a_base64(data[start : start + CHUNK], newline=False)
                self.run(f'_f.write(binascii.a2b_base64({part!r}))')
        finally:
            with contextlib.suppress(TransportExecError):
                self.run('_f.close()')

    def start(self):
        """Soft-reset the board as its power switch would: boot.py and main.py run."""
        with self.told(), quiet():
            self.transport.exit_raw_repl()
            self.transport.serial.timeout = PROMPT_SECONDS
            self.transport.read_until(1, PROMPT, timeout=PROMPT_SECONDS)
            self.transport.serial.write(b'\x04')
            self.transport.read_until(1, b'soft reboot\r\n', timeout=PROMPT_SECONDS)

    def listen(self, seconds):
        """Yield the lines that the board prints, for so many seconds or until it is at its prompt.

        The prompt is the last of them then. `None` stands for a second of silence.
        """
        end = time.monotonic() + seconds
        heard = time.monotonic()
        serial, pending = self.transport.serial, b''
        serial.timeout = 0.1
        while time.monotonic() < end:
            with self.told():
                data = serial.read(1)
                data += serial.read(serial.in_waiting) if data else b''
            pending += data
            *lines, pending = pending.split(b'\n')
            yield from (line.decode(errors='replace').rstrip('\r') for line in lines)
            if not data and pending == PROMPT:
                yield PROMPT.decode()
                return
            if data or time.monotonic() - heard > 1:
                heard = time.monotonic()
                if not data:
                    yield None


def batches(names):
    """Lists of a few names each: what a board can hold at once."""
    return [names[start : start + 16] for start in range(0, len(names), 16)]


class Silence(Exception):
    """The board has not come to its prompt."""


def say(text):
    print(words.said(text), flush=True)


def exit_status(work, chosen):
    """The same as that of steps, for what a board may raise too."""

    def told(chosen):
        try:
            work(chosen)
        except TransportExecError as error:
            raise Failure(reason(error)) from None

    return steps.exit_status(told, chosen)


def check_chip(about, board):
    """Raise Failure if what a board says it is has not the chip of the board of that name."""
    known, _, chip = about['machine'].rpartition(' with ')
    wanted = boards.find(board)['chip']
    if known and chip.replace('-', '').upper() != wanted.replace('-', '').upper():
        raise Failure(f'The board is a {about["machine"]}, BOARD={board} has the chip {wanted}')


def quiet():
    """mpremote prints what it did not understand."""
    return contextlib.redirect_stdout(io.StringIO())


def reason(error):
    """What went wrong on the board: the last line of its traceback, or what that means."""
    lines = error.error_output.strip().splitlines()
    last = lines[-1].strip() if lines else 'an unknown error'
    if any(sign in last for sign in FULL):
        return 'The file system of the board is full: remove files, or deploy with ROMFS=1'
    return f'The board: {last}'
