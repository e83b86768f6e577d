"""Lists the boards in this network by their names, by multicast DNS: what `make find` calls.

    microdot-kit find [NAME] [--seconds SECONDS] [--network ADDRESS/PREFIX]

A board answers for its name and for its address (RFC 6762), and tells of no services: see
docs/wifi.md. So all addresses of the network are asked for their names, and those that begin with
`microdot-` are boards. With NAME it is that one that is asked for. The exit status is 1 if nothing
was found.
"""

import argparse
import ipaddress
import sys
import time

from zeroconf import DNSOutgoing, DNSQuestion, Zeroconf

from microdot_kit import run, words

OWN = 'microdot-'
SECONDS = 4
AT_ONCE = 32  # questions in one packet
PAUSE = 0.1  # seconds between two: a small network is flooded easily
LARGEST = 22  # a prefix: more addresses than 1022 are not asked
QUERY, TYPE_A, TYPE_PTR, CLASS_IN = 0, 1, 12, 1


def options(arguments):
    parser = argparse.ArgumentParser(
        prog='microdot-kit find', description='List the boards in the network.'
    )
    parser.add_argument('name', nargs='?', default='', help='a name to look for, such as desk')
    parser.add_argument('--seconds', type=float, default=SECONDS, help='to wait for answers')
    parser.add_argument('--network', default='', metavar='ADDRESS/PREFIX')
    return parser.parse_args(arguments)


def fail(message):
    sys.exit(words.said(message))


def own_network(given):
    """The network to ask: what was given, or the 256 addresses around this machine's own."""
    address = given or f'{run.network_address()}/24'
    try:
        network = ipaddress.ip_interface(address).network
    except ValueError:
        fail('This machine is in no network' if not given else f'{given}: not a network')
    if network.version != 4 or network.prefixlen < LARGEST:
        fail(f'{network} is too large: --network of /{LARGEST} or smaller')
    return network


def questions(name, network):
    """What is asked: the address of a name, or the names of all addresses."""
    if name:
        host = name.removesuffix('.').removesuffix('.local')
        return [DNSQuestion(f'{host}.local.', TYPE_A, CLASS_IN)]
    names = [address.reverse_pointer + '.' for address in network.hosts()]
    return [DNSQuestion(name, TYPE_PTR, CLASS_IN) for name in names]


def batches(asked):
    for start in range(0, len(asked), AT_ONCE):
        yield asked[start : start + AT_ONCE]


def ask(responders, asked):
    """Send all questions, some to a packet."""
    for batch in batches(asked):
        packet = DNSOutgoing(QUERY)
        for question in batch:
            packet.add_question(question)
        responders.send(packet)
        time.sleep(PAUSE)


def answers(responders, asked):
    """[(name without `.local`, address)] of what has been answered, by their names."""
    found = set()
    for question in asked:
        for record in responders.cache.entries_with_name(question.name):
            if record.type == TYPE_A:
                found.add((record.name, str(ipaddress.ip_address(record.address))))
            elif record.type == TYPE_PTR:
                numbers = record.name.removesuffix('.in-addr.arpa.').split('.')
                found.add((record.alias, '.'.join(reversed(numbers))))
    return sorted((name.removesuffix('.').removesuffix('.local'), where) for name, where in found)


def search(chosen):
    """The boards that have answered, [(name, address)]."""
    network = own_network(chosen.network)
    asked = questions(chosen.name, network)
    responders = Zeroconf(interfaces=[own_address(network)])
    try:
        # Twice: a packet may be lost, and nobody says so.
        for _ in range(2):
            ask(responders, asked)
            time.sleep(chosen.seconds / 2)
        found = answers(responders, asked)
    finally:
        responders.close()
    return [entry for entry in found if chosen.name or entry[0].lower().startswith(OWN)]


def own_address(network):
    """This machine's address in a network, by which it is asked."""
    address = run.network_address()
    if address and ipaddress.ip_address(address) in network:
        return address
    if network.is_loopback:
        return '127.0.0.1'
    return fail(f'This machine is not in {network}')


def main(arguments):
    chosen = options(arguments)
    try:
        found = search(chosen)
    except OSError as error:
        fail(f'Multicast DNS does not work here: {error.strerror or error}')
    except KeyboardInterrupt:
        fail('Interrupted')
    if not found:
        wanted = chosen.name or 'No board whose name begins with ' + OWN
        fail(
            f'{wanted}: no answer. A board with an ESP32 answers for its name alone: make find '
            'NAME=..., as its console has it after "Network:"'
        )
    width = max(len(name) for name, _ in found)
    for name, address in found:
        print(f'{name:{width}}  http://{name}.local  http://{address}')
