"""Firmware as `make firmware` leaves it: what it does, its report, the same bytes twice."""

import hashlib
import json
import shutil
import socket
import subprocess
import time
import urllib.request

import pytest

import building
import needs
from firmware import kept
from microdot_kit import boards, keys
from microdot_kit.steps import environment

EVERYTHING = 10500  # ... with names that load what few requests need
START = 60  # seconds that a slow machine may take to start a server
APP = """
from microdot import Microdot

application = Microdot()


@application.get('/')
async def index(request):
    return {'name': __name__}
"""


@pytest.fixture(scope='module')
def unix():
    return building.firmware('unix')


@pytest.fixture(scope='module')
def rpi_pico():
    return building.firmware('rpi_pico')


def report(folder):
    return json.loads((folder / 'size.json').read_text())


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class Serving:
    """The executable with some arguments, serving on a free port of 127.0.0.1."""

    def __init__(self, executable, *arguments, cwd=None):
        self.port = free_port()
        command = [str(executable), '--host', '127.0.0.1', f'--port={self.port}', *arguments]
        self.process = subprocess.Popen(
            command, cwd=cwd, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.kill()
        self.process.communicate()

    def get(self, path='/'):
        end = time.monotonic() + START
        while True:
            try:
                with urllib.request.urlopen(f'http://127.0.0.1:{self.port}{path}') as response:
                    return response.read().decode()
            except urllib.error.URLError:
                assert self.process.poll() is None, self.process.stdout.read()
                assert time.monotonic() < end
                time.sleep(0.1)


def run(executable, *arguments, cwd=None):
    ended = subprocess.run(
        [str(executable), *arguments], cwd=cwd, capture_output=True, text=True, timeout=START
    )
    return ended.returncode, ended.stdout, ended.stderr


def test_the_executable_serves_the_frozen_application(unix, tmp_path):
    with Serving(unix / 'microdot', cwd=tmp_path) as server:
        assert '<!doctype html>' in server.get()
        assert json.loads(server.get('/api/status'))['requests']['total'] == 1


def test_the_executable_serves_a_file(unix, tmp_path):
    (tmp_path / 'app.py').write_text(APP)
    with Serving(unix / 'microdot', 'app.py', cwd=tmp_path) as server:
        assert json.loads(server.get()) == {'name': '__main__'}


def test_the_executable_serves_an_example(unix, tmp_path):
    hello = building.ROOT / 'examples' / 'hello' / 'hello.py'
    with Serving(unix / 'microdot', str(hello), cwd=tmp_path) as server:
        assert json.loads(server.get('/hello/Ada')) == {'hello': 'Ada'}


FILES = """
import sys
from microdot import Microdot, send_file
from microdot.utemplate import Template
import neighbor

app = Microdot()
page = Template('page.html').render(neighbor.NAME, ' '.join(sys.argv))

@app.get('/')
def index(request):
    return page

@app.get('/file')
def file(request):
    return send_file('data.txt')

app.static('/static', 'static')
"""


@pytest.mark.parametrize('path', ['app/main.py', 'main.py', '{}/app/main.py'])
def test_the_executable_finds_the_files_of_an_application(unix, tmp_path, path):
    folder = tmp_path / 'app'
    for name, text in {
        'main.py': FILES,
        'neighbor.py': "NAME = 'neighbor'\n",
        'data.txt': 'data',
        'static/style.css': 'a {}',
        'templates/page.html': '{% args a, b %}{{ a }} {{ b }}',
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    where = folder if path == 'main.py' else tmp_path
    with Serving(unix / 'microdot', path.format(tmp_path), cwd=where) as server:
        assert server.get() == 'neighbor main.py'
        assert server.get('/file') == 'data'
        assert server.get('/static/style.css') == 'a {}'


@pytest.mark.parametrize(
    ('arguments', 'line'),
    [
        (['nosuch.py'], 'nosuch.py: no such file'),
        (['--port', 'x'], '--port x: a number from 1 to 65535 is needed'),
        (['empty.py'], 'empty.py has no application: it needs a line such as app = Microdot()'),
        (['--nosuch'], 'microdot [--host HOST] [--port PORT] [FILE[:NAME]]'),
    ],
)
def test_the_executable_says_what_is_wrong(unix, tmp_path, arguments, line):
    (tmp_path / 'empty.py').touch()
    status, output, errors = run(unix / 'microdot', *arguments, cwd=tmp_path)
    assert (status, output) == (2, '')
    assert errors.splitlines()[0] == line


def test_a_port_in_use(unix, tmp_path):
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen(1)
        port = str(taken.getsockname()[1])
        status, _, errors = run(unix / 'microdot', '--host', '127.0.0.1', '--port', port)
    assert (status, errors) == (2, 'The port is in use. Choose another: --port 8080\n')


def test_with_options_the_executable_is_plain_micropython(unix, tmp_path):
    status, output, _ = run(unix / 'microdot', '-c', 'import microdot; print(microdot.__file__)')
    assert (status, output) == (0, 'microdot/__init__.py\n')


@pytest.mark.parametrize('board', ['unix', 'rpi_pico'])
def test_what_a_build_leaves_behind(board):
    folder = building.firmware(board)
    sums = {}
    for line in (folder / 'SHA256SUMS').read_text().splitlines():
        digest, name = line.split()
        sums[name] = digest
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    built = json.loads((folder / 'built-from.json').read_text())
    assert built['packages']['micropython']['version'].startswith('1.25.0')
    assert {'project', 'patches', 'application'} <= set(built)
    listed = json.loads((folder / 'sbom.cdx.json').read_text())
    (image,) = [
        file for file in listed['metadata']['component']['components'] if file['name'] in sums
    ][:1]
    assert image['hashes'][0]['content'] == sums[image['name']]
    sizes = report(folder)
    assert sizes['flash'] > 300000
    modules = sizes['modules']
    assert modules['microdot/server.py'] > 500
    assert modules['assets.py'] > 5000  # its literals are counted
    assert sum(modules.values()) < sizes['flash']
    for name in modules:
        assert name in (folder / 'size.txt').read_text()


@pytest.mark.parametrize('board', ['unix', 'rpi_pico'])
def test_nothing_of_this_machine_is_in_a_firmware(board):
    folder = building.firmware(board)
    image = 'microdot' if board == 'unix' else 'firmware.bin'
    content = (folder / image).read_bytes()
    assert str(building.ROOT).encode() not in content
    assert b'MicroPython v1.25.0 on 2025-04-15' in content


def test_the_image_fits_below_romfs(rpi_pico):
    flash = boards.find('rpi_pico')['flash']
    content = (rpi_pico / 'firmware.bin').read_bytes()
    assert len(content) <= flash['romfs']['offset']
    assert content[:256].hex() != '00' * 256  # the second stage of the boot loader
    blocks = (rpi_pico / 'firmware.uf2').read_bytes()
    assert len(blocks) == 512 * -(-len(content) // 256)
    assert int.from_bytes(blocks[28:32], 'little') == flash_family('rpi_pico')


def flash_family(board):
    return boards.find(board)['uf2_family']


def test_importing_the_frozen_core_keeps_little_memory(rpi_pico):
    heap = report(rpi_pico)['kept']
    core, names = (heap[title] for title in kept.STEPS)
    assert 0 < core <= names <= EVERYTHING
    for title in kept.STEPS:
        assert title in (rpi_pico / 'size.txt').read_text()


def check_key(board, project, folder):
    """Build once more, with a key for updates, and look for that."""
    _, public = keys.make(folder)
    status, output = building.make('firmware', f'BOARD={board}', f'KEY={public}', root=project)
    assert status == 0, output
    made = project / 'build' / 'firmware' / board
    key = keys.public_key(public)
    image = 'microdot' if board == 'unix' else 'firmware.bin'
    assert key in (made / image).read_bytes()
    if board == 'unix':
        code = 'import update_key as a; print(a.KEY.hex(), a.BOARD)'
        assert run(made / image, '-c', code) == (0, f'{key.hex()} unix\n', '')


@pytest.mark.parametrize('board', ['unix', 'rpi_pico'])
def test_the_same_bytes_from_another_build_and_a_key(board, tmp_path):
    if not needs.in_ci():
        pytest.skip('takes minutes: CI=true make test T=tests/firmware/test_firmware_build.py')
    building.firmware.cache_clear()
    here = building.firmware(board)
    project = building.project(tmp_path / 'a-longer-name' / 'project')
    status, output = building.make('firmware', f'BOARD={board}', root=project)
    assert status == 0, output
    elsewhere = (project / 'build' / 'firmware' / board / 'SHA256SUMS').read_text()
    assert (here / 'SHA256SUMS').read_text() == elsewhere
    check_key(board, project, tmp_path / 'keys')
    shutil.rmtree(project)


def test_an_image_that_is_too_large_is_refused(rpi_pico, tmp_path, monkeypatch):
    from types import SimpleNamespace

    from firmware import report as reports

    facts = boards.find('rpi_pico')
    facts['flash']['romfs']['offset'] = 4096
    job = SimpleNamespace(board='rpi_pico', facts=facts, work=rpi_pico, tree=tmp_path)
    with pytest.raises(building.steps.Failure, match='there is room for 4096 below ROMFS'):
        reports.rp2_images(job, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ('arguments', 'line'),
    [
        (['BOARD=nosuch'], 'BOARD=nosuch: no such board. There are: rpi_pico, '),
        (['BOARD=unix', 'APP=nosuch'], 'APP=nosuch: no main.py in there, and not a file'),
        (['BOARD=rpi_pico', 'SETUP=1'], 'SETUP=1: rpi_pico has no Wi-Fi to be set up'),
        (['BOARD=unix', 'MICROPYTHON_DIR=lib'], 'MICROPYTHON_DIR=lib: no MicroPython checkout'),
        (['BOARD=rpi_pico_w'], 'rpi_pico_w needs the driver of its radio, which no package has: '),
        (['BOARD=rpi_pico2_w'], 'rpi_pico2_w needs the driver of its radio, '),
    ],
)
def test_make_says_what_is_wrong(arguments, line):
    building.tree('rp2')  # or there is something else wrong
    status, output = building.make('firmware', *arguments)
    assert status != 0
    assert any(said.startswith(line) for said in output.splitlines()), output
    assert 'Traceback' not in output
