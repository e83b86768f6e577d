"""Runs core test files on MicroPython's unix port, a process each, and reads the runner's lines.

Each gets a heap of 192 KB and TIMEOUT seconds. A file that needs more says so in a comment among
its first lines: `# heap: 512K`, `# timeout: 300`.
"""

import contextlib
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

from microdot_kit import runtimes
from testing.results import FileResult, total

RUNNER = runtimes.ROOT / 'tests' / 'micropython_runner.py'
TIMEOUT = 120
NAME = 'MicroPython'
AT_ONCE = 3  # processes, which mostly wait, beside those of CPython
MARKER = re.compile(r'^# (heap|timeout): *([0-9]+[KM]?)\s*$', re.MULTILINE)
MARKED_LINES = 20


def title():
    return f'{runtimes.micropython_name()}, heap {runtimes.HEAP}'


@contextlib.contextmanager
def running(files, part='', quick=False):
    """Meanwhile run the files, or their tests with `part` in the name; give what waits for them.

    That prints, and returns a dict file -> FileResult. No file is slow: `quick` is for CPython's.
    """
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        ended = pool.map(lambda file: run_file(file, part), files)
        yield lambda: told(ended)
    finally:
        pool.shutdown(cancel_futures=True)


def told(ended):
    """Print each of the pairs (FileResult, log); return a dict file -> FileResult."""
    results = {}
    for result, log in ended:
        results[result.file] = result
        print(f'{runtimes.shown(result.file)}: {total([result])}', flush=True)
        if result.failures:
            print(without_passed(log), flush=True)
    return results


def run_file(file, *arguments, runner=RUNNER, framework=runtimes.LIB, heap=runtimes.HEAP):
    """Run one file to its end or to its deadline; return its FileResult and what it printed.

    `arguments` go to the runner after the file, `framework` is the folder that `microdot` is in,
    `heap` what a file gets that asks for none.
    """
    wishes = dict(MARKER.findall('\n'.join(file.read_text().splitlines()[:MARKED_LINES])))
    timeout = int(wishes.get('timeout', TIMEOUT))
    command = runtimes.micropython_command(wishes.get('heap', heap))
    environment = runtimes.micropython_environment(framework, file.parent)
    try:
        ended = subprocess.run(
            [*command, str(runner), str(file), *arguments],
            cwd=runtimes.ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
        )
        output, ending = ended.stdout, f'exit status {ended.returncode}'
    except subprocess.TimeoutExpired as exc:
        output, ending = exc.stdout or b'', f'killed after {timeout} s'
    log = output.decode(errors='replace')
    return read_log(FileResult(file), log, ending), log


def read_log(result, log, ending):
    """Count the runner's lines into the result; a missing or wrong DONE line is a failure."""
    running = done = None
    for line in log.splitlines():
        word, _, rest = line.partition(' ')
        name, _, text = rest.partition(' ')
        if word == 'RUN':
            running = name
        elif word in ('PASS', 'FAIL', 'SKIP') and name == running:
            running = ''
            result.passed += word == 'PASS'
            if word == 'SKIP':
                result.skip(text)
            elif word == 'FAIL':
                result.fail(name, text)
        elif word == 'DONE':
            done = rest
    if done is None:
        last = log.strip().splitlines()[-1:] or ['no output']
        stage = 'while it was imported' if running is None else 'before its end'
        result.fail(running or '', f'stopped {stage}: {ending}: {last[0]}')
    elif done != f'{result.passed} {len(result.failures)} {result.skipped}':
        result.fail('', f'the lines of its tests do not add up to {done}')
    return result


def without_passed(log):
    """What remains of a runner's output without the tests that passed or were skipped."""
    parts = re.split('^(?=RUN )', log, flags=re.MULTILINE)
    return ''.join(part for part in parts if not re.search('^(PASS|SKIP) ', part, re.MULTILINE))
