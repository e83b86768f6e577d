"""Sends an update to a board over the network: what `make deploy URL=` calls.

    microdot-kit send URL (--update FILE | APP --version 1.2.3 [--key FILE]) [--older]

URL is the board's (its path is /update unless it has one). The update is a file that `make update`
has made, or is made for the board that answers. It is sent, then this waits until the board is back
with it; the exit status says whether it is. Credentials are in the URL, or UPDATE_USER= and
UPDATE_PASSWORD=, or UPDATE_TOKEN=, in the environment, or typed.
"""

import argparse
import base64
import getpass
import http.client
import json
import os
import ssl
import sys
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

from microdot_kit import keys, payload, update
from microdot_kit.steps import Failure, say

PATH = '/update'
PIECE = 4096
TIMEOUT = 30  # seconds of silence
BACK = 180  # seconds until a board has to be back
LOOK = 1.5  # seconds between two looks
AGENT = 'microdot-kit'
EXPECTED = (http.client.HTTPException, OSError)


class Site:
    """Where updates are sent: `ask()`, `send()`."""

    def __init__(self, url):
        parts = urlsplit(url if '://' in url else 'http://' + url)
        if parts.scheme not in ('http', 'https') or not parts.hostname:
            raise Failure(f'URL={url}: no address of a board, such as http://desk.local')
        self.https = parts.scheme == 'https'
        try:
            self.host, self.port = parts.hostname, parts.port
        except ValueError:
            raise Failure(f'URL={url}: a port is a number') from None
        self.path = parts.path if parts.path.strip('/') else PATH
        self.user = unquote(parts.username or os.environ.get('UPDATE_USER', ''))
        self.password = unquote(parts.password or '') or os.environ.get('UPDATE_PASSWORD', '')
        self.shown = f'{parts.scheme}://{parts.hostname}' + (f':{self.port}' if self.port else '')

    def headers(self):
        found = {'Accept': 'application/json', 'User-Agent': AGENT}
        token = os.environ.get('UPDATE_TOKEN', '')
        if token:
            found['Authorization'] = 'Bearer ' + token
        elif self.user or self.password:
            pair = f'{self.user}:{self.password}'.encode()
            found['Authorization'] = 'Basic ' + base64.b64encode(pair).decode()
        return found

    def connect(self, timeout):
        if self.https:
            context = ssl.create_default_context(cafile=os.environ.get('UPDATE_CA') or None)
            return http.client.HTTPSConnection(
                self.host, self.port, timeout=timeout, context=context
            )
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def ask(self, timeout=TIMEOUT):
        """(status, what the board answers). OSError or HTTPException without an answer."""
        connection = self.connect(timeout)
        try:
            connection.request('GET', self.path, headers=self.headers())
            response = connection.getresponse()
            return response.status, response.read().decode('utf-8', 'replace')
        finally:
            connection.close()

    def send(self, data, query, progress):
        """Send an update; (status, answer). The board may answer before it has all of it."""
        connection = self.connect(TIMEOUT)
        try:
            connection.putrequest('POST', self.path + query, skip_accept_encoding=True)
            for name, value in self.headers().items():
                connection.putheader(name, value)
            connection.putheader('Content-Length', str(len(data)))
            connection.endheaders()
            try:
                for start in range(0, len(data), PIECE):
                    connection.send(data[start : start + PIECE])
                    progress(min(start + PIECE, len(data)), len(data))
            except OSError:
                pass  # it has answered, and does not read on
            response = connection.getresponse()
            return response.status, response.read().decode('utf-8', 'replace')
        finally:
            connection.close()


def why(exc):
    """What is wrong with a connection, in words."""
    if isinstance(exc, ssl.SSLError):
        return f'its certificate is not trusted ({exc.reason or exc}): UPDATE_CA=file'
    text = getattr(exc, 'strerror', None) or str(exc) or type(exc).__name__
    return text[0].lower() + text[1:]


