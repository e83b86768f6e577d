"""The prompt of a board: what `make repl` calls.

    repl.py BOARD [--port PORT]

Without PORT it is the emulated board that `make run BOARD=...` serves on; its application goes on
until Ctrl-C. Ctrl-] leaves.
"""

import argparse
import fcntl
import sys

import device as devices
from firmware.steps import BUILD, Failure, say


def console(board):
    """Where the console of the running emulated board is; Failure if none runs."""
    folder = BUILD / 'run' / board
    absent = f'No emulated board runs: make run BOARD={board} in another terminal, or PORT='
    try:
        with open(folder / 'lock', 'rb') as held:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        raise Failure(absent)
    except BlockingIOError:
        pass  # by the process that runs it
    except OSError:
        raise Failure(absent) from None
    try:
        return (folder / 'console').read_text().strip()
    except OSError:
        raise Failure(f'{board} is only just starting: try again') from None


def main(arguments):
    parser = argparse.ArgumentParser(prog='repl.py', description='Talk to a board.')
    parser.add_argument('board')
    parser.add_argument('--port', default='', help='a serial port, or what mpremote takes for one')
    chosen = parser.parse_args(arguments)
    try:
        port = chosen.port or console(chosen.board)
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

    return mpremote()


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
