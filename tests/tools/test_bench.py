"""The benchmark measures every pair it promises and judges it by the targets."""

import json
import subprocess
import sys

import pytest

import bench
import runtimes
from measure import reference, server

BENCH = [sys.executable, str(runtimes.ROOT / 'tools' / 'bench.py'), '--requests', '20']
RAW = str(runtimes.ROOT / 'tools' / 'measure' / 'programs' / 'raw.py')


def run(*arguments):
    return subprocess.run([*BENCH, *arguments], capture_output=True, text=True, timeout=120)


def test_every_runtime_and_mode_is_measured(tmp_path):
    file = tmp_path / 'figures.json'
    done = run('--rounds', '1', '--json', str(file))
    assert done.returncode == 0, done.stderr
    rows = json.loads(file.read_text())['results']
    assert {(row['runtime'], row['mode']) for row in rows} == set(bench.TARGETS)
    for row in rows:
        assert row['us'] > 0 and row['raw_us'] > 0 and row['ratio'] > 0
        assert str(row['target']) in done.stdout


def test_another_server_takes_part_in_what_it_can_do(tmp_path):
    file = tmp_path / 'figures.json'
    command = f'{{python}} {RAW} {{port}} closing'
    options = ['--runtime', 'cpython', '--rounds', '1', '--json', str(file)]
    done = run(*options, '--other', f'theirs={command}')
    assert done.returncode == 0, done.stderr
    rows = json.loads(file.read_text())['results']
    theirs = {row['mode']: row for row in rows if row['server'] == 'theirs'}
    assert theirs['closing']['ratio'] > 0
    assert theirs['persistent']['ratio'] is None
    assert 'theirs on cpython, persistent' in done.stderr


def test_microdot_itself_takes_part(tmp_path):
    file = tmp_path / 'figures.json'
    done = run('--rounds', '1', '--reference', '--json', str(file))
    assert done.returncode == 0, done.stderr
    rows = json.loads(file.read_text())['results']
    theirs = [row for row in rows if row['server'] == f'microdot {reference.VERSION}']
    assert {(row['runtime'], row['mode']) for row in theirs} == set(bench.TARGETS)
    for row in theirs:
        assert row['ratio'] > 0 if row['mode'] == 'closing' else row['ratio'] is None


def test_microdot_that_cannot_be_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(reference, 'VERSION', '0.0.0.none')
    with pytest.raises(server.Missing, match='^microdot 0.0.0.none cannot be installed: .+$'):
        reference.install(tmp_path / 'new')
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    'options, message',
    [
        (['--other', 'name'], '--other wants NAME=COMMAND'),
        (['--other', 'x=no-such-program {port}'], 'does not start'),
        (['--lib', 'no-such-folder'], 'No module named'),
        (['--rounds', '0'], 'want 1 or more'),
    ],
)
def test_a_mistake_is_told_and_fails(options, message):
    done = run('--runtime', 'cpython', *options)
    assert done.returncode != 0
    assert message in done.stderr
    assert 'bench.py", line' not in done.stderr


def test_the_median_of_rounds_is_judged():
    rounds = [{'raw': [1e-6, 1e-6], 'ours': [cost, cost]} for cost in (1e-6, 2e-6, 9e-6)]
    times = {('cpython', 'closing'): rounds, ('cpython', 'persistent'): rounds}
    closing, persistent = bench.summarize(times)
    assert (closing['us'], closing['raw_us'], closing['ratio']) == (2.0, 1.0, 2.0)
    assert (closing['lowest'], closing['highest']) == (1.0, 9.0)
    assert (closing['verdict'], persistent['verdict']) == ('over', 'ok')
