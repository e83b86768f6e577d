"""Runs test files under pytest, in processes of its own, and reads its report.

Many files are shared out among WORKERS processes, a file to one of them.
"""

import ast
import contextlib
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

from microdot_kit import runtimes
from testing.results import FileResult

EVERYTHING = runtimes.ROOT / 'tests'
REPORT = runtimes.ROOT / 'build' / 'cpython-tests.xml'
NORMAL = (0, 1)  # pytest's exit status: all passed, some failed


NAME = 'CPython'
LONGEST_MESSAGE = 200
MANY = 20  # files
WORKERS = 2 * (os.cpu_count() or 1) + 1  # most tests wait


def title():
    return f'{NAME} {sys.version_info[0]}.{sys.version_info[1]}'


def shared_out(files):
    """The options that run the files in several processes, and what to name to pytest."""
    if len(files) < MANY:
        return [], files
    # A process in place of one that has crashed hangs: the others do what is left.
    options = ['-n', str(WORKERS), '--max-worker-restart', '0']
    options += ['--dist', 'loadfile', '--no-loadscope-reorder']
    return options, whole_folders(files)


def whole_folders(files):
    """The files, with a folder in place of all that are in it.

    For each file that pytest is given by name it looks at all that are in the folder.
    """
    chosen = set(files)
    folders = {file.parent for file in files}
    whole = {folder for folder in folders if chosen.issuperset(folder.glob('test_*.py'))}
    return list(dict.fromkeys(file.parent if file.parent in whole else file for file in files))


@contextlib.contextmanager
def running(files, part='', quick=False):
    """Meanwhile run the files, or their tests with `part` in the name; give what waits for them.

    That returns a dict file -> FileResult. With `quick` the tests that are marked as slow are left
    out.
    """
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.unlink(missing_ok=True)
    command = [sys.executable, '-m', 'pytest', f'--rootdir={runtimes.ROOT}', f'--junitxml={REPORT}']
    command += ['-o', 'junit_family=xunit1', *(['-m', 'not slow'] if quick else [])]
    command += ['-k', part] if part else ['--continue-on-collection-errors']
    options, files = shared_out(files)
    command += [*options, *map(str, files)]
    with subprocess.Popen(command, cwd=runtimes.ROOT) as process:
        yield lambda: ended(process, part)


def ended(process, part):
    """Wait for pytest, and return what its report says."""
    status = process.wait()
    results = read_report(REPORT) if REPORT.exists() else {}
    told = (part and status == 5) or any(result.failures for result in results.values())
    if status not in NORMAL and not told:
        result = results.setdefault(EVERYTHING, FileResult(EVERYTHING))
        result.fail('', f'pytest did not finish: exit status {status}')
    return results


def read_report(path):
    """Read pytest's JUnit report (its xunit1 form, which names the files)."""
    results = {}
    for case in ElementTree.parse(path).iter('testcase'):
        file = runtimes.ROOT / case.get('file')
        result = results.setdefault(file, FileResult(file))
        problem = case.find('failure')
        problem = case.find('error') if problem is None else problem
        if problem is not None:
            result.fail(*explained(case.get('name'), problem))
        elif (skipped := case.find('skipped')) is not None:
            result.skip(reason(skipped))
        else:
            result.passed += 1
    return results


def reason(skipped):
    """Why a test was skipped, or all of a file: of that the report has (path, line, reason)."""
    text = skipped.text or ''
    whole_file = skipped.get('message') == 'collection skipped'
    return ast.literal_eval(text)[2] if whole_file else text


def explained(name, problem):
    """The name and a message for one reported problem; no name if the whole file is concerned."""
    message = problem.get('message', '')
    if message == 'collection failure':
        name, message = '', 'could not be imported: ' + problem.text.splitlines()[-1].lstrip('E ')
    return name, ' '.join(message.split())[:LONGEST_MESSAGE]
