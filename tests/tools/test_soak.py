"""`make soak`: 2,000 requests leave nothing behind, and it notices what does."""

import re
import subprocess
import sys

import pytest

import needs
from measure import forms, server, soak
from microdot_kit import runtimes

pytestmark = pytest.mark.slow

NUMBER = 2000


def test_nothing_is_left_behind():
    needs.micropython()
    command = [sys.executable, str(runtimes.ROOT / 'tools'), 'measure.soak', str(NUMBER)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=600)
    print(ended.stdout)
    assert ended.returncode == 0, ended.stderr
    rows = re.findall(r'^(.+?) +([\d,]+) +\d+ +0$', ended.stdout, re.MULTILINE)
    assert [name for name, _ in rows] == [soak.name_of(kind) for kind, _ in soak.WEIGHTS] + ['all']
    assert all(number != '0' for _, number in rows)
    assert rows[-1][1] == f'{NUMBER:,}'


# What a module of the application does wrong, and what is said of it.
FAULTS = (
    ("app.get('/leak')(lambda request: kept.append(bytearray(4000)) or '')", 'heap more in use'),
    ("app.get('/leak')(lambda request: kept.append(open('style.css')) or '')", 'descriptors'),
    ("app.get('/leak')(lambda request: ('later', 503))", 'lines that say why'),
    ("app.get('/leak')(lambda request: 1 / 0)", 'ZeroDivisionError'),
    ("app.get('/leak')(lambda request: 'another')", 'leak: 200'),
)


@pytest.mark.parametrize('fault, said', FAULTS)
def test_what_is_left_behind(tmp_path, monkeypatch, fault, said):
    needs.micropython()
    form = forms.make('py', runtimes.LIB, tmp_path)
    (form.folder / 'faulty.py').write_text(f'from hello import app\n\nkept = []\n{fault}\n')
    leak = soak.steps.Exchange('leak', '/leak', answer=b'')
    monkeypatch.setattr(soak, 'WEIGHTS', [(leak, 1)])
    monkeypatch.setattr(soak, 'SETTLE', 0.5)
    with form.server('serve', 'faulty', control=True) as process:
        done, _, before, after, output = soak.soak(process, 3, 1)
    found = soak.problems(done, before, after, output)
    assert any(said in line for line in found), found


def test_a_server_that_ends(tmp_path, monkeypatch):
    needs.micropython()
    form = forms.make('py', runtimes.LIB, tmp_path)
    with form.server('serve', 'hello', control=True) as process:
        process.process.kill()
        process.process.wait()
        with pytest.raises(server.ServerError, match='says no more'):
            soak.soak(process, 1, 1)
