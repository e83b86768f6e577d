"""Wi-Fi credentials on their way to a board's `network.json`; nothing here ever prints them.

    microdot-kit credentials SSID FILE [--access-point]

The password is WIFI_PASSWORD of the environment, or else asked for without an echo; that of the
access point, which the board opens while there is no network, is AP_PASSWORD. An argument of a
command would show it to whoever lists the processes. FILE is made or changed: what it says besides
stays, a network that it knew is joined after the new one, and only its owner can read it. Any
Python 3.9 runs this, without .venv.
"""

import argparse
import getpass
import json
import os
import tempfile
import warnings
from pathlib import Path

from microdot_kit.steps import Failure, exit_status

NAME = 'network.json'
LONGEST_SSID = 32  # bytes
PASSWORD = range(8, 64)  # characters of WPA2; 64 are a key in hexadecimal


def ask(title, variable, environment=os.environ, prompt=getpass.getpass):
    """Return a password from the environment or the terminal; Failure if there is neither."""
    if variable in environment:
        return environment[variable]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('error', getpass.GetPassWarning)  # it would show what is typed
            return prompt(f'{title}: ')
    except (EOFError, OSError, getpass.GetPassWarning):
        raise Failure(f'No terminal to ask for the password: set {variable}') from None


def check(title, password):
    """Return the password; Failure, without it, if no WPA2 network can have it."""
    hexadecimal = len(password) == 64 and not password.strip('0123456789abcdefABCDEF')
    printable = all(' ' <= character <= '~' for character in password)
    if not hexadecimal and not (len(password) in PASSWORD and printable):
        raise Failure(f'{title}: 8 to 63 characters of ASCII are needed')
    return password


def entered(ssid, access_point=False, environment=os.environ, prompt=getpass.getpass):
    """Return what `network.json` is to say about a network; without a password it is an open one.

    With `access_point` also about the board's own. Failure if that cannot be right.
    """
    try:
        size = len(ssid.encode())
    except UnicodeEncodeError:
        size = 0
    if not 0 < size <= LONGEST_SSID:
        raise Failure(f'The name of a Wi-Fi network has 1 to {LONGEST_SSID} bytes of UTF-8')
    title = f'Password of {ssid}'
    password = ask(f'{title} (none: an open network)', 'WIFI_PASSWORD', environment, prompt)
    said = {'ssid': ssid, 'password': check(title, password) if password else ''}
    if access_point:
        title = "Password of the board's access point"
        said['ap'] = {'password': check(title, ask(title, 'AP_PASSWORD', environment, prompt))}
        if len(said['ap']['password']) not in PASSWORD:
            raise Failure(f'{title}: 8 to 63 characters are needed, not a key')
    return said


def merge(known, said):
    """Return the bytes of `network.json`, from those that there are (`None`: no file) and `said`.

    Failure if those are not a JSON object. The same input gives the same bytes.
    """
    settings = read(known)
    networks = settings.get('networks', [])
    if not isinstance(networks, list):
        raise Failure(f'{NAME}: "networks" is not a list: correct or remove it')
    if settings.get('ssid') not in (None, said['ssid']):
        first = {name: settings[name] for name in ('ssid', 'password') if name in settings}
        networks = [first, *networks]
    others = [n for n in networks if not (isinstance(n, dict) and n.get('ssid') == said['ssid'])]
    point = {**as_object(settings.get('ap')), **said.get('ap', {})}
    settings.update(said)
    for name, value in (('networks', others), ('ap', point)):
        settings.pop(name, None)
        if value:
            settings[name] = value
    # No \uD83D\uDE00: MicroPython makes two characters of it.
    return json.dumps(settings, ensure_ascii=False, indent=1).encode() + b'\n'


def read(known):
    try:
        settings = json.loads(known.decode()) if known is not None else {}
    except ValueError:
        settings = None
    if not isinstance(settings, dict):
        raise Failure(f'{NAME} is not a JSON object: correct or remove it')
    return settings


def as_object(value):
    return value if isinstance(value, dict) else {}


def save(path, said):
    """Make or change a file that only its owner can read, whole or not at all."""
    path = Path(path)
    data = merge(path.read_bytes() if path.exists() else None, said)
    handle, new = tempfile.mkstemp(prefix='.', suffix='.new', dir=path.parent)  # mode 600
    try:
        with open(handle, 'wb') as file:
            file.write(data)
        os.replace(new, path)
    except BaseException:
        os.unlink(new)
        raise


def options(arguments):
    parser = argparse.ArgumentParser(
        prog='microdot-kit credentials', description=f'Write a {NAME}.'
    )
    parser.add_argument('ssid', metavar='SSID')
    parser.add_argument('file', metavar='FILE')
    parser.add_argument('--access-point', action='store_true', help='a password for that, too')
    return parser.parse_args(arguments)


def make(chosen):
    save(chosen.file, entered(chosen.ssid, chosen.access_point))
    print(f'{chosen.file} says how to join {chosen.ssid}')


def main(arguments):
    return exit_status(make, options(arguments))
