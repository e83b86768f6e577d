"""tools/bundle.py: the core as one file, on both runtimes."""

import ast
import os
import shutil
import subprocess
import sys

import installed
import pytest

import needs
from microdot_kit import payload, runtimes
from release import bundle

DEADLINE = 240
SOURCE_HEAP = '1M'  # as source it is compiled as a whole
# How the core tests run on it: compiled as in a release; as source only where all is tried.
FORMS = [('mpy', installed.HEAP), ('py', SOURCE_HEAP)]
# What the tests of the core take from modules of the package, beside the file.
RUNNER = """
import sys

import microdot

assert not hasattr(microdot, '__path__')  # a module, not a package
microdot.__path__ = {beside!r} if sys.implementation.name == 'micropython' else [{beside!r}]
sys.path.insert(1, {tests!r})
import installed_runner

installed_runner.main(sys.argv[1:])
"""
NAMES = """
    Microdot Request Response abort redirect send_file URLPattern AsyncBytesIO iscoroutine
    urldecode urlencode NoCaseDict MultiDict mro HTTPException invoke_handler print_exception
    MUTED_SOCKET_ERRORS json __version__
""".split()
APPLICATION = """
import asyncio, sys
import microdot
from microdot import NAMES

app = Microdot()

@app.get('/<int:number>')
async def index(request, number):
    return {'number': number, 'name': request.args.get('name')}

@app.get('/stop')
def stop(request):
    request.app.shutdown()
    return 'stopped'

async def get(port, path):
    reader, writer = await asyncio.open_connection('127.0.0.1', port)
    writer.write(('GET ' + path + ' HTTP/1.0\\r\\n\\r\\n').encode())
    await writer.drain()
    answer = await reader.read(-1)
    writer.close()
    await writer.wait_closed()
    return answer.decode().split('\\r\\n')

async def main():
    port = int(sys.argv[1])
    server = asyncio.create_task(app.start_server('127.0.0.1', port))
    for _ in range(500):
        await asyncio.sleep(0.02)
        if app.server:
            break
    for path in ('/5?name=%41', '/x', '/stop'):
        answer = await get(port, path)
        print(answer[0], answer[-1])
    await server

asyncio.run(main())
""".replace('NAMES', ', '.join(NAMES))
ANSWERS = [
    'HTTP/1.0 200 OK {"number": 5, "name": "A"}',
    'HTTP/1.0 404 Not Found Not found',
    'HTTP/1.0 200 OK stopped',
]


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """The folder with the file alone."""
    folder = tmp_path_factory.mktemp('bundle')
    bundle.main([str(folder / 'microdot.py')])
    return folder


@pytest.fixture(scope='module')
def compiled(made, tmp_path_factory):
    """The folder with the file alone, compiled as in a release."""
    folder = tmp_path_factory.mktemp('compiled')
    data = payload.compile_one('microdot.py', made / 'microdot.py', 3, '')
    (folder / 'microdot.mpy').write_bytes(data)
    return folder


@pytest.fixture(scope='module')
def runner(tmp_path_factory):
    """A program that runs core tests on the file.

    They import modules of the package, and the test client does. So `microdot` gets a `__path__`
    to a folder in which the modules that went into the file only have its names.
    """
    folder = tmp_path_factory.mktemp('beside')
    shutil.copytree(runtimes.LIB / 'microdot', folder / 'modules')
    for name in bundle.Bundle().modules:
        (folder / 'modules' / (name + '.py')).write_text(
            'import microdot\nfor name, value in microdot.__dict__.items():\n'
            "    if name[:2] != '__':\n"
            '        globals()[name] = value\n'
        )
    (folder / 'modules' / '__init__.py').unlink()
    program = folder / 'runner.py'
    beside, tests = str(folder / 'modules'), str(runtimes.ROOT / 'tests')
    program.write_text(RUNNER.format(beside=beside, tests=tests))
    return program


def free_port():
    import socket

    with socket.socket() as listening:
        listening.bind(('127.0.0.1', 0))
        return listening.getsockname()[1]


def run(command, folder, **environment):
    ended = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_alone_on_cpython(made, tmp_path):
    command = [sys.executable, '-B', '-W', 'error', '-c', APPLICATION, str(free_port())]
    assert run(command, tmp_path, PYTHONPATH=str(made)).splitlines() == ANSWERS


