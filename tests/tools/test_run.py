"""microdot-kit run and `make run`: what is served, where, how it stops, and what it refuses."""

import errno
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
import segno

import needs
from firmware import sources
from microdot_kit import run, runtimes

RUN = runtimes.kit_command('run')
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

TLS = """
import ssl
import sys

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
kind = 'der' if sys.implementation.name == 'micropython' else 'pem'
context.load_cert_chain('cert.' + kind, 'key.' + kind)
app.run(ssl=context)
"""
# Makes a wheel out of nothing but the standard library.
BACKEND = """
import zipfile

METADATA = 'Metadata-Version: 2.1\\nName: nothing-of-note\\nVersion: 1\\n'
WHEEL = 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n'

def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = 'nothing_of_note-1-py3-none-any.whl'
    with zipfile.ZipFile(folder + '/' + name, 'w') as wheel:
        wheel.write('nothing_of_note/__init__.py')
        for file, text in (('METADATA', METADATA), ('WHEEL', WHEEL), ('RECORD', '')):
            wheel.writestr('nothing_of_note-1.dist-info/' + file, text)
    return name
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
    ('import sys\n' + APP + "NAME = ' '.join(sys.argv)\n", '', 'file.py'),
)

LARGE = (
    APP.replace('NAME', "bytes(500_000) and 'made'")
    + "\n@app.get('/small')\ndef small(request):\n    return 'small'\n"
)
CAUGHT = LARGE + "\n@app.errorhandler(Exception)\ndef all(request, exc):\n    return 'caught'\n"

# (the source, options, what the one line says)
REFUSED = (
    (None, [], 'file.py: no such file. Name your application: make run APP='),
    ('x = 1\n', [], 'has no application: it needs a line such as app = Microdot()'),
    (APP, [':nosuch'], 'has no application called nosuch'),
    (OTHER + 'another = Microdot()\n', [], '(another, other): choose with APP=file.py:NAME'),
    (APP, ['--port', '0'], 'PORT=0: a number from 1 to 65535 is needed'),
    (APP, ['--port', 'http'], 'PORT=http: a number'),
    (APP, ['--heap', '12X'], 'HEAP=12X: a size such as 192K or 2M is needed'),
    (APP, ['--heap', '10K'], 'HEAP=10K: too small to start anything, the default is 256K'),
    (APP, ['--heap', '16384'], 'HEAP=16384: too small to start anything'),
    (APP, ['--heap', '40K'], 'is too small: give it more, make run HEAP='),
    (APP, ['--runtime', 'pypy'], 'RUNTIME=pypy: micropython or cpython or board is needed'),
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
@pytest.mark.parametrize(
    ('source', 'frames'),
    [('x = 1\nif x\n', 1), ('def f():\n    return 1 / 0\n\n\nf()\n', 2), ('import nosuch\n', 1)],
)
def test_a_traceback_is_of_the_application_alone(tmp_path, runtime, source, frames):
    (tmp_path / 'file.py').write_text(source)
    command = [*RUN, 'file.py', '--runtime', runtime, '--port', str(free_port())]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    files = re.findall('  File "(.*)"', ended.stderr)
    assert files == ['file.py'] * frames, ended.stderr


@RUNTIMES
def test_a_folder_is_its_main_file(folder, runtime):
    (folder / 'folder' / 'file.py').rename(folder / 'folder' / 'main.py')
    port = free_port()
    command = [*RUN, 'folder', '--port', str(port), '--runtime', runtime]
    with Running(command, port, folder) as server:
        assert server.get() == 'here'
    (folder / 'folder' / 'main.py').unlink()
    (folder / 'hello.py').touch()
    for name, said, only in (('folder', 'folder', 'folder/neighbor'), ('', '.', 'hello')):
        command[len(RUN)] = name
        ended = subprocess.run(command, cwd=folder, stderr=subprocess.PIPE, text=True, timeout=60)
        assert ended.stderr.startswith(f'{said}: no main.py in there. Name your application: ')
        assert ended.stderr.endswith(f' APP={only}.py\n')


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
def test_a_port_in_use_by_a_program_of_its_own(folder, runtime):
    """Without run.py: one line, unless the program deals with it."""
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        there = f"'127.0.0.1', {port}"
        start = f'import asyncio\ntry:\n    asyncio.run(app.start_server({there}))\n'
        caught = f"{start}except OSError as exc:\n    print('errno', exc.errno)\n"
        (folder / 'own.py').write_text(f'{APP}{caught}app.run({there})\n')
        command = run.command(runtime, runtimes.HEAP, ['own.py'])
        ended = subprocess.run(
            command[0],
            env=command[1],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
    assert ended.stdout == f'errno {errno.EADDRINUSE}\n'
    line = f'Port {port}: address already in use. Choose another: app.run(port=8080)\n'
    assert (ended.returncode, ended.stderr) == (1, line)


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


def test_a_request_that_does_not_fit_is_told_once(folder):
    (folder / 'folder' / 'file.py').write_text(LARGE)
    with serve(folder, 'micropython') as server:
        root = server.url
        server.url += 'small'
        assert server.get() == 'small'
        for _ in range(2):
            with pytest.raises(urllib.error.HTTPError, match='503'):
                urllib.request.urlopen(root, timeout=DEADLINE)
        assert server.get() == 'small'
        _, output = server.end(signal.SIGINT)
    (said,) = [line for line in output.splitlines() if line.startswith('The heap of ')]
    assert 'KB on a board) is too small: give it more, make run HEAP=512K.' in said


def test_an_application_that_handles_it_is_left_alone(folder):
    (folder / 'folder' / 'file.py').write_text(CAUGHT)
    with serve(folder, 'micropython') as server:
        assert server.get() == 'caught'
        assert 'The heap of ' not in server.end(signal.SIGINT)[1]


def test_an_application_that_does_not_fit(folder):
    (folder / 'folder' / 'file.py').write_text('large = bytes(500_000)\n')
    command = [*RUN, 'folder/file.py', '--port', str(free_port())]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=DEADLINE)
    assert ended.returncode == 2
    assert ended.stderr.startswith('The heap of ') and len(ended.stderr.splitlines()) == 1


@pytest.mark.slow
def test_the_micropython_of_the_firmware(folder):
    program = needs.like_a_board()
    (folder / 'folder' / 'file.py').write_text(LARGE)
    with serve(folder, 'board') as server:
        root, server.url = server.url, server.url + 'small'
        assert server.get() == 'small'
        with pytest.raises(urllib.error.HTTPError, match='503'):
            urllib.request.urlopen(root, timeout=DEADLINE)
        _, output = server.end(signal.SIGINT)
    version = sources.pins()['packages']['micropython']['version'].partition('+')[0]
    assert f'Serving on micropython {version}: ' in output
    words = subprocess.run(
        [program, '-c', 'import sys; print(sys.maxsize < 1 << 32)'], capture_output=True, text=True
    )
    if words.stdout == 'True\n':  # its heap needs no comparison
        assert ' KB is too small: give it more' in output


def test_the_micropython_of_the_firmware_is_not_built(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(runtimes, 'LIKE_A_BOARD', tmp_path / 'nowhere')
    with pytest.raises(SystemExit):
        run.command('board', runtimes.HEAP, [])
    assert capsys.readouterr().err.endswith('is not built yet: make micropython\n')


@RUNTIMES
@pytest.mark.parametrize('tls', [False, True])
def test_the_address_for_other_devices(folder, runtime, tls):
    """The URL is one that this machine answers at, and the code below it says the same."""
    if tls:
        (folder / 'folder' / 'file.py').write_text(APP + "NAME = ''\n" + TLS)
        for kind in ('der', 'pem'):
            for part in ('cert', 'key'):
                name = f'{part}.{kind}'
                source = runtimes.ROOT / 'tests' / 'core' / 'tls' / name
                (folder / 'folder' / name).write_bytes(source.read_bytes())
    port = free_port()
    address = run.network_address() or 'localhost'
    url = f'http{"s" * tls}://{address}:{port}'
    options = ['--host', '0.0.0.0', '--port', str(port), '--runtime', runtime]
    with Running([*RUN, 'folder/file.py', *options], port, folder) as server:
        if not tls:
            server.get()
            server.url = f'{url}/'
            assert server.get() == 'here'
        else:
            wait_for_listener(port)
        _, output = server.end(signal.SIGINT)
    said, *rest = output.splitlines()
    assert said.startswith(f'Serving on {runtime} ') and f': {url} (' in said
    shown = [line for line in rest if set(line) <= set('█▀▄ ') and line]
    assert '\n'.join(shown) == (run.qr_code(url) if address != 'localhost' else '')
    if address != 'localhost':
        assert decoded(shown) == segno.make(url, micro=False).matrix


def wait_for_listener(port):
    deadline = time.monotonic() + DEADLINE
    while True:
        try:
            socket.create_connection(('127.0.0.1', port)).close()
            return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def decoded(lines):
    """The modules of a QR code (1: dark), where a terminal's foreground is light."""
    rows = []
    for line in lines:
        rows.append(bytes('█▀▄ '.index(character) >> 1 for character in line))
        rows.append(bytes('█▀▄ '.index(character) & 1 for character in line))
    size = len(rows[0])
    return tuple(bytearray(row[4:-4]) for row in rows[4 : size - 4])


