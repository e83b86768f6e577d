"""Programs that some tests need and a machine may lack.

A test that cannot run says what to install. That is a skip on a person's machine and a failure
when `CI=true`, where nothing may go untested without anybody noticing.
"""

import functools
import os
import shutil

import pytest

BROWSERS = ('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable')


def in_ci():
    """Whether nothing may go untested, however long it takes."""
    return os.environ.get('CI', '').lower() in ('true', '1')


def missing(message):
    """Skip the running test with the message, or fail it when the environment has `CI=true`."""
    if in_ci():
        pytest.fail(message + ' (CI=true: a missing program is a failure)', pytrace=False)
    absent(message)


def absent(message):
    """Skip the running test, or the file, with the message, which is shown after all tests."""
    from testing.results import NEEDED

    pytest.skip(NEEDED + message, allow_module_level=True)


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
    from microdot_kit import runtimes

    try:
        return runtimes.micropython()
    except SystemExit as exc:
        return missing(str(exc))


@functools.cache
def like_a_board(*options):
    """Return the path of the MicroPython that the firmware is made of, built if need be.

    The options are those of `firmware.runtime.build`.
    """
    from firmware import runtime
    from microdot_kit import steps

    try:
        return runtime.build(*options)
    except steps.Failure as failure:
        return missing(str(failure))


def browser():
    """Return the path of a Chromium to test with; `CHROMIUM=path` in the environment names one."""
    named = os.environ.get('CHROMIUM')
    names = (named,) if named else BROWSERS
    return require(names, 'install it (Debian: apt-get install chromium) or set CHROMIUM=path')
