"""`make run RELOAD=1`: what a changed file does to the server and to the page in a browser."""

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from test_run import APP, DEADLINE, RUN, RUNTIMES, Running, free_port

from browsing import Page, keep
from microdot_kit import runtimes, watched
from output import Output
from serving import copied

# What has different kinds of bodies, and what is no page.
PAGES = """
import io
from microdot import Microdot, send_file

app = Microdot()
HTML = {'Content-Type': 'text/html; charset=UTF-8'}
BODIES = {
    'text': lambda: '<p>text',
    'bytes': lambda: b'<p>bytes',
    'parts': lambda: iter(['<p>', 'parts']),
    'file': lambda: send_file('page.html').body,
}

@app.get('/page/<name>')
async def page(request, name):
    return BODIES[name](), HTML

@app.get('/sent')
async def sent(request):
    return send_file('page.html')

@app.get('/lost')
async def lost(request):
    return '<p>lost', 404, HTML

@app.get('/plain')
async def plain(request):
    return 'plain'

@app.get('/packed')
async def packed(request):
    return b'packed', dict(HTML, **{'Content-Encoding': 'x'})

app.static('/', 'static')
"""
# (the path, what is sent before the script or, in a list, as it is)
SENT = (
    ('page/text', '<p>text'),
    ('page/bytes', '<p>bytes'),
    ('page/parts', '<p>parts'),
    ('page/file', '<p>file'),
    ('sent', '<p>file'),
    ('lost', '<p>lost'),
    ('static.html', '<p>static'),
    ('plain', ['plain']),
    ('packed', ['packed']),
)
TAG = '\n<script src="/_reload"></script>\n'


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'folder' / 'static').mkdir(parents=True)
    (tmp_path / 'folder' / 'file.py').write_text(APP + "NAME = 'one'\n")
    return tmp_path


class Reloading(Running):
    """A server that is started again; its output can be waited for."""

    def __init__(self, folder, runtime):
        port = free_port()
        options = ['--port', str(port), '--runtime', runtime, '--reload']
        super().__init__([*RUN, 'folder/file.py', *options], port, folder)
        self.output = Output(self.process)

    def says(self, text, times=1):
        """Wait until lines with the text have come that often."""
        self.output.wait(text, times, DEADLINE)

    def stop(self):
        """End all of it as Ctrl-C does; return the exit status."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(DEADLINE)

    def __exit__(self, *exc_info):
        super().__exit__(*exc_info)
        self.output.close(DEADLINE)


@RUNTIMES
def test_changes_restart_and_faults_are_waited_for(folder, runtime):
    file = folder / 'folder' / 'file.py'
    with Reloading(folder, runtime) as server:
        server.says('Serving on')
        assert server.get() == 'one'
        file.write_text(APP + "NAME = 'two'\n")
        server.says('Serving on', 2)
        assert server.get() == 'two'
        assert 'Changed: file.py' in server.output.lines
        file.write_text(APP + 'NAME = (\n')
        server.says('SyntaxError')
        server.says('It has ended. The next change of a file starts it again.')
        (folder / 'folder' / 'part.py').write_text("NAME = 'three'\n")
        file.write_text(APP + 'from part import NAME\n')
        server.says('Serving on', 3)
        assert server.get() == 'three'
        (folder / 'folder' / 'part.py').write_text("NAME = 'four'\n")
        server.says('Changed: part.py')
        server.says('Serving on', 4)
        assert server.get() == 'four'
        for number in range(7):
            (folder / 'folder' / f'{number}.txt').touch()
        server.says('Changed: 0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 2 more')
        server.says('Serving on', 5)
        assert server.stop() == 0
        assert server.group_is_gone()


@RUNTIMES
def test_a_server_that_does_not_end_is_killed(folder, runtime):
    file = folder / 'folder' / 'file.py'
    stubborn = """
import time
while True:
    try:
        print('stubborn')
        while True:
            time.sleep(0.1)
    except KeyboardInterrupt:
        pass
