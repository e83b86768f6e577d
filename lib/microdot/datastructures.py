"""Dictionaries and URL encoding: what headers, queries and forms are made of.

``NoCaseDict`` finds keys whatever their case, ``MultiDict`` keeps several values for a key,
``urldecode`` and ``urlencode`` translate ``application/x-www-form-urlencoded`` text.
Nothing here imports anything of the package.
"""

_HEX = b'0123456789abcdefABCDEF'
_UNRESERVED = b"-._~/:@!$'()*,"  # besides letters and digits; '/' stays readable in a query


class NoCaseDict(dict):
    """A dictionary whose keys are strings compared without regard to case.

    The first spelling with an upper-case letter is the one that iteration shows.

    :param initial_dict: a mapping to copy.
    """

    def __init__(self, initial_dict=None):
        super().__init__()
        self.keymap = {}
        if initial_dict:
            self.update(initial_dict)

    def _stored(self, key):
        key = key.lower()
        return self.keymap.get(key, key)

    def __setitem__(self, key, value):
        lower = key.lower()
        if key != lower and lower not in self.keymap:
            self.keymap[lower] = key
            super().pop(lower, None)
        super().__setitem__(self.keymap.get(lower, lower), value)

    def __getitem__(self, key):
        return super().__getitem__(self._stored(key))

    def __delitem__(self, key):
        super().__delitem__(self._stored(key))

    def __contains__(self, key):
        # An unused tuple stands for "absent": None may be a value.
        return super().get(self._stored(key), self) is not self

    def get(self, key, default=None):
        return super().get(self._stored(key), default)

    def pop(self, key, *default):
        return super().pop(self._stored(key), *default)

    def setdefault(self, key, default=None):
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, other):
        for key in other:
            self[key] = other[key]

    def copy(self):
        return NoCaseDict(self)


class MultiDict(dict):
    """A dictionary with a list of values for each key, as queries and forms need it.

    ``d[key] = value`` adds a value, ``d[key]`` gives the first one. ``items()`` and ``values()``
    show the lists.

    :param initial_dict: a mapping of which each value is added.
    """

    def __init__(self, initial_dict=None):
        super().__init__()
        if initial_dict:
            self.update(initial_dict)

    def __setitem__(self, key, value):
        super().setdefault(key, []).append(value)

    def __getitem__(self, key):
        return super().__getitem__(key)[0]

    def get(self, key, default=None, type=None):
        """Return the first value of a key, converted by ``type`` where one is given.

        :param key: the key to look up.
        :param default: returned, as it is, when the key is missing.
        :param type: a callable such as ``int``; its exceptions propagate.
        """
        values = super().get(key)
        if not values:
            return default
        return values[0] if type is None else type(values[0])

    def getlist(self, key, type=None):
        """Return all values of a key, converted by ``type``; an empty list when there is none."""
        values = super().get(key) or []
        return list(values) if type is None else [type(value) for value in values]

    def pop(self, key, *default):
        values = super().pop(key, *default)
        return values[0] if isinstance(values, list) else values

    def setdefault(self, key, default=None):
        if not super().get(key):
            self[key] = default
        return self[key]

    def update(self, other):
        for key in other:
            values = other.getlist(key) if isinstance(other, MultiDict) else (other[key],)
            for value in values:
                self[key] = value


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


def urldecode(text):
    """Decode URL-encoded text: ``+`` is a blank, ``%XX`` a byte of UTF-8.

    :param text: str or bytes.

    Raises ``UnicodeError`` (a ``ValueError``) when the result is not UTF-8.
    """
    if isinstance(text, str):
        text = text.encode()
    text = text.replace(b'+', b' ')
    return (unquote(text) if b'%' in text else text).decode()


def urlencode(text):
    """Encode a str for a query or a form: the reverse of ``urldecode``; ``/`` stays."""
    return quote(text, _UNRESERVED + b' ').replace(' ', '+')


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
