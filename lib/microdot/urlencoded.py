"""URL encoding: ``MultiDict`` for queries and forms, and what encodes and decodes.

Loaded by the first request that has to do with it.
"""

from .compat import const
from .http1 import refuse

_HEX = const('0123456789abcdefABCDEF')
_URL_SAFE = const("-._~/:@!$'()*,")  # stays readable in a URL, besides letters and digits


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
        return list(values) if type is None else list(map(type, values))

    def pop(self, key, *default):
        if default and key not in self:
            return default[0]
        return super().pop(key)[0]

    def setdefault(self, key, default=None):
        if not super().get(key):
            self[key] = default
        return self[key]

    def update(self, other):
        for key in other:
            values = other.getlist(key) if isinstance(other, MultiDict) else (other[key],)
            for value in values:
                self[key] = value


def unquote(text):
    """Replace ``%XX`` escapes in a str; a ``%`` that starts none stays.

    Raises ``UnicodeError`` (a ``ValueError``) when the result is not UTF-8.
    """
    first, *parts = text.split('%')
    data = bytearray(first.encode())
    for part in parts:
        if len(part) > 1 and part[0] in _HEX and part[1] in _HEX:
            data.append(int(part[:2], 16))
            part = part[2:]
        else:
            data.append(37)
        data.extend(part.encode())
    return bytes(data).decode()


def decode_path(path):
    """Return the path of a target without escapes.

    Raises ``ClientError`` (400) for what does not decode to UTF-8 without NUL.
    """
    try:
        path = unquote(path)
    except ValueError:
        refuse(400)
    if '\0' in path:
        refuse(400)
    return path


def quote(text, safe=_URL_SAFE):
    """Percent-encode text as UTF-8 (RFC 3986, 2.1).

    :param text: a str.
    :param safe: characters that stay as they are, besides ASCII letters and digits.
    """
    out = []
    for c in text.encode():
        char = chr(c)
        keep = c < 128 and (char.isalpha() or char.isdigit() or char in safe)
        out.append(char if keep else '%%%02X' % c)
    return ''.join(out)


def urldecode(s):
    """Decode URL-encoded text: ``+`` is a blank, ``%XX`` a byte of UTF-8.

    :param s: str or bytes.

    Raises ``UnicodeError`` (a ``ValueError``) when the result is not UTF-8.
    """
    if not isinstance(s, str):
        s = s.decode()
    s = s.replace('+', ' ')
    return unquote(s) if '%' in s else s


def urlencode(s):
    """Encode a str for a query or a form: the reverse of ``urldecode``; ``/`` stays."""
    return quote(s, _URL_SAFE + ' ').replace(' ', '+')


def parse_urlencoded(text):
    """Return the ``MultiDict`` of a query string or an URL-encoded form.

    :param text: str or bytes, such as ``a=1&b=2``. A key without ``=`` has the value ``''``.
    """
    if not isinstance(text, str):
        text = text.decode()
    values = MultiDict()
    for pair in text.split('&'):
        if pair:
            key, _, value = pair.partition('=')
            values[urldecode(key)] = urldecode(value)
    return values
