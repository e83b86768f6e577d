"""The DNS server of the set-up page, asked over a socket by another implementation, and fuzzed."""

import random
import socket

import pytest
from dnslib import QTYPE, RCODE, DNSRecord
from setting_up import Board

ADDRESS = '127.0.0.1'
OTHERS = ('AAAA', 'HTTPS', 'SVCB', 'MX', 'TXT', 'NS', 'SOA', 'PTR', 'SRV', 'ANY')
NAMES = ('captive.apple.com', 'a', 'x' * 63 + '.example', '.'.join(['y' * 49] * 5), 'Küche.local')
SEED = 20261129


@pytest.fixture(scope='module')
def board(tmp_path_factory):
    with Board(tmp_path_factory.mktemp('board')) as running:
        yield running


@pytest.fixture
def client(board):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((ADDRESS, board.dns_port))
        yield sock


def ask(client, data, seconds=5):
    """The bytes of the reply, `None` if there is none."""
    client.settimeout(seconds)
    client.send(data)
    try:
        return client.recv(4096)
    except TimeoutError:
        return None


def works(client):
    """Whether it answers, after whatever there was; replies to that are thrown away."""
    question = DNSRecord.question('example.com')
    client.settimeout(5)
    client.send(question.pack())
    while True:
        reply = DNSRecord.parse(client.recv(4096))
        if reply.header.id == question.header.id:
            return str(reply.a.rdata) == ADDRESS


@pytest.mark.parametrize('name', NAMES)
def test_every_name_leads_to_the_board(client, name):
    question = DNSRecord.question(name.encode('idna').decode() if 'ü' in name else name)
    reply = DNSRecord.parse(ask(client, question.pack()))
    assert reply.header.id == question.header.id and reply.q == question.q
    (answer,) = reply.rr
    assert (answer.rname, answer.rtype, str(answer.rdata)) == (question.q.qname, QTYPE.A, ADDRESS)
    assert answer.ttl == 0  # the name means something else in the next network
    header = reply.header
    assert (header.qr, header.aa, header.rd, header.ra, header.tc) == (1, 1, 1, 1, 0)
    assert header.rcode == RCODE.NOERROR and not reply.auth and not reply.ar


@pytest.mark.parametrize('kind', OTHERS)
def test_other_types_get_no_records_at_once(client, kind):
    reply = DNSRecord.parse(ask(client, DNSRecord.question('example.com', kind).pack()))
    assert reply.header.rcode == RCODE.NOERROR and not reply.rr and not reply.auth
    assert QTYPE[reply.q.qtype] == kind


def test_other_classes_get_no_records(client):
    question = DNSRecord.question('example.com', 'A', 'CH')
    assert not DNSRecord.parse(ask(client, question.pack())).rr


def test_extensions_are_left_out(client):
    """A query of today has a record of its own (EDNS), for which the reply has no place."""
    from dnslib import EDNS0

    question = DNSRecord.question('example.com')
    question.add_ar(EDNS0(flags='do', udp_len=4096))
    reply = DNSRecord.parse(ask(client, question.pack()))
    assert str(reply.a.rdata) == ADDRESS and not reply.ar


PLAIN = DNSRecord.question('example.com').pack()
HEAD = PLAIN[:12]
UNANSWERED = {
    'empty': b'',
    'a byte': b'\0',
    'a head alone': HEAD,
    'no end of the name': HEAD + b'\x07example\x03com',
    'no type': HEAD + b'\x07example\x03com\0',
    'half a class': PLAIN[:-1],
    'a label beyond the end': HEAD + b'\x3fshort\0\0\1\0\1',
    'compressed to itself': HEAD + b'\xc0\x0c\0\1\0\1',
    'compressed behind a label': HEAD + b'\x01a\xc0\x0c\0\1\0\1',
    'another kind of label': HEAD + b'\x41' + b'x' * 65 + b'\0\0\1\0\1',
    'a name of 256 bytes': HEAD + b'\x3f' + (b'x' * 63 + b'\x3f') * 3 + b'x' * 63 + b'\0\0\1\0\1',
    'no question': HEAD[:4] + b'\0\0' + PLAIN[6:],
    'two questions': HEAD[:4] + b'\0\2' + PLAIN[6:] + PLAIN[12:],
    'a reply': PLAIN[:2] + b'\x84\x80' + PLAIN[4:],
    'an update': PLAIN[:2] + b'\x28\x00' + PLAIN[4:],
}


@pytest.mark.parametrize('case', UNANSWERED)
def test_what_deserves_no_reply(client, case):
    assert ask(client, UNANSWERED[case], 0.2) is None
    assert works(client)


def test_an_oversized_query(client):
    """What does not fit is lost; the question is there, and the reply is not larger than that."""
    reply = ask(client, PLAIN + bytes(60000))
    assert len(reply) == len(PLAIN) + 16 and works(client)


def test_fuzz(client, board):
    """Nothing makes it silent, and no reply is more than 16 bytes longer than its query."""
    chance = random.Random(SEED)
    client.settimeout(0.002)
    longest = 0
    for turn in range(3000):
        data = bytearray(PLAIN if turn % 3 else chance.randbytes(chance.randrange(600)))
        for _ in range(chance.randrange(4)):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        client.send(data[: chance.randrange(len(data) + 1)] if turn % 5 == 0 else data)
        try:
            reply = client.recv(4096)
        except TimeoutError:
            continue
        longest = max(longest, len(reply))
        assert reply[2] & 0x80 and int.from_bytes(reply[4:6], 'big') == 1
    assert longest <= 600 + 16
    assert works(client) and 'Traceback' not in board.output()


def test_two_at_a_time(client, board):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.connect((ADDRESS, board.dns_port))
        questions = [DNSRecord.question(f'{n}.example') for n in range(20)]
        for number, question in enumerate(questions):
            (client, other)[number % 2].send(question.pack())
        for sock, mine in (client, questions[::2]), (other, questions[1::2]):
            sock.settimeout(5)
            got = {DNSRecord.parse(sock.recv(4096)).q.qname for _ in mine}
            assert got == {question.q.qname for question in mine}
