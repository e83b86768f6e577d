"""JSON (RFC 8259) that ``json`` does not make or take as it should. Loaded by the first of it.

NaN and the infinities become ``null``, as in browsers' ``JSON.stringify``: a sensor that is not
plugged in must not break the page that shows the others. MicroPython's ``json`` module would write
``nan``, and takes whatever it is given.
"""


def plain(value):
    """Return a copy of a value with ``None`` for numbers that JSON lacks, and keys that are str."""
    if isinstance(value, dict):
        copy = {}
        for key in value:
            copy[_name(key)] = plain(value[key])
        return copy
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if value - value == 0 else None
    if value is None or isinstance(value, (str, int, bool)):
        return value
    raise TypeError('not JSON serializable: ' + str(type(value)))


def _name(key):
    if isinstance(key, str):
        return key
    if key is None or key is True or key is False:
        return {None: 'null', True: 'true', False: 'false'}[key]
    if isinstance(key, (int, float)):
        return str(key)
    raise TypeError('keys must be str, int, float, bool or None')


def join_surrogates(text):
    """Return JSON with a character in place of each escaped pair of surrogates that means it.

    RFC 8259, 7: all characters beyond U+FFFF are escaped as two. MicroPython would make two of one.
    """
    data = text.encode()
    parts = []
    start = place = 0
    while place >= 0:
        place = data.find(b'\\', place)
        if place >= 0:
            high, low = _escaped(data, place), _escaped(data, place + 6)
            if 0xD800 <= high < 0xDC00 <= low < 0xE000:
                parts.append(data[start:place])
                parts.append(chr(0x10000 + ((high - 0xD800) << 10) + low - 0xDC00).encode())
                place = start = place + 12
            else:
                place += 2  # what is escaped may be a backslash
    parts.append(data[start:])
    return b''.join(parts).decode()


def _escaped(data, place):
    """Return the number in an escape of JSON, 0 if there is none."""
    try:
        return int(data[place + 2 : place + 6], 16) if data[place : place + 2] == b'\\u' else 0
    except ValueError:
        return 0


def check_end(text):
    """Raise ``ValueError`` for JSON that ends early: MicroPython before 1.26 takes it for whole.

    :param text: what ``json.loads`` has taken.
    """
    text = text.encode()  # in a str MicroPython counts characters from the start, again and again
    depth = place = 0
    while place >= 0:
        start = place
        place = text.find(b'"', start)  # up to where a string begins
        end = place if place >= 0 else len(text)
        for opening, closing in ((b'{', b'}'), (b'[', b']')):
            depth += text.count(opening, start, end) - text.count(closing, start, end)
        escaped = place >= 0
        while escaped:
            place = last = text.find(b'"', place + 1)  # and to behind its end
            while last > 0 and text[last - 1] == 92:  # a backslash
                last -= 1
            escaped = (place - last) % 2
        place += place >= 0
    if depth:
        raise ValueError('syntax error in JSON')
