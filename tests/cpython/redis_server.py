"""Redis, or Valkey, in a process of its own, which can be stopped and started again."""

import contextlib
import socket
import subprocess
import time

import needs

SERVERS = ('redis-server', 'valkey-server')
HINT = 'install it (Debian: apt-get install redis-server)'
DEADLINE = 20


class Redis:
    """A server that keeps nothing on disk, unless told.

    :param folder: where it may write.
    :param keeps: whether it has its data again after a restart.
    """

    def __init__(self, folder, keeps=False):
        self.command = [needs.require(SERVERS, HINT), '--dir', str(folder), '--save', '']
        self.command += ['--bind', '127.0.0.1', '--appendonly', 'yes' if keeps else 'no']
        self.command += ['--appendfsync', 'always']
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            self.port = probe.getsockname()[1]
        self.url = f'redis://127.0.0.1:{self.port}'
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc):
        self.stop()

    def start(self):
        self.process = subprocess.Popen(
            [*self.command, '--port', str(self.port)], stdout=subprocess.DEVNULL
        )
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            assert self.process.poll() is None
            with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', self.port)):
                return
            time.sleep(0.02)
        raise AssertionError('redis does not answer')

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait(DEADLINE)
            self.process = None
