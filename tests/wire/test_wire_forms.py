"""Multipart bodies that other people collected, sent to servers and read piece by piece."""

import json
from pathlib import Path

import deviations
import forms
import pytest
from piped import Piped
from servers import ServerProcess, read_all, status

import tables

PROGRAM = Path(__file__).resolve().with_name('echo_program.py')
COLUMNS = ('Forms', 'Runtime', 'Cases', 'As wanted', 'Refused', 'Otherwise than wanted')
CORPORA = [('python_multipart', 'python-multipart', 30), ('werkzeug', 'werkzeug', 6)]


def send(server, form):
    """Send a form; its parts as the server has them, or the status of the refusal."""
    head = (
        'POST /form HTTP/1.1\r\nHost: h\r\nConnection: close\r\n'
        f'Content-Type: multipart/form-data; boundary="{form.boundary}"\r\n'
        f'Content-Length: {len(form.body)}\r\n\r\n'
    )
    with server.connect() as sock:
        sock.sendall(head.encode() + form.body)
        answer = read_all(sock)
    if status(answer) != 200:
        return status(answer)
    return json.loads(answer.partition(b'\r\n\r\n')[2])


@pytest.mark.parametrize('corpus, prefix, least', CORPORA)
def test_parts(runtime, corpus, prefix, least):
    other, refused = {}, 0
    cases = getattr(forms, corpus)()
    assert len(cases) >= least
    with ServerProcess(runtime, 'max_content_length=100000', program=PROGRAM) as server:
        for form in cases:
            parts = send(server, form)
            refused += parts == 400
            if parts != (400 if form.parts is None else form.parts):
                other[form.name] = f'refused {parts}' if parts == 400 else f'{len(parts)} parts'
        assert server.process.poll() is None, server.log()
    assert 'Traceback' not in server.text, server.text
    wanted = len(cases) - len(other)
    tables.add('Forms', COLUMNS, (prefix, runtime, len(cases), wanted, refused, len(other)))
    deviations.check(prefix, other)


@pytest.mark.parametrize('corpus, prefix, least', CORPORA)
def test_whole_and_piece_by_piece(runtime, corpus, prefix, least):
    """The target compares three sizes of pieces."""
    with Piped(runtime) as piped:
        for form in getattr(forms, corpus)():
            head = f'multipart/form-data; boundary="{form.boundary}"\n'
            if len(form.body) < 8000:  # it has the whole in memory, and more than once
                piped.ask('form', [head.encode() + form.body])
