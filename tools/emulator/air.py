"""What is in the air around an emulated board with a radio: a JSON file, which AIR= names.

    {"networks": [{"ssid": "home", "password": "eight or more", "channel": 6, "rssi": -50}],
     "events": [{"at": 20, "out": "home"}, {"at": 40, "back": "home"}],
     "visitor": 5001}

`networks`: those in reach, `password` being '' for an open one; the board is told how to join the
first. One with `"silent": true` does not say that a password is wrong, one with `"mute": true`
gives no address, one with `"wpa3": true` takes nothing older. `events`: what happens `at`
so many seconds after the start: `out` and `bye` (a network vanishes; its access point says so),
`back`, `visit` (somebody joins the board's access point with that password), `depart`. `visitor`:
the port of this machine by which that visitor reaches the board.
"""

import json
from pathlib import Path

from microdot_kit.steps import Failure

DEFAULT = {'networks': [{'ssid': 'emulated', 'password': 'emulated'}]}
SETTINGS = 'network.json'  # where the board finds how to join

FLAGS = ('silent', 'mute', 'wpa3')
NETWORK = {'ssid': str, 'password': str, 'channel': int, 'rssi': int, **dict.fromkeys(FLAGS, bool)}
HAPPENINGS = {'out': str, 'bye': str, 'back': str, 'visit': str, 'depart': bool}
CHANNELS = range(1, 14)

# What is told of an event, and which of its details chooses the word for {what}.
TOLD = {
    'air': ('{ssid} is {what}', 'up'),
    'point': ('the access point of the board is {what}', 'up'),
    'visit': ('the visitor was {what}', 'welcome'),
}
WORDS = {
    'air': ('out of reach', 'back'),
    'point': ('closed', 'open'),
    'visit': ('refused', 'let in'),
}


def read(path):
    """What the file says, or the default if `path` is empty; Failure if it cannot be meant."""
    if not path:
        return DEFAULT
    try:
        air = json.loads(Path(path).read_text())
    except OSError as error:
        raise Failure(f'AIR={path}: {error.strerror}') from None
    except ValueError as error:
        raise Failure(f'AIR={path}: not JSON: {error}') from None
    problem = wrong(air)
    if problem:
        raise Failure(f'AIR={path}: {problem}')
    return air


def wrong(air):
    """What is wrong with what a file says, in words; empty if nothing is."""
    if not isinstance(air, dict) or not set(air) <= {'networks', 'events', 'visitor'}:
        return 'an object is needed that has networks, events and visitor, or some of them'
    if not isinstance(air.get('visitor', 1), int) or not 0 < air.get('visitor', 1) < 65536:
        return 'visitor is a port: a number from 1 to 65535'
    for name in ('networks', 'events'):
        if not isinstance(air.setdefault(name, []), list):
            return f'{name} is not a list'
    problems = [wrong_network(network) for network in air['networks']]
    known = [network.get('ssid') for network in air['networks'] if isinstance(network, dict)]
    problems += [wrong_event(event, known) for event in air['events']]
    return next(filter(None, problems), '')


def wrong_network(network):
    if not fits(network, NETWORK) or not 1 <= len(network.get('ssid', '').encode()) <= 32:
        return f'{json.dumps(network)} is no network: ssid (1 to 32 bytes), password, channel, ...'
    if network.get('password') and not 8 <= len(network['password']) <= 63:
        return f'{network["ssid"]}: a password has 8 to 63 characters'
    if network.get('channel', 6) not in CHANNELS:
        return f'{network["ssid"]}: channels are 1 to 13'
    return ''


def wrong_event(event, known):
    timed = isinstance(event, dict) and isinstance(event.get('at'), (int, float))
    what = {name: value for name, value in event.items() if name != 'at'} if timed else {}
    if not timed or event['at'] < 0 or len(what) != 1 or not fits(what, HAPPENINGS):
        return f'{json.dumps(event)} is no event: at (seconds) and one of {", ".join(HAPPENINGS)}'
    [(name, value)] = what.items()
    if name in ('out', 'bye', 'back') and value not in known:
        return f'{json.dumps(event)}: no network has this name'
    return ''


def fits(given, kinds):
    """Whether something is an object with these names, and values of these kinds."""
    return isinstance(given, dict) and all(
        name in kinds and type(value) is kinds[name] for name, value in given.items()
    )


def settings(air):
    """The files that tell the board how to join the first network."""
    if not air['networks']:
        return {}
    first = {
        name: air['networks'][0][name]
        for name in ('ssid', 'password')
        if name in air['networks'][0]
    }
    return {SETTINGS: json.dumps(first).encode()}


def told(event, details):
    """What the radio tells, as a line for people; empty if it is not for them."""
    sentence, key = TOLD.get(event, ('', ''))
    return sentence.format(**details, what=WORDS[event][details[key]]) if sentence else ''
