"""Tokens signed with HMAC-SHA256 by PyJWT: what ``jwt_hs256`` is, where PyJWT can be had.

Claims are not looked at: they are for ``Session`` to interpret, the same on all runtimes.
"""

try:
    import jwt
except ImportError:
    import sys

    raise ImportError(
        'sessions need PyJWT on CPython: %s -m pip install pyjwt' % sys.executable
    ) from None


def sign(payload, key):
    """Return a token, a str, of a payload in bytes, signed with a key in bytes."""
    return jwt.api_jws.encode(payload, key, 'HS256')


def verify(token, key):
    """Return the payload of a token as bytes, ``None`` if it is not valid."""
    try:
        return jwt.api_jws.decode(token, key, ['HS256'])
    except jwt.PyJWTError:
        return None
