"""What others take from the project: the package that pip installs, the manifest of a firmware."""

import ast
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import installed
import pytest

import needs
from microdot_kit import payload, runtimes
from microdot_kit.steps import Failure
from release import release

# Not frozen into a firmware: for CPython, for tests.
NOT_FROZEN = {'asgi.py', 'compat_cpython.py', 'gateway.py', 'jinja.py', 'wsgi.py'}
NOT_FROZEN |= {
    'jwt_pyjwt.py',
    'openapi_cpython.py',
    'relay.py',
    'wsgi_loop.py',
    'wsgi_websocket.py',
}
NOT_FROZEN |= {path.name for path in (runtimes.LIB / 'microdot').glob('test_client*.py')}
# What the core imports when an application asks for that extension.
LOADED_IF_THERE = {'debug.py', 'static.py'}
# The tests that need PyJWT, which the extra `sessions` brings.
SESSIONS = installed.files_of('session', 'login', 'all')
OTHERS = [file for file in installed.FILES if file not in SESSIONS]
AT_ONCE = 3  # trials, which mostly wait

INSTALLED = """
import importlib.metadata, json, sysconfig
place = sysconfig.get_path('purelib')  # and not what PyPy brings
data = importlib.metadata.metadata('microdot-kit')
print(json.dumps({
    'version': data['Version'],
    'required': [line for line in data.get_all('Requires-Dist') or [] if 'extra ==' not in line],
    'extras': sorted(data.get_all('Provides-Extra')),
    'license': data['License-Expression'],
    'names': sorted(d.metadata['Name'] for d in importlib.metadata.distributions(path=[place])),
}))
"""
LOST = """
try:
    import %s
except ImportError as exc:
    print(exc)
"""
RENDERED = """
from microdot.jinja import Template
Template.initialize('.')
print(Template('page.html').render(name='<you>'))
"""


# Quick, as each process that collects these tests asks all Pythons.
ABOUT = """
import importlib.util, sys
if importlib.util.find_spec('venv'):
    free = 't' if 't' in getattr(sys, 'abiflags', '') else ''
    print(sys.implementation.name, *sys.version_info[:2], free)
"""


def about(path):
    """(implementation, major, minor, `t` if its threads are free) of a Python; `None` if none."""
    ended = subprocess.run([path, '-ISc', ABOUT], capture_output=True, text=True)
    if ended.returncode or not ended.stdout.startswith(('cpython ', 'pypy ')):
        return None
    name, major, minor, *free = ended.stdout.split()
    return name, int(major), int(minor), ''.join(free)


THIS = about(sys.executable)


def pythons():
    """{what `about` says: path} of the Pythons at hand that the package is for, pyenv's too."""
    pyenv = Path(os.environ.get('PYENV_ROOT') or Path.home() / '.pyenv')
    names = [f'python3.{minor}{free}' for minor in range(9, 30) for free in ('', 't')]
    names += ['pypy3', *[f'pypy3.{minor}' for minor in range(9, 30)]]
    paths = [sys.executable, *[shutil.which(name) for name in names]]
    for pattern in ('3.*', 'pypy3*'):
        paths += sorted(str(path) for path in pyenv.glob(f'versions/{pattern}/bin/python'))
    found = {}
    for path in filter(None, paths):
        # What pyenv has in PATH is a slow program that starts one of its versions.
        python = about(path) if Path(path).parent != pyenv / 'shims' else None
        if python and python[1:3] >= (3, 9):
            found.setdefault(python, path)
    return found


def tried(folder, python, package):
    """What an environment knows of a package alone in it, and its tests, then with its extras."""
    environment = installed.Environment(folder / 'new', python)
    environment.install('--no-deps', str(package))
    data = json.loads(environment.run(INSTALLED))
    alone = installed.on_cpython(environment.python, OTHERS)
    environment.install(f'{package}[sessions,templates]')
    (environment.folder / 'page.html').write_text('Hello {{ name }}')
    page = environment.run(RENDERED)
    return environment, data, alone, installed.on_cpython(environment.python, SESSIONS), page


def versions():
    """The Pythons to try the wheel with: all with CI=true, else the oldest and newest CPython."""
    found = sorted(pythons())
    plain = [python for python in found if python[0] == THIS[0]]
    return found if needs.in_ci() else sorted({plain[0], plain[-1]})


TRIALS = [('wheel', python) for python in versions()] + [('sdist', THIS)]


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


@pytest.mark.slow
@pytest.mark.parametrize('trial', TRIALS, ids=lambda trial: '%s-%s-%d.%d%s' % (trial[0], *trial[1]))
def test_what_is_installed_passes_the_core_tests(trial, trials):
    environment, data, alone, with_extras, page = trials[trial].result()
    alone.check(OTHERS, environment.folder)
    with_extras.check(SESSIONS, environment.folder)
    assert page == 'Hello &lt;you&gt;\n'
    assert data == {
        'version': payload.version(),
        'required': [],
        'extras': ['device', 'relay', 'sessions', 'templates'],
        'license': 'MIT',
        'names': ['microdot-kit'],
    }


def names_in(wheel):
    return set(zipfile.ZipFile(wheel).namelist())


