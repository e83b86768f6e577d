"""`make find`, with a responder of multicast DNS on the loopback that answers as lwIP's does."""

import socket
import struct
import subprocess
import threading

import pytest
from dnslib import PTR, QTYPE, RR, A, DNSHeader, DNSRecord

from microdot_kit import runtimes

GROUP, PORT, LOOPBACK = '224.0.0.251', 5353, '127.0.0.1'
HOSTS = {
    'microdot-1a2b.local': '127.0.9.7',
    'Microdot-00FF.local': '127.0.9.8',
    'printer.local': '127.0.9.9',
    'desk.local': '127.0.9.10',
}


class Responder:
    """Answers for its names; with `reverse` also for their addresses, as an ESP32 does not."""

    def __init__(self, reverse=True):
        self.reverse = reverse
        self.asked = []

    def __enter__(self):
        self.socket = sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((GROUP, PORT))
        interface = socket.inet_aton(LOOPBACK)
        sock.setsockopt(
            socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + interface
        )
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, interface)
        self.ended = False
        sock.settimeout(0.2)
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.ended = True
        self.thread.join()
        self.socket.close()

    def serve(self):
        while not self.ended:
            try:
                query = DNSRecord.parse(self.socket.recv(9000))
            except TimeoutError:
                continue
            if not query.header.qr:
                self.asked.append(len(query.questions))
                reply = DNSRecord(DNSHeader(qr=1, aa=1))
                for question in query.questions:
                    self.answer(reply, str(question.qname).rstrip('.').lower(), question.qtype)
                if reply.rr:
                    self.send(reply.pack())

    def answer(self, reply, asked, kind):
        for name, address in HOSTS.items():
            backwards = '.'.join(reversed(address.split('.'))) + '.in-addr.arpa'
            if kind == QTYPE.A and asked == name.lower():
                reply.add_answer(RR(name, QTYPE.A, rdata=A(address), ttl=120))
            if kind == QTYPE.PTR and asked == backwards and self.reverse:
                reply.add_answer(RR(backwards, QTYPE.PTR, rdata=PTR(name), ttl=120))

    def send(self, data):
        """From the port that answers have to come from (RFC 6762, 6)."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind((LOOPBACK, PORT))
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(LOOPBACK))
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, struct.pack('b', 1))
            sock.sendto(data, (GROUP, PORT))


def find(*arguments, network='127.0.9.0/28'):
    command = runtimes.kit_command('find', *arguments)
    command += ['--network', network, '--seconds', '1.5']
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return ended.returncode, ended.stdout.splitlines(), ended.stderr


def test_boards_are_listed():
    with Responder() as responder:
        status, lines, problem = find(network='127.0.9.0/25')
    assert status == 0, problem
    assert lines == [
        'Microdot-00FF  http://Microdot-00FF.local  http://127.0.9.8',
        'microdot-1a2b  http://microdot-1a2b.local  http://127.0.9.7',
    ]
    assert max(responder.asked) <= 32  # questions in a packet


@pytest.mark.parametrize('name', ['desk', 'desk.local'])
def test_one_is_found_by_its_name(name):
    with Responder(reverse=False):
        status, lines, problem = find(name)
    assert (status, lines) == (0, ['desk  http://desk.local  http://127.0.9.10']), problem


@pytest.mark.parametrize('arguments', [(), ('shed',)])
def test_nobody_answers(arguments):
    with Responder(reverse=False):
        status, lines, problem = find(*arguments)
    assert status == 1 and not lines and 'no answer' in problem and problem.count('\n') == 1


@pytest.mark.parametrize(
    ('network', 'words'),
    [('127.0.0.0/8', 'too large'), ('nonsense', 'not a network'), ('198.51.100.0/24', 'not in')],
)
def test_networks_that_cannot_be_asked(network, words):
    status, lines, problem = find(network=network)
    assert status == 1 and not lines and words in problem and problem.count('\n') == 1
