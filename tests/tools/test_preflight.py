"""What a make with BOARD= refuses, and says, before it installs anything."""

import re
import shutil
import subprocess
import sys

import pytest

import preflight
from firmware import ports
from microdot_kit import runtimes, steps

NONE = 'BOARD=typo: no such board. There are: rpi_pico, '
IDF = 'esp32s3 is built by ESP-IDF, which no package has. Needed: '
TARGETS = ('firmware', 'run', 'flash', 'deploy', 'romfs', 'image', 'repl')
REFUSED = [([target, 'BOARD=typo'], NONE) for target in TARGETS]
REFUSED += [
    (['firmware', 'BOARD=esp32s3'], IDF),
    (['firmware', 'BOARD=esp32s3', 'IDF_PATH=/nowhere'], IDF),
    (['firmware', 'BOARD=esp32s3', 'MICROPYTHON_DIR=/nowhere'], IDF),
    (['-j4', 'firmware', 'BOARD=esp32s3'], IDF),
    (['firmware', 'BOARD=unix', 'APP=nosuch'], 'APP=nosuch: no main.py in there, and not a file'),
    (['firmware', 'APP=nosuch'], 'APP=nosuch: no main.py in there, and not a file'),
    (['run', 'BOARD=rpi_pico', 'APP=nosuch'], 'APP=nosuch: no main.py in there, and not a file'),
    (['run', 'APP=nosuch'], 'nosuch: no such file. Name your application: make run APP='),
    *(
        ([target, 'APP=nosuch'], 'APP=nosuch: no main.py in there, and not a file')
        for target in ('image', 'flasher', 'romfs', 'deploy', 'update')
    ),
    (['firmware', 'BOARD=rpi_pico_w'], 'rpi_pico_w needs the driver of its radio, which no '),
    (['run', 'BOARD=rpi_pico_w'], 'No package has a firmware for rpi_pico_w: give IMAGE=file.uf2'),
    (['run', 'BOARD=rpi_pico', 'IMAGE=nosuch'], 'IMAGE=nosuch: no such file'),
    (['flash', 'BOARD=rpi_pico', 'IMAGE=nosuch'], 'IMAGE=nosuch: no such file'),
    (['run', 'BOARD=esp32s3'], 'esp32s3 cannot be emulated: make run BOARD=rpi_pico'),
    (['run', 'BOARD=rpi_pico', 'RELOAD=1'], 'RELOAD=1 is not for an emulated board: leave out'),
    (['firmware', 'PYTHON=./nosuch'], './nosuch not found: install Python 3.11 or newer'),
]


@pytest.fixture
def clone(project):
    """A project in which nothing was made yet, of which make is run."""
    shutil.copytree(runtimes.ROOT / 'boards', project.folder / 'boards')
    for name in ('IDF_PATH', 'IDF_DOCKER'):
        project.environment.pop(name, None)
    return project


@pytest.mark.parametrize(('arguments', 'line'), REFUSED, ids=lambda value: str(value)[:60])
def test_refused_before_anything_is_made(clone, arguments, line):
    status, output = clone.run('make', *arguments)
    assert status != 0
    assert output.startswith(line), output
    assert 'Traceback' not in output
    assert not (clone.folder / '.venv').exists()
    assert not (clone.folder / 'build').exists()


def test_an_environment_that_is_there_does(clone):
    """PYTHON= may have been given to the first make alone."""
    (clone.folder / '.venv' / 'bin').mkdir(parents=True)
    (clone.folder / '.venv' / 'bin' / 'python').symlink_to(sys.executable)
    output = clone.run('make', 'romfs', 'APP=nosuch', 'PYTHON=./nosuch')[1]
    assert output.startswith('APP=nosuch: no main.py in there'), output


