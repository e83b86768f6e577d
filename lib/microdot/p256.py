"""ECDSA over the curve P-256: verification alone (FIPS 186-5, section 6.4.2; SP 800-186).

Nothing here is secret, so no care is taken that a calculation takes the same time for all values.
The formulas are those of SEC 1 in Jacobian coordinates (x / z**2, y / z**3) for a = -3.
"""

import asyncio

_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_NOWHERE = (1, 1, 0)  # the point at infinity


def _number(data, start):
    return int.from_bytes(bytes(data[start : start + 32]), 'big')


def _double(point):
    x, y, z = point
    zz = z * z % _P
    yy = y * y % _P
    s = x * yy % _P
    m = 3 * (x - zz) * (x + zz) % _P
    x3 = (m * m - 8 * s) % _P
    return x3, (m * (4 * s - x3) - 8 * yy * yy) % _P, 2 * y * z % _P


def _add(point, other):
    """Return the sum of a point and one whose z is 1, given as (x, y)."""
    x, y, z = point
    if not z:
        return other[0], other[1], 1
    zz = z * z % _P
    h = (other[0] * zz - x) % _P
    r = (other[1] * zz * z - y) % _P
    if not h:
        return _NOWHERE if r else _double(point)
    hh = h * h % _P
    v = x * hh % _P
    hhh = h * hh % _P
    x3 = (r * r - hhh - 2 * v) % _P
    return x3, (r * (v - x3) - y * hhh) % _P, z * h % _P


async def _inverse(value, modulus):
    """Return 1 / value for a prime modulus, by Euclid's algorithm."""
    a, b, u, v = modulus, value, 0, 1
    step = 0
    while b:
        quotient = a // b
        a, b = b, a - quotient * b
        u, v = v, u - quotient * v
        step += 1
        if not step & 15:
            await asyncio.sleep(0)
    return u % modulus


def _is_key(x, y):
    return x < _P and y < _P and not (y * y - (x * x - 3) * x - _B) % _P


async def verify(key, digest, signature):
    """Return whether a signature is that of a key for a digest; a wrong key has none.

    It gives turns to other tasks, some 270, less than 10 ms apart on an RP2040 at 125 MHz.

    :param key: the public key, 64 bytes: x and y, each 32 bytes, the most significant one first.
    :param digest: the SHA-256 of what was signed, 32 bytes.
    :param signature: 64 bytes: r and s, as for the key.
    """
    if len(key) != 64 or len(digest) != 32 or len(signature) != 64:
        return False
    x, y = public = _number(key, 0), _number(key, 32)
    r, s = _number(signature, 0), _number(signature, 32)
    if not (0 < r < _N and 0 < s < _N and _is_key(x, y)):
        return False
    inverse = await _inverse(s, _N)
    u, v = _number(digest, 0) * inverse % _N, r * inverse % _N
    both = _add((x, y, 1), _G)
    if both[2]:
        inverse = await _inverse(both[2], _P)
        square = inverse * inverse % _P
        both = both[0] * square % _P, both[1] * square * inverse % _P
    else:
        both = None  # the key is -G
    found = await _sum(u, v, (None, _G, public, both))
    z = found[2]
    # x / z**2 is r, or r + N where that is below P: no division.
    zz = z * z % _P
    return bool(z) and (
        (r * zz - found[0]) % _P == 0 or (r + _N < _P and ((r + _N) * zz - found[0]) % _P == 0)
    )


async def _sum(u, v, points):
    """Return u * G + v * Q; ``points`` are nothing, G, Q, and G + Q or ``None``."""
    found = _NOWHERE
    for bit in range(255, -1, -1):
        found = _double(found)
        point = points[(u >> bit & 1) | (v >> bit & 1) << 1]
        if point:
            found = _add(found, point)
        await asyncio.sleep(0)
    return found
