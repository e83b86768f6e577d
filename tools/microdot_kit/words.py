"""How messages name commands: they are written for the Makefile, an installed command has its own.

said('add PORT=8080')       'add --port 8080', if it is the installed command that says so
"""

import re

from microdot_kit import runtimes

TARGETS = ('run', 'deploy', 'repl', 'find', 'flash', 'image', 'flasher', 'romfs')
TARGETS += ('keys', 'update')
SETS = ('run', 'deploy', 'esp32', 'find', 'update', 'watch')
OWN = {
    **{f'make {name}': f'microdot-kit {name}' for name in TARGETS},
    'make deploy BOARD=': 'microdot-kit deploy --board ',
    'make deploy URL=': 'microdot-kit send ',
    # What needs a clone of the project.
    'make firmware BOARD=': 'make firmware BOARD=',
    'make firmware KEY=': 'make firmware KEY=',
    'make run BOARD=': 'make run BOARD=',
    'RUNTIME=board': '--runtime board',
    **{f'make .venv/stamps/{name}': runtimes.DEVICE for name in SETS},
    'APP=': '',
    'BASE=': '',
    'BOARD=': '',
    'DRIVE=': '--drive ',
    'FILE=': 'FILE',
    'FIRMWARE=': '--firmware ',
    'FLASH=': '--flash ',
    'FRAMEWORK=0': '--no-framework',
    'HEAP=': '--heap ',
    'HOST=': '--host ',
    'IMAGE=': '--image ',
    'KEY=': '--key ',
    'KEYS=': '',
    'NAME=': '',
    'PORT=': '--port ',
    'ROMFS=1': '--romfs',
    'RUNTIME=': '--runtime ',
    'SERVE=1': '--serve 8000',
    'SERVE=1 PORT=': '--serve ',
    'SETUP=1': '--setup',
    'SIGNATURE=': '--attach ',
    'UNSIGNED=1': '--unsigned',
    'UPDATE=': '--update ',
    'URL=': '',
    'VERSION=': '--version ',
    'WIFI_SSID=': '--wifi ',
}
LONGEST_FIRST = sorted(OWN, key=len, reverse=True)
EMPTY = re.compile(r'[\s:,;)]|\.?(?:\s|$)')  # what follows a name without a value
PHRASE = re.compile(r'(?<!\w)(?:' + '|'.join(map(re.escape, LONGEST_FIRST)) + ')')


def said(text):
    """The message in the words of the command by which whoever reads it has called this."""
    if not runtimes.INSTALLED:
        return text

    def own(found):
        phrase = found.group()
        if phrase[-1] == '=' and EMPTY.match(text, found.end()):
            return OWN[phrase].rstrip() or phrase[:-1]
        return OWN[phrase]

    return PHRASE.sub(own, text)
