"""Runs test files under pytest, in a process of its own, and reads its report."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import runtimes
from results import FileResult

EVERYTHING = runtimes.ROOT / 'tests'
REPORT = runtimes.ROOT / 'build' / 'cpython-tests.xml'
NORMAL = (0, 1)  # pytest's exit status: all passed, some failed


NAME = 'CPython'
LONGEST_MESSAGE = 200


def title():
    return f'{NAME} {sys.version_info[0]}.{sys.version_info[1]}'


def run(files, part=''):
    """Run the files, or their tests with `part` in the name; return a dict file -> FileResult."""
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.unlink(missing_ok=True)
    command = [sys.executable, '-m', 'pytest', f'--rootdir={runtimes.ROOT}', f'--junitxml={REPORT}']
    command += [
        '-o',
        'junit_family=xunit1',
        *(['-k', part] if part else ['--continue-on-collection-errors']),
        *map(str, files),
    ]
    status = subprocess.run(command, cwd=runtimes.ROOT).returncode
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
        elif case.find('skipped') is not None:
            result.skipped += 1
        else:
            result.passed += 1
    return results


def explained(name, problem):
    """The name and a message for one reported problem; no name if the whole file is concerned."""
    message = problem.get('message', '')
    if message == 'collection failure':
        name, message = '', 'could not be imported: ' + problem.text.splitlines()[-1].lstrip('E ')
    return name, ' '.join(message.split())[:LONGEST_MESSAGE]
