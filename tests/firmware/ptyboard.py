"""A stand-in for a board on a serial port: MicroPython's unix port behind a pseudo-terminal.

    with Board(folder) as board:
        subprocess.run(['mpremote', 'connect', board.port, 'exec', 'print(1)'])

Its file system is a littlefs and its ROMFS a memory, both kept in files of the folder, so that they
outlive a reset and the board. Tools that talk to boards find what they expect: the raw REPL, a soft
reset at Ctrl-D that runs boot.py and (not from the raw REPL) main.py, a Ctrl-C that ends those.

    ptyboard.py FOLDER BLOCKS MPY MACHINE UNPLUG

is the process behind it. It prints the name of the port and ends with its standard input.
"""

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
import tty
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[1] / 'tools'))

from microdot_kit import runtimes  # noqa: E402

MACHINE = 'Raspberry Pi Pico with RP2040'
BLOCKS = 256  # of 4096 bytes
HEAP = '4M'  # holds the ROMFS too
START = 30  # seconds that a slow machine may take to start
PROMPT = b'>>> '
RAW = b'raw REPL; CTRL-B to exit\r\n>'
INTERRUPT = b'\x03'
FRIENDLY = b'\x02'
# What, sent at a prompt, another one answers.
ANSWERED = {'prompt': (b'\r', b'\n', b'\x01', INTERRUPT), 'raw': (FRIENDLY,)}
FRAME = b'IMPROV'  # then version, type, length, so many bytes, checksum
READY = b'<ready>\n'  # what ptyboard_boot prints before it runs a program of the board


