"""Starts the application on a board and finds out, from what it prints, where it can be reached."""

import re
import socket

import device as devices
from device import say
from firmware.steps import Failure

SILENT_SECONDS = 3  # of an application with a network: it has no more to say
PORTS = (80, 5000)  # where a browser looks, what the framework chooses
# Of this network: what else an application prints may be addresses that it asks for something.
HOST = r'(?:\d+\.\d+\.\d+\.\d+|localhost|[\w-]+\.local)'
URL = re.compile(rf'https?://{HOST}(?::\d+)?(?![\w-]|\.\w)(?:/[^\s"\'<>()]*[^\s"\'<>().,;:])?/?')
STARTING = re.compile(r'server on (\S+):(\d+)')
ADDRESS = re.compile(r'Network: (\d+\.\d+\.\d+\.\d+)')


class Output:
    """What an application prints as it starts: where it can be reached, what it ended with."""

    def __init__(self, addresses):
        self.addresses = addresses
        self.port = self.url = self.error = None

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
        self.addresses += [address.group(1)] if address else []
        self.url = url and url.group()
        return bool(self.url or (self.port and self.addresses))

    def find_url(self):
        """The URL that was printed, or else can be made of what is known; empty if none can."""
        if self.url or not self.addresses:
            return self.url or ''
        address = self.addresses[-1]
        ports = [self.port] if self.port else [p for p in PORTS if reachable(address, p)]
        return f'http://{address}:{ports[0]}'.removesuffix(':80') if ports else ''

    def summary(self):
        """The last line: where the application is, as far as that is known."""
        url = self.find_url()
        if url:
            return f'Serving: {url}'
        port = f' on port {self.port}' if self.port else ''
        address = self.addresses[-1] if self.addresses else 'not known, it has printed none'
        return f'Started{port}. The address of the board: {address}'


def watch(device, seconds):
    """Start the application and say where it can be reached. Failure if it ends with an error."""
    output = Output(device.addresses())
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
    say(output.summary())


def reachable(address, port):
    try:
        socket.create_connection((address, port), 2).close()
        return True
    except OSError:
        return False
