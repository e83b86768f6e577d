"""The slots of ROMFS on a flash in memory: what is cut short, fails or is damaged."""

import re
import subprocess
import sys

import pytest

from microdot_kit import runtimes

HERE = runtimes.ROOT / 'tests' / 'firmware'
MODULES = runtimes.ROOT / 'boards' / 'modules'
CASES = re.findall(r'^def (test_\w+)', (HERE / 'slot_cases.py').read_text(), re.M)


def python(script):
    environment = {'PYTHONPATH': f'{HERE}:{MODULES}', 'PYTHONDONTWRITEBYTECODE': '1'}
    return [sys.executable, '-c', script], environment


def micropython(script):
    environment = runtimes.micropython_environment(HERE, MODULES)
    return [*runtimes.micropython_command('2M'), '-c', script], environment


@pytest.mark.parametrize('runtime', [python, micropython])
@pytest.mark.parametrize('case', CASES)
def test_slots(case, runtime):
    command, environment = runtime(f'import slot_cases; slot_cases.run({case!r})')
    ended = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, cwd=HERE
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