@pytest.mark.parametrize(
    ('name', 'told'), [('a b', 'a blank'), ("it's", "'"), ('a=b (2)', 'a blank, (, ), =')]
)
def test_a_folder_in_which_nothing_can_be_built(clone, name, told):
    """The build systems of MicroPython have its path in commands, and a blank ends it."""
    clone.folder = clone.folder.rename(clone.folder.with_name(name))
    status, output = clone.run('make', 'firmware')
    assert status != 0
    assert f'whose path has {told} in it: rename or move it' in output, output
    assert not (clone.folder / '.venv').exists()
    assert not (clone.folder / 'build').exists()


def test_letters_of_any_language_are_no_hindrance():
    ports.check_place('/home/Zoë/文/clone-1.2_a+b@c~')


def test_it_needs_the_standard_library_alone(clone):
    command = [sys.executable, '-S', 'tools/preflight.py', 'unix', 'firmware']
    assert clone.run(*command) == (0, FIRST_UNIX)


FIRST_UNIX = 'The first firmware for unix takes a minute, 190 MB in build and 460 MB in .venv\n'


def test_what_a_first_build_takes_is_said_once(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(steps, 'FIRMWARE', tmp_path)
    for targets, said in ((['firmware'], True), (['run'], True), (['flash'], False)):
        preflight.main(['rpi_pico', *targets])
        assert capsys.readouterr().err.startswith('The first firmware for rpi_pico') == said
    (tmp_path / 'work').mkdir()
    (tmp_path / 'work' / 'rpi_pico.key').touch()
    preflight.main(['rpi_pico', 'firmware'])
    assert capsys.readouterr().err == ''


def test_a_build_can_be_begun_with_an_idf(monkeypatch, tmp_path):
    """What it needs beyond is for the build to say."""
    monkeypatch.setenv('IDF_PATH', str(tmp_path))
    preflight.main(['esp32', 'firmware', '--micropython', str(tmp_path)])


def test_every_target_with_a_board_is_looked_at():
    ended = subprocess.run(
        ['make', '-n', 'lint', 'BOARD=typo'], cwd=runtimes.ROOT, capture_output=True, text=True
    )
    assert 'tools/preflight.py' in ended.stdout


def dry(*arguments):
    ended = subprocess.run(
        ['make', '-n', *arguments],
        cwd=runtimes.ROOT,
        env=steps.environment(),
        capture_output=True,
        text=True,
    )
    return ended.stdout, ended.stderr


SWITCHES = [
    ('run', 'RELOAD', '--reload'),
    ('firmware', 'SETUP', '--setup'),
    ('flasher', 'SERVE', '--serve'),
    ('deploy', 'ROMFS', '--romfs'),
    ('deploy', 'WATCH', '--again'),
    ('deploy URL=http://desk.local', 'OLDER', '--older'),
    ('update', 'UNSIGNED', '--unsigned'),
]


@pytest.mark.parametrize(('target', 'name', 'option'), SWITCHES)
def test_switches(target, name, option):
    """On or off in words too; what is neither is not taken for off."""
    for value in ('1', 'yes', 'on', 'true', 'True'):
        assert option in dry(*target.split(), f'{name}={value}')[0].split(), value
    for value in ('0', 'no', 'off', 'false', ''):
        assert option not in dry(*target.split(), f'{name}={value}')[0].split(), value
    assert f'{name}=ja: 1 or 0 is needed' in dry(*target.split(), f'{name}=ja')[1]


def test_a_switch_that_is_on_by_default():
    for value, off in (('0', True), ('no', True), ('1', False), ('', False)):
        assert ('--no-framework' in dry('romfs', f'FRAMEWORK={value}')[0].split()) == off, value


def test_a_name_that_is_none_is_told():
    said = 'APPS=: no such setting; make lists those of each target'
    assert said in dry('run', 'APPS=examples/hello')[1]
    text = (runtimes.ROOT / 'Makefile').read_text()
    listed = re.findall(r'\b([A-Z][A-Z0-9_]*)=', ' '.join(re.findall('## (.*)', text)))
    quoted = re.findall(r'call q,\$\((\w+)\)', text)
    for name in sorted({*listed, *quoted, 'PIP_INDEX_URL'} - {'SERIAL'}):
        assert name not in dry('help', f'{name}=1')[1], name
