"""What `microdot.p256` makes of signatures, beside what the package `cryptography` makes of them.

The same table, made anew each time, is read on CPython and on MicroPython.
"""

import asyncio
import os
import random
import subprocess

import pytest

import needs
from microdot.p256 import verify
from microdot_kit import runtimes

pytestmark = pytest.mark.slow  # tests/core/test_p256.py has a few

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
SIGNATURES = int(os.environ.get('SIGNATURES', '100'))
EDGES = (0, 1, 2, N - 1, N, N + 1, P - 1, P, 2**256 - 1)
# Reads lines of key, digest and signature as hexadecimal digits; prints 1 or 0 for each.
READER = """
import asyncio, sys
from binascii import unhexlify
from microdot.p256 import verify
async def main():
    for line in open(sys.argv[1]):
        print(int(await verify(*[unhexlify(part) for part in line.split()])))
asyncio.run(main())
"""


def multiply(k, point):
    """k times a point, by the formulas of the textbook."""
    found = None
    while k:
        if k & 1:
            found = add(found, point)
        point = add(point, point)
        k >>= 1
    return found


def add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % P == 0:
        return None
    if a == b:
        slope = 3 * (a[0] * a[0] - 1) * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def signed(d, digest, chance):
    """(key, digest, r, s)"""
    k = chance.randrange(1, N)
    r = public(k)[0] % N
    s = pow(k, -1, N) * (int.from_bytes(digest, 'big') + r * d) % N
    return public(d), digest, r, s


def public(d):
    """The public key of a private one, by the other implementation: ten times as fast."""
    from cryptography.hazmat.primitives.asymmetric import ec

    numbers = ec.derive_private_key(d, ec.SECP256R1()).public_key().public_numbers()
    return numbers.x, numbers.y


def large_x(chance):
    """A signature whose point has an x of N or more, which is not its r: one in 2**128."""
    x = N
    while True:
        y = pow(x**3 - 3 * x + B, (P + 1) // 4, P)
        if (y * y - x**3 + 3 * x - B) % P == 0:
            break
        x += 1
    r, s, h = x - N, chance.randrange(1, N), chance.randrange(1, N)
    # The key that it is a signature of.
    difference = add(multiply(s, (x, y)), multiply(N - h, G))
    return multiply(pow(r, -1, N), difference), h.to_bytes(32, 'big'), r, s


def vectors(chance):
    """All (key, digest, r, s): good ones, and what becomes of them by changes."""
    keys = [1, 2, 3, N - 1, N - 2, (N + 1) // 2]
    keys += [chance.randrange(1, N) for _ in range(SIGNATURES)]
    for d in keys:
        key, digest, r, s = good = signed(d, chance.randbytes(32), chance)
        yield good
        yield key, digest, r, N - s
        at = 1 << chance.randrange(256)
        yield chance.choice(
            (
                ((key[0] ^ at, key[1]), digest, r, s),
                ((key[0], P - key[1]), digest, r, s),
                (key, (int.from_bytes(digest, 'big') ^ at).to_bytes(32, 'big'), r, s),
                (key, digest, r ^ at, s),
                (key, digest, r, s ^ at),
            )
        )
    for digest in (bytes(32), b'\xff' * 32, N.to_bytes(32, 'big'), (N - 1).to_bytes(32, 'big')):
        yield signed(chance.randrange(1, N), digest, chance)
        yield signed(1, digest, chance)
    key, digest, r, s = signed(chance.randrange(1, N), chance.randbytes(32), chance)
    for edge in EDGES:
        yield key, digest, edge, s
        yield key, digest, r, edge
        yield (edge, key[1]), digest, r, s
        yield (key[0], edge), digest, r, s
        for other in EDGES:
            yield key, digest, edge, other
    yield large_x(chance)


def by_cryptography(key, digest, r, s):
    """Whether the signature is good, as another implementation has it."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    try:
        key = ec.EllipticCurvePublicNumbers(*key, ec.SECP256R1()).public_key()
        signature = utils.encode_dss_signature(r, s)
        key.verify(signature, digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
        return True
    except (ValueError, InvalidSignature):
        return False


def raw(a, b):
    return a.to_bytes(32, 'big') + b.to_bytes(32, 'big')


@pytest.fixture(scope='module')
def table():
    """[(key, digest, signature, whether it is good)], of bytes."""
    try:
        import cryptography  # noqa: F401
    except ImportError:
        needs.missing('cryptography is not installed: make .venv/stamps/update')
    seed = os.environ.get('SIGNATURES_SEED', str(random.randrange(10**9)))
    print(f'SIGNATURES_SEED={seed}')
    made = list(vectors(random.Random(seed)))
    good = [by_cryptography(*vector) for vector in made]
    assert sum(good) > 2 * SIGNATURES and not all(good) and good[-1]
    return [(raw(*v[0]), v[1], raw(*v[2:]), known) for v, known in zip(made, good)]


def wrong(table, found):
    """The entries of which something else was found, as hexadecimal digits."""
    assert len(found) == len(table)
    return [[p.hex() for p in entry[:3]] for entry, f in zip(table, found) if f != entry[3]]


def test_on_cpython(table):
    async def verify_all():
        return [await verify(*entry[:3]) for entry in table]

    assert wrong(table, asyncio.run(verify_all())) == []


def test_on_micropython(table, tmp_path):
    needs.micropython()
    (tmp_path / 'reader.py').write_text(READER)
    lines = [' '.join(part.hex() for part in entry[:3]) + '\n' for entry in table]
    (tmp_path / 'table.txt').write_text(''.join(lines))
    command = runtimes.micropython_command(runtimes.HEAP)
    ended = subprocess.run(
        [*command, 'reader.py', 'table.txt'],
        cwd=tmp_path,
        env=runtimes.micropython_environment(runtimes.LIB, tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert wrong(table, [line == '1' for line in ended.stdout.split()]) == []
    print(f'{len(table)} signatures, {sum(entry[3] for entry in table)} of them good')
