"""`make romfs`: what is in an image, that it is always the same, that MicroPython runs it."""

import os
import socket
import subprocess

import pytest

import building
from microdot_kit import payload, romfs, runtimes
from microdot_kit.steps import Failure

FILES = {
    'main.py': 'import parts\n',
    'parts.py': 'one = 1\n',
    'pages/__init__.py': 'two = 2\n',
    'static/style.css': 'body { color: teal }\n',
    'static/worker.py': 'sent = "as it is"\n',
    'templates/hello.html': '{% args name %}\nHello {{ name }}!\n',
    'settings.json': '{}',
    'README.md': 'not for the board',
    'parts.pyi': 'one: int\n',
    'test_parts.py': '',
    'tests/test_main.py': '',
    'tests/data.json': '{}',
    '.git/config': '',
    '__pycache__/parts.cpython-311.pyc': '',
    'main.py~': '',
}
PACKED = ['main.mpy', 'pages/__init__.mpy', 'parts.mpy', 'settings.json', 'static/style.css']
PACKED += ['static/worker.py', 'templates/hello_html.mpy']

LOOK = """
import os, sys, vfs
with open(sys.argv[1], 'rb') as f: image = f.read()
vfs.mount(vfs.VfsRom(memoryview(image)), '/rom')
sys.path[:] = ['/rom', '/rom/lib', '.frozen']
def walk(folder):
    for name in sorted(os.listdir('/rom/' + folder)):
        name = folder + name
        if os.stat('/rom/' + name)[0] & 0x4000: walk(name + '/')
        else: print(name)
walk('')
"""


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def app(tmp_path):
    return write(tmp_path / 'app', FILES)


def make(*arguments, cwd=runtimes.ROOT):
    """Run microdot-kit romfs and return its exit status and all that it printed."""
    ended = subprocess.run(
        runtimes.kit_command('romfs', *arguments),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    return ended.returncode, ended.stdout


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as server:
        return server.getsockname()[1]


def micropython(script, image, heap='512K'):
    """What MicroPython prints that runs a script with the image mounted."""
    command = [*runtimes.micropython_command(heap), '-c', LOOK + script, str(image)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout.splitlines()


def test_an_application_alone(app, tmp_path):
    image = tmp_path / 'a.romfs'
    status, output = make(app, '--no-framework', '--output', image)
    assert status == 0
    assert f'{image.stat().st_size:,} bytes' in output and '(7 files, ' in output
    assert micropython('', image) == PACKED


SECRET_FILES = (
    'network.json',
    'sub/network.json',
    'sub/deeper/Network.JSON',
    'network.json.bak',
    'network.json.orig',
    'main.py.bak',
    'key.pem',
    'tls/key.pem',
    'tls/server-key.pem',
    'key.der',
    'secret.key',
    'static/key.pem',
    'static/page.html.bak',
)
PUBLIC_FILES = ('tls/cert.pem', 'monkey.txt', 'key.pem.txt', 'backup', 'other-network.json')


def test_secrets_stay_out(app, tmp_path):
    for name in SECRET_FILES + PUBLIC_FILES:
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_text('{"password": "very secret"}')
    status, output = make(app, '--no-framework', '--output', tmp_path / 'a.romfs')
    assert status == 0 and 'very secret' not in output
    for name in SECRET_FILES:
        assert f'{name} stays out of the image: put it onto the board' in output
    assert output.count('stays out of the image') == len(SECRET_FILES)
    assert set(micropython('', tmp_path / 'a.romfs')) == {*PACKED, *PUBLIC_FILES}


def test_with_the_framework(app, tmp_path):
    image = tmp_path / 'a.romfs'
    assert make(app, '--output', image)[0] == 0
    names = set(micropython('', image)) - set(PACKED)
    assert names == {'lib/' + name for name in payload.framework()}
    assert {'lib/microdot/__init__.mpy', 'lib/utemplate/compiled.mpy'} < names
    assert all(name.endswith('.mpy') for name in names)
    cpython_only = ('asgi', 'wsgi', 'jinja', 'compat_cpython', 'jwt_pyjwt', 'test_client')
    assert not any(f'lib/microdot/{name}.mpy' in names for name in cpython_only)


SERVE = """
import asyncio
from microdot import Microdot
from microdot.utemplate import Template
from utemplate import compiled
import microdot, microdot.session, microdot.sse, microdot.websocket, pages
print(microdot.__file__, pages.two)
Template.initialize('/rom/templates', compiled.Loader)
app = Microdot()
@app.get('/hello/<name>')
def hello(request, name):
    return Template('hello.html').generate(name)
app.static('/', '/rom/static')
async def ask(path):
    reader, writer = await asyncio.open_connection('127.0.0.1', port)
    writer.write(b'GET ' + path + b' HTTP/1.0\\r\\n\\r\\n')
    await writer.drain()
    answer = await reader.read(-1)
    writer.close()
    await writer.wait_closed()
    return answer.split(b'\\r\\n\\r\\n', 1)[1]
async def main():
    server = asyncio.create_task(app.start_server('127.0.0.1', port))
    for _ in range(100):
        await asyncio.sleep_ms(10)
        try:
            print(await ask(b'/hello/you'))
            break
        except OSError: pass
    print(await ask(b'/style.css'))
    app.shutdown()
    await server
asyncio.run(main())
"""


def test_micropython_serves_out_of_it(app, tmp_path):
    image = tmp_path / 'a.romfs'
    assert make(app, '--output', image)[0] == 0
    *_, where, page, style = micropython(f'port = {free_port()}\n{SERVE}', image)
    assert where == '/rom/lib/microdot/__init__.mpy 2'
    assert page == "b'Hello you!\\n'"
    assert style == "b'body { color: teal }\\n'"


def test_it_is_the_same_every_time(app, tmp_path, monkeypatch):
    copy = write(tmp_path / 'elsewhere' / 'copy', dict(reversed(FILES.items())))
    images = []
    for folder, name in ((app, 'a'), (copy, 'b'), ('.', 'c')):
        images.append(tmp_path / name)
        assert make(folder, '--output', images[-1], cwd=app)[0] == 0
    monkeypatch.setattr(runtimes, 'cache', lambda: tmp_path / 'empty')  # compiled anew
    again = romfs.pack(romfs.contents(app, 'armv6m'))
    assert {path.read_bytes() for path in images} == {again}


def test_it_is_named_like_the_application():
    status, output = building.make('romfs', 'APP=examples/hello/hello.py', 'FRAMEWORK=0')
    assert status == 0, output
    assert output.startswith('build/romfs/hello.romfs: ')
    assert micropython('', runtimes.ROOT / 'build' / 'romfs' / 'hello.romfs') == ['main.mpy']


@pytest.mark.parametrize(
    ('name', 'content', 'message'),
    [
        ('parts.py', 'if x\n', 'parts.py:1 cannot be compiled: SyntaxError: invalid syntax'),
        ('static/größe.txt', '', 'static/größe.txt: names in ROMFS are ASCII'),
        ('static/big.bin', 'x' * 300000, 'ROMFS of rpi_pico has room for 262,144'),
        ('templates/bad.html', '{% if %}', 'bad.html:1: '),
        ('startup.py', '', 'startup.py is a name that the firmware uses itself'),
    ],
)
def test_what_cannot_be_packed(app, tmp_path, name, content, message):
    image = tmp_path / 'a.romfs'
    image.write_text('as it was')
    (app / name).write_text(content)
    status, output = make(app, '--output', image)
    assert status == 1
    assert message in output and output.count('\n') == 1
    assert image.read_text() == 'as it was'


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (('nowhere',), 'APP=nowhere: no main.py in there, and not a file'),
        (('examples/dashboard', '--board', 'unix'), 'BOARD=unix has no ROMFS'),
        (('examples/dashboard', '--board', 'x'), 'BOARD=x: no such board. There are: '),
    ],
)
def test_mistakes(arguments, message):
    status, output = make(*arguments)
    assert status == 1
    assert output.startswith(message) and output.count('\n') == 1


