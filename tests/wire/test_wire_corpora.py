"""gunicorn's and llhttp's requests: what is accepted, refused, and where that is not as wanted.

Requests without `Host` are tried twice: as they are, when they are refused where HTTP/1.1 demands
it, and by a server that lets them through, for what else is in them.
"""

import functools
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import corpora
import deviations
import pytest
from outcomes import outcome
from piped import Piped
from servers import ServerProcess, read_all

import tables

PROGRAM = Path(__file__).resolve().with_name('echo_program.py')
AT_ONCE = 12  # connections
# Seconds: what does not end by itself soon ends by these.
BOUNDS = ('idle_timeout=0.6', 'head_timeout=1.5', 'body_timeout=1.5', 'tick=0.1')
BOUNDS += ('linger_timeout=0.3', 'need_host=0')
COLUMNS = ('Corpus', 'Runtime', 'Cases', 'Accepted', 'Refused', 'Otherwise than wanted')


@functools.cache
def cases(name):
    """The cases of a corpus. A head that is to be refused has its end."""
    whole = []
    with Piped('cpython') as piped:
        piped.need_no_host()
        for case in getattr(corpora, name)():
            if case.refused and b'\r\n\r\n' not in case.raw:
                if piped.ask('server', [case.raw]) == 'waits':
                    case = case._replace(raw=case.raw + b'\r\n\r\n')
            whole.append(case)
    return whole


def send(server, raw):
    """Send bytes over a socket; the outcome, when the server has closed the connection."""
    with server.connect() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(raw)
        return outcome(read_all(sock))


@pytest.mark.parametrize('name, least', [('gunicorn', 140), ('llhttp', 115)])
def test_verdicts(runtime, name, least):
    with ServerProcess(runtime, *BOUNDS, program=PROGRAM) as server:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            outcomes = pool.map(lambda case: send(server, case.raw), cases(name))
            found = list(zip(cases(name), outcomes))
        assert server.process.poll() is None, server.log()
    assert 'Traceback' not in server.text, server.text
    assert len(found) >= least
    verdicts = [corpora.verdict(case, got) for case, got in found]
    row = (len(found), *[verdicts.count(verdict) for verdict in ('accepted', 'refused', None)])
    tables.add('Requests', COLUMNS, (name, runtime, *row))
    deviations.check(name, {c.name: got for c, got in found if not corpora.verdict(c, got)})


def splits(raw, everything):
    """Lists of pieces: bytes of their own; with everything, two for every place."""
    step = 1 + len(raw) // 300  # the test itself has no memory for more
    yield [raw[i : i + step] for i in range(0, len(raw), step)]
    if everything:
        for i in range(1, len(raw)):
            yield [raw[:i], raw[i:]]


@pytest.mark.parametrize('name', ['gunicorn', 'llhttp'])
def test_splits(runtime, name, everything):
    count = 0
    with Piped(runtime) as piped:
        piped.need_no_host()
        for case in cases(name):
            whole = piped.ask('server', [case.raw])
            # A place within a long value is like the one before.
            for pieces in splits(case.raw, everything and len(case.raw) < 600):
                count += 1
                assert piped.ask('server', pieces) == whole, (case.name, pieces)
    tables.add('Splits', ('Corpus', 'Runtime', 'Connections'), (name, runtime, count))


@pytest.mark.parametrize('name', ['gunicorn', 'llhttp'])
def test_an_absent_host_is_refused(runtime, name):
    refused = 0
    with Piped(runtime) as lenient, Piped(runtime) as strict:
        lenient.need_no_host()
        for case in cases(name):
            got = strict.ask('server', [case.raw]).split('; ')
            otherwise = lenient.ask('server', [case.raw]).split('; ')
            if got != otherwise:
                assert got[-1] == 'refused 400', (case.name, got)
                assert got[:-1] == otherwise[: len(got) - 1], (case.name, got)
                text = case.raw.lower()
                assert text.count(b'\nhost:') < text.count(b' http/1.1\r\n'), case.name
                refused += 1
    assert refused > 20
    tables.add('Absent Host', ('Corpus', 'Runtime', 'Refused for it'), (name, runtime, refused))
