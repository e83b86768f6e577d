"""One application, one table of requests: the same answers from every server.

The framework's own on CPython and on MicroPython, those for ASGI and those for WSGI.
"""

import json
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent / 'hosted'))

from answers import ANSWERS, NOT_ASCII
from hosting import COMMANDS, OWN, Host


def differences(row, answer):
    """What an answer has other than the row of the table says, as a list of texts."""
    status, headers, body = answer
    wanted_status, wanted_headers, wanted_body = row[4:]
    found = []
    if status != wanted_status:
        found.append(f'status {status}, not {wanted_status}')
    for name, value in wanted_headers.items():
        values = value if isinstance(value, list) else [] if value is None else [value]
        if headers.get(name, []) != values:
            found.append(f'{name}: {headers.get(name)}, not {values}')
    if isinstance(wanted_body, dict):
        given = json.loads(body) if body[:1] == b'{' else {}
        for name, value in wanted_body.items():
            if given.get(name) != value:
                found.append(f'{name}: {given.get(name)!r}, not {value!r}')
    elif wanted_body is not None and body != wanted_body:
        found.append(f'body {body[:80]}, not {wanted_body[:80]}')
    return found


@pytest.mark.parametrize('name', [*OWN, *COMMANDS])
def test_table(name):
    failed = []
    with Host(name) as host:
        for row in ANSWERS + ([] if name == 'granian-wsgi' else NOT_ASCII):
            found = differences(row, host.ask(*row[:4]))
            if found:
                failed.append((row[0], row[1], *found))
    assert not failed, '\n'.join(map(str, failed)) + '\n' + host.text[-3000:]