@pytest.mark.parametrize(
    ('host', 'network', 'url'),
    [
        ('127.0.0.1', '192.0.2.7', 'http://localhost:80'),
        ('localhost', '192.0.2.7', 'http://localhost:80'),
        ('0.0.0.0', '192.0.2.7', 'http://192.0.2.7:80'),
        ('::', '192.0.2.7', 'http://192.0.2.7:80'),
        ('0.0.0.0', None, 'http://localhost:80'),
        ('192.0.2.8', '192.0.2.7', 'http://192.0.2.8:80'),
        ('fd00::2', '192.0.2.7', 'http://[fd00::2]:80'),
    ],
)
def test_the_url_of_a_host(monkeypatch, host, network, url):
    monkeypatch.setattr(run, 'network_address', lambda: network)
    shown, codes = run.shown(host, 80)
    assert shown == url
    assert bool(codes) == ('localhost' not in url)


def packed(folder):
    """An empty package to install, in a folder named like what pip calls it."""
    (folder / 'nothing_of_note').mkdir(parents=True)
    (folder / 'nothing_of_note' / '__init__.py').write_text("NAME = 'installed'\n")
    (folder / 'pyproject.toml').write_text(
        '[project]\nname = "nothing-of-note"\nversion = "1"\n'
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (folder / 'backend.py').write_text(BACKEND)
    return folder


@pytest.mark.slow
def test_what_an_application_requires_is_installed(project, folder):
    """Once, and but for the framework, which is this one; on MicroPython nothing is."""
    subprocess.run([sys.executable, '-m', 'venv', project.folder / '.venv'], check=True)
    (project.folder / 'lib').symlink_to(runtimes.LIB)
    app = folder / 'folder' / 'file.py'
    app.write_text(APP + 'from nothing_of_note import NAME\n')
    package = packed(folder / 'package')
    requirements = folder / 'folder' / 'requirements.txt'
    requirements.write_text(f'Microdot >= 2.0\n{package}\n')
    port = free_port()
    options = ['--port', str(port)]
    command = [
        str(project.folder / '.venv/bin/python'),
        'tools/microdot_kit',
        'run',
        str(app),
        *options,
    ]
    for said in ('Installing folder/requirements.txt into .venv\n', ''):
        with Running([*command, '--runtime', 'cpython'], port, project.folder) as server:
            assert server.get() == 'installed'
            output = server.end(signal.SIGINT)[1]
            assert output.startswith(said + 'Serving on cpython')
    requirements.write_text('./nosuch\n')
    app.write_text(APP + "NAME = 'not needed here'\n")
    ended = project.run(*command, '--runtime', 'cpython')
    line = 'folder/requirements.txt could not be installed. pip says above why'
    assert ended[0] == 2 and line in ended[1].splitlines()[-1]
    with Running(
        [*RUN, str(app), *options, '--runtime', 'micropython'], port, project.folder
    ) as server:
        assert server.get() == 'not needed here'


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
