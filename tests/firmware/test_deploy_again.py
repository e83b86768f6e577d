"""`make deploy WATCH=1` to a stand-in for a board: changes are deployed, faults are waited for."""

import signal
import subprocess
import sys

from deploying import DEADLINE, get, write
from ptyboard import Board

from microdot_kit import deploy, runtimes
from output import Output

TOOL = [sys.executable, '-u', str(runtimes.ROOT / 'tools' / 'microdot_kit'), 'deploy']


class Deploying:
    """The tool at work; its output can be waited for."""

    def __init__(self, board, app):
        options = ['--port', board.port, '--watch', '60', '--again']
        self.process = subprocess.Popen(
            [*TOOL, str(app), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.output = Output(self.process)

    def waits(self, times):
        """Return the output once it has waited for a change that often."""
        lines = self.output.wait('Waiting for a change. Ctrl-C ends it', times, DEADLINE)
        return '\n'.join(lines[:-1])

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.kill()
        self.process.wait()
        self.output.close(DEADLINE)


def test_changes_are_deployed_and_faults_waited_for(tmp_path):
    app = write(tmp_path / 'app')
    with Board(tmp_path / 'board') as board, Deploying(board, app) as tool:
        assert get(tool.waits(1)) == 'part 1, 1\n'
        (app / 'parts.py').write_text("name = 'part 2'\n")
        output = tool.waits(2)
        assert get(output) == 'part 2, 1\n'
        assert 'Changed: parts.py' in output
        assert 'Copied 1 file, ' in output
        (app / 'parts.py').write_text("name = '\n")
        assert tool.waits(3).splitlines()[-1].startswith('parts.py:1 cannot be compiled: ')
        (app / 'templates' / 'page.html').write_text('{% args a, b %}\n{{ b }} {{ a }}\n')
        (app / 'parts.py').write_text("name = 'part 3'\n")
        assert get(tool.waits(4)) == '1 part 3\n'
        tool.process.send_signal(signal.SIGINT)
        assert tool.process.wait(DEADLINE) == 0
        assert 'Traceback' not in '\n'.join(tool.output.lines)


def test_a_change_while_it_deploys_is_not_lost(tmp_path):
    app = write(tmp_path / 'app')
    with Board(tmp_path / 'board') as board, Deploying(board, app) as tool:
        tool.output.wait('[1/', 1, DEADLINE)
        (app / 'parts.py').write_text("name = 'part 2'\n")
        assert get(tool.waits(2)) == 'part 2, 1\n'


def test_without_the_package(tmp_path, monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, 'microdot_kit.watched', raising=False)
    monkeypatch.delattr('microdot_kit.watched', raising=False)
    monkeypatch.setitem(sys.modules, 'watchfiles', None)
    assert deploy.main([str(write(tmp_path)), '--again']) == 1
    assert capsys.readouterr().err == 'watchfiles is not installed: make .venv/stamps/watch\n'


def test_no_application_to_watch(tmp_path):
    ended = subprocess.run([*TOOL, str(tmp_path), '--again'], capture_output=True, text=True)
    assert ended.returncode == 1
    assert ended.stderr == f'APP={tmp_path}: no main.py in there, and not a file\n'
