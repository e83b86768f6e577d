"""The types of the public API: the stubs against the code, right and wrong uses of them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import needs
from measure import server, wasm
from microdot_kit import runtimes
from release import stubs

PYRIGHT = '1.1.414'  # what many editors check types with
FILES = Path(__file__).parent / 'typed'
PACKAGES = ('microdot', 'utemplate')
# Modules that applications import.
PUBLIC = """
    microdot microdot.access_log microdot.asgi microdot.auth microdot.cors microdot.csrf
    microdot.debug microdot.guard microdot.health microdot.helpers
    microdot.jinja microdot.lifespan microdot.login microdot.microdot microdot.mqtt
    microdot.homeassistant microdot.multipart microdot.openapi microdot.openapi_cpython
    microdot.relay microdot.session
    microdot.sse microdot.static microdot.test_client microdot.topics
    microdot.update microdot.utemplate
    microdot.websocket microdot.wsgi utemplate utemplate.compiled utemplate.html utemplate.recompile
    utemplate.source
""".split()


RIGHT = ('typed_app.py', 'typed_live.py', 'typed_servers.py', 'inferred.py')


def run(module, *arguments, folder, **env):
    """Run a module's program over the stubs of this checkout; return (status, output)."""
    lib = str(runtimes.LIB)
    environment = {**os.environ, 'MYPYPATH': lib, 'PYTHONPATH': lib, **env}
    ended = subprocess.run(
        [sys.executable, '-m', module, *[str(argument) for argument in arguments]],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return ended.returncode, ended.stdout + ended.stderr


@pytest.fixture(scope='module')
def mypy(tmp_path_factory):
    """A function that checks files as strictly as can be and returns (status, output)."""
    folder = tmp_path_factory.mktemp('mypy')
    return lambda *files: run('mypy', '--strict', '--cache-dir', folder, *files, folder=folder)


def modules(suffix):
    """The modules below lib that have a file with that suffix."""
    found = set()
    for package in PACKAGES:
        for path in (runtimes.LIB / package).glob('*' + suffix):
            name = package if path.stem == '__init__' else package + '.' + path.stem
            found.add(name)
    return found


def test_every_public_module_has_stubs():
    assert set(PUBLIC) <= modules('.pyi') <= modules('.py')
    for package in PACKAGES:
        assert (runtimes.LIB / package / 'py.typed').exists()


def test_the_stubs_fit_the_code(tmp_path):
    config = tmp_path / 'mypy.ini'
    inner = modules('.py') - modules('.pyi')  # stubtest wants them, and compares nothing
    config.write_text(
        '[mypy]\n' + ''.join(f'[mypy-{name}]\nignore_errors = True\n' for name in sorted(inner))
    )
    options = ('--concise', '--mypy-config-file', config, '--allowlist', FILES / 'allowed.txt')
    status, output = run('mypy.stubtest', *options, *PACKAGES, folder=tmp_path)
    assert status == 0, output


@pytest.mark.slow
def test_stubtest_would_find_a_difference(tmp_path):
    package = tmp_path / 'microdot'
    package.mkdir()
    for path in (runtimes.LIB / 'microdot').iterdir():
        if path.suffix in ('.py', '.pyi'):
            (package / path.name).write_bytes(path.read_bytes())
    stub = package / 'cors.pyi'
    stub.write_text(stub.read_text().replace('handle_cors: bool = True', 'handle: bool = True'))
    path = {'MYPYPATH': str(tmp_path), 'PYTHONPATH': str(tmp_path)}
    config = tmp_path / 'mypy.ini'
    config.write_text('[mypy]\nignore_errors = True\n')
    options = ('--concise', '--mypy-config-file', config)
    status, output = run('mypy.stubtest', *options, 'microdot', folder=tmp_path, **path)
    assert status != 0
    assert 'microdot.cors.CORS.initialize' in output


def test_the_stubs_are_strict(mypy):
    stubs = sorted(runtimes.LIB.glob('*/*.pyi'))
    status, output = mypy(*stubs)
    assert status == 0, output


@pytest.mark.parametrize('name', RIGHT)
def test_a_typed_application(name, mypy):
    status, output = mypy(FILES / name)
    assert status == 0, output


def test_the_typed_application_of_the_documentation(mypy, tmp_path):
    text = (runtimes.ROOT / 'docs' / 'howto' / 'types.md').read_text()
    (block,) = re.findall(r'^```python\n(.*?)^```', text, re.M | re.S)
    path = tmp_path / 'main.py'
    path.write_text(block)
    status, output = mypy(path)
    assert status == 0, output
    path.write_text(block.replace('or MultiDict()', 'or {}'))  # as the page says
    assert mypy(path)[0] == 1


def test_typed_live_data_runs():
    command = [sys.executable, '-X', 'dev', FILES / 'typed_live.py']
    environment = {**os.environ, 'PYTHONPATH': str(runtimes.LIB)}
    run = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split()[1:3] == ['200', '0']


def test_the_typed_application_runs():
    script = (
        'import asyncio, json, typed_app\n'
        'answers = asyncio.run(typed_app.use())\n'
        'print(json.dumps([[answer.status_code, answer.text[:20]] for answer in answers]))\n'
    )
    ended = subprocess.run(
        [sys.executable, '-c', script],
        cwd=FILES,
        env={**os.environ, 'PYTHONPATH': str(runtimes.LIB), 'PYTHONDONTWRITEBYTECODE': '1'},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    answers = json.loads(ended.stdout)
    assert [status for status, _ in answers] == [200, 201, 422, 200, 200, 202] + [200] * 10 + [404]
    texts = [text for _, text in answers]
    assert texts[:2] == ['xx', '{"number": 1}']
    assert texts[8:10] == ['{"n": 3}', 'note=n file=a.txt']


def wrong():
    """The lines of `rejected.py` that are wrong, each with the code of mypy's error."""
    lines = enumerate((FILES / 'rejected.py').read_text().splitlines(), 1)
    return {(n, code) for n, line in lines for code in re.findall(r'# wrong: ([a-z-]+)', line)}


def test_wrong_uses_are_rejected(mypy):
    expected = wrong()
    assert len(expected) > 30
    status, output = mypy(FILES / 'rejected.py')
    assert status == 1, output
    found = set(re.findall(r'rejected\.py:(\d+): error: .*\[([a-z-]+)\]$', output, re.MULTILINE))
    # What follows from a decorator that was rejected is no other error.
    found = {(int(number), code) for number, code in found if code != 'untyped-decorator'}
    assert found == expected


@pytest.fixture(scope='module')
def pyright(tmp_path_factory):
    """What it finds in all files: {name: numbers of the lines with errors}, and what it printed."""
    try:
        node, program = wasm.install(runtimes.ROOT / 'build' / 'pyright', 'pyright', PYRIGHT)
    except server.Missing as error:
        needs.missing(str(error))
    folder = tmp_path_factory.mktemp('pyright')
    command = [node, program / 'index.js', '-p', folder, '--outputjson']
    command += ['--pythonpath', sys.executable]
    found = {name: set() for name in (*RIGHT, 'rejected.py')}
    for name in found:
        (folder / name).write_bytes((FILES / name).read_bytes())  # it takes no file from elsewhere
    options = {'include': list(found), 'extraPaths': [str(runtimes.LIB)]}
    options['typeCheckingMode'] = 'strict'
    (folder / 'pyrightconfig.json').write_text(json.dumps(options))
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300)
    report = json.loads(ended.stdout)
    assert report['summary']['filesAnalyzed'] == len(found), ended.stdout
    for error in report['generalDiagnostics']:
        found[Path(error['file']).name].add(error['range']['start']['line'] + 1)
    return found, ended.stdout


def test_stubs_have_the_texts_that_editors_would_not_find():
    for path in sorted((runtimes.LIB / 'microdot').glob('*.pyi')):
        assert stubs.filled(path.stem) == path.read_text(), '.venv/bin/python tools release.stubs'
    text = (runtimes.LIB / 'microdot' / 'application.pyi').read_text()
    assert '"""Stop serving: running requests are answered, then ``start_server`` returns.' in text
    assert '"""The functions registered by ``before_request``."""' in text


@pytest.mark.slow
@pytest.mark.parametrize('name', RIGHT)
def test_editors_accept_the_typed_application(name, pyright):
    found, output = pyright
    assert not found[name], output


@pytest.mark.slow
def test_editors_find_the_same_wrong_uses(pyright):
    found, output = pyright
    assert found['rejected.py'] == {number for number, _ in wrong()}, output
