"""Programs that some tests need and a machine may lack.

A test that cannot run says what to install. That is a skip on a person's machine and a failure
when `CI=true`, where nothing may go untested without anybody noticing.
"""

import os
import shutil

import pytest

BROWSERS = ('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable')


def missing(message):
    """Skip the running test with the message, or fail it when the environment has `CI=true`."""
    if os.environ.get('CI', '').lower() in ('true', '1'):
        pytest.fail(message + ' (CI=true: a missing program is a failure)', pytrace=False)
    pytest.skip(message)


def require(tool, install_hint):
    """Return the path of a program, given as one name or as a tuple of the names it goes by.

    Without it the test is skipped (`missing()`) with a line that names the program and the hint.
    """
    names = (tool,) if isinstance(tool, str) else tool
    for name in names:
        path = shutil.which(name)
        if path:
            return path
    return missing('{} is not installed: {}'.format(names[0], install_hint))


def micropython():
    """Return the path of the MicroPython that make installs, or of `MICROPYTHON=path`."""
    import runtimes

    try:
        return runtimes.micropython()
    except SystemExit as exc:
        return missing(str(exc))


def browser():
    """Return the path of a Chromium to test with; `CHROMIUM=path` in the environment names one."""
    named = os.environ.get('CHROMIUM')
    names = (named,) if named else BROWSERS
    return require(names, 'install it (Debian: apt-get install chromium) or set CHROMIUM=path')
