"""tools/testing and the runner on the device: what they count, and that no failure gets lost."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from testing import on_micropython
from testing.results import FileResult

pytestmark = pytest.mark.slow  # each runs tests in a process of its own

GOOD = """
import asyncio
from support import MICROPYTHON, araises, raises, run, skip

order = []

def test_zebra():
    order.append('zebra')
    assert str(raises(ValueError, int, 'x'))
    assert run(asyncio.sleep(0, 5)) == 5 if not MICROPYTHON else True

async def test_apple():
    order.append('apple')
    async def wrong():
        raise OSError(5)
    exc = await araises((OSError, ValueError), wrong())
    assert exc.args[0] == 5

def test_order():
    assert order == ['zebra', 'apple']

def test_raises_itself():
    raises(AssertionError, raises, ValueError, int, '1')

def test_skipped():
    skip('for a reason')
"""

# file: what its FAILED line says on CPython, on MicroPython
BAD = {
    'def test_a():\n    assert 1 == 2, "one is not two"\n': (
        '::test_a: AssertionError: one is not two',
        '::test_a: AssertionError: one is not two',
    ),
    'async def test_a():\n    raise OSError(5)\n': (
        '::test_a: OSError: 5',
        '::test_a: OSError: [Errno 5] EIO',
    ),
    'import nosuchmodule\n\ndef test_a():\n    pass\n': (
        ": could not be imported: ModuleNotFoundError: No module named 'nosuchmodule'",
        "stopped while it was imported: exit status 1: ImportError: no module named 'nosuchmodule'",
    ),
    'def helper():\n    pass\n': (': no test of it ran on CPython', ': no test of it ran on Micro'),
    'import sys\n\ndef test_a():\n    sys.exit(0)\n': (
        '::test_a: SystemExit: 0',
        '::test_a: stopped before its end: exit status 0',
    ),
}


INTERRUPTED = """
import signal
import subprocess
import sys

