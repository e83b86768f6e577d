"""The bytes of MQTT 3.1.1: names, lengths and packets; for ``mqtt``."""

from .compat import dumps


class MQTTError(Exception):
    """The broker refused the client, broke the protocol, or is silent."""


def matches(topic_filter, topic):
    """Return whether a topic matches a filter (MQTT 3.1.1, 4.7)."""
    if topic_filter == topic:
        return True
    wanted, levels = topic_filter.split('/'), topic.split('/')
    if topic.startswith('$') and wanted[0] in '+#':
        return False
    for i, name in enumerate(wanted):
        if name == '#':
            return True
        if i >= len(levels) or name not in ('+', levels[i]):
            return False
    return len(wanted) == len(levels)


def check_filter(topic_filter):
    levels = topic_filter.split('/')
    for i, name in enumerate(levels):
        if len(name) > 1 and ('+' in name or '#' in name) or name == '#' and i < len(levels) - 1:
            raise ValueError('misplaced wildcard in ' + topic_filter)
    topic_bytes(topic_filter.replace('+', '-').replace('#', '-'))


def topic_bytes(topic):
    data = topic.encode()
    if not 0 < len(data) < 65536 or '+' in topic or '#' in topic or '\0' in topic:
        raise ValueError('bad topic ' + topic)
    return data


def payload_bytes(value):
    if isinstance(value, (dict, list)):
        value = dumps(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    return str(value).encode()


def prefixed(data):
    return len(data).to_bytes(2, 'big') + data


def encoded_length(size):
    """Return the remaining length of a packet, 7 bits a byte (MQTT 3.1.1, 2.2.3)."""
    data = b''
    while size > 127:
        data += bytes((size & 127 | 128,))
        size >>= 7
    return data + bytes((size,))


def connect_packet(client):
    """Return the CONNECT packet of a client (MQTT 3.1.1, 3.1)."""
    flags, fields = 2 if client.clean else 0, [client.client_id.encode()]
    if client.will:
        topic, payload, retain = (tuple(client.will) + (True,))[:3]
        fields += [topic_bytes(topic), payload_bytes(payload)]
        flags |= 4 | 8 | (32 if retain else 0)  # with QoS 1
    for value, flag in ((client.user, 128), (client.password, 64)):
        if value is not None:
            fields.append(value.encode())
            flags |= flag
    body = prefixed(b'MQTT') + bytes((4, flags)) + int(client.keepalive).to_bytes(2, 'big')
    body += b''.join([prefixed(field) for field in fields])
    return b'\x10' + encoded_length(len(body)) + body


async def read_packet(reader):
    """Return the first byte of a packet and its remaining length."""
    kind, size = await reader.readexactly(2)
    shift = 7
    if size > 127:
        size &= 127
        while True:
            byte = (await reader.readexactly(1))[0]
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
            if shift > 21:
                raise MQTTError('malformed packet')
    return kind, size


async def read_connack(reader):
    """Return the type of the first packet, whether a session is present, and the return code."""
    kind, _, present, code = await reader.readexactly(4)
    return kind, present & 1, code
