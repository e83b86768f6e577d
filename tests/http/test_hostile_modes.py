"""What clients that misbehave do to a good one: the share of its answers that must arrive.

`make test-wire` lasts longer, and bounds the waits as well.
"""

import os
import statistics

import pytest
from hostile import Hostile, good
from servers import PROGRAM, ServerProcess

import tables

HOSTILE_PROGRAM = PROGRAM.with_name('hostile_program.py')

# The mode, how many clients are in it, and the percentage of good answers.
MODES = (
    ('drip', 16, 95),
    ('unread', 16, 95),
    ('pipeline', 4, 95),
    ('lines', 8, 95),
    ('vanish', 16, 95),
    ('pings', 12, 95),
    ('fragments', 12, 95),
    ('silent', 16, 85),
)
# They keep a core busy.
FLOODS = ('pipeline', 'lines', 'pings', 'fragments')
EACH = [
    pytest.param(*mode, id=mode[0], marks=[pytest.mark.slow] if mode[0] in FLOODS else [])
    for mode in MODES
]
COLUMNS = ('Mode', 'Clients', 'Runtime', 'Answers', 'Median (ms)', 'Longest (ms)')
SECONDS = float(os.environ.get('HOSTILE_SECONDS', '1'))


@pytest.mark.parametrize('mode, clients, share', EACH)
def test_good_answers(runtime, mode, clients, share):
    with ServerProcess(runtime, program=HOSTILE_PROGRAM) as server:
        with Hostile(server, mode, clients):
            # Until they have shown what they are: silent ones by a ping that they do not answer.
            good(server, 4 if mode == 'silent' else 0.8)
            answers, waits = good(server, max(SECONDS, 3) if mode == 'silent' else SECONDS)
        assert server.process.poll() is None, server.log()
    median, longest = statistics.median(waits), max(waits)
    row = (mode, clients, runtime, answers, f'{median * 1000:.0f}', f'{longest * 1000:.0f}')
    tables.add('Clients that misbehave', COLUMNS, row)
    print(*row)
    assert answers.get('200', 0) * 100 >= share * len(waits), (answers, server.text[-2000:])
    if os.environ.get('TEST_WIRE') == 'all':
        assert median < 0.1 and longest < 3, (median, longest)
