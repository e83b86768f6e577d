"""Serves an application file on MicroPython's unix port or on CPython: what `make run` calls.

The process becomes the runtime (exec), in the folder of the file: there is no child to be left
behind, and Ctrl-C reaches the server itself. With --reload it stays, and starts the runtime again
whenever a file changes (reload). Whatever can be said beforehand (no such file, a port in use) is
said in one line, with exit status 2.

On CPython a `requirements.txt` beside the file is installed first, into the environment that
serves.
"""

import argparse
import errno
import hashlib
import io
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

from microdot_kit import runtimes, words
from microdot_kit.steps import alone, say

RUNTIMES = ('micropython', 'cpython', 'board')
HEAP = '256K'  # with 64 bits: about what 154 KB are on a board
SERVE = Path(__file__).resolve().parent / 'programs' / 'serve.py'
LOCAL = ('127.0.0.1', 'localhost', '::1')
LEAST_HEAP = 32  # KB: with less, not even serve.py loads
WORDS = {'APP_WORDS': 'APP=%s', 'HEAP_WORDS': 'make run HEAP=%dK'}  # of serve.py
UNITS = {'': 1 / 1024, 'K': 1, 'M': 1024}
PIP = (sys.executable, '-m', 'pip', 'install', '-qq', '--disable-pip-version-check', '--no-input')
NETWORK = 'pip says above why; it needs the network, through a proxy if https_proxy= names one'
# This project serves it, whatever an application asks for.
OURS = re.compile(r'^\s*microdot\s*(?![-\w.]).*\n?', re.MULTILINE | re.IGNORECASE)


def options(arguments):
    parser = argparse.ArgumentParser(
        prog='microdot-kit run', description='Serve an application file.'
    )
    parser.add_argument('app', metavar='APP[:NAME]', help='a file, or a folder with main.py')
    parser.add_argument('--host', default='127.0.0.1', help='0.0.0.0: reachable by the network')
    parser.add_argument('--port', default='5000')
    parser.add_argument('--heap', default=HEAP, help="MicroPython's heap, such as 192K")
    parser.add_argument('--runtime', default='micropython', help=' or '.join(RUNTIMES))
    parser.add_argument('--reload', action='store_true', help='start again when a file changes')
    return parser.parse_args(arguments)


def fail(message):
    print(words.said(message), file=sys.stderr)
    sys.exit(2)


def application_file(app):
    """Split `APP[:NAME]` and return the path of the file and the name (`''`: not given)."""
    file, _, name = app.partition(':')
    path = Path(file).expanduser().resolve()  # not all shells expand the ~ of APP=~/app
    named = 'path/to/file.py'
    if path.is_dir():
        files = sorted(path.glob('*.py'))
        named = os.path.relpath(files[0]) if len(files) == 1 else named
        path /= 'main.py'
    if not path.is_file():
        reason = 'no such file' if path.name != 'main.py' else 'no main.py in there'
        fail(f'{file or "."}: {reason}. Name your application: make run APP={named}')
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
            probe.bind(address)  # no listen(): a client that is early would be reset
    except socket.gaierror:
        fail(f'HOST={host}: not an address of this machine')
    except OSError as exc:
        if exc.errno == errno.EADDRNOTAVAIL:
            fail(f'HOST={host}: not an address of this machine')
        other = 8081 if port == 8080 else 8080
        fail(f'Port {port}: {exc.strerror.lower()}. Choose another: make run PORT={other}')


def check_heap(text):
    found = re.fullmatch('([1-9][0-9]*)([KM]?)', text)
    if not found:
        fail(f'HEAP={text}: a size such as 192K or 2M is needed')
    if int(found[1]) * UNITS[found[2]] < LEAST_HEAP:
        fail(f'HEAP={text}: too small to start anything, the default is {HEAP}')


def network_address():
    """The address by which other devices of the network reach this machine, `None` without one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(('192.0.2.1', 9))  # sends nothing, but chooses a way out (RFC 5737)
        except OSError:
            return None
        return probe.getsockname()[0]


def qr_code(url):
    """A QR code of half blocks for a terminal; empty where the package for it is missing."""
    try:
        import segno
    except ImportError:
        return ''
    text = io.StringIO()
    segno.make(url, micro=False).terminal(text, compact=True)
    return text.getvalue().rstrip('\n')


def shown(host, port):
    """The URL that opens the application, and what else serve.py is to print about it."""
    if host in LOCAL:
        return f'http://localhost:{port}', {}
    address = network_address() if host in ('0.0.0.0', '::') else host
    if not address:
        return f'http://localhost:{port}', {}
    url = f'http://[{address}]:{port}' if ':' in address else f'http://{address}:{port}'
    return url, {'QR_HTTP': qr_code(url), 'QR_HTTPS': qr_code('https' + url[4:])}


def install_requirements(folder):
    """Install an application's requirements.txt, once for each content; status 2 if that fails."""
    wanted = folder / 'requirements.txt'
    if not wanted.is_file():
        return
    text = OURS.sub('', wanted.read_text())
    stamp = Path(sys.prefix) / 'stamps' / f'app-{hashlib.sha256(text.encode()).hexdigest()[:16]}'
    if stamp.exists():
        return
    lock = (stamp.parent if runtimes.INSTALLED else runtimes.BUILD) / 'install.lock'
    with alone(lock, 'installation'):
        place = runtimes.shown(Path(sys.prefix))
        say(f'Installing {runtimes.shown(wanted)} into {place}')
        filtered = stamp.with_suffix('.txt')
        filtered.parent.mkdir(parents=True, exist_ok=True)
        filtered.write_text(text)
        status = subprocess.run([*PIP, '-r', str(filtered)]).returncode
        filtered.unlink()
    if status:
        fail(f'{runtimes.shown(wanted)} could not be installed. {NETWORK}')
    stamp.touch()


def command(runtime, heap, program):
    """The command line and the environment of a runtime running a program, a list of words."""
    if runtime == 'cpython':
        environment = {**os.environ, 'PYTHONPATH': str(runtimes.LIB)}
        return [sys.executable, '-u', *program], environment
    micropython = runtimes.LIKE_A_BOARD if runtime == 'board' else None
    if micropython and not micropython.is_file():
        fail('RUNTIME=board: that MicroPython is not built yet: make micropython')
    line = runtimes.micropython_command(heap, micropython)
    return [*line, *program], runtimes.micropython_environment()


def main(arguments):
    chosen = options(arguments)
    if chosen.runtime not in RUNTIMES:
        fail(f'RUNTIME={chosen.runtime}: {" or ".join(RUNTIMES)} is needed')
    path, name = application_file(chosen.app)
    port = port_number(chosen.port)
    if chosen.runtime != 'cpython':
        check_heap(chosen.heap)
    check_free(chosen.host, port)
    if chosen.runtime == 'cpython':
        install_requirements(path.parent)
    url, codes = shown(chosen.host, port)
    program = [str(SERVE), path.name, name, chosen.host, str(port), url]
    line, environment = command(chosen.runtime, chosen.heap, program)
    environment.update(codes)
    if runtimes.INSTALLED:
        environment.update({name: words.said(option) for name, option in WORDS.items()})
    os.chdir(path.parent)
    if chosen.reload:
        try:
            from microdot_kit import reload
        except ImportError as exc:
            fail(f'{exc.name} is not installed: make .venv/stamps/watch')
        sys.exit(reload.supervise(path.parent, line, environment, (chosen.host, str(port))))
    os.execve(line[0], line, environment)
