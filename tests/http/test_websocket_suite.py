"""The conformance cases of kosoku (those of the Autobahn suite) against an echo application.

Left out are the groups 9 (performance), 12 and 13 (compression, which is not offered).
"""

import json
import subprocess
import sys
from pathlib import Path

import servers

PROGRAM = Path(__file__).resolve().parent / 'websocket_program.py'
PASSED = ('OK', 'INFORMATIONAL')
CASES = 247


def test_conformance(runtime, tmp_path):
    options = ['-p', '4', '-o', str(tmp_path)]
    for group in ('9', '12', '13'):
        options += ['-x', group + '.*']
    with servers.ServerProcess(runtime, program=PROGRAM, heap='1M') as server:
        address = f'ws://{servers.HOST}:{server.port}/echo'
        command = [str(Path(sys.executable).with_name('kosoku')), *options, address]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
        server.alive()
    results = json.loads((tmp_path / 'index.json').read_text())
    cases = {name: case for agent in results.values() for name, case in agent.items()}
    failed = {
        name: (case['behavior'], case['behaviorClose'])
        for name, case in cases.items()
        if case['behavior'] not in PASSED or case['behaviorClose'] not in PASSED
    }
    assert not failed, (failed, ran.stdout, ran.stderr)
    assert len(cases) == CASES
