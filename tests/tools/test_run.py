"""tools/run.py and `make run`: what is served, where, how it stops, and what it refuses."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

import runtimes

RUN = [sys.executable, str(runtimes.ROOT / 'tools' / 'run.py')]
DEADLINE = 20
RUNTIMES = pytest.mark.parametrize('runtime', ['micropython', 'cpython'])

APP = """
from microdot import Microdot
app = Microdot()

@app.get('/')
def index(request):
    return NAME
"""
OTHER = 'from microdot import Microdot\nother = Microdot()\n'
IN_ITS_FOLDER = APP + "\nimport neighbor\nNAME = neighbor.NAME + open('data.txt').read()\n"
RUNS_ITSELF = """
import asyncio
NAME = __name__

async def main():
    await app.start_server(host='127.0.0.2', port=1, debug=False)

if __name__ == '__main__':
    {}
"""

# (the source, :NAME, what it answers)
SERVED = (
    (APP + "NAME = 'one'\n", '', 'one'),
    (APP.replace('app', 'site') + "NAME = 'only'\n", '', 'only'),
    (APP + OTHER + "NAME = 'app first'\n", '', 'app first'),
    (OTHER + APP.replace('app', 'site') + 'NAME = __name__\n', ':site', 'site'),
    (IN_ITS_FOLDER, '', 'neighbor data'),
    (APP + RUNS_ITSELF.format("app.run(host='127.0.0.2', port=1)"), '', '__main__'),
    (APP + RUNS_ITSELF.format('asyncio.run(main())'), '', '__main__'),
)

# (the source, options, what the one line says)
REFUSED = (
    (None, [], 'file.py: no such file. Name your application: make run APP='),
    ('x = 1\n', [], 'has no application: it needs a line such as app = Microdot()'),
    (APP, [':nosuch'], 'has no application called nosuch'),
    (OTHER + 'another = Microdot()\n', [], '(another, other): choose with APP=file.py:NAME'),
    (APP, ['--port', '0'], 'PORT=0: a number from 1 to 65535 is needed'),
    (APP, ['--port', 'http'], 'PORT=http: a number'),
    (APP, ['--heap', '12X'], 'HEAP=12X: a size such as 192K or 2M is needed'),
    (APP, ['--host', '192.0.2.1'], 'HOST=192.0.2.1: not an address of this machine'),
)


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class Running:
    """A command that serves, as a context manager; leaving it kills what is left of the group."""

    def __init__(self, command, port, cwd):
        self.url = f'http://127.0.0.1:{port}/'
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def get(self):
        """The body of a GET, tried until the server answers."""
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                with urllib.request.urlopen(self.url, timeout=DEADLINE) as reply:
                    return reply.read().decode()
            except urllib.error.URLError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError('it does not serve: ' + self.end(signal.SIGKILL)[1])
                time.sleep(0.05)

    def end(self, number, group=False):
        """Send a signal to the process (to its group: as Ctrl-C does); return status and output."""
        if self.process.poll() is None:
            (os.killpg if group else os.kill)(self.process.pid, number)
        output, _ = self.process.communicate(timeout=DEADLINE)
        return self.process.returncode, output

    def group_is_gone(self):
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return True
        return False

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        if not self.group_is_gone():
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(DEADLINE)
        self.process.stdout.close()


def serve(folder, runtime, name=''):
    port = free_port()
    options = ['--port', str(port), '--runtime', runtime]
    return Running([*RUN, f'folder/file.py{name}', *options], port, folder)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'folder' / 'neighbor.py').write_text("NAME = 'neighbor '\n")
    (tmp_path / 'folder' / 'data.txt').write_text('data')
    (tmp_path / 'folder' / 'file.py').write_text(APP + "NAME = 'here'\n")
    return tmp_path


@RUNTIMES
@pytest.mark.parametrize(('source', 'name', 'body'), SERVED)
def test_what_is_served(folder, runtime, source, name, body):
    (folder / 'folder' / 'file.py').write_text(source)
    with serve(folder, runtime, name) as server:
        assert server.get() == body


@RUNTIMES
@pytest.mark.parametrize(('source', 'options', 'line'), REFUSED)
def test_what_is_refused(tmp_path, runtime, source, options, line):
    if '--heap' in options and runtime == 'cpython':
        options = [*options, '--runtime', 'micropython']  # the heap is MicroPython's alone
    if source is not None:
        (tmp_path / 'file.py').write_text(source)
    name = ''.join(option for option in options if option.startswith(':'))
    options = [option for option in options if not option.startswith(':')]
    port = [] if '--port' in options else ['--port', str(free_port())]
    command = [*RUN, 'file.py' + name, '--runtime', runtime, *port, *options]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=DEADLINE)
    assert ended.returncode == 2
    assert line in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@RUNTIMES
def test_a_folder_is_its_main_file(folder, runtime):
    (folder / 'folder' / 'file.py').rename(folder / 'folder' / 'main.py')
    port = free_port()
    command = [*RUN, 'folder', '--port', str(port), '--runtime', runtime]
    with Running(command, port, folder) as server:
        assert server.get() == 'here'
    (folder / 'folder' / 'main.py').unlink()
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=DEADLINE)
    assert ended.stderr.startswith('folder: no main.py in there. Name your application: make run')


@RUNTIMES
def test_a_port_in_use(folder, runtime):
    with serve(folder, 'cpython') as server:
        server.get()
        port = server.url.split(':')[-1].strip('/')
        command = [*RUN, 'folder/file.py', '--runtime', runtime, '--port', port]
        ended = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=DEADLINE
        )
    assert ended.returncode == 2
    line = f'Port {port}: address already in use. Choose another: make run PORT=8080\n'
    assert ended.stderr == line


@RUNTIMES
def test_ctrl_c(folder, runtime):
    with serve(folder, runtime) as server:
        server.get()
        status, output = server.end(signal.SIGINT)
        assert status == 0
        assert 'Traceback' not in output
        assert f'http://localhost:{server.url.split(":")[-1].strip("/")}' in output
        assert output.endswith('\nStopped.\n')
        assert server.group_is_gone()


def test_make_run(project, folder):
    """Through make, whose Ctrl-C reaches make, its shell and the server alike."""
    port = free_port()
    environment = project.folder / '.venv'
    environment.mkdir()
    (environment / 'bin').symlink_to(os.path.dirname(sys.executable))
    (project.folder / 'lib').symlink_to(runtimes.LIB)
    options = [f'APP={folder}/folder/file.py', f'PORT={port}', 'HEAP=256K']
    command = ['make', 'run', f'MICROPYTHON={project.environment["MICROPYTHON"]}', *options]
    with Running(command, port, project.folder) as server:
        assert server.get() == 'here'
        _, output = server.end(signal.SIGINT, group=True)
        assert 'Serving on micropython' in output
        assert 'Stopped.' in output
        assert 'Traceback' not in output
        assert server.group_is_gone()


def test_make_passes_any_name_on(project):
    (project.folder / '.venv').mkdir()
    (project.folder / '.venv' / 'bin').symlink_to(os.path.dirname(sys.executable))
    for name in ("it's $$(here).py", 'a "b" `c`; d.py'):
        status, output = project.run('make', 'run', 'RUNTIME=cpython', f'APP={name}')
        assert status != 0
        shown = name.replace('$$', '$')
        assert output.splitlines()[0].startswith(f'{shown}: no such file. Name your'), output
