"""URL encoding: ``urldecode`` and ``urlencode`` for queries and forms, ``quote`` for the rest."""

from .datastructures import MultiDict

_HEX = b'0123456789abcdefABCDEF'
_UNRESERVED = b"-._~/:@!$'()*,"  # besides letters and digits; '/' stays readable in a query


def unquote(data):
    """Replace ``%XX`` escapes in bytes; a ``%`` that starts no escape stays as it is.

    :param data: bytes.
    """
    parts = data.split(b'%')
    out = bytearray(parts[0])
    for i in range(1, len(parts)):
        part = parts[i]
        if len(part) > 1 and part[0] in _HEX and part[1] in _HEX:
            out.append(int(part[:2], 16))
            out.extend(part[2:])
        else:
            out.extend(b'%')
            out.extend(part)
    return bytes(out)


def quote(text, safe=_UNRESERVED):
    """Percent-encode text as UTF-8 (RFC 3986, section 2.1).

    :param text: a str.
    :param safe: bytes that stay as they are, besides ASCII letters and digits.
    """
    out = []
    for c in text.encode():
        if 48 <= c <= 57 or 65 <= c <= 90 or 97 <= c <= 122 or c in safe:
            out.append(chr(c))
        else:
            out.append('%%%02X' % c)
    return ''.join(out)


def urldecode(s):
    """Decode URL-encoded text: ``+`` is a blank, ``%XX`` a byte of UTF-8.

    :param s: str or bytes.

    Raises ``UnicodeError`` (a ``ValueError``) when the result is not UTF-8.
    """
    if isinstance(s, str):
        s = s.encode()
    s = s.replace(b'+', b' ')
    return (unquote(s) if b'%' in s else s).decode()


def urlencode(s):
    """Encode a str for a query or a form: the reverse of ``urldecode``; ``/`` stays."""
    return quote(s, _UNRESERVED + b' ').replace(' ', '+')


def parse_urlencoded(text):
    """Return the ``MultiDict`` of a query string or an URL-encoded form.

    :param text: str or bytes, such as ``a=1&b=2``. A key without ``=`` has the value ``''``.
    """
    values = MultiDict()
    for pair in text.split('&' if isinstance(text, str) else b'&'):
        if pair:
            key, _, value = pair.partition('=' if isinstance(text, str) else b'=')
            values[urldecode(key)] = urldecode(value)
    return values
