"""The conformance cases of kosoku (those of the Autobahn suite) against an echo application.

The framework's own server has to pass them strictly. Under uvicorn it is mostly uvicorn that is
tested, and some mistakes of a client are noticed only once the answer to what came before is out,
which the suite passes as "non-strict". Its other implementation, `--ws websockets-sansio`, answers
a close frame amid a fragmented message (case 7.1.5) with 1002 instead of 1000.

Left out are the groups 9 (performance), 12 and 13 (compression, which is not offered).
"""

import json
import subprocess
import sys
from pathlib import Path

import servers

PROGRAM = Path(__file__).resolve().parent / 'websocket_program.py'
HOSTED = Path(__file__).resolve().parents[1] / 'cpython' / 'hosted'
PASSED = ('OK', 'INFORMATIONAL')
CASES = 247


def run_cases(address, folder, passed=PASSED):
    """Run the cases against an address; fail with those that did not pass."""
    options = ['-p', '4', '-o', str(folder)]
    for group in ('9', '12', '13'):
        options += ['-x', group + '.*']
    command = [str(Path(sys.executable).with_name('kosoku')), *options, address]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    results = json.loads((folder / 'index.json').read_text())
    cases = {name: case for agent in results.values() for name, case in agent.items()}
    failed = {
        name: (case['behavior'], case['behaviorClose'])
        for name, case in cases.items()
        if case['behavior'] not in passed or case['behaviorClose'] not in PASSED
    }
    assert not failed, (failed, ran.stdout, ran.stderr)
    assert len(cases) == CASES


def test_conformance(runtime, tmp_path):
    with servers.ServerProcess(runtime, program=PROGRAM, heap='1M') as server:
        run_cases(f'ws://{servers.HOST}:{server.port}/echo', tmp_path)
        server.alive()


def test_uvicorn(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(HOSTED)
    from hosting import Host

    with Host('uvicorn', options=['--ws=wsproto', '--log-level=warning']) as host:
        address = f'ws://{servers.HOST}:{host.port}/ws/echo'
        run_cases(address, tmp_path, (*PASSED, 'NON-STRICT'))
        assert host.get('/') == b'index'
    assert 'Traceback' not in host.text, host.text


def test_gunicorn(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(HOSTED)
    from hosting import Host

    with Host('gunicorn-gthread') as host:
        run_cases(f'ws://{servers.HOST}:{host.port}/ws/echo', tmp_path)
        assert host.get('/') == b'index'
    assert 'Traceback' not in host.text, host.text
