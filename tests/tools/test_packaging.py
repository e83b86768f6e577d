"""What others take from the project: the package that pip installs, the manifest of a firmware."""

import ast
import contextlib
import json
import shutil
import subprocess
import sys

import pytest

import runtimes

DEADLINE = 300
# Not frozen into a firmware: for CPython, for tests.
NOT_FROZEN = {'asgi.py', 'compat_cpython.py', 'gateway.py', 'jinja.py', 'wsgi.py'}
NOT_FROZEN |= {'jwt_pyjwt.py', 'wsgi_websocket.py'}
NOT_FROZEN |= {path.name for path in (runtimes.LIB / 'microdot').glob('test_client*.py')}
# What the core imports when an application asks for that extension.
LOADED_IF_THERE = {'static.py'}

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


class Options:
    """What MicroPython's build gives a manifest as `options`."""

    def __init__(self, given):
        self._kwargs = given
        self._defaults = {}

    def defaults(self, **values):
        self._defaults = values

    def __getattr__(self, name):
        return self._kwargs.get(name, self._defaults.get(name))


def read_manifest(**given):
    """Run manifest.py the way MicroPython's build does; return {package: (files, options)}."""
    asked = {}
    functions = {
        'options': Options(given),
        'package': lambda name, files=None, **how: asked.update({name: (files, how)}),
        'freeze': lambda path, files, **how: asked.update({'app': ((path, files), how)}),
    }
    source = (runtimes.ROOT / 'manifest.py').read_text()
    with contextlib.chdir(runtimes.ROOT):
        exec(compile(source, 'manifest.py', 'exec'), functions)
    return asked


def frozen(**given):
    return set(read_manifest(**given)['microdot'][0])


def test_the_manifest_names_the_modules_that_there_are():
    modules = {path.name for path in (runtimes.LIB / 'microdot').glob('*.py')}
    files, how = read_manifest()['microdot']
    assert runtimes.ROOT / how['base_path'] == runtimes.LIB
    assert sorted(files) == sorted(modules - NOT_FROZEN)


def test_the_manifest_has_the_template_language():
    files, how = read_manifest()['utemplate']
    folder = runtimes.ROOT / how['base_path'] / 'utemplate'
    assert sorted(files) == sorted(path.name for path in folder.glob('*.py'))
    assert set(read_manifest(templates=False)) == {'microdot'}


@pytest.mark.parametrize(
    ('option', 'module'),
    [
        ('auth', 'auth.py'),
        ('cors', 'cors.py'),
        ('csrf', 'csrf.py'),
        ('login', 'login.py'),
        ('multipart', 'multipart.py'),
        ('session', 'session.py'),
        ('sse', 'sse.py'),
        ('static', 'static.py'),
        ('templates', 'utemplate.py'),
        ('websocket', 'websocket.py'),
    ],
)
def test_an_extension_can_be_left_out_or_taken_alone(option, module):
    core = frozen(extensions=False)
    assert module not in core
    alone = frozen(extensions=False, **{option: True})
    assert alone > core
    assert module in alone
    without = frozen(**{option: False, 'login': False})
    assert module not in without
    assert not without & (alone - core) - {'session.py', 'jwt_hs256.py'}


def test_the_core_runs_without_the_extensions():
    core = frozen(extensions=False)
    assert {'__init__.py', 'server.py', 'http1.py', 'exchange.py'} <= core
    for name in sorted(core):
        tree = ast.parse((runtimes.LIB / 'microdot' / name).read_text())
        for module in imported(tree):
            assert module in core | NOT_FROZEN | LOADED_IF_THERE, name


def imported(tree):
    """The files of the package that a module imports anywhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level and node.module:
            yield node.module + '.py'


def test_a_log_in_brings_its_session():
    assert {'session.py', 'jwt_hs256.py'} < frozen(extensions=False, login=True)


def test_the_level_of_optimization():
    assert {how['opt'] for _, how in read_manifest().values()} == {3}
    assert {how['opt'] for _, how in read_manifest(opt=0, app='/x').values()} == {0}


def test_the_manifest_takes_an_application(tmp_path):
    for name in ('b.py', 'a.py', 'package/c.py', 'notes.txt'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    files = ('a.py', 'b.py', 'package/c.py')
    assert read_manifest(app=str(tmp_path))['app'][0] == (str(tmp_path), files)


def test_a_misspelled_option():
    with pytest.raises(ValueError, match='websockets: no such option'):
        read_manifest(websockets=True)
