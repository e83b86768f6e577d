"""Servers that run `everywhere.py`, or another program, each in a process, and requests to them.

with Host('uvicorn') as host:
    host.ask('GET', '/')
"""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import needs

ROOT = Path(__file__).resolve().parents[3]
FOLDER = Path(__file__).resolve().parent
HOST = '127.0.0.1'
DEADLINE = 30  # seconds; only a hang takes so long

# The interface, and the command after the folder of the programs.
COMMANDS = {
    'uvicorn': ('asgi', 'uvicorn', '--port={port}', '--workers={workers}', '{app}'),
    'hypercorn': ('asgi', 'hypercorn', '--bind={host}:{port}', '--workers={workers}', '{app}'),
    'granian': (
        'asgi',
        'granian',
        '--interface=asgi',
        '--port={port}',
        '--workers={workers}',
        '--blocking-threads=1',
        '{app}',
    ),
    'gunicorn-asgi': ('asgi', 'gunicorn', '--worker-class=asgi', '{gunicorn}', '{app}'),
    'gunicorn-uvicorn': (
        'asgi',
        'gunicorn',
        '--worker-class=uvicorn_worker.UvicornWorker',
        '{gunicorn}',
        '{app}',
    ),
    'gunicorn-sync': ('wsgi', 'gunicorn', '--worker-class=sync', '{gunicorn}', '{app}'),
    'gunicorn-gthread': ('wsgi', 'gunicorn', '--threads=4', '{gunicorn}', '{app}'),
    'waitress': ('wsgi', 'waitress-serve', '--listen={host}:{port}', '{app}'),
    'granian-wsgi': (
        'wsgi',
        'granian',
        '--interface=wsgi',
        '--port={port}',
        '--workers={workers}',
        '--blocking-threads=4',
        '{app}',
    ),
}
OWN = ('own-cpython', 'own-micropython')
GUNICORN = (
    '--bind={host}:{port}',
    '--workers={workers}',
    '--no-control-socket',
    '--graceful-timeout=5',
)


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


class Host:
    """A server, named as in COMMANDS or OWN, as a context manager.

    :param name: the name.
    :param workers: how many processes it is to have.
    :param options: more options of its command.
    :param app: the application, by module and name.
    :param heap: the heap of MicroPython.
    """

    def __init__(self, name, workers=1, options=(), app='everywhere:app', heap='1M'):
        self.name = name
        self.file = str(FOLDER / (app.partition(':')[0] + '.py'))
        self.heap = heap
        self.port = free_port()
        self.interface = COMMANDS[name][0] if name in COMMANDS else ''
        program, *arguments = self._command(name)
        self.command = [program, *options, *arguments]
        values = {'port': self.port, 'host': HOST, 'workers': workers, 'app': app}
        self.command = [part.format(**values) for part in self.command]

    def _command(self, name):
        if name == 'own-cpython':
            return [sys.executable, self.file, '{port}']
        if name == 'own-micropython':
            return [needs.micropython(), '-X', 'heapsize=' + self.heap, self.file, '{port}']
        program, *arguments = COMMANDS[name][1:]
        if '{gunicorn}' in arguments:
            place = arguments.index('{gunicorn}')
            arguments[place : place + 1] = GUNICORN
        path = Path(sys.executable).with_name(program)
        if not path.exists():
            needs.missing(f'{program} is not installed: pip install {program}')
        return [str(path), *arguments]

    def __enter__(self):
        self.output = tempfile.TemporaryFile()
        lib = ROOT / 'lib'
        paths = {'PYTHONPATH': f'{lib}:{FOLDER}', 'MICROPYPATH': f'{lib}:.frozen'}
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **paths, 'SERVED_BY': self.interface},
            cwd=FOLDER,
            start_new_session=True,
        )
        try:
            self.eventually(self._accepts)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _accepts(self):
        assert self.process.poll() is None, self.log()
        with contextlib.suppress(OSError), self.connect():
            return True
        return False

    def __exit__(self, *exc):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                pass
        with contextlib.suppress(ProcessLookupError):  # what has outlived the first process
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.text = self.log()
        self.output.close()

    def log(self):
        """What the server printed so far."""
        self.output.seek(0)
        return self.output.read().decode(errors='replace')

    def eventually(self, condition):
        """Wait until the condition holds; AssertionError if it never does."""
        end = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < end, 'not within the deadline: ' + self.log()
            time.sleep(0.05)

    def connect(self):
        """A new connection."""
        return socket.create_connection((HOST, self.port), DEADLINE)

    def ask(self, method, target, headers=None, body=b''):
        """Send a request; return the status, a dictionary of lists of headers, and the body."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=DEADLINE)
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, values in (headers or {}).items():
                for value in values if isinstance(values, list) else [values]:
                    connection.putheader(name, value.encode())
            chunked = isinstance(body, list)
            if chunked:
                connection.putheader('Transfer-Encoding', 'chunked')
            elif body or method == 'POST':
                connection.putheader('Content-Length', str(len(body)))
            connection.endheaders(body or None, encode_chunked=chunked)
            response = connection.getresponse()
            answer = {}
            for name, value in response.getheaders():
                value = value.encode('latin-1').decode()
                answer.setdefault(name.lower(), []).append(value)
            return response.status, answer, response.read()
        finally:
            connection.close()

    def get(self, target):
        """The body of the answer to a GET, which must be a 200."""
        status, _, body = self.ask('GET', target)
        assert status == 200, (status, body, self.log())
        return body
