"""What others take from the project: the package that pip installs, the manifest of a firmware."""

import ast
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import release
import runtimes
from firmware.steps import Failure

DEADLINE = 300
# Not frozen into a firmware: for CPython, for tests.
NOT_FROZEN = {'asgi.py', 'compat_cpython.py', 'gateway.py', 'jinja.py', 'wsgi.py'}
NOT_FROZEN |= {'jwt_pyjwt.py', 'wsgi_websocket.py'}
NOT_FROZEN |= {path.name for path in (runtimes.LIB / 'microdot').glob('test_client*.py')}
CORE_TESTS = ('test_routing', 'test_request', 'test_server_persistent')
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


def run(*command, cwd, **environment):
    ended = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope='module')
def built(tmp_path_factory):
    """The wheel and the sdist."""
    folder = tmp_path_factory.mktemp('built')
    release.build_packages(folder)
    (wheel,) = folder.glob('*.whl')
    (sdist,) = folder.glob('*.tar.gz')
    assert len(list(folder.iterdir())) == 2
    return wheel, sdist


def environment(folder, python, package):
    """A new environment of a Python with nothing but a package in it; returns its Python."""
    run(python, '-m', 'venv', '--without-pip', str(folder), cwd=folder.parent)
    new = str(folder / 'bin' / 'python')
    pip = (sys.executable, '-m', 'pip', '--python', new, '--disable-pip-version-check', '-qq')
    run(*pip, 'install', '--no-deps', str(package), cwd=folder.parent)
    return new


def pythons():
    """{(3, minor): path} of the CPythons at hand that the package is for, pyenv's too."""
    pyenv = Path(os.environ.get('PYENV_ROOT') or Path.home() / '.pyenv')
    names = [f'python3.{minor}' for minor in range(9, 30)]
    paths = [sys.executable, *[shutil.which(name) for name in names]]
    paths += sorted(str(path) for path in pyenv.glob('versions/3.*/bin/python'))
    found = {}
    for path in filter(None, paths):
        script = 'import sys, venv; print(*sys.version_info[:2], sys.implementation.name)'
        ended = subprocess.run([path, '-c', script], capture_output=True, text=True)
        if ended.returncode == 0 and ended.stdout.endswith(' cpython\n'):
            version = tuple(int(number) for number in ended.stdout.split()[:2])
            if version >= (3, 9):
                found.setdefault(version, path)
    return found


@pytest.fixture(scope='module')
def installed(built, tmp_path_factory):
    """What a new environment knows once it has the package, made from the sdist."""
    folder = tmp_path_factory.mktemp('packaging')
    python = environment(folder / 'new', sys.executable, built[1])
    return json.loads(run(python, '-I', '-c', INSTALLED, cwd=folder))


@pytest.mark.parametrize('version', sorted(pythons()), ids=lambda version: '%d.%d' % version)
def test_the_wheel_passes_core_tests(version, built, tmp_path):
    python = environment(tmp_path / 'new', pythons()[version], built[0])
    folder = runtimes.ROOT / 'tests'
    options = {'PYTHONPATH': str(folder / 'core'), 'PYTHONDONTWRITEBYTECODE': '1'}
    file = run(python, '-c', 'import microdot; print(microdot.__file__)', cwd=tmp_path, **options)
    assert file.startswith(str(tmp_path / 'new'))
    for name in CORE_TESTS:
        # It runs on CPython too, and needs no pytest there.
        command = (python, str(folder / 'micropython_runner.py'), f'tests/core/{name}.py')
        done = run(*command, cwd=runtimes.ROOT, **options).splitlines()[-1].split()
        assert done[0] == 'DONE' and int(done[1]) > 5 and done[2] == '0', (name, done)


def names_in(wheel):
    return set(zipfile.ZipFile(wheel).namelist())


def test_wheel_and_sdist_have_all_modules_and_their_types(built):
    packages = [runtimes.LIB / 'microdot', runtimes.LIB / 'utemplate']
    modules = {
        str(path.relative_to(runtimes.LIB))
        for package in packages
        for path in package.iterdir()
        if path.suffix in ('.py', '.pyi', '.typed')
    }
    assert {'microdot/py.typed', 'utemplate/py.typed', 'microdot/request.pyi'} <= modules
    wheel = names_in(built[0])
    assert {name for name in wheel if '.dist-info/' not in name} == modules
    assert any(name.endswith('licenses/LICENSE') for name in wheel)
    with tarfile.open(built[1]) as sdist:
        names = {name.partition('/')[2] for name in sdist.getnames()}
    assert {'lib/' + name for name in modules} <= names
    assert {'LICENSE', 'README.md', 'pyproject.toml', 'PKG-INFO'} <= names


def test_the_wheel_is_for_every_platform(built):
    assert built[0].name.endswith('-py3-none-any.whl')


def test_metadata_that_an_index_would_refuse(built):
    for path in built:
        data = release.metadata_of(path)
        release.check_metadata(data, path.name)
        for wrong in (
            data.replace(b'Version: 0', b'Version: x'),
            data.replace(b'License-Expression: MIT', b'License-Expression: my own'),
            data.replace(b'text/markdown', b'text/x-rst'),
        ):
            assert wrong != data
            with pytest.raises(Failure, match='mend pyproject.toml'):
                release.check_metadata(wrong, path.name)


def test_pip_install(installed):
    assert 'site-packages' in installed['file']
    assert len(set(installed['versions'])) == 1
    assert installed['license'] == 'MIT'


def test_nothing_else_is_required(installed):
    assert installed['required'] == []
    assert set(installed['names']) == {'microdot-kit'}


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
