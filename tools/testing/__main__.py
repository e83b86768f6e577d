"""Runs the tests on CPython (pytest) and on MicroPython, and prints one summary for each.

    python3 tools testing [--runtime cpython|micropython] [--quick] [-k PART] [FILE or FOLDER ...]

The files in a folder called `core` run on both runtimes, all others on CPython. Something that was
not tested fails like a failed test: a file without tests or that cannot be imported, a core file
that ran on one runtime only. --quick leaves out the folders `firmware` and `wire` and the tests
that are marked as slow. Both runtimes run at the same time; what is told of MicroPython comes after
CPython's. Then a line names each thing that tests were skipped for want of, and how to get it. The
last line holds the totals: `N passed, N failed, N skipped`.

Many files run several at a time, and a busy machine can make a test miss its deadline. A few files
that fail are therefore run again with nothing beside them: what passes then counts as passed, and
is printed as UNSTEADY, so that somebody mends it.
"""

import argparse
import contextlib
import sys
from collections import Counter
from pathlib import Path

from microdot_kit import runtimes
from testing import on_cpython, on_micropython
from testing.results import FileResult, total

FEW = 10  # files with failures; more are no accident
RUNTIMES = {'cpython': on_cpython, 'micropython': on_micropython}


def options(arguments):
    parser = argparse.ArgumentParser(prog='testing', description='Run the tests.')
    parser.add_argument('paths', nargs='*', type=Path, metavar='FILE or FOLDER')
    parser.add_argument('--runtime', choices=RUNTIMES, help='only this one')
    parser.add_argument('--quick', action='store_true', help='only what takes minutes')
    parser.add_argument('-k', default='', metavar='PART', help='only tests with PART in the name')
    return parser.parse_args(arguments)


def find_files(paths):
    """All test files named by or below the paths; SystemExit with one line if there are none."""
    files = set()
    for path in paths or [runtimes.ROOT / 'tests']:
        if not path.exists():
            sys.exit(f'{path}: no such file')
        files.update(path.rglob('test_*.py') if path.is_dir() else [path])
    if not files:
        sys.exit('No test files (test_*.py) found.')
    return sorted(file.resolve() for file in files)


def is_quick(file):
    return file.parent.name not in ('firmware', 'wire')


def is_core(file):
    return file.parent.name == 'core'


def complete(results, files, runtime):
    """Add a failure for each of the files that did not run."""
    for file in files:
        result = results.setdefault(file, FileResult(file))
        if not result.count:
            result.fail('', f'no test of it ran on {runtime}')


def print_failures(results, runtime, word='FAILED'):
    for result in results.values():
        for name, message in result.failures:
            where = '::'.join(part for part in (runtimes.shown(result.file), name) if part)
            print(f'{word} on {runtime}: {where}: {message}')


def run_again(results, module, *options):
    """Run each file that failed among many once more, by itself, for its result to count."""
    failed = {file: result for file, result in results.items() if result.failures}
    if len(results) < on_cpython.MANY or len(failed) > FEW:
        return
    for file, result in failed.items():
        if file.is_file():
            print(f'Again, with nothing beside it: {runtimes.shown(file)}', flush=True)
            with module.running([file], *options) as finish:
                results[file] = finish().get(file, result)
            if not results[file].failures:
                print_failures({file: result}, module.NAME, 'UNSTEADY')


def needed(results):
    """A line for each thing that tests were skipped for want of."""
    reasons = sum((result.needed for result in results), Counter())
    return [f'{count} skipped: {reason}' for reason, count in reasons.most_common()]


def run_all(chosen):
    """Run the chosen tests; print the summaries; return whether nothing failed."""
    files = find_files(chosen.paths)
    if chosen.quick:
        files = [file for file in files if is_quick(file)]
    how, started = (chosen.k, chosen.quick), []
    with contextlib.ExitStack() as stack:
        for name, module in RUNTIMES.items():
            wanted = [file for file in files if module is on_cpython or is_core(file)]
            if chosen.runtime in (None, name) and wanted:
                print(f'{module.title()}: {len(wanted)} files', flush=True)
                finish = stack.enter_context(module.running(wanted, *how))
                started.append((module, wanted, finish))
        finished = [(module, wanted, finish()) for module, wanted, finish in started]
    everything, lines = [], []
    for module, wanted, results in finished:
        run_again(results, module, *how)
        if not any(how):
            complete(results, wanted, module.NAME)
        print_failures(results, module.NAME)
        lines.append(f'{module.title()}: {total(results.values())} ({len(results)} files)')
        everything.extend(results.values())
    print('', *needed(everything), *lines, total(everything), sep='\n')
    return bool(sum(result.count for result in everything)) and not total(everything).failed


if __name__ == '__main__':
    sys.exit(0 if run_all(options(sys.argv[1:])) else 1)
