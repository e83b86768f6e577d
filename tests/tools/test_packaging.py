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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import installed
import pytest

import payload
import release
import runtimes
from firmware.steps import Failure

DEADLINE = 300
# Not frozen into a firmware: for CPython, for tests.
NOT_FROZEN = {'asgi.py', 'compat_cpython.py', 'gateway.py', 'jinja.py', 'wsgi.py'}
NOT_FROZEN |= {'jwt_pyjwt.py', 'wsgi_websocket.py'}
NOT_FROZEN |= {path.name for path in (runtimes.LIB / 'microdot').glob('test_client*.py')}
# What the core imports when an application asks for that extension.
LOADED_IF_THERE = {'static.py'}
# The tests that need PyJWT, which the extra `sessions` brings.
SESSIONS = installed.files_of('session', 'login')
OTHERS = [file for file in installed.FILES if file not in SESSIONS]
AT_ONCE = 3  # trials, which mostly wait

INSTALLED = """
import importlib.metadata, json
data = importlib.metadata.metadata('microdot-kit')
print(json.dumps({
    'version': data['Version'],
    'required': [line for line in data.get_all('Requires-Dist') or [] if 'extra ==' not in line],
    'extras': sorted(data.get_all('Provides-Extra')),
    'license': data['License-Expression'],
    'names': sorted(d.metadata['Name'] for d in importlib.metadata.distributions()),
}))
"""
RENDERED = """
from microdot.jinja import Template
Template.initialize('.')
print(Template('page.html').render(name='<you>'))
"""


def run(*command, cwd):
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=DEADLINE)
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


class Environment:
    """A new environment of a Python, with nothing in it."""

    def __init__(self, folder, python):
        self.folder = folder
        self.python = str(folder / 'bin' / 'python')
        run(python, '-m', 'venv', '--without-pip', str(folder), cwd=folder.parent)

    def install(self, *arguments):
        pip = (sys.executable, '-m', 'pip', '--python', self.python, '-qq', 'install')
        run(*pip, '--disable-pip-version-check', *arguments, cwd=self.folder)

    def run(self, script):
        return run(self.python, '-I', '-c', script, cwd=self.folder)


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


def tried(folder, python, package):
    """What an environment knows of a package alone in it, and its tests, then with its extras."""
    environment = Environment(folder / 'new', python)
    environment.install('--no-deps', str(package))
    about = json.loads(environment.run(INSTALLED))
    alone = installed.on_cpython(environment.python, OTHERS)
    environment.install(f'{package}[sessions,templates]')
    (environment.folder / 'page.html').write_text('Hello {{ name }}')
    page = environment.run(RENDERED)
    return environment, about, alone, installed.on_cpython(environment.python, SESSIONS), page


# The wheel on every Python, the sdist on this one.
TRIALS = [('wheel', version) for version in sorted(pythons())] + [('sdist', sys.version_info[:2])]


@pytest.fixture(scope='module')
def trials(request, built, tmp_path_factory):
    """{trial: a future of what `tried` returns} of the tests to come, all of them under way."""
    found, packages = pythons(), dict(zip(('wheel', 'sdist'), built))
    asked = [getattr(item, 'callspec', None) for item in request.session.items]
    wanted = [asked.params['trial'] for asked in asked if asked and 'trial' in asked.params]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            (kind, version): pool.submit(
                tried, tmp_path_factory.mktemp(kind), found[version], packages[kind]
            )
            for kind, version in wanted
        }


@pytest.mark.parametrize('trial', TRIALS, ids=lambda trial: '%s-%d.%d' % (trial[0], *trial[1]))
def test_what_is_installed_passes_the_core_tests(trial, trials):
    environment, about, alone, with_extras, page = trials[trial].result()
    alone.check(OTHERS, environment.folder)
    with_extras.check(SESSIONS, environment.folder)
    assert page == 'Hello &lt;you&gt;\n'
    assert about == {
        'version': payload.version(),
        'required': [],
        'extras': ['sessions', 'templates'],
        'license': 'MIT',
        'names': ['microdot-kit'],
    }


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


def test_the_same_files_give_the_same_bytes(tmp_path, monkeypatch):
    """Wherever, whenever and by whomever they are packed."""
    monkeypatch.setattr(release, 'git', lambda *arguments: '1700000000')  # the commit's date
    release.build_packages(tmp_path / 'here')
    elsewhere = tmp_path / 'elsewhere'
    shutil.copytree(runtimes.LIB, elsewhere / 'lib')
    for name in ('pyproject.toml', 'LICENSE', 'README.md', '.gitignore'):
        shutil.copy(runtimes.ROOT / name, elsewhere)
    for path in elsewhere.rglob('*'):
        path.chmod(0o700 if path.is_dir() else 0o600)
        os.utime(path, (0, 0))
    monkeypatch.setattr(release, 'ROOT', elsewhere)
    release.build_packages(tmp_path / 'there')
    wheel, sdist = sorted((tmp_path / 'here').iterdir())
    with zipfile.ZipFile(wheel) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(2023, 11, 14, 22, 13, 20)}
    for path in (wheel, sdist):
        assert (tmp_path / 'there' / path.name).read_bytes() == path.read_bytes()


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


def read_manifest(**given):
    """Run manifest.py the way MicroPython's build does; return {package: (files, options)}."""
    asked = {}
    functions = {
        'options': payload.Options(given),
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
