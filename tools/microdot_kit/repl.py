"""The prompt of a board: what `make repl` calls.

    microdot-kit repl BOARD [--port PORT]

Without PORT it is the emulated board that `make run BOARD=...` serves on; its application goes on
until Ctrl-C. Ctrl-] leaves.
"""

import argparse
import contextlib
import sys
import time

from serial import serial_for_url

from microdot_kit import device as devices
from microdot_kit import running
from microdot_kit.steps import Failure, say

PROMPT = b'>>> '
ANSWER = 1  # seconds in which a board that is at its prompt shows it again


def at_prompt(port):
    """Whether the board is at its prompt, so that no application runs."""
    printed, end = b'', time.monotonic() + ANSWER
    with contextlib.suppress(OSError), serial_for_url(port, timeout=0.1) as board:
        board.write(b'\r')
        while not printed.endswith(PROMPT) and time.monotonic() < end:
            printed += board.read(64)
    return printed.endswith(PROMPT)


def main(arguments):
    parser = argparse.ArgumentParser(prog='microdot-kit repl', description='Talk to a board.')
    parser.add_argument('board')
    parser.add_argument('--port', default='', help='a serial port, or what mpremote takes for one')
    chosen = parser.parse_args(arguments)
    try:
        port = chosen.port or running.find(chosen.board)[0]
        if not sys.stdin.isatty():
            raise Failure(f'A prompt needs a terminal. Commands: mpremote connect {port} ...')
        devices.check_port(port)
    except Failure as failure:
        say(str(failure))
        return 1
    sys.argv = ['mpremote', 'connect', port, 'resume', 'repl']
    if port.startswith('socket:'):
        from serial.urlhandler import protocol_socket

        # What mpremote's terminal waits for, and pyserial has for real ports alone.
        protocol_socket.Serial.fd = property(protocol_socket.Serial.fileno)
    from mpremote.main import main as mpremote

    status = mpremote()
    if at_prompt(port):
        print('No application runs on the board now. To start it: Ctrl-D at the prompt')
    return status