class Board:
    """A board with `blocks` of flash; `unplug` pulls it out after so many bytes sent to it.

    `mpy` is the .mpy version that it says to have (0: its own), `machine` what it says it is.
    """

    def __init__(self, folder, blocks=BLOCKS, mpy=0, machine=MACHINE, unplug=0):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.arguments = [str(argument) for argument in (folder, blocks, mpy, machine, unplug)]
        self.port = self.process = None

    def __enter__(self):
        command = [sys.executable, str(HERE / 'ptyboard.py'), *self.arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = self.process.stdout.readline().decode().strip()
        assert self.port, 'the stand-in did not start'
        return self

    def __exit__(self, *exc):
        self.process.stdin.close()
        try:
            self.process.wait(START)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()


class Machine:
    """The interpreter, and between it and the port what the unix port lacks to be a board.

    At its prompt the unix port forgets what comes before it asks for it: that waits here. `state`:
    `starting`; `running` a program of the board; at the `prompt` or the `raw` prompt; `busy`, which
    leads to a prompt by itself.
    """

    def __init__(self, port, folder, blocks, mpy, machine):
        self.port = port
        self.command = [*runtimes.micropython_command(HEAP), '-i', str(HERE / 'ptyboard_boot.py')]
        self.command += [folder, blocks, mpy, machine]
        self.held = b''
        self.spawn('main')

    def spawn(self, main):
        self.state = 'starting'
        self.seen = b''
        self.pid, self.terminal = pty.fork()
        if not self.pid:
            tty.setraw(0)
            mode = termios.tcgetattr(0)
            mode[3] |= termios.ISIG | termios.NOFLSH  # Ctrl-C interrupts what runs
            termios.tcsetattr(0, termios.TCSANOW, mode)
            environment = {**os.environ, 'TERM': 'dumb', 'MICROPYPATH': '.frozen'}
            os.execve(self.command[0], [*self.command, main], environment)

    def end(self):
        os.close(self.terminal)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def take(self, data):
        """What the host sends."""
        self.held += data
        if self.state == 'running' and not self.interruptible():
            self.hand_over()
        elif self.state == 'running' and INTERRUPT in self.held:
            self.held = self.held.replace(INTERRUPT, b'')
            os.write(self.terminal, INTERRUPT)
        while self.held and self.state in ('prompt', 'raw'):
            size = 1
            if self.state == 'raw':
                size = self.held.find(FRIENDLY) + 1 or len(self.held)
            part, self.held = self.held[:size], self.held[size:]
            if part[-1:] in ANSWERED[self.state]:
                self.state, self.seen = 'busy', b''
            os.write(self.terminal, part)

    def interruptible(self):
        """Whether the program that runs leaves Ctrl-C to MicroPython; or it reads all by itself.

        MicroPython's own prompt, which it may just be about to show, clears NOFLSH too.
        """
        flags = termios.tcgetattr(self.terminal)[3]
        return bool(flags & termios.ISIG) or not flags & termios.NOFLSH

    def hand_over(self):
        """Let such a program have what was sent: each whole frame of Improv, and up to a Ctrl-C.

        In a frame a byte 3 is none.
        """
        while self.held and self.state == 'running':
            size = self.held.find(INTERRUPT) + 1 or len(self.held)
            frame = begun(self.held)
            if 0 <= frame < size:
                size = frame or framed(self.held)
                if not size:
                    return  # the rest of the frame is on its way
            elif self.held[size - 1 : size] == INTERRUPT:
                self.state, self.seen = 'busy', b''
            part, self.held = self.held[:size], self.held[size:]
            os.write(self.terminal, part)

    def give(self):
        """Pass on what the interpreter prints; it starts again once it has ended."""
        try:
            data = os.read(self.terminal, 4096)
        except OSError:
            data = b''
        if not data:
            self.restart()
            return
        self.seen += data
        if self.state == 'starting':
            if READY not in self.seen and not self.seen.endswith(PROMPT):
                return
            self.state = 'running'
            data = self.seen.replace(READY, b'')
        os.write(self.port, data)
        self.seen = self.seen[-80:]
        if self.state in ('running', 'busy'):
            if RAW in self.seen:
                self.state = 'raw'
            elif self.seen.endswith(PROMPT):
                self.state = 'prompt'
        self.take(b'')

    def restart(self):
        raw = self.state == 'raw'
        self.end()
        os.write(self.port, b'\r\nMPY: soft reboot\r\n')
        self.spawn('' if raw else 'main')
        if raw:
            printed = self.read_until(PROMPT).replace(READY, b'')
            os.write(self.port, printed[: printed.rfind(b'MicroPython ')])
            os.write(self.terminal, b'\x01')
            os.write(self.port, self.read_until(RAW)[-len(RAW) :])
            self.state = 'raw'
            self.take(b'')

    def read_until(self, ending):
        data, end = b'', time.monotonic() + START
        while not data.endswith(ending) and time.monotonic() < end:
            if select.select([self.terminal], [], [], 0.2)[0]:
                data += os.read(self.terminal, 4096)
        return data


def begun(data):
    """Where a frame of Improv begins, or perhaps does; -1 if it does nowhere."""
    whole = data.find(FRAME)
    parts = [-size for size in range(1, len(FRAME)) if data.endswith(FRAME[:size])]
    return whole if whole >= 0 else len(data) + min(parts) if parts else -1


def framed(data):
    """The bytes of the frame that the data begins with; 0 if some are missing."""
    size = len(FRAME) + 4 + data[len(FRAME) + 2] if len(data) > len(FRAME) + 2 else 0
    return size if len(data) >= size else 0


def main(folder, blocks, mpy, machine, unplug):
    host, port = pty.openpty()
    tty.setraw(port)
    print(os.ttyname(port), flush=True)
    left = int(unplug)
    board = Machine(host, folder, blocks, mpy, machine)
    try:
        while True:
            ready = select.select([0, host, board.terminal], [], [])[0]
            if 0 in ready:
                break
            if host in ready:
                data = os.read(host, 1024)
                left -= len(data)
                if int(unplug) and left <= 0:
                    break
                board.take(data)
            if board.terminal in ready:
                board.give()
    finally:
        board.end()


if __name__ == '__main__':
    main(*sys.argv[1:])
