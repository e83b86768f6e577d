"""The Makefile and tools/install.py: the list of targets, and what happens when things lack."""

import fcntl
import os
import re
import signal
import subprocess
import sys
import time

import pytest

import install
from microdot_kit import runtimes

pytestmark = pytest.mark.slow  # it makes virtual environments

MAKEFILE = (runtimes.ROOT / 'Makefile').read_text()
TARGETS = re.search(r'^\.PHONY: (.*)$', MAKEFILE, re.MULTILINE).group(1).split()


def test_make_alone_lists_every_target(project):
    status, output = project.run('make')
    assert status == 0
    lines = {line.split()[1]: line.split(maxsplit=2)[2:] for line in output.splitlines()}
    assert sorted(lines) == sorted(TARGETS)
    assert all(lines.values())


def test_every_rule_is_listed():
    assert set(re.findall(r'^([a-z][a-z-]*):', MAKEFILE, re.MULTILINE)) == set(TARGETS)


def test_without_python(project):
    status, output = project.run('make', 'lint', 'PYTHON=./nosuchpython')
    assert status != 0
    said, made = output.splitlines()
    assert said.startswith('./nosuchpython not found: install Python 3.11 or newer')
    assert made.startswith('make')
    assert not (project.folder / '.venv').exists()


def test_an_old_python(monkeypatch):
    monkeypatch.setattr(sys, 'version_info', (3, 9, 18, 'final', 0))
    with pytest.raises(SystemExit) as raised:
        install.check_python()
    assert raised.value.code.startswith('Python 3.11 or newer is needed, this is 3.9')


def test_a_python_without_venv(monkeypatch):
    monkeypatch.setitem(sys.modules, 'venv', None)
    with pytest.raises(SystemExit) as raised:
        install.check_python()
    assert "Python's venv module is missing" in raised.value.code


def take_environment(project):
    """Give the project this Python's environment: to make one takes ten seconds."""
    (project.folder / '.venv').mkdir()
    (project.folder / '.venv' / 'bin').symlink_to(runtimes.Path(sys.executable).parent)


@pytest.mark.parametrize(('name', 'hint'), [('lint', 'lint.txt failed'), ('run', 'MICROPYTHON=')])
def test_a_failed_installation_leaves_no_stamp(project, name, hint):
    take_environment(project)
    requirements = project.write(f'tools/requirements/{name}.txt', './nosuch.whl\n')
    stamp = f'.venv/stamps/{name}'
    for _ in range(2):
        status, output = project.run('make', stamp)
        assert status != 0
        assert hint in output
        assert not (project.folder / stamp).exists()
    requirements.write_text('# nothing\n')
    assert project.run('make', stamp)[0] == 0
    assert (project.folder / stamp).exists()
    assert project.run('make', '-q', stamp) == (0, '')


def test_a_broken_environment_is_made_again(project):
    project.write('tools/requirements/lint.txt', '# nothing\n')
    (project.folder / '.venv' / 'bin').mkdir(parents=True)
    (project.folder / '.venv' / 'bin' / 'python').symlink_to('/nonexistent/python')
    status, output = project.run('make', '.venv/stamps/lint')
    assert status == 0, output
    assert 'Making .venv' in output
    assert project.run('.venv/bin/python', '-c', 'print(1)') == (0, '1\n')


def test_an_environment_that_is_a_file(project):
    project.write('.venv', '')
    status, output = project.run('make', '.venv/stamps/lint')
    assert status != 0
    assert output.splitlines()[0].startswith('.venv is a file, where make puts a folder')


