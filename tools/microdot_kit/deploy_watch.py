"""Starts the application on a board and finds out, from what it prints, where it can be reached."""

import re
import socket
from urllib.parse import urlsplit

from microdot_kit import device as devices
from microdot_kit.device import say
from microdot_kit.steps import Failure

SILENT_SECONDS = 3  # of an application with a network: it has no more to say
PORTS = (80, 5000)  # where a browser looks, what the framework chooses
# Of this network: what else an application prints may be addresses that it asks for something.
HOST = r'(?:\d+\.\d+\.\d+\.\d+|localhost|[\w-]+\.local)'
URL = re.compile(rf'https?://{HOST}(?::\d+)?(?![\w-]|\.\w)(?:/[^\s"\'<>()]*[^\s"\'<>().,;:])?/?')
STARTING = re.compile(r'server on (\S+):(\d+)')
ADDRESS = re.compile(r'Network: (\d+\.\d+\.\d+\.\d+)(?: \(([\w-]+\.local)\))?')


class Output:
    """What an application prints as it starts: where it can be reached, what it ended with.

    `addresses`: those that the board has already. `forwarded`: the URL by which this machine
    reaches an emulated board, whose own addresses are those of a network inside the emulator.
    """

    def __init__(self, addresses, forwarded=None):
        self.addresses = addresses
        self.forwarded = forwarded
        self.port = self.url = self.error = self.name = None

    def take(self, line):
        """Note what a line tells; return whether that is all that is needed."""
        url, server, address = URL.search(line), STARTING.search(line), ADDRESS.search(line)
        if line.startswith('Traceback '):
            self.error = ''
        elif self.error == '' and line[:1].strip():
            self.error = line
        if server:
            self.port = int(server.group(2))
            self.addresses += [server.group(1)] if server.group(1) != '0.0.0.0' else []
        if address:
            self.addresses += [address.group(1)]
            self.name = address.group(2)
        self.url = url and url.group()
        return bool(self.url or (self.port and self.addresses))

    def find_url(self):
        """The URL that was printed, or else can be made of what is known; empty if none can."""
        if self.forwarded:
            return self.find_forwarded()
        if self.url or not self.addresses:
            return self.url or ''
        address = self.addresses[-1]
        ports = [self.port] if self.port else [p for p in PORTS if reachable(address, p)]
        return f'http://{address}:{ports[0]}'.removesuffix(':80') if ports else ''

    def by_name(self):
        """The same URL with the name that the board answers to; empty if there is none."""
        url = self.find_url()
        address = urlsplit(url).hostname
        known = url and self.name and address in self.addresses
        return url.replace(address, self.name, 1) if known else ''

    def find_forwarded(self):
        printed = urlsplit(self.url or '')
        port = self.port or (printed.port or 80 if printed.hostname else None)
        serves = port in PORTS if port else answers(self.forwarded)
        return self.forwarded + printed.path if serves else ''

    def summary(self):
        """The last line: where the application is, as far as that is known."""
        url = self.find_url()
        if url:
            return f'Serving: {url}'
        port = f' on port {self.port}' if self.port else ''
        if self.forwarded:
            return f'Started{port}. Ports 80 and 5000 of the board are {self.forwarded}'
        address = self.addresses[-1] if self.addresses else 'not known, it has printed none'
        return f'Started{port}. The address of the board: {address}'


def watch(device, seconds, forwarded=None):
    """Start the application and say where it can be reached. Failure if it ends with an error.

    `forwarded`: see Output.
    """
    output = Output(device.addresses(), forwarded)
    say('Starting the application')
    device.start()
    silence = 0
    for line in device.listen(seconds):
        silence = silence + 1 if line is None else 0
        if silence > SILENT_SECONDS and output.addresses:
            break
        if line == devices.PROMPT.decode():
            if output.error:
                raise Failure(f'The application has ended: {output.error}')
            say('The application has ended')
            return
        if line:
            say('  ' + line)
        if line and output.take(line):
            break
    if output.by_name():
        say(f'Also, where the system finds such names: {output.by_name()}')
    say(output.summary())


def reachable(address, port):
    try:
        socket.create_connection((address, port), 2).close()
        return True
    except OSError:
        return False


def answers(url):
    """Whether a program of the emulated board behind this URL takes a connection, and keeps it."""
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname, parts.port), 2) as tried:
            return bool(tried.recv(1))
    except TimeoutError:
        return True  # it waits for a request
    except OSError:
        return False
