"""Tokens signed with HMAC-SHA256 (RFC 7515; JWT's ``HS256``), made of ``hashlib`` and ``binascii``.

What runtimes without PyJWT have in its place; tokens of either are good for the other. Claims are
not looked at: a payload is bytes.
"""

import hashlib
import json
from binascii import a2b_base64, b2a_base64


def _hmac(data, key):
    # RFC 2104, for the block size of SHA-256.
    if len(key) > 64:
        key = hashlib.sha256(key).digest()
    key = key + bytes(64 - len(key))
    inner = hashlib.sha256(bytes([b ^ 0x36 for b in key]))
    inner.update(data)
    outer = hashlib.sha256(bytes([b ^ 0x5C for b in key]))
    outer.update(inner.digest())
    return outer.digest()


def _encode(data):
    data = b2a_base64(data).rstrip(b'\n=')
    return data.replace(b'+', b'-').replace(b'/', b'_')


def _decode(data):
    data = data.replace(b'-', b'+').replace(b'_', b'/')
    return a2b_base64(data + b'=' * (-len(data) % 4))


def sign(payload, key):
    """Return a token, a str.

    :param payload: what is to be signed, bytes.
    :param key: the secret, bytes.
    """
    data = _encode(b'{"alg":"HS256","typ":"JWT"}') + b'.' + _encode(payload)
    return (data + b'.' + _encode(_hmac(data, key))).decode()


def verify(token, key):
    """Return the payload of a token as bytes, ``None`` if it is forged, malformed or of a kind
    other than this one.

    :param token: str or bytes.
    :param key: the secret that it is to be signed with, bytes.
    """
    if isinstance(token, str):
        token = token.encode()
    parts = token.split(b'.')
    if len(parts) != 3:
        return None
    header, payload, signature = parts
    expected = _encode(_hmac(header + b'.' + payload, key))
    # Every byte is compared, so that the time taken tells nothing about the right signature.
    differing = len(expected) ^ len(signature)
    for a, b in zip(expected, signature):
        differing |= a ^ b
    if differing:
        return None
    try:
        header = json.loads(_decode(header).decode())
        if not isinstance(header, dict) or header.get('alg') != 'HS256':
            return None
        if 'crit' in header or 'b64' in header:  # extensions that would have to be understood
            return None
        return _decode(payload)
    except ValueError:
        return None