def test_without_network(project):
    """pip says that there is no such package; that nobody answered, it tells its log alone."""
    take_environment(project)
    for name in list(project.environment):
        if name.startswith('PIP_'):
            del project.environment[name]
    project.environment |= {
        'PIP_CONFIG_FILE': os.devnull,
        'PIP_INDEX_URL': 'http://127.0.0.1:9/simple',
        'PIP_RETRIES': '0',
    }
    for name, end in (
        ('run', 'make run RUNTIME=cpython needs no packages'),
        ('lint', 'environment'),
    ):
        project.write(f'tools/requirements/{name}.txt', 'no-such-package==1.0\n')
        status, output = project.run('make', f'.venv/stamps/{name}')
        begun, said, made = output.splitlines()
        assert status != 0 and made.startswith('make: ')
        assert f'{name}.txt needs the network, and nobody answers there' in said
        assert said.endswith(end)
    project.environment |= {'PIP_NO_INDEX': '1'}
    assert 'No matching distribution' in project.run('make', '.venv/stamps/lint')[1]


def test_a_folder_that_cannot_be_written(project):
    project.write('build', 'a file, where a folder is to go')
    status, output = project.run('make', '.venv/stamps/lint')
    assert status != 0
    assert f'{project.folder}/build: File exists' in output
    assert 'Traceback' not in output


def test_two_installations_at_once(project):
    project.write('tools/requirements/lint.txt', '# nothing\n')
    take_environment(project)
    (project.folder / 'build').mkdir()
    with open(project.folder / 'build' / 'install.lock', 'w') as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        command = ['make', '.venv/stamps/lint']
        make = subprocess.Popen(command, cwd=project.folder, stderr=subprocess.PIPE, text=True)
        said = make.stderr.readline()
    said += make.communicate(timeout=60)[1]
    assert make.returncode == 0, said
    assert said.startswith('Waiting for another installation to end\n')


def test_a_long_installation_shows_that_it_is_there(monkeypatch, capsys):
    monkeypatch.setattr(install, 'SHOW_SECONDS', 0.01)
    assert install.run([sys.executable, '-c', 'import time; time.sleep(0.5); exit(3)']) == 3
    assert '  0 s\n' in capsys.readouterr().err


def test_what_a_program_says_of_errors_is_shown(capsys):
    assert install.run([sys.executable, '-c', 'raise SystemExit("no such package")']) == 1
    assert capsys.readouterr().err == 'no such package\n'


def test_ctrl_c_shows_no_traceback(tmp_path):
    """It reaches both, us and what we have started."""
    begun = tmp_path / 'begun'
    child = f'import pathlib, time; pathlib.Path({str(begun)!r}).touch(); time.sleep(60)'
    script = f'import install, sys\ntry:\n    install.run([sys.executable, "-c", {child!r}])\n'
    script += 'except KeyboardInterrupt:\n    sys.exit("Interrupted.")\n'
    command = [sys.executable, '-c', script]
    tools = runtimes.ROOT / 'tools'
    with subprocess.Popen(
        command, cwd=tools, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as ours:
        deadline = time.monotonic() + 60
        while not begun.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(ours.pid, signal.SIGINT)
        assert ours.communicate(timeout=60)[1] == 'Interrupted.\n'


def test_another_micropython_needs_no_package(project):
    take_environment(project)
    project.write('tests/core/test_a.py', 'def test_a():\n    pass\n')
    status, output = project.run('make', 'test-micropython')
    assert status == 0, output
    assert output.splitlines()[-1] == '1 passed, 0 failed, 0 skipped'
    status, output = project.run('make', 'test-micropython', 'MICROPYTHON=./nosuch')
    assert status != 0
    assert output.splitlines()[0] == 'MICROPYTHON=./nosuch: no such program'


def test_requirements_are_pinned():
    for path in (runtimes.ROOT / 'tools' / 'requirements').glob('*.txt'):
        for line in path.read_text().splitlines():
            assert re.fullmatch(r'#.*|[a-z0-9-]+==[0-9][0-9.a-z]*', line), (path, line)


def test_examples_require_what_the_tests_have():
    """So that their requirements change nothing in .venv."""
    tested = (runtimes.ROOT / 'tools' / 'requirements' / 'test.txt').read_text().splitlines()
    found = list((runtimes.ROOT / 'examples').glob('*/requirements.txt'))
    assert len(found) == 4
    for path in found:
        lines = path.read_text().splitlines()
        assert all(line[0] == '#' or line in tested for line in lines), path