def test_a_micropython_too_old_for_the_modules(monkeypatch):
    old = {'chip': 'X', 'micropython': '1.18', 'flash': {'romfs': {'size': 4096}}}
    monkeypatch.setattr(romfs.boards, 'read', lambda: {'old': old})
    with pytest.raises(Failure, match=r'old: MicroPython 1\.18 loads none of these modules'):
        romfs.room('old')


def test_the_compiler_writes_the_version_that_boards_are_asked_for():
    data = next(iter(payload.framework().values()))
    assert data[:2] == b'M' + bytes([payload.MPY_VERSION])


def test_templates_that_are_compiled_already_stay(app, tmp_path):
    command = runtimes.kit_command('templates', app / 'templates', '--autoescape')
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    files = payload.app_files(app)
    assert 'templates/hello_html.py' not in files
    compiled = payload.compile_one(
        'templates/hello_html.py', app / 'templates' / 'hello_html.py', 0, ''
    )
    assert files['templates/hello_html.mpy'] == compiled


def test_what_is_compiled_is_kept(app, tmp_path, monkeypatch):
    monkeypatch.setattr(runtimes, 'cache', lambda: tmp_path / 'kept')
    first = payload.app_files(app)
    monkeypatch.setattr(payload, 'run', lambda *command: pytest.fail('compiled again'))
    assert payload.app_files(app) == first
    assert len(os.listdir(tmp_path / 'kept' / 'mpy')) == 4  # main.py too, to see that it can be


def test_a_folder_that_cannot_be_meant(app):
    with open(app / 'holiday.mov', 'wb') as file:
        file.truncate(17 << 20)
    with pytest.raises(Failure, match='more than 16 MB in it, .* needs a folder of its own'):
        payload.app_files(app)
    (app / 'holiday.mov').unlink()
    os.mkfifo(app / 'pipe')
    with pytest.raises(Failure, match='pipe: neither a file nor a folder'):
        payload.app_files(app)
