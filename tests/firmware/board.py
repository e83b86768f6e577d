"""The firmware that tests run in the emulator (`emulator.prompt.Board`), and what they measured.

conftest.py prints `figures` as a table at the end.
"""

import ast
import socket
import threading

import building
from emulator.prompt import ANSWER, Board, BoardError  # noqa: F401

figures = []  # (what, value, unit)


CALL = """
import socket
s = socket.socket()
s.connect(socket.getaddrinfo({host!r}, {port})[0][-1])
s.send(b'hello from the board')
print(s.recv(100))
s.close()
"""


def called(board, host):
    """What a program on the board gets from one of this machine, which it calls at `host`."""
    with socket.create_server(('127.0.0.1', 0)) as server:
        server.settimeout(ANSWER)

        def answer():
            connection, _ = server.accept()
            with connection:
                assert connection.recv(100) == b'hello from the board'
                connection.sendall(b'hello from the host')

        thread = threading.Thread(target=answer)
        thread.start()
        got = board.exec(CALL.format(host=host, port=server.getsockname()[1]))
        thread.join()
    return ast.literal_eval(got)


def image():
    """The firmware's UF2 file, built if need be."""
    return building.firmware('rpi_pico') / 'firmware.uf2'
