"""The core tests on a framework that is installed somewhere, with proof that it is that one.

A file of core tests belongs to what its name says: `test_sse_wire` to the extension `sse`,
`test_test_client` to the test client, and to the core if no extension is called so.
"""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import needs
from microdot_kit import payload, runtimes
from testing import on_micropython
from testing.results import FileResult

CORE = runtimes.ROOT / 'tests' / 'core'
RUNNER = runtimes.ROOT / 'tests' / 'installed_runner.py'
# Of what is frozen into firmware beside the framework: no package has it.
BOARDS = ('test_improv_frames', 'test_setup_page', 'test_setup_page_memory')
FILES = [path for path in sorted(CORE.glob('test_*.py')) if path.stem not in BOARDS]
EXTENSIONS = payload.extensions()
CLIENT = 'test-client'
AT_ONCE = 4  # processes, which mostly wait
DEADLINE = 600
HEAP = '256K'  # on MicroPython: what finds out which framework it is takes some too
# What the name of an extension's tests begins with, where that is not the extension's own. `all` is
# for tests that import most extensions.
CALLED = {
    'utemplate': 'templates',
    'test_client': CLIENT,
    'homeassistant': 'mqtt',
    'p256': 'update',
}
CALLED |= dict.fromkeys(('handler_faults', 'json_values', 'overriding', 'unknown_options'), 'all')
CALLED |= dict.fromkeys(('memory_extensions', 'mqtt_memory'), 'all')
CALLED |= dict.fromkeys(('mqtt_topics', 'topics_websocket'), 'all')


def owner(file):
    """The extension that a file of tests is for, `test-client`, or `core`."""
    for name in (*CALLED, *EXTENSIONS):
        if re.match(f'test_{name}(_|$)', file.stem):
            return CALLED.get(name, name)
    return 'core'


def files_of(*owners):
    """The files of tests of these owners."""
    return [file for file in FILES if owner(file) in owners]


def uses_client(file):
    return 'test_client' in file.read_text()


def run(*command, cwd, **options):
    """Run a command that has to end well, and return what it prints."""
    ended = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=DEADLINE, **options
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


class Environment:
    """A new environment of a Python, with nothing in it."""

    def __init__(self, folder, python):
        self.folder = folder
        self.python = str(folder / 'bin' / 'python')
        run(python, '-m', 'venv', '--without-pip', str(folder), cwd=folder.parent)

    def install(self, *arguments):
        self.pip('install', '--disable-pip-version-check', *arguments)

    def pip(self, command, *arguments):
        pip = (sys.executable, '-m', 'pip', '--python', self.python, '-qq', command)
        run(*pip, *arguments, cwd=self.folder)

    def run(self, script):
        return run(self.python, '-I', '-c', script, cwd=self.folder)


class Outcome:
    """What became of some files: pairs of a FileResult and what was printed, and the paths of the
    modules of the framework that were imported."""

    def __init__(self, results):
        self.results = results
        logs = ''.join(log for _, log in results)
        self.imported = {Path(path) for path in re.findall('^FROM (.*)$', logs, re.M)}

    def check(self, files, folder):
        """Assert that all files ran, nothing failed, and the framework came from the folder."""
        assert sorted(result.file for result, _ in self.results) == sorted(files)
        failed = [pair for pair in self.results if pair[0].failures]
        for result, log in failed:
            print(result.file, on_micropython.without_passed(log), sep='\n')
        assert not [(result.file.stem, result.failures) for result, _ in failed]
        assert all(result.passed for result, _ in self.results)
        assert self.imported
        assert all(path.is_relative_to(folder) for path in self.imported), self.imported


def at_once(run, things):
    """The results of calling `run` with each of the things, a few at a time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(run, things))


def on_cpython(python, files, runner=RUNNER, folder=''):
    """Run files, a share of them in a process, with what a Python has installed or a folder has."""

    def run(share):
        return run_share(python, share, runner, folder)

    shares = [files[number::AT_ONCE] for number in range(AT_ONCE)]
    return Outcome(sum(at_once(run, filter(None, shares)), []))


def run_share(python, files, runner, folder):
    """Run files in one process; return pairs of a FileResult and what was printed."""
    path = os.pathsep.join(filter(None, [str(folder), str(CORE)]))
    ended = subprocess.run(
        [str(python), '-B', str(runner), *map(str, files)],
        cwd=CORE,
        env={**os.environ, 'PYTHONPATH': path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DEADLINE,
    )
    results = []
    for text in re.split('^FILE ', ended.stdout, flags=re.M)[1:]:
        path, _, log = text.partition('\n')
        ending = f'exit status {ended.returncode}'
        results.append((on_micropython.read_log(FileResult(Path(path)), log, ending), log))
    return results


def on_unix(folder, files, **how):
    """Run files, each in a process of its own, on MicroPython with the framework of a folder."""
    needs.micropython()
    how = {'runner': RUNNER, 'framework': folder, 'heap': HEAP, **how}

    def run(file):
        return on_micropython.run_file(file, **how)

    return Outcome(at_once(run, files))
