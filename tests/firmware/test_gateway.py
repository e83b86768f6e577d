"""The gateway's Ethernet: a network and a visitor at the two ends of a wire, and single frames."""

import contextlib
import ipaddress
import os
import socket
import struct
import subprocess
import threading
import time

import pytest

import needs
from emulator import parts
from microdot_kit.steps import Failure

DEADLINE = 30
BOARD_MAC = bytes.fromhex('0243439e0001')
NETWORK_MAC = bytes.fromhex('0243439e0100')
ALL = b'\xff' * 6
HOST, BOARD, FAR = (ipaddress.ip_address(text) for text in ('10.0.2.2', '10.0.2.15', '203.0.113.9'))


class Gateway:
    """The program, and the lines that it says."""

    def __init__(self, *arguments):
        try:
            program = parts.gateway()
        except Failure as failure:
            needs.missing(str(failure))
        pipes = dict.fromkeys(('stdin', 'stdout', 'stderr'), subprocess.PIPE)
        self.process = subprocess.Popen([program, *arguments], bufsize=0, **pipes)
        self.lines = []
        self.threads = []
        self.also(self.read)

    def also(self, work, *arguments):
        """Do that, which ends with the program, meanwhile."""
        self.threads.append(threading.Thread(target=work, args=arguments, daemon=True))
        self.threads[-1].start()

    def read(self):
        for line in self.process.stderr:
            self.lines.append(line.decode().strip())

    def wait_for(self, start):
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            for line in list(self.lines):
                if line.startswith(start):
                    return line
            time.sleep(0.01)
        raise AssertionError(f'{start}: {self.lines}')

    @property
    def port(self):
        return int(self.wait_for('listening').split()[1])

    def send(self, frame):
        with contextlib.suppress(OSError):
            self.process.stdin.write(struct.pack('>H', len(frame)) + frame)

    def receive(self):
        """The next frame; EOFError at the end."""
        length = struct.unpack('>H', self.exactly(2))[0]
        return self.exactly(length)

    def exactly(self, size):
        data = b''
        while len(data) < size:
            part = os.read(self.process.stdout.fileno(), size - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def close(self):
        self.process.stdin.close()
        status = self.process.wait(DEADLINE)
        for thread in self.threads:
            thread.join()
        self.process.stdout.close()
        self.process.stderr.close()
        return status


@pytest.fixture
def opened():
    started = []

    def start(*arguments):
        gateway = Gateway(*arguments)
        started.append(gateway)
        return gateway

    yield start
    assert [gateway.close() for gateway in started] == [0] * len(started)


# A wire.


def pass_on(one, other):
    with contextlib.suppress(EOFError, ValueError):
        while True:
            other.send(one.receive())


@pytest.fixture
def server():
    with socket.create_server(('127.0.0.1', 0)) as listening:
        listening.settimeout(DEADLINE)
        yield listening


@pytest.fixture
def wired(opened, server):
    """A visitor with an address in the network, whose router is the network's host end."""
    network = opened('network', '127.0.0.1', '0:80')
    visitor = opened('visitor', '127.0.0.1', f'0:{server.getsockname()[1]}')
    network.also(pass_on, network, visitor)
    visitor.also(pass_on, visitor, network)
    visitor.send(b'\x01')  # the board's access point is there
    visitor.wait_for('up')
    network.wait_for('up')
    return visitor


def test_an_address_comes_by_dhcp_and_bytes_go_both_ways(wired, server):
    data = bytes(range(256)) * 2000
    with socket.create_connection(('127.0.0.1', wired.port), DEADLINE) as client:
        called, _ = server.accept()
        with called:
            called.settimeout(DEADLINE)
            for sender, taker in ((client, called), (called, client)):
                sending = threading.Thread(target=sender.sendall, args=(data,))
                sending.start()
                got = b''
                while len(got) < len(data):
                    got += taker.recv(65536)
                sending.join()
                assert got == data
            client.shutdown(socket.SHUT_WR)
            assert called.recv(1) == b''
            called.sendall(b'after the end')
        assert client.recv(100) == b'after the end'
        assert client.recv(100) == b''
    wired.wait_for('served')


def test_a_port_that_nobody_listens_on_refuses(wired, server):
    with socket.create_connection(('127.0.0.1', wired.port), DEADLINE) as client:
        called, _ = server.accept()
        called.close()
        assert client.recv(1) == b''
    server.close()  # it has been used, and nobody listens on it any more
    # The gateway accepts before it knows: the reset may come before connect() returns.
    with pytest.raises(ConnectionResetError):
        with socket.create_connection(('127.0.0.1', wired.port), DEADLINE) as client:
            client.recv(1)


def test_a_reset_reaches_the_other_side(wired, server):
    with socket.create_connection(('127.0.0.1', wired.port), DEADLINE) as client:
        called, _ = server.accept()
        client.sendall(b'x')
        assert called.recv(1) == b'x'
        called.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        called.close()
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_leaving_ends_what_is_open(wired, server):
    with socket.create_connection(('127.0.0.1', wired.port), DEADLINE) as client:
        called, _ = server.accept()
        wired.send(b'')
        wired.wait_for('down')
        with pytest.raises(ConnectionResetError):
            client.recv(1)
        called.close()


# Frames.


def checksum(data):
    total = sum(struct.unpack(f'>{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip(source, target, protocol, payload):
    head = struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0)
    head += source.packed + target.packed
    return head[:10] + struct.pack('>H', checksum(head)) + head[12:] + payload


def ethernet(kind, payload):
    return NETWORK_MAC + BOARD_MAC + struct.pack('>H', kind) + payload


def arp(address, operation=2):
    body = struct.pack('>HHBBH', 1, 0x0800, 6, 4, operation) + BOARD_MAC + address.packed
    return ethernet(0x0806, body + NETWORK_MAC + HOST.packed)


def ask(network, name, kind=1):
    """The network's answer to a question for a name: (code, number of answers, the last bytes)."""
    labels = b''.join(bytes([len(part)]) + part for part in name.encode().split(b'.'))
    question = struct.pack('>6H', 7, 0x0100, 1, 0, 0, 0) + labels + struct.pack('>BHH', 0, kind, 1)
    udp = struct.pack('>HHHH', 5353, 53, 8 + len(question), 0) + question
    network.send(ethernet(0x0800, ip(BOARD, HOST, 17, udp)))
    while True:
        frame = network.receive()
        if frame[12:14] == b'\x08\x00' and frame[23] == 17 and frame[34:36] == b'\0\x35':
            answer = frame[42:]
            assert answer[:2] == b'\0\7'
            return answer[3] & 15, struct.unpack('>H', answer[6:8])[0], answer[-4:]


def test_the_network_knows_one_name(opened):
    network = opened('network', '127.0.0.1', '0:80')
    network.send(arp(BOARD))
    assert ask(network, 'host') == (0, 1, HOST.packed)
    assert ask(network, 'host', kind=28)[:2] == (0, 0)  # it has no IPv6
    for name in ('hosts', 'hos', 'host.example', 'example.org'):
        assert ask(network, name)[:2] == (3, 0), name


@pytest.mark.parametrize(('prefix', 'source'), [('', HOST), ('far:', FAR)])
def test_a_board_with_an_address_of_its_own_choice_is_called(opened, prefix, source):
    own = ipaddress.ip_address('10.0.2.77')
    network = opened('network', '127.0.0.1', f'{prefix}0:80')
    network.send(arp(own))
    network.wait_for('up')
    with socket.create_connection(('127.0.0.1', network.port), DEADLINE):
        while True:
            frame = network.receive()
            if frame[12:14] == b'\x08\x06':
                network.send(arp(own))
            elif frame[23] == 6:
                break
    assert frame[26:30] == source.packed and frame[30:34] == own.packed
    assert struct.unpack('>H', frame[36:38])[0] == 80
    assert frame[47] & 0x12 == 0x02  # a call


@pytest.mark.parametrize('arguments', [(), ('radio', '127.0.0.1', '0:80'), ('ppp', '127.0.0.1')])
def test_wrong_arguments_are_told(arguments):
    gateway = Gateway(*arguments)
    gateway.wait_for('error usage: gateway')
    assert gateway.close() == 2