@pytest.mark.parametrize(('kind', 'heap'), [('mpy', runtimes.HEAP), ('py', SOURCE_HEAP)])
def test_alone_on_micropython(kind, heap, made, compiled, tmp_path):
    needs.micropython()
    script = tmp_path / 'application.py'
    script.write_text(APPLICATION)
    folder = {'py': made, 'mpy': compiled}[kind]
    command = [*runtimes.micropython_command(heap), str(script), str(free_port())]
    path = f'{folder}:.frozen'
    assert run(command, tmp_path, MICROPYPATH=path).splitlines() == ANSWERS


def check(outcome, file, beside):
    """Assert that all tests passed on the file, and all else came from beside it."""
    (alone,) = [path for path in outcome.imported if path.parent == file.parent]
    assert alone == file
    outcome.imported.discard(file)
    outcome.check(installed.files_of('core'), beside)


@pytest.mark.slow
def test_it_passes_the_core_tests_on_cpython(made, runner):
    files = installed.files_of('core')
    outcome = installed.on_cpython(sys.executable, files, runner=runner, folder=made)
    check(outcome, made / 'microdot.py', runner.parent)


@pytest.mark.slow
@pytest.mark.parametrize(('kind', 'heap'), FORMS if needs.in_ci() else FORMS[:1])
def test_it_passes_the_core_tests_on_micropython(kind, heap, made, compiled, runner):
    folder = {'py': made, 'mpy': compiled}[kind]
    files = installed.files_of('core')
    outcome = installed.on_unix(folder, files, runner=runner, heap=heap)
    check(outcome, folder / f'microdot.{kind}', runner.parent)


def test_an_extension_is_missed_in_one_line(made, tmp_path):
    script = 'from microdot import Microdot\nMicrodot().static("/", ".")\n'
    command = [sys.executable, '-B', '-c', script]
    ended = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, 'PYTHONPATH': str(made)}, capture_output=True
    )
    assert b"No module named 'microdot.static'" in ended.stderr


def test_nothing_of_a_package_is_left(made):
    tree = ast.parse((made / 'microdot.py').read_text())
    for node in ast.walk(tree):
        assert not isinstance(node, ast.ImportFrom) or not node.level
    defined = [name.name for name in tree.body if hasattr(name, 'name')]
    assert len(defined) == len(set(defined))


def test_the_same_sources_give_the_same_bytes(made):
    assert bundle.Bundle().text == (made / 'microdot.py').read_text()


def package_with(tmp_path, monkeypatch, **changes):
    """A copy of the package in which modules have more at their end."""
    package = tmp_path / 'microdot'
    shutil.copytree(runtimes.LIB / 'microdot', package)
    for name, text in changes.items():
        with open(package / (name + '.py'), 'a') as file:
            file.write(text)
    monkeypatch.setattr(bundle, 'PACKAGE', package)


def test_each_module_is_where_it_is_first_imported(tmp_path, monkeypatch):
    package_with(
        tmp_path,
        monkeypatch,
        routing='\n\ndef found():\n    from .cookies import late\n\n    return late, BASE\n',
        response='\nfrom .registry import TYPES\n\nKINDS = TYPES\nBASE = KINDS\n',
        cookies='\nfrom .response import BASE\n\n\ndef late():\n    return BASE\n',
    )
    names = {}
    exec(compile(bundle.Bundle().text, 'microdot.py', 'exec'), names)
    assert names['found']() == (names['late'], names['TYPES'])
    assert names['late']() is names['KINDS']


@pytest.mark.parametrize(
    ('module', 'text', 'said'),
    [
        ('cookies', '\n\ndef refuse():\n    pass\n', 'cookies.py: refuse is in http1.py too'),
        ('cookies', '\nfor refuse in ():\n    pass\n', 'cookies.py: refuse is in http1.py too'),
        ('cookies', '\nimport json as re\n', r'cookies.py: re is in \w+.py too'),
        ('compat_rare', '\nPIECE = 1\n', 'compat_rare.py: PIECE is in compat.py too'),
        ('cookies', '\nopen = None\n', 'cookies.py: open is a name of Python itself'),
        (
            'cookies',
            '\nfrom .http1 import refuse as no\n',
            r'cookies.py:\d+: gives a name of http1',
        ),
    ],
)
def test_what_cannot_be_merged_ends_it(module, text, said, tmp_path, monkeypatch):
    package_with(tmp_path, monkeypatch, **{module: text})
    file = tmp_path / 'made' / 'microdot.py'
    with pytest.raises(SystemExit, match=said) as raised:
        bundle.main([str(file)])
    assert '\n' not in raised.value.code
    assert not file.exists()