def first_look(site):
    """What the board says of itself. Failure if it takes no updates, or not from us."""
    try:
        status, text = site.ask()
        if status == 401 and sys.stdin.isatty() and not os.environ.get('UPDATE_TOKEN'):
            site.user = site.user or input(f'User of {site.shown}: ')
            site.password = getpass.getpass('Password: ')
            status, text = site.ask()
    except EXPECTED as exc:
        raise Failure(
            f'{site.shown} does not answer: {why(exc)}. make find lists the boards in this network'
        ) from None
    if status == 401:
        raise Failure(
            f'{site.shown} wants a user: URL=http://name@host, UPDATE_PASSWORD= in the environment '
            '(or UPDATE_TOKEN=)'
        )
    if 300 <= status < 400:
        raise Failure(f'{site.shown} wants a login by a page: open {site.path} with a browser')
    try:
        about = json.loads(text) if status == 200 else None
    except ValueError:
        about = None
    if not isinstance(about, dict) or 'board' not in about:
        raise Failure(f'{site.shown}{site.path} answers {status}: no page of microdot.update')
    if about.get('why'):
        raise Failure(f'{site.shown}: {about["why"]}')
    return about


def given(chosen):
    """The bytes of the update if it is there already, `None` if it can be made."""
    if chosen.update:
        try:
            data = chosen.update.read_bytes()
        except OSError as exc:
            raise Failure(f'UPDATE={chosen.update}: {exc.strerror}') from None
        if data[:4] != update.MAGIC or len(data) <= update.HEADER:
            raise Failure(f'UPDATE={chosen.update}: no update: make update makes one')
        return data
    if not chosen.app:
        raise Failure('UPDATE=file is needed, or APP=folder VERSION=1.2.3 to make one')
    payload.main_file(chosen.app)
    update.check_version(chosen.version)
    keys.read(chosen.key or keys.CONFIG / keys.PRIVATE)
    return None


def made(chosen, about):
    """The bytes of an update for the board."""
    arguments = [chosen.app, '--version', chosen.version, '--board', about['board']]
    return update.make(update.options([*arguments, '--key', chosen.key])).read_bytes()


def show(done, whole):
    if sys.stderr.isatty():
        end = '\n' if done == whole else ''
        print(f'\rSending: {done * 100 // whole} %', end=end, file=sys.stderr, flush=True)


def running(about, kind):
    return (about.get('firmware') or {}) if kind == update.FIRMWARE else about


def wait(site, kind, version):
    """Wait until the board is back with that version; what it then says. Failure if it is not."""
    deadline = time.monotonic() + BACK
    while time.monotonic() < deadline:
        time.sleep(LOOK)
        try:
            status, text = site.ask(5)
            about = json.loads(text) if status == 200 else {}
        except (*EXPECTED, ValueError):
            continue
        if running(about, kind).get('version') == version:
            return about
        if about.get('failed') == version:
            raise Failure(
                f'Version {version} did not pass its trial: {running(about, kind)["version"]} runs '
                'again. The console of the board says why'
            )
    raise Failure(
        f'The board is not back with version {version} after {BACK} s. It goes back to the version '
        'before by itself if this one does not work'
    )


def deploy(chosen):
    site = Site(chosen.url)
    data = given(chosen)
    about = first_look(site)
    data = data or made(chosen, about)
    kind, version = data[4], update.text(int.from_bytes(data[8:12], 'little'))
    now = running(about, kind).get('version')
    say(f'{site.shown}: {about["board"]}, version {now or "unknown"}. Sending {version}')
    try:
        status, text = site.send(data, '?older=1' if chosen.older else '', show)
    except EXPECTED as exc:
        raise Failure(f'The connection broke: {why(exc)}. The board goes on as it is') from None
    if status != 200:
        said = (text.strip().splitlines() or ['no reason given'])[0]
        raise Failure(f'{site.shown} refuses it ({status}): {said}')
    say('The board has it, and restarts')
    about = wait(site, kind, version)
    state = 'on trial' if running(about, kind).get('state') == 'trial' else 'confirmed'
    say(f'{site.shown} runs version {version}, {state}')


def main(arguments):
    parser = argparse.ArgumentParser(prog='microdot-kit send', description='Send an update.')
    parser.add_argument('url', metavar='URL')
    parser.add_argument('app', metavar='APP', nargs='?', default='')
    parser.add_argument('--update', type=Path, metavar='FILE', help='what make update has made')
    parser.add_argument('--version', default='', help='of an update to be made')
    parser.add_argument('--key', default='', metavar='FILE', help='the private key')
    parser.add_argument('--older', action='store_true', help='send one that is not newer')
    try:
        deploy(parser.parse_args(arguments))
    except Failure as exc:
        sys.exit(str(exc))
    except OSError as exc:
        sys.exit(f'{exc.filename or "deploy"}: {exc.strerror}')
    except KeyboardInterrupt:
        sys.exit('Interrupted. The board goes on as it is')


if __name__ == '__main__':
    main(sys.argv[1:])
