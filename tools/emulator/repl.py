"""The prompt of a board: what `make repl` calls.

    repl.py BOARD [--port PORT]

Without PORT it is the emulated board that `make run BOARD=...` serves on; its application goes on
until Ctrl-C. Ctrl-] leaves.
"""

import argparse
import sys

from firmware.steps import BUILD, say


def main(arguments):
    parser = argparse.ArgumentParser(prog='repl.py', description='Talk to a board.')
    parser.add_argument('board')
    parser.add_argument('--port', default='', help='a serial port, or what mpremote takes for one')
    chosen = parser.parse_args(arguments)
    console = BUILD / 'run' / chosen.board / 'console'
    if not chosen.port and not console.exists():
        say(f'No emulated board runs: make run BOARD={chosen.board} in another terminal, or PORT=')
        return 1
    port = chosen.port or console.read_text().strip()
    sys.argv = ['mpremote', 'connect', port, 'resume', 'repl']
    if port.startswith('socket:'):
        from serial.urlhandler import protocol_socket

        # What mpremote's terminal waits for, and pyserial has for real ports alone.
        protocol_socket.Serial.fd = property(protocol_socket.Serial.fileno)
    from mpremote.main import main as mpremote

    return mpremote()


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
