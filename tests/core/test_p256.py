"""`microdot.p256`: signatures of RFC 6979 (A.2.5), edges, and turns for others meanwhile.

`tests/tools/test_signatures.py` compares hundreds more with another implementation.
"""

import asyncio
from hashlib import sha256

from microdot.p256 import verify

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
X = 0x60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6
Y = 0x7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299
R = 0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716
S = 0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8


def pair(a, b):
    return a.to_bytes(32, 'big') + b.to_bytes(32, 'big')


def check(x=X, y=Y, r=R, s=S, message=b'sample'):
    return verify(pair(x, y), sha256(message).digest(), pair(r, s))


# What is another than in the signature of 'sample', whether it is good. An RP2040 takes 1.5 s for
# each of these, and for none of those below.
TABLE = (
    ({}, True),
    ({'s': N - S}, True),  # every signature has this twin
    (
        {
            'message': b'test',
            'r': 0xF1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367,
            's': 0x019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083,
        },
        True,
    ),
    ({'message': b'Sample'}, False),
    ({'r': N - 1}, False),
    ({'s': N - 1}, False),
    ({'r': 1, 's': 1}, False),
    ({'r': S, 's': R}, False),
    ({'y': P - Y}, False),
)
OUT_OF_RANGE = (
    {'r': 0},
    {'s': 0},
    {'r': 0, 's': 0},
    {'r': N},
    {'s': N},
    {'r': N + 1},
    {'s': 2**256 - 1},
    {'r': 2**256 - 1},
    {'y': Y ^ 1},
    {'x': X ^ 1},
    {'x': 0, 'y': 0},
    {'x': P, 'y': Y},
    {'x': X, 'y': 2**256 - 1},
    {'x': Y, 'y': X},
)


async def test_signatures():
    for changed, good in TABLE:
        assert await check(**changed) is good, changed


async def test_what_can_be_no_signature_or_key():
    for changed in OUT_OF_RANGE:
        assert await check(**changed) is False, changed


async def test_lengths():
    key, digest, signature = pair(X, Y), sha256(b'sample').digest(), pair(R, S)
    assert await verify(key, digest, signature)
    assert await verify(memoryview(key), bytearray(digest), memoryview(signature))
    for short in (b'', b'\0'):
        assert not await verify(key[:-1] + short[1:], digest, signature)
        assert not await verify(key, digest[:-1] + short[1:], signature)
        assert not await verify(key, digest, signature[:-1] + short[1:])
    assert not await verify(b'\4' + key, digest, signature)


async def test_turns():
    """There is one for each bit of the two numbers that points are multiplied by, at least."""
    turns = 0

    async def count():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    assert await check()
    counting.cancel()
    assert turns >= 256, turns
