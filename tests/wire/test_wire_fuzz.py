"""A fixed number of inputs for each target of `wire_targets`, the same for both runtimes.

No input ends in another exception than those that are documented, and none in no answer; both
runtimes give the same answer, and each the same for other pieces. A fault prints its input: put
that into a table of tests/core.
"""

import contextlib
import os
import re
import time
from urllib.parse import unquote_to_bytes

import pytest
from mutator import SOURCES, inputs
from piped import Fault, Piped

import tables

COUNTS = {False: 300, True: 5000}
SEED = os.environ.get('WIRE_SEED', '1')
# MicroPython's own `decode` takes surrogates, and more bytes than a character needs, for UTF-8.
LAX = re.compile(
    rb'[\xc0\xc1][\x80-\xbf]|\xe0[\x80-\x9f][\x80-\xbf]|\xed[\xa0-\xbf][\x80-\xbf]|'
    rb'\xf0[\x80-\x8f][\x80-\xbf]|\xf4[\x90-\xbf][\x80-\xbf]|[\xf5-\xf7][\x80-\xbf]'
)


@pytest.mark.parametrize('target', SOURCES)
def test_inputs(target, everything):
    faults, answers, seconds = [], {}, 0
    count = COUNTS[everything]
    # The heap is for the test itself, too.
    with Piped('cpython') as cpython, Piped('micropython', heap='320K') as micropython:
        for pieces in inputs(target, count, SEED):
            texts = []
            for piped in cpython, micropython:
                begun = time.monotonic()
                with fault_into(faults):
                    texts.append(piped.ask(target, pieces))
                seconds = max(seconds, time.monotonic() - begun)
            answers[texts[0] if texts else ''] = True
            if len(set(texts)) > 1 and is_same(target, b''.join(pieces)):
                faults.append(f'{texts}: {target} {b"".join(pieces).hex()}')
            assert len(faults) < 20, faults
    columns = ('Target', 'Inputs', 'Different answers', 'Slowest (ms)', 'Faults')
    row = (target, count, len(answers), round(seconds * 1000), len(faults))
    tables.add('Fuzzing', columns, row)
    assert not faults, '\n'.join(faults)
    assert len(answers) > 5


def is_same(target, data):
    """Whether the runtimes have to agree. What is a Python expression differs, too."""
    return target != 'template' and not LAX.search(unquote_to_bytes(data) + data)


@contextlib.contextmanager
def fault_into(faults):
    try:
        yield
    except Fault as fault:
        faults.append(str(fault))
