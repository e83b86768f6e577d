"""microdot-kit templates, and what it compiles on a device: .py and .mpy, in a heap of 192 KB."""

import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import needs
from measure import server
from microdot_kit import runtimes

FILES = {
    'index.html': '{% args title %}\n<h1>{{ title }}</h1>\n{% include "parts/row.html" 1 %}',
    'parts/row.html': '{% args n %}<td>{{ n }}</td>\n',
    'note.txt': 'caf\u00e9\n',
}
IGNORED = {'.hidden': '{{', '__init__.py': '', 'x.html~': '{{', '__pycache__/x.html': '{{'}
MODULES = ['index_html.py', 'note_txt.py', 'parts/row_html.py']

# Prints what index.html renders; the loader, the folder and whether it escapes are arguments.
PROGRAM = """
import sys
from microdot.utemplate import Template
loader, folder, autoescape = sys.argv[1:]
module = __import__('utemplate.' + loader, None, None, ('Loader',))
Template.initialize(folder, module.Loader, autoescape == 'True')
print(Template('index.html').render('<x>'), end='')
"""

SERVER = """
import sys
from microdot import Microdot
from microdot.utemplate import Template

Template.initialize(sys.argv[2], autoescape=True)
app = Microdot()

@app.get('/')
def index(request):
    return Template('long.html').generate(int(request.args.get('x', 0)))

app.run('127.0.0.1', int(sys.argv[1]))
"""


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / 'templates'
    fill(path, FILES | IGNORED)
    return path


def fill(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


def run(*arguments):
    """Run the tool; return its exit status, what it printed, and to stderr."""
    command = runtimes.kit_command('templates', *arguments)
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert 'Traceback' not in ended.stderr
    return ended.returncode, ended.stdout.strip(), ended.stderr.strip()


def test_the_folder_of_an_application(folder):
    """What lies in it beside its templates is left alone."""
    fill(folder.parent, {'main.py': '', 'README.md': '{{', 'static/style.css': 'a {{'})
    before = contents(folder.parent)
    status, said, _ = run(folder.parent)
    assert (status, said) == (0, f'{folder}: 3 templates, 3 compiled')
    added = set(contents(folder.parent)) - set(before)
    assert added == {f'templates/{name}' for name in MODULES}
    shutil.rmtree(folder)
    assert run(folder.parent)[2] == f'{folder}: no such folder'


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file()
    }


