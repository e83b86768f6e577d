"""What the model of the radio tells the driver, decoded by the layouts that brcmfmac documents.

Linux's brcmfmac has them in fweh.h (struct brcmf_event_msg_be, all big-endian) and fwil_types.h
(struct brcmf_bss_info_le, struct brcmf_escan_result_le, little-endian). And the bus of the chip, by
commands and what they have to answer.
"""

import json
import struct
import subprocess

import pytest
from test_radio import MODEL, REPLAY, node

MAC = [2, 0x43, 0x43, 0x9E, 0, 1]
FROM = [2, 0x43, 0x43, 0x9E, 1, 0]
ENCODE = REPLAY.with_name('radio_encode.mjs')
BUS = REPLAY.with_name('radio_bus.mjs')
# version, flags, type, status, reason, auth type, data length, address, name, interface, bss
EVENT = struct.Struct('>HHIIIII6s16sBB')


def encode(name, *arguments):
    command = [node(), str(ENCODE), str(MODEL), name, json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return bytes.fromhex(done.stdout)


@pytest.mark.parametrize(
    ('event', 'name'),
    [
        ({'type': 16, 'status': 0, 'reason': 4, 'flags': 1, 'itf': 0, 'data': []}, b'wl0'),
        ({'type': 8, 'status': 0, 'reason': 0, 'flags': 0, 'itf': 1, 'data': [1, 2, 3]}, b'wl0.1'),
        (
            {'type': 69, 'status': 8, 'reason': 65535, 'flags': 3, 'itf': 0, 'data': [7] * 300},
            b'wl0',
        ),
    ],
)
def test_an_event(event, name):
    frame = encode('eventFrame', MAC, {**event, 'from': FROM})
    assert frame[:14] == bytes([*MAC, *FROM, 0x88, 0x6C])
    subtype, length, version, oui, user = struct.unpack('>HHB3sH', frame[14:24])
    assert (subtype, version, oui, user) == (0x8001, 0, b'\x00\x10\x18', 1)
    assert length == 10 + EVENT.size + len(event['data'])
    told = EVENT.unpack(frame[24 : 24 + EVENT.size])
    kind, status, reason, flags, itf = (
        event[key] for key in ('type', 'status', 'reason', 'flags', 'itf')
    )
    assert told[:7] == (2, flags, kind, status, reason, 0, len(event['data']))
    assert told[7:] == (bytes(FROM), name.ljust(16, b'\0'), itf, itf)
    assert frame[24 + EVENT.size :] == bytes(event['data'])


@pytest.mark.parametrize(
    ('network', 'privacy', 'akm'),
    [
        ({'ssid': 'café', 'password': '', 'channel': 1, 'rssi': -70}, 0, None),
        ({'ssid': 'x' * 32, 'password': 'eight or more', 'channel': 13, 'rssi': -128}, 0x10, 2),
        (
            {'ssid': 'home', 'password': 'eight or more', 'channel': 6, 'rssi': -1, 'wpa3': True},
            0x10,
            8,
        ),
    ],
)
def test_a_result_of_a_scan(network, privacy, akm):
    data = encode('scanResult', {**network, 'bssid': FROM})
    ssid = network['ssid'].encode()
    size, version, _, count = struct.unpack('<IIHH', data[:12])
    assert (size, version, count) == (len(data), 109, 1)
    bss = data[12:]
    assert struct.unpack('<II', bss[:8]) == (109, len(bss))
    assert bss[8:14] == bytes(FROM)
    assert struct.unpack('<HH', bss[14:18]) == (100, 1 | privacy)
    assert bss[18] == len(ssid) and bss[19 : 19 + len(ssid)] == ssid
    assert struct.unpack('<h', bss[78:80]) == (network['rssi'],)
    assert bss[88] == network['channel'] == struct.unpack('<H', bss[72:74])[0] & 0xFF
    offset, length = struct.unpack('<H2xI', bss[116:124])
    elements = bss[offset : offset + length]
    assert len(bss) == offset + length
    assert elements[: 2 + len(ssid)] == bytes([0, len(ssid)]) + ssid
    rsn = elements[2 + len(ssid) :]
    assert (akm is None) == (rsn == b'')
    if rsn:
        assert rsn[0] == 48 and rsn[1] == len(rsn) - 2 and rsn[-3] == akm


def bus(*steps):
    """What a chip that was just switched on answers, and its interrupt line, step by step."""
    command = [node(), str(BUS), str(MODEL), json.dumps(steps)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def command(target, address, size, write=False, data=b''):
    word = write << 31 | 1 << 30 | target << 28 | address << 11 | size
    return (struct.pack('<I', word) + data).hex()


def swapped(text):
    """As it goes over the bus while its words have 16 bits."""
    data = bytes.fromhex(text)
    return b''.join(data[i : i + 2][::-1] for i in range(0, len(data), 2)).hex()


WIDE = swapped(command(0, 0, 4, True, b'\xb3\x00\x02\x00'))
PATTERN = command(0, 0x14, 4)


def window(address):
    """Point the window of function 1 to there."""
    high = struct.pack('<I', address & ~0x7FFF)[1:]
    return [[command(1, 0x1000A + i, 1, True, high[i : i + 1] + bytes(3)), 0] for i in range(3)]


def test_words_of_the_bus():
    narrow, _, wide = bus([swapped(PATTERN), 4], [WIDE, 0], [PATTERN, 4])
    assert swapped(narrow['got']) == wide['got'] == struct.pack('<I', 0xFEEDBEAD).hex()


def test_what_is_written_through_the_window_is_in_the_memory():
    data = bytes(range(64))
    steps = [*window(0x10000), [command(1, 0x120, 64, True, data), 0]]
    steps += [*window(0x8000), [command(1, 0x120, 4), 4]]
    steps += [*window(0x10000), [command(1, 0x124, 8), 8]]
    got = bus([WIDE, 0], *steps)
    assert got[8]['got'] == '00000000'
    assert got[-1]['got'] == data[4:12].hex()


def test_an_answer_of_the_backplane_comes_after_its_delay():
    delay = command(0, 0x1C, 4, True, b'\x00\x04\x00\x00')
    plain, _, late = bus(
        [WIDE, 0], *window(0x18000000), [command(1, 0, 4), 4], [delay, 0], [command(1, 0, 4), 8]
    )[4:]
    assert plain['got'] == struct.pack('<I', 43439).hex()
    assert late['got'] == '00000000' + plain['got']


def test_a_chip_without_power_says_nothing():
    assert bus(['power', 0], [PATTERN, 4])[-1] == {'got': '00000000', 'level': 0}


FRAME = struct.Struct(
    '<HHBBBBBB2x'
)  # length, its complement, sequence, channel, -, header, -, credit


def frame(sequence, channel, body, spoiled=0):
    size = 12 + len(body)
    head = FRAME.pack(size, ~size & 0xFFFF ^ spoiled, sequence, channel, 0, 12, 0, 0)
    return command(2, 0, size, True, head + body)


def ioctl(number, data, write=False):
    return struct.pack('<IIII', number, len(data), 2 * write, 0) + data


STARTED = [[WIDE, 0], *window(0x18103800), [command(1, 0x3800, 1, True, bytes(4)), 0], ['wake', 0]]
ENABLE = [command(0, 6, 2, True, b'\x20\x00\x00\x00'), 0]


def test_a_command_is_answered_and_interrupts():
    asked = ioctl(262, b'cur_etheraddr\0'.ljust(20, b'\0'))
    answers = bus(
        *STARTED, ENABLE, [frame(9, 0, asked), 0], [command(0, 8, 4), 4], [command(2, 0, 48), 48]
    )
    assert [answer['level'] for answer in answers[-4:]] == [0, 1, 1, 0]
    (status,) = struct.unpack('<I', bytes.fromhex(answers[-2]['got']))
    assert status & 0x100 and status >> 9 & 0x7FF == 48
    got = bytes.fromhex(answers[-1]['got'])
    size, check, sequence, channel, _, header, _, credit = FRAME.unpack(got[:12])
    assert (size, check, channel, header) == (48, 0xFFFF ^ 48, 0, 12)
    assert (credit - 9) & 0xFF > 1  # it may send more than this one
    assert struct.unpack('<IIII', got[12:28]) == (262, 20, 0, 0)
    assert got[28:34] == bytes(MAC)


@pytest.mark.parametrize(
    'sent',
    [
        frame(0, 0, ioctl(262, b'cur_etheraddr\0'), spoiled=1),
        frame(0, 7, ioctl(262, b'cur_etheraddr\0')),
        command(2, 0, 4, True, b'\x00' * 4),
    ],
    ids=['another complement', 'another channel', 'no frame'],
)
def test_what_is_no_frame_is_not_answered(sent):
    assert bus(*STARTED, ENABLE, [sent, 0])[-1]['level'] == 0


def test_an_unknown_variable_is_refused():
    answers = bus(*STARTED, [frame(0, 0, ioctl(262, b'nosuch\0\0')), 0], [command(2, 0, 36), 36])
    got = bytes.fromhex(answers[-1]['got'])
    number, _, flags, status = struct.unpack('<IIIi', got[12:28])
    assert (number, flags & 1, status) == (262, 1, -23)
