"""slowhttptest's attacks, each while a good client asks: its answers arrive as if nothing was.

Slow heads (Slowloris), slow bodies, slow reading, and ranges that overlap: 50 connections each,
while a board has 16.
"""

import contextlib
import statistics
import subprocess

import pytest
from hostile import good
from servers import PROGRAM, ServerProcess

import needs
import tables

CONNECTIONS = 50
SECONDS = {False: 3, True: 20}
COLUMNS = ('Attack', 'Runtime', 'Answers', 'Median (ms)', 'Longest (ms)', 'MemoryErrors')
SHARE = 95  # percent of the good answers
# By the name of the attack, its options and the path.
MODES = {
    'slow heads': (['-H', '-i', '1', '-x', '24'], '/'),
    'slow bodies': (['-B', '-i', '1', '-s', '8192', '-x', '10'], '/echo'),
    'slow reading': (['-X', '-w', '1', '-y', '2', '-n', '1', '-z', '5', '-k', '3'], '/pieces/1000'),
    'ranges': (['-R', '-a', '5', '-b', '3000'], '/'),
}


@contextlib.contextmanager
def attack(server, options, path, seconds):
    """slowhttptest against a path of the server, until the end of the block."""
    program = needs.require('slowhttptest', 'install it (Debian: apt-get install slowhttptest)')
    url = f'http://127.0.0.1:{server.port}{path}'
    command = [program, *options, '-c', str(CONNECTIONS), '-r', str(CONNECTIONS), '-u', url]
    command += ['-l', str(seconds + 5), '-p', '3']
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ends(text):
    """The last lines of the tracebacks in what a server has printed."""
    for traceback in text.split('Traceback')[1:]:
        yield next(line for line in traceback.splitlines()[1:] if line[:1] != ' ')


@pytest.mark.parametrize('mode', MODES)
def test_good_answers(runtime, mode, everything):
    if not everything and mode != 'slow heads':
        pytest.skip('one attack is enough in the short form: make test-wire has the others')
    seconds = SECONDS[everything]
    with ServerProcess(runtime, program=PROGRAM) as server:
        with attack(server, *MODES[mode], seconds) as process:
            good(server, 2)  # until they have shown what they are
            # An attack ends early when the server has closed all of its connections.
            assert process.poll() in (None, 0), process.stdout.read()
            answers, waits = good(server, seconds)
        assert server.process.poll() is None and server.body('/') == b'index', server.log()
    # Of memory the 50 may take what there is; of that only those hear that ask for much.
    unexpected = [end for end in ends(server.text) if not end.startswith('MemoryError')]
    assert not unexpected, server.text
    median, longest = statistics.median(waits) * 1000, max(waits) * 1000
    row = (mode, runtime, answers, f'{median:.0f}', f'{longest:.0f}')
    row += (len(list(ends(server.text))),)
    tables.add('slowhttptest', COLUMNS, row)
    assert answers.get('200', 0) * 100 >= SHARE * len(waits), answers
    if everything:
        assert median < 100 and longest < 3000, (median, longest)
