"""What others take from the project: the package that pip installs, the manifest of a firmware."""

import json
import shutil
import subprocess
import sys

import pytest

import runtimes

DEADLINE = 300
# Not frozen into a firmware: for tests, for CPython.
NOT_FROZEN = {'test_client.py', 'test_client_websocket.py', 'compat_cpython.py'}

INSTALLED = """
import importlib.metadata, json, microdot
data = importlib.metadata.metadata('microdot-kit')
print(json.dumps({
    'file': microdot.__file__,
    'versions': [data['Version'], microdot.__version__],
    'required': [line for line in data.get_all('Requires-Dist') or [] if 'extra ==' not in line],
    'extras': sorted(data.get_all('Provides-Extra')),
    'license': data['License-Expression'],
    'names': sorted(d.metadata['Name'] for d in importlib.metadata.distributions()),
}))
"""


def run(*command, cwd):
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=DEADLINE)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """What a new environment knows after `pip install .` in a copy of the project."""
    folder = tmp_path_factory.mktemp('packaging')
    copy = folder / 'project'
    copy.mkdir()
    for name in ('pyproject.toml', 'LICENSE', 'README.md'):
        shutil.copy(runtimes.ROOT / name, copy)
    shutil.copytree(runtimes.LIB, copy / 'lib', ignore=shutil.ignore_patterns('__pycache__'))
    run(sys.executable, '-m', 'venv', str(folder / 'new'), cwd=folder)
    python = str(folder / 'new' / 'bin' / 'python')
    run(python, '-m', 'pip', 'install', '-qq', '--disable-pip-version-check', '.', cwd=copy)
    return json.loads(run(python, '-I', '-c', INSTALLED, cwd=folder))


def test_pip_install(installed):
    assert 'site-packages' in installed['file']
    assert len(set(installed['versions'])) == 1
    assert installed['license'] == 'MIT'


def test_nothing_else_is_required(installed):
    assert installed['required'] == []
    assert set(installed['names']) <= {'microdot-kit', 'pip', 'setuptools'}


def test_extras(installed):
    assert installed['extras'] == ['docs', 'sessions', 'templates', 'tests']


def read_manifest():
    """Run manifest.py the way MicroPython's build does; return what it asked for, in order."""
    asked = []
    functions = {
        'metadata': lambda **about: asked.append(('metadata', '', about)),
        'package': lambda name, files=None, **options: asked.append((name, files, options)),
        'module': lambda name, **options: asked.append((None, [name], options)),
    }
    source = (runtimes.ROOT / 'manifest.py').read_text()
    exec(compile(source, 'manifest.py', 'exec'), functions)
    return asked


def test_the_manifest_names_the_modules_that_there_are():
    modules = {path.name for path in (runtimes.LIB / 'microdot').glob('*.py')}
    (name, files, options) = read_manifest()[1]
    assert name == 'microdot'
    assert runtimes.ROOT / options['base_path'] == runtimes.LIB
    assert sorted(files) == sorted(modules - NOT_FROZEN)


def test_the_manifest_has_the_version():
    import microdot

    assert read_manifest()[0][2]['version'] == microdot.__version__