"""
    file.write_text(stubborn)
    with Reloading(folder, runtime) as server:
        server.says('stubborn')
        file.write_text(APP + "NAME = 'gentle'\n")
        server.says('Serving on')
        assert server.get() == 'gentle'


@RUNTIMES
def test_pages_get_the_script(folder, runtime):
    (folder / 'folder' / 'file.py').write_text(PAGES)
    (folder / 'folder' / 'page.html').write_text('<p>file')
    (folder / 'folder' / 'static' / 'static.html').write_text('<p>static')
    base = None
    with Reloading(folder, runtime) as server:
        server.says('Serving on')
        base = server.url
        for path, sent in SENT:
            server.url = base + path
            command = ['curl', '-s', '--retry-connrefused', '--retry', '20', base + path]
            body = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE).stdout
            assert body == (sent + TAG if isinstance(sent, str) else sent[0]), path


@pytest.mark.parametrize('app', ['sessions', 'dashboard'])
@RUNTIMES
def test_the_browser_loads_the_page_again(chromium, tmp_path, runtime, app):
    """Also where a policy forbids what is not of the site, and where templates are generators."""
    path = copied(f'examples/{app}/main.py', tmp_path)
    path.rename(path.with_name('file.py'))
    path.parent.rename(tmp_path / 'folder')
    page_file = tmp_path / 'folder' / {'sessions': 'index.html', 'dashboard': 'pages.py'}[app]
    with Reloading(tmp_path, runtime) as server:
        server.says('Serving on')
        server.get()
        server.url = server.url.rstrip('/')
        page = Page(chromium, server).page
        page.goto('/')
        page.get_by_role('heading').first.wait_for()
        with page.expect_response('**/_reload?events'):
            page.reload()
        text = page_file.read_text()
        page_file.write_text(text.replace('</body>', '<b>changed</b></body>', 1))
        server.says('Serving on', 2)
        page.get_by_text('changed', exact=True).wait_for()
        page.context.close()


@RUNTIMES
def test_the_browser_shows_why_an_application_does_not_start(chromium, folder, runtime):
    file = folder / 'folder' / 'file.py'
    file.write_text(PAGES)
    with Reloading(folder, runtime) as server:
        server.says('Serving on')
        root, server.url = server.url.rstrip('/'), server.url + 'plain'
        server.get()
        page = chromium.new_context(base_url=root).new_page()
        page.goto('/page/text')
        with page.expect_response('**/_reload?events'):
            page.reload()
        file.write_text(PAGES + '\nanswer = <b>42\n')
        page.get_by_role('heading', name='SyntaxError: ').wait_for()
        line = len(PAGES.splitlines()) + 2
        page.get_by_role('heading', name=f'file.py, line {line}', exact=True).wait_for()
        assert ' '.join(page.locator('.at').inner_text().split()) == f'{line} answer = <b>42'
        keep(page, f'failed-{runtime}')
        # Only whoever may see the code does.
        with pytest.raises(urllib.error.HTTPError, match='503') as refused:
            urllib.request.urlopen(root)
        assert b'answer' not in refused.value.read()
        file.write_text(PAGES.replace('<p>text', '<p>mended'))
        page.get_by_text('mended', exact=True).wait_for()
        page.context.close()
        assert server.stop() == 0
        assert server.group_is_gone()


# Whether a change counts.
COUNTED = {
    'main.py': True,
    'templates/page.html': True,
    'static/app.js': True,
    'notes.txt': True,
    'templates/page_html.py': False,
    'page_maker.py': True,
    'secret.key': False,
    'files/upload.bin': False,
    '__pycache__/main.cpython-311.pyc': False,
    '.git/index.txt': False,
    'node_modules/a/a.js': False,
    'main.py~': False,
    '.main.py.swp': False,
}


def test_which_files_count(tmp_path):
    (tmp_path / 'templates').mkdir()
    (tmp_path / 'templates' / 'page.html').write_text('')
    counts = watched.Written()
    assert {name: counts(1, str(tmp_path / name)) for name in COUNTED} == COUNTED


def test_the_documentation_lists_what_counts():
    page = ' '.join((runtimes.ROOT / 'docs' / 'howto' / 'develop.md').read_text().split())
    told = page.partition('Files that people write: ')[2].partition('in the folder of')[0]
    assert sorted(re.findall(r'`(\.\w+)`', told)) == sorted(watched.WRITTEN)


def test_without_the_package(folder):
    """`microdot-kit run` says what installs it."""
    script = f"import sys; sys.modules['watchfiles'] = None; sys.argv[1:] = {['folder/file.py']!r}"
    script += f" + ['--reload', '--port', '{free_port()}']; sys.path.insert(0, "
    script += (
        f'{str(runtimes.ROOT / "tools")!r}); from microdot_kit import run; run.main(sys.argv[1:])'
    )
    ended = subprocess.run(
        [sys.executable, '-c', script], cwd=folder, capture_output=True, text=True, timeout=DEADLINE
    )
    assert ended.returncode == 2
    assert ended.stderr == 'watchfiles is not installed: make .venv/stamps/watch\n'
