"""Starts an application file as `make run` does, and talks to it over one connection."""

import contextlib
import http.client
import json
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parents[1]
KIT = ROOT / 'tools' / 'microdot_kit'
DEADLINE = 30  # seconds until a server answers; only a hang takes so long


class Server:
    """A running application: its process, its port, and what it has printed."""

    def __init__(self, process, port, log):
        self.process, self.port, self.log = process, port, log
        self.url = f'http://127.0.0.1:{port}'

    def output(self):
        return self.log.read_text()

    def check(self):
        """AssertionError with what it printed if there is a traceback in it."""
        output = self.output()
        if 'Traceback' in output:
            raise AssertionError(output)

    def wait(self):
        """Return when the port answers; AssertionError with the output if it never does."""
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.output()
            with contextlib.suppress(OSError):
                socket.create_connection(('127.0.0.1', self.port), timeout=5).close()
                return
            time.sleep(0.05)
        raise AssertionError('no answer: ' + self.output())


def copied(app, folder):
    """Return the file `app` in a copy of its folder, where an example may write."""
    path = ROOT / app
    ignored = shutil.ignore_patterns(
        'files', 'secret.key', 'password.json', '*.pem', '*.der', '__pycache__'
    )
    shutil.copytree(path.parent, folder / path.parent.name, ignore=ignored)
    return folder / path.parent.name / path.name


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(command, port, folder, **options):
    """Run a command that serves on a port until the block ends; its output goes to the folder."""
    log = folder / 'server.log'
    with log.open('wb') as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, **options)
    server = Server(process, port, log)
    try:
        server.wait()
        yield server
        server.check()
    finally:
        process.kill()
        process.wait(DEADLINE)


def serve(app, runtime, folder, port=None):
    """Serve the file `app` (a path, if not absolute from the top of the project), for a block."""
    port = port or free_port()
    command = [
        sys.executable,
        str(KIT),
        'run',
        str(ROOT / app),
        '--port',
        str(port),
        '--runtime',
        runtime,
    ]
    return running(command, port, folder)


class Client:
    """One connection, never opened again: an exchange after the server closed it fails."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=DEADLINE)
        self.connection.connect()
        self.connection.auto_open = 0

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.connection.close()

    def send(self, method, path, body=None, headers=None):
        """Return `(status, headers, text)` of one exchange."""
        self.connection.request(method, path, body, headers or {})
        response = self.connection.getresponse()
        return response.status, response.headers, response.read().decode()

    def get(self, path):
        return self.send('GET', path)

    def json(self, path):
        status, _, text = self.get(path)
        assert status == 200, (status, text)
        return json.loads(text)

    def post(self, path, form, **headers):
        headers['Content-Type'] = 'application/x-www-form-urlencoded'
        return self.send('POST', path, urlencode(form), headers)
