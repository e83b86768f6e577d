"""Serves an application file on MicroPython's unix port or on CPython: what `make run` calls.

The process becomes the runtime (exec), in the folder of the file: there is no child to be left
behind, and Ctrl-C reaches the server itself. Whatever can be said beforehand (no such file, a port
in use) is said in one line, with exit status 2.
"""

import argparse
import errno
import os
import re
import socket
import sys
from pathlib import Path

import runtimes

SERVE = Path(__file__).resolve().parent / 'serve.py'


def options(arguments):
    parser = argparse.ArgumentParser(prog='run.py', description='Serve an application file.')
    parser.add_argument('app', metavar='APP[:NAME]', help='a file, or a folder with main.py')
    parser.add_argument('--host', default='127.0.0.1', help='0.0.0.0: reachable by the network')
    parser.add_argument('--port', default='5000')
    parser.add_argument('--heap', default=runtimes.HEAP, help="MicroPython's heap, such as 192K")
    parser.add_argument('--runtime', choices=('micropython', 'cpython'), default='micropython')
    return parser.parse_args(arguments)


def fail(message):
    print(message, file=sys.stderr)
    sys.exit(2)


def application_file(app):
    """Split `APP[:NAME]` and return the path of the file and the name (`''`: not given)."""
    file, _, name = app.partition(':')
    path = Path(file).resolve()
    if path.is_dir():
        path /= 'main.py'
    if not path.is_file():
        reason = 'no such file' if path.name != 'main.py' else 'no main.py in there'
        fail(f'{file}: {reason}. Name your application: make run APP=path/to/file.py')
    return path, name


def port_number(text):
    if not (text.isdigit() and 0 < int(text) < 65536):
        fail(f'PORT={text}: a number from 1 to 65535 is needed')
    return int(text)


def check_free(host, port):
    """End with one line if nothing can listen on that address."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except socket.gaierror:
        fail(f'HOST={host}: not an address of this machine')
    except OSError as exc:
        if exc.errno == errno.EADDRNOTAVAIL:
            fail(f'HOST={host}: not an address of this machine')
        other = 8081 if port == 8080 else 8080
        fail(f'Port {port}: {exc.strerror.lower()}. Choose another: make run PORT={other}')


def command(chosen, serve):
    """The command line and the environment of the chosen runtime running serve.py."""
    if chosen.runtime == 'cpython':
        environment = {**os.environ, 'PYTHONPATH': str(runtimes.LIB)}
        return [sys.executable, '-u', *serve], environment
    if not re.fullmatch('[1-9][0-9]*[KM]?', chosen.heap):
        fail(f'HEAP={chosen.heap}: a size such as 192K or 2M is needed')
    return [*runtimes.micropython_command(chosen.heap), *serve], runtimes.micropython_environment()


def main(arguments):
    chosen = options(arguments)
    path, name = application_file(chosen.app)
    port = port_number(chosen.port)
    check_free(chosen.host, port)
    shown = 'localhost' if chosen.host in ('127.0.0.1', '0.0.0.0') else chosen.host
    serve = [str(SERVE), path.name, name, chosen.host, str(port), f'http://{shown}:{port}']
    line, environment = command(chosen, serve)
    os.chdir(path.parent)
    os.execve(line[0], line, environment)


if __name__ == '__main__':
    main(sys.argv[1:])