def rendered(folder, loader='compiled', autoescape=False, micropython=True):
    """What index.html renders to for the title `<x>`, or the last line of the error."""
    command, environment = [sys.executable], {'PYTHONPATH': str(runtimes.LIB)}
    if micropython:
        try:
            command = runtimes.micropython_command()
        except SystemExit as error:
            needs.missing(str(error))
        environment = runtimes.micropython_environment()
    program = folder.parent / 'program.py'
    program.write_text(PROGRAM)
    ended = subprocess.run(
        [*command, program.name, loader, folder.name, str(autoescape)],
        cwd=folder.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return ended.stdout if ended.returncode == 0 else (ended.stdout + ended.stderr).splitlines()[-1]


def test_compiled_beside(folder):
    before = contents(folder)
    assert run(folder) == (0, f'{folder}: 3 templates, 3 compiled', '')
    after = contents(folder)
    assert sorted(after.keys() - before.keys()) == MODULES
    assert all(after[name] == data for name, data in before.items())
    assert run(folder) == (0, f'{folder}: 3 templates, 0 compiled', '')
    assert contents(folder) == after
    (folder / 'note.txt').write_text('tea')
    assert run(folder)[1] == f'{folder}: 3 templates, 1 compiled'


def test_output_folder_and_runtimes_agree(folder, tmp_path):
    output = tmp_path / 'made' / 'views'
    before = contents(folder)
    assert run(folder, '--output', output)[0] == 0
    assert contents(folder) == before
    assert sorted(contents(output)) == MODULES
    # What a loader writes, on a device as here, is what the tool writes.
    for micropython in (True, False):
        copy = tmp_path / f'copy{micropython}'
        shutil.copytree(folder, copy)
        assert rendered(copy, 'recompile', False, micropython) == '<h1><x></h1>\n<td>1</td>\n'
        for name in ('index_html.py', 'parts/row_html.py'):
            assert (copy / name).read_bytes() == (output / name).read_bytes()


def test_check(folder):
    before = contents(folder)
    status, _, error = run(folder, '--check')
    assert status == 1
    assert error.splitlines() == [f'{folder}/{name}: not up to date' for name in MODULES]
    assert contents(folder) == before
    run(folder)
    assert run(folder, '--check') == (0, f'{folder}: 3 templates, 0 compiled', '')
    assert run(folder, '--check', '--autoescape')[0] == 1
    (folder / 'note.txt').write_text('x')
    assert run(folder, '--check')[::2] == (1, f'{folder}/note_txt.py: not up to date')


# files, lines of the error, without the folder at their start
WRONG = (
    ({'a.html': 'x\n{{ 1 + }}', 'b.html': '{% if 1 %}'}, ['a.html:2: ', 'b.html:1: ']),
    ({'a.html': 'x\n{% include "none.html" %}'}, ["a.html:2: includes 'none.html', which is not"]),
    ({'a.html': b'x\n\n\xff'}, ['a.html:3: not UTF-8']),
    ({'a.b': '', 'a_b': ''}, ['a_b: would be the same module as a.b']),
    ({'main': '', 'main.py': 'x'}, ['main: would replace ']),
    ({'a:b': ''}, ['a:b: not a template name']),
)


@pytest.mark.parametrize('files, lines', WRONG)
def test_wrong(tmp_path, files, lines):
    fill(tmp_path, files | {'good.html': 'x'})
    before = contents(tmp_path)
    status, printed, error = run(tmp_path)
    assert (status, printed) == (1, '')
    for line, expected in zip(error.splitlines(), lines, strict=True):
        assert line.startswith(f'{tmp_path}/{expected}'), line
    assert contents(tmp_path) == before


def test_nothing_to_do_or_nowhere_to_write(tmp_path, folder):
    assert run(tmp_path / 'none') == (1, '', f'{tmp_path}/none: no such folder')
    (tmp_path / 'empty').mkdir()
    assert run(tmp_path / 'empty') == (1, '', f'{tmp_path}/empty: no templates')
    (tmp_path / 'file').write_text('')
    status, _, error = run(folder, '--output', tmp_path / 'file')
    assert status == 1 and len(error.splitlines()) == 1 and str(tmp_path / 'file') in error
    assert run()[0] == 2


@pytest.mark.parametrize('autoescape', [False, True])
@pytest.mark.parametrize('kind', ['py', 'mpy'])
def test_on_a_device(folder, tmp_path, kind, autoescape):
    """Only the compiled modules are there; every loader takes them."""
    device = tmp_path / 'device'
    run(folder, '--output', device, *(['--autoescape'] if autoescape else []))
    if kind == 'mpy':
        try:
            server.compile_folder(server.find_mpy_cross(), device, tmp_path / 'mpy')
        except server.Missing as error:
            needs.missing(str(error))
        device = tmp_path / 'mpy'
        assert sorted(contents(device)) == [name.replace('.py', '.mpy') for name in MODULES]
    title = '&lt;x&gt;' if autoescape else '<x>'
    for loader in ('compiled', 'source', 'recompile'):
        found = rendered(device, loader, autoescape)
        assert found == f'<h1>{title}</h1>\n<td>1</td>\n'
        assert 'compile it again' in rendered(device, loader, not autoescape)
    # A changed template counts more than the module made of it before.
    fill(device, {'index.html': '{% args x %}new', 'parts/row.html': ''})
    assert rendered(device, 'recompile', autoescape) == 'new'
    assert rendered(device, 'source', autoescape) == 'new'  # it was compiled just now


def test_frozen_modules_are_found():
    """A folder in firmware is one of the same name: asyncio's own stands for templates."""
    program = (
        'from utemplate.compiled import import_module, Loader\n'
        'print("TaskQueue" in import_module("asyncio", "core"))\n'
        'Loader(None, "./asyncio").load("core")'
    )
    try:
        command = runtimes.micropython_command()
    except SystemExit as error:
        needs.missing(str(error))
    ended = subprocess.run(
        [*command, '-c', program],
        env=runtimes.micropython_environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.stdout.startswith('True\n')
    assert 'TemplateError: core: compiled for other settings' in ended.stdout


def test_a_long_template_is_served(tmp_path):
    """20 KB from source, with the server, in 192 KB of heap."""
    try:
        command = runtimes.micropython_command()
    except SystemExit as error:
        needs.missing(str(error))
    text = 'Some text that is the same in every row, between the values that are shown. ' * 2
    row = (
        '<tr class="r{0}">\n<td>'
        + text
        + '</td>{{% if x > {0} %}}<td>{{{{ x }}}}</td>{{% endif %}}\n'
    )
    rows = [row.format(i) for i in range(95)]
    fill(tmp_path, {'t/long.html': '{% args x %}\n' + ''.join(rows), 'app.py': SERVER})
    assert (tmp_path / 't' / 'long.html').stat().st_size > 20000
    command += [str(tmp_path / 'app.py'), '{port}', str(Path(tmp_path / 't'))]
    with server.Server(command, runtimes.LIB) as process:
        for x in (0, 50, 95):
            with urllib.request.urlopen(f'http://127.0.0.1:{process.port}/?x={x}') as response:
                body = response.read().decode()
            assert body.count('<tr class=') == 95
            assert body.count(f'<td>{x}</td>') == x
    assert (tmp_path / 't' / 'long_html.py').exists()


def test_threads_and_processes_compile_at_once(folder):
    """Whoever asks for a template while others compile it gets all of it."""
    program = folder.parent / 'threads.py'
    program.write_text(
        'import sys\n'
        'from concurrent.futures import ThreadPoolExecutor\n'
        'from utemplate.recompile import Loader\n'
        'loader = Loader(None, sys.argv[1])\n'
        'def render(_):\n'
        '    return "".join(loader.load("index.html")("x"))\n'
        'with ThreadPoolExecutor(8) as pool:\n'
        '    found = set(pool.map(render, range(64)))\n'
        'assert found == {"<h1>x</h1>\\n<td>1</td>\\n"}, found\n'
    )
    command = [sys.executable, str(program), str(folder)]
    environment = {'PYTHONPATH': str(runtimes.LIB)}
    processes = [subprocess.Popen(command, env=environment) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert sorted(contents(folder).keys() - FILES.keys() - IGNORED.keys()) == [
        name for name in MODULES if name != 'note_txt.py'
    ]
