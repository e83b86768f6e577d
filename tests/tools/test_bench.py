"""The benchmark measures every step it promises, and says what is wrong in one line."""

import contextlib
import json
import subprocess
import sys

import pytest

from measure import bench, board, cpu, hosted, reference, server, steps, targets
from microdot_kit import runtimes

BENCH = [sys.executable, str(runtimes.ROOT / 'tools'), 'measure.bench']
BENCH += ['--rounds', '1', '--turns', '1']


def run(*arguments):
    return subprocess.run([*BENCH, *arguments], capture_output=True, text=True, timeout=300)


@pytest.fixture(scope='module')
def figures(tmp_path_factory):
    """What is printed and found on both runtimes beside Microdot, and under other servers."""
    file = tmp_path_factory.mktemp('bench') / 'figures.json'
    runs = [('--runtime', name) for name in bench.RUNTIMES if name != 'rp2040']
    done = run(*sum(runs, ()), '--reference', '--json', str(file))
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(file.read_text())


@pytest.mark.slow
@pytest.mark.parametrize('runtime', bench.OWN)
@pytest.mark.parametrize('profile', bench.PROFILES)
def test_every_step_is_compared_with_microdot(figures, runtime, profile):
    if (runtime, profile) == ('micropython', 'sessions'):
        return  # there Microdot's sessions need a module `jwt`
    for step in steps.PROFILES[profile]:
        for way in bench.WAYS:
            assert figures[1][f'{runtime} {profile} {way} {step.name}'] > 0


@pytest.mark.slow
@pytest.mark.parametrize('name', hosted.COMMANDS)
def test_other_servers_and_frameworks(figures, name):
    printed, found = figures
    assert hosted.OTHERS[name][0] in printed
    for step in hosted.STEPS:
        for way in bench.WAYS:
            assert found[f'{name} {way} {step.name}'] > 0


@pytest.mark.slow
def test_every_target_has_its_figure(figures):
    printed, found = figures
    for name, (title, *_) in targets.TIME.items():
        if not name.startswith('rp2040'):
            assert found[name] > 0 and title in printed


def test_ratios_are_medians_of_neighbors():
    rounds = [{'a': {'x': [2, 8, 3], 'y': [1, 2, 3]}}, {'a': {'x': [4], 'y': [1]}}]
    assert cpu.ratio(rounds, 'a', 'x', 'y') == 3
    assert cpu.ratio(rounds, 'a', 'x', 'z') is None
    assert cpu.microseconds(rounds, 'a', 'x') == 3.5e6
    assert cpu.microseconds(rounds, 'a', 'z') is None


def test_workers_are_counted():
    script = (
        'import os, socket, sys, time\n'
        'if os.fork() == 0:\n'
        '    while time.process_time() < 0.3: pass\n'
        's = socket.create_server(("127.0.0.1", int(sys.argv[1])))\n'
        'time.sleep(60)\n'
    )
    with server.Server([sys.executable, '-c', script, '{port}'], '.') as process:
        used = 0
        while used < 0.25:  # the parent's own start takes less
            assert process.process.poll() is None
            used = process.cpu_seconds()


def test_cycles_are_a_mean_in_which_collections_count(monkeypatch):
    class Running:
        cycles = 0

        def do(self, step, times):
            done[step.name] += times
            self.cycles += times * step.cost

    class Step:
        def __init__(self, name, cost):
            self.name, self.cost = name, cost

    running = Running()
    monkeypatch.setattr(board, 'serving', lambda *args: contextlib.nullcontext())
    monkeypatch.setattr(board, 'client', lambda *args: contextlib.nullcontext(running))
    todo = [Step('short', 2e6), Step('events', 10e6), Step('upload', 70e6)]
    done = dict.fromkeys((step.name for step in todo), 0)
    found = board.cycles(running, 'page', todo, True)
    assert found == {step.name: step.cost for step in todo}
    assert done == {'short': 2 + board.MOST, 'events': 2 + 12, 'upload': 2 + board.FEWEST}


def test_microdot_that_cannot_be_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(reference, 'VERSION', '0.0.0.none')
    with pytest.raises(server.Missing, match='^microdot 0.0.0.none cannot be installed: .+$'):
        reference.install(tmp_path / 'new')
    assert [path.name for path in tmp_path.iterdir()] == ['new.lock']


def test_a_framework_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(hosted, 'OTHERS', {'uvicorn': ('nosuchframework', 'asgi')})
    with pytest.raises(server.Missing, match='^nosuchframework is missing: `make '):
        hosted.check()


@pytest.mark.parametrize(
    'options, message',
    [
        (['--lib', 'no-such-folder'], 'no-such-folder has no package microdot'),
        (['--rounds', '0'], 'want 1 or more'),
        (['--turns', '0'], 'want 1 or more'),
        (['--runtime', 'jython'], "invalid choice: 'jython'"),
        pytest.param(['--heap', '16K'], 'MemoryError', marks=pytest.mark.slow),
    ],
)
def test_a_mistake_is_told_and_fails(options, message):
    done = run('--runtime', 'micropython', *options)
    assert done.returncode != 0
    assert message in done.stderr
    assert 'bench.py", line' not in done.stderr
