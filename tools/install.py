"""Installs what a make target needs into .venv, pinned by tools/requirements/NAME.txt.

    python3 tools/install.py              make .venv, or mend one whose Python has gone
    .venv/bin/python tools/install.py test    install a set and stamp it: .venv/stamps/test

Needed because it runs before any package is there, and pip makes no environment and no stamps for
make. Only the standard library, and a syntax that old Pythons can read far enough to be told. A
failed installation leaves no stamp, so the next make tries again. Two makes wait for each other.
"""

import os
import re
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, '.venv')
PYTHON = os.path.join(VENV, 'bin', 'python')
OLDEST = (3, 11)

SHOW_SECONDS = 10  # between two signs of life
WARNING = re.compile('^WARNING: .*\\n', re.MULTILINE)  # of pip, which is not quiet if it has a log
UNREACHED = ('connection error', 'connection broken', 'problem confirming the ssl certificate')
OFFLINE = (
    'Installing %s needs the network, and nobody answers there. A proxy is named by https_proxy=, '
    'another index of packages by PIP_INDEX_URL=, in the environment%s'
)
WITHOUT = {'run': '. make run RUNTIME=cpython needs no packages'}
NETWORK = 'pip says above why; it needs the network, through a proxy if https_proxy= names one'
HINTS = {
    'run': 'MicroPython is packaged for x86-64 Linux and Macs with arm64. Elsewhere build its unix '
    'port and name it: make ... MICROPYTHON=path/to/micropython',
}


def say(text):
    sys.stderr.write(text + '\n')
    sys.stderr.flush()


def check_python():
    """End with one line if this Python cannot make the environment."""
    version = sys.version_info[:2]
    if version < OLDEST:
        sys.exit(
            'Python 3.11 or newer is needed, this is %d.%d: make ... PYTHON=python3.11' % version
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        sys.exit(
            "Python's venv module is missing: install it (Debian: apt-get install python3-venv)"
        )


def lock():
    """Keep other installations out until this process ends."""
    import fcntl

    os.makedirs(os.path.join(ROOT, 'build'), exist_ok=True)
    held = open(os.path.join(ROOT, 'build', 'install.lock'), 'w')
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        say('Waiting for another installation to end')
        fcntl.flock(held, fcntl.LOCK_EX)
    return held


def usable():
    """Whether .venv has a Python that runs, has pip, and is the version the venv was made for."""
    script = 'import pip, sys, sysconfig; print(sysconfig.get_path("purelib"))'
    try:
        folder = subprocess.check_output([PYTHON, '-c', script], stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return False
    return os.path.isdir(folder.decode().strip())


def make_venv():
    """Make .venv unless there is a usable one; what an unusable one held is removed."""
    if usable():
        return
    if os.path.lexists(VENV) and not os.path.isdir(VENV):
        sys.exit('.venv is a file, where make puts a folder: remove or rename it')
    say('Making .venv with Python %d.%d' % sys.version_info[:2])
    if run([sys.executable, '-m', 'venv', '--clear', VENV]):
        sys.exit('Making .venv failed. Another Python may do: make ... PYTHON=path')


def run(command, shown=str):
    """Run a program and return its exit status, then show what it said of errors.

    `shown` makes of that what is to be seen.
    One that takes long is seen to be there. Of one that Ctrl-C ends, with us, nothing is shown: pip
    and venv answer that with tracebacks.
    """
    with tempfile.TemporaryFile() as errors:
        status = wait(subprocess.Popen(command, stderr=errors))
        errors.seek(0)
        sys.stderr.write(shown(errors.read().decode(errors='replace')))
    return status


def wait(process):
    began = time.time()
    while True:
        try:
            return process.wait(SHOW_SECONDS)
        except subprocess.TimeoutExpired:
            say('  %d s' % (time.time() - began))
        except BaseException:
            process.terminate()
            process.wait()
            raise


def pip(requirements):
    """Install what a file of requirements lists; return pip's exit status, and if it is offline."""
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, 'log')
        command = [PYTHON, '-m', 'pip', 'install', '-qq', '--disable-pip-version-check']
        command += ['--no-input', '--progress-bar', 'off', '--log', log, '-r', requirements]
        status = run(command, lambda text: '' if offline(log) else WARNING.sub('', text))
        return status, offline(log)


def offline(log):
    """Whether pip has found nothing as nobody answered, which it tells its log alone."""
    if not os.path.exists(log):
        return False
    with open(log, errors='replace') as file:
        text = file.read()
    return 'No matching distribution' in text and any(sign in text for sign in UNREACHED)


def install(name):
    """Install the packages of tools/requirements/NAME.txt and stamp the set."""
    stamp = os.path.join(VENV, 'stamps', name)
    requirements = os.path.join('tools', 'requirements', name + '.txt')
    if os.path.exists(stamp):
        os.remove(stamp)
    say('Installing %s into .venv' % requirements)
    status, offline = pip(os.path.join(ROOT, requirements))
    if status and offline:
        sys.exit(OFFLINE % (requirements, WITHOUT.get(name, '')))
    if status:
        sys.exit('Installing %s failed. %s' % (requirements, HINTS.get(name, NETWORK)))
    os.makedirs(os.path.dirname(stamp), exist_ok=True)
    open(stamp, 'w').close()


def main(arguments):
    check_python()
    held = lock()
    make_venv()
    for name in arguments:
        install(name)
    held.close()


if __name__ == '__main__':
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit('Interrupted.')
    except OSError as exc:
        sys.exit('%s: %s' % (exc.filename or 'install', exc.strerror))