def of_the_kit():
    """What a wheel has of the command: its modules, and what it puts onto boards."""
    kept = subprocess.run(
        ['git', 'ls-files', 'tools/microdot_kit', 'lib/microdot', 'lib/utemplate']
        + ['boards/boards.json', 'boards/modules', 'manifest.py'],
        cwd=runtimes.ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    names = {name.removeprefix('tools/') for name in kept}
    names = {n if n.startswith('microdot_kit/') else f'microdot_kit/data/{n}' for n in names}
    return {name for name in names if Path(name).suffix not in ('.pyi', '.typed')}


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
    lost = {'microdot.py'}  # see there
    assert {name for name in wheel if '.dist-info/' not in name} == modules | lost | of_the_kit()
    assert any(name.endswith('licenses/LICENSE') for name in wheel)
    with tarfile.open(built[1]) as sdist:
        names = {name.partition('/')[2] for name in sdist.getnames()}
    assert {'lib/' + name for name in modules} <= names
    assert {'LICENSE', 'README.md', 'pyproject.toml', 'PKG-INFO', 'manifest.py'} <= names
    assert {'tools/' + name for name in wheel if name.startswith('microdot_kit/_')} <= names


def test_the_same_files_give_the_same_bytes(tmp_path, monkeypatch):
    """Wherever, whenever and by whomever they are packed."""
    monkeypatch.setattr(release, 'git', lambda *arguments: '1700000000')  # the commit's date
    release.build_packages(tmp_path / 'here')
    elsewhere = tmp_path / 'elsewhere'
    shutil.copytree(runtimes.LIB, elsewhere / 'lib')
    shutil.copytree(runtimes.ROOT / 'tools', elsewhere / 'tools')
    shutil.copytree(runtimes.ROOT / 'boards', elsewhere / 'boards')
    for name in ('pyproject.toml', 'LICENSE', 'README.md', '.gitignore', 'manifest.py'):
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
        ('debug', 'debug.py'),
        ('guard', 'guard.py'),
        ('health', 'health.py'),
        ('login', 'login.py'),
        ('mqtt', 'homeassistant.py'),
        ('multipart', 'multipart.py'),
        ('openapi', 'openapi.py'),
        ('session', 'session.py'),
        ('sse', 'sse.py'),
        ('static', 'static.py'),
        ('templates', 'utemplate.py'),
        ('topics', 'topics.py'),
        ('update', 'update.py'),
        ('websocket', 'websocket.py'),
    ],
)
def test_an_extension_can_be_left_out_or_taken_alone(option, module):
    core = frozen(extensions=False)
    assert module not in core
    alone = frozen(extensions=False, **{option: True})
    assert alone > core
    assert module in alone
    without = frozen(**{option: False, 'login': False, 'topics': False, 'update': False})
    assert module not in without
    needed = {'session.py', 'jwt_hs256.py', 'sse.py', 'csrf.py'}  # by 'login', 'topics', 'update'
    assert not without & (alone - core) - needed


def test_the_core_runs_without_the_extensions():
    core = frozen(extensions=False)
    assert {'__init__.py', 'server.py', 'http1.py', 'connection.py'} <= core
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


def pip_commands(page):
    """The commands of pip in the text of a page, without `pip`."""
    text = (runtimes.ROOT / 'docs' / page).read_text()
    return re.findall(r'`pip ((?:un)?install [^`\n]+)`', text)


@pytest.mark.slow
def test_what_moving_says_about_microdot_itself(built, tmp_path):
    """Its package has files of the same names, which go when it is uninstalled."""
    told = ['uninstall microdot', 'install .', 'install --force-reinstall .']
    assert pip_commands('howto/moving.md') == told
    other = tmp_path / 'microdot-2.0-py3-none-any.whl'
    with zipfile.ZipFile(other, 'w') as wheel:
        for name in ('__init__.py', 'microdot.py', 'session.py'):
            wheel.writestr('microdot/' + name, '')
        info = 'Metadata-Version: 2.1\nName: microdot\nVersion: 2.0\n'
        wheel.writestr('microdot-2.0.dist-info/METADATA', info)
        kind = 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n'
        wheel.writestr('microdot-2.0.dist-info/WHEEL', kind)
        record = ''.join(f'{name},,\n' for name in wheel.namelist())
        wheel.writestr('microdot-2.0.dist-info/RECORD', record)
    environment = installed.Environment(tmp_path / 'new', sys.executable)
    environment.install(str(other))
    environment.install('--no-deps', str(built[0]))
    environment.pip('uninstall', '-y', 'microdot')
    assert not list(environment.folder.rglob('site-packages/microdot/session.py'))
    for name in ('microdot', 'microdot.websocket'):
        said = environment.run(LOST % name).strip()
        assert said.count('\n') == 0 and f'`pip {told[-1]}`' in said
        for page in ('troubleshooting.md', 'howto/moving.md'):
            assert said.partition(',')[0] in (runtimes.ROOT / 'docs' / page).read_text()
    environment.install('--no-deps', '--force-reinstall', str(built[0]))
    assert environment.run('import microdot.session, microdot.server\nprint(1)') == '1\n'