def test_a_child_can_be_interrupted():
    script = 'import time; print(1, flush=True); time.sleep(60)'
    pipes = {'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE}
    child = subprocess.Popen([sys.executable, '-c', script], **pipes)
    child.stdout.readline()
    child.send_signal(signal.SIGINT)
    assert b'KeyboardInterrupt' in child.communicate(timeout=20)[1]
    child.stdout.close()
    child.stderr.close()
"""


def test_a_parent_that_ignores_ctrl_c(project):
    """As nohup and background jobs do: children of theirs ignore it, unless that is undone."""
    project.write('tests/tools/test_a.py', INTERRUPTED)
    tool = f"trap '' INT; exec {sys.executable} tools testing tests/tools"
    status, output = project.run('sh', '-c', tool)
    assert status == 0, output
    assert output.endswith('\n1 passed, 0 failed, 0 skipped\n')


WAITING = """
import time

def test_a():
    with open({name!r}, 'a') as file:
        file.write('x')
    time.sleep(5)
"""


def test_ctrl_c_ends_all(project):
    """But for the next files on MicroPython, which may have begun; no more of them do."""
    begun = project.folder / 'begun'
    for number in range(on_micropython.AT_ONCE * 3):
        project.write(f'tests/core/test_{number}.py', WAITING.format(name=str(begun)))
    command = [sys.executable, 'tools', 'testing']
    options = {'cwd': project.folder, 'env': project.environment, 'start_new_session': True}
    ours = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options)
    end = time.monotonic() + 60
    while not begun.exists() or len(begun.read_text()) < on_micropython.AT_ONCE + 1:
        assert time.monotonic() < end
        time.sleep(0.1)
    os.killpg(ours.pid, signal.SIGINT)
    assert ours.communicate(timeout=60)[1].splitlines()[-1] == 'Interrupted'
    assert ours.returncode == 1
    assert len(begun.read_text()) <= on_micropython.AT_ONCE * 2 + 1


def test_both_runtimes_are_counted(project):
    project.write('tests/core/test_good.py', GOOD)
    project.write('tests/other/test_cpython.py', 'def test_only_here():\n    pass\n')
    status, output = project.test()
    *_, cpython, micropython, last = output.splitlines()
    assert status == 0, output
    assert cpython.startswith('CPython 3.')
    assert cpython.endswith(': 5 passed, 0 failed, 1 skipped (2 files)')
    assert micropython.startswith('MicroPython 1.')
    assert micropython.endswith(', heap 192K: 4 passed, 0 failed, 1 skipped (1 files)')
    assert last == '9 passed, 0 failed, 2 skipped'


@pytest.mark.parametrize('source', BAD)
def test_failures_fail(project, source):
    project.write('tests/core/test_bad.py', source)
    project.write('tests/core/test_fine.py', 'def test_fine():\n    pass\n')
    status, output = project.test()
    assert status == 1
    for runtime, message in zip(('CPython', 'MicroPython'), BAD[source]):
        lines = [line for line in output.splitlines() if f'FAILED on {runtime}: ' in line]
        assert len(lines) == 1, output
        assert 'tests/core/test_bad.py' in lines[0]
        assert message in lines[0]
    assert output.splitlines()[-1] == '2 passed, 2 failed, 0 skipped'


def test_a_file_that_hangs_is_killed(project):
    source = '# timeout: 2\ndef test_a():\n    pass\n\ndef test_hang():\n    while True: pass\n'
    project.write('tests/core/test_hang.py', source)
    status, output = project.test('--runtime', 'micropython')
    assert status == 1
    assert '::test_hang: stopped before its end: killed after 2 s' in output
    assert output.splitlines()[-1] == '1 passed, 1 failed, 0 skipped'


UNSTEADY = """
from support import MICROPYTHON

def test_a():
    name = {name!r} + ('.device' if MICROPYTHON else '')
    try:
        open(name).close()
    except OSError:
        open(name, 'w').close()
        raise AssertionError('not yet')
"""


def test_what_fails_among_many_is_run_again(project):
    """Each runtime's first run of one file fails, and every run of another."""
    for number in range(18):
        project.write(f'tests/core/test_fine_{number}.py', 'def test_fine():\n    pass\n')
    once = UNSTEADY.format(name=str(project.folder / 'once'))
    project.write('tests/core/test_once.py', once)
    project.write('tests/core/test_bad.py', 'def test_bad():\n    assert 1 == 2, "never"\n')
    status, output = project.test()
    assert status == 1
    lines = output.splitlines()
    for runtime in ('CPython', 'MicroPython'):
        unsteady = [line for line in lines if line.startswith(f'UNSTEADY on {runtime}: ')]
        failed = [line for line in lines if line.startswith(f'FAILED on {runtime}: ')]
        assert len(unsteady) == len(failed) == 1, output
        assert unsteady[0].endswith('test_once.py::test_a: AssertionError: not yet')
        assert 'test_bad.py::test_bad: AssertionError: never' in failed[0]
    assert lines[-1] == '38 passed, 2 failed, 0 skipped'


def test_an_asynchronous_test_has_a_deadline(project):
    for runner in ('tests/conftest.py', 'tests/micropython_runner.py'):
        text = (project.folder / runner).read_text()
        project.write(runner, text.replace('DEADLINE = 20', 'DEADLINE = 1'))
    source = 'import asyncio\n\nasync def test_a():\n    await asyncio.sleep(100)\n'
    project.write('tests/core/test_slow.py', source)
    status, output = project.test()
    assert status == 1
    assert '::test_a: AssertionError: still running after 1 s' in output
    assert '::test_a: AssertionError: timed out, perhaps after 1 s' in output


@pytest.mark.parametrize(('marker', 'passed'), [('', 0), ('# heap: 1M\n', 1)])
def test_a_file_may_ask_for_a_larger_heap(project, marker, passed):
    project.write('tests/core/test_big.py', marker + 'def test_a():\n    bytearray(400000)\n')
    status, output = project.test('--runtime', 'micropython')
    assert output.splitlines()[-1] == f'{passed} passed, {1 - passed} failed, 0 skipped'
    assert status == 1 - passed


def test_one_file_and_part_of_a_name(project):
    project.write('tests/core/test_good.py', GOOD)
    project.write('tests/core/test_bad.py', 'def test_bad():\n    assert False\n')
    status, output = project.test('tests/core/test_good.py', '-k', 'skip')
    assert (status, output.splitlines()[-1]) == (0, '0 passed, 0 failed, 2 skipped')
    status, output = project.test('tests/core/test_good.py', '-k', 'nothing_like_it')
    assert (status, output.splitlines()[-1]) == (1, '0 passed, 0 failed, 0 skipped')
    status, output = project.test('tests/core/test_absent.py')
    assert (status, output) == (1, 'tests/core/test_absent.py: no such file\n')


MANY = 25  # files, which are more than one process gets


def test_many_files_are_shared_out(project):
    """And nothing is lost: a file that cannot be imported, one without tests, one that crashes."""
    for number in range(MANY):
        project.write(f'tests/other/test_{number}.py', 'import os\ndef test_a():\n    print(1)\n')
    project.write('tests/other/test_absent.py', 'import nosuchmodule\n')
    project.write('tests/other/test_none.py', 'def helper():\n    pass\n')
    project.write('tests/other/test_crash.py', 'import os\ndef test_a():\n    os._exit(3)\n')
    project.write('tests/other/test_wrong.py', 'def test_a():\n    assert 1 == 2, "no"\n')
    status, output = project.test()
    assert status == 1
    failed = sorted(line for line in output.splitlines() if line.startswith('FAILED on '))
    assert [line.split('/')[2].partition('.')[0] for line in failed] == [
        'test_absent',
        'test_crash',
        'test_none',
        'test_wrong',
    ], output
    assert output.splitlines()[-1] == f'{MANY} passed, 4 failed, 0 skipped'


def test_what_is_quick(project):
    slow = 'import pytest\n\n@pytest.mark.slow\ndef test_slow():\n    assert 0\n'
    project.write('tests/other/test_a.py', slow + '\ndef test_a():\n    pass\n')
    project.write('tests/other/test_all_slow.py', slow)
    project.write('tests/firmware/test_b.py', 'def test_b():\n    assert 0\n')
    project.write('tests/core/test_c.py', 'def test_c():\n    pass\n')
    status, output = project.test('--quick')
    assert (status, output.splitlines()[-1]) == (0, '3 passed, 0 failed, 0 skipped'), output
    status, output = project.test()
    assert (status, output.splitlines()[-1]) == (1, '3 passed, 3 failed, 0 skipped'), output


LOGS = (
    # the runner's output, its ending; passed, failed, skipped, the first failure
    ('RUN a\nPASS a \nDONE 1 0 0\n', '', (1, 0, 0), None),
    ('RUN a\nSKIP a why\nDONE 0 0 1\n', '', (0, 0, 1), None),
    ('RUN a\nFAIL a OSError 5\nDONE 0 1 0\n', '', (0, 1, 0), ('a', 'OSError 5')),
    ('RUN a\nPASS b\nPASS a \nDONE 1 0 0\n', '', (1, 0, 0), None),
    ('RUN a\nprinted PASS a \nDONE 1 0 0\n', '', (0, 1, 0), ('', 'do not add up')),
    ('RUN a\nPASS a \n', 'exit status -11', (1, 1, 0), ('', 'exit status -11')),
    ('', 'exit status 1', (0, 1, 0), ('', 'while it was imported: exit status 1: no output')),
)


@pytest.mark.parametrize(('log', 'ending', 'counts', 'failure'), LOGS)
def test_logs(log, ending, counts, failure):
    result = on_micropython.read_log(FileResult(Path('x')), log, ending)
    assert (result.passed, len(result.failures), result.skipped) == counts
    if failure:
        assert result.failures[0][0] == failure[0]
        assert failure[1] in result.failures[0][1]


@pytest.mark.parametrize(('ci', 'counts'), [('', '0 passed, 0 failed, 2'), ('true', '0 passed, 1')])
def test_a_missing_program(project, ci, counts):
    source = "import needs\n\ndef test_a():\n    needs.require('nosuchprogram', 'build it')\n"
    project.write('tests/other/test_needs.py', source)
    project.environment['CI'] = ci
    whole = "import needs\n\nneeds.absent('nothing: make it, don\\'t wait (now)')\n"
    project.write('tests/other/test_whole.py', whole)
    status, output = project.test()
    assert output.splitlines()[-1].startswith(counts), output
    assert status == (1 if ci else 0)
    assert "\n1 skipped: nothing: make it, don't wait (now)\n" in output
    assert ci or '\n1 skipped: nosuchprogram is not installed: build it\n' in output
    assert not ci or 'nosuchprogram is not installed: build it' in output
