"""The emulator's translated code does what rp2040js does with the same instructions."""

import os
import subprocess

import pytest

import building
import needs
from emulator import parts
from microdot_kit.steps import Failure

CHECK = building.ROOT / 'tools' / 'emulator' / 'check.mjs'
RUNS = 5000


@pytest.mark.parametrize('seed', (1, 2))
def test_random_instructions(seed):
    try:
        made = parts.prepare()
    except Failure as failure:
        needs.missing(str(failure))
    done = subprocess.run(
        [made.node, str(CHECK), str(seed), str(RUNS)],
        env={**os.environ, 'EMULATOR_MODULES': str(made.modules)},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == f'{RUNS} runs, 0 differences'
