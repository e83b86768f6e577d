"""Conditional and range requests: what of a file they ask for (RFC 9110, sections 13 and 14).

Loaded by the first request for a static file that has a field for it.
"""

import os
import time
from binascii import hexlify

from .compat import const
from .response import _NAMES
from .streaming import read_file

_RANGES = const(8)  # how many ranges of a request are answered; one with more gets it all


def evaluate(request, size, tag, modified):
    """Return (status, ranges) of a GET or HEAD request.

    :param request: the request.
    :param size: the size of the file in bytes.
    :param tag: its entity tag, such as ``'"abc"'`` or ``'W/"abc"'``, or ``None``.
    :param modified: the time of its last modification, as ``time.time()`` counts, or ``None``.

    The status is 304, 412 or 416 if that is all there is to say, else 200 or 206. The ranges are a
    list of pairs (start, end), or ``None`` for the whole file.
    """
    headers = request.headers
    date = tuple(time.gmtime(modified)[:6]) if modified else None
    status_code = precondition(headers, tag, date)
    if status_code != 200:
        return status_code, None
    ranges = None
    # The only method for which ranges are defined.
    if request.method.upper() == 'GET' and 'Range' in headers:
        if _is_same(headers.get('If-Range'), tag, date):
            ranges = parse_ranges(headers['Range'], size)
    if ranges is None:
        return 200, None
    return (206, ranges) if ranges else (416, None)


def precondition(headers, tag, date):
    """Return 200, or the status that the preconditions of a request lead to (section 13.2.2).

    :param headers: the header fields of the request.
    :param tag: the entity tag, or ``None``.
    :param date: the date of the last modification as ``parse_date`` returns it, or ``None``.
    """
    value = headers.get('If-Match')
    if value is not None:
        if value.strip(' \t') != '*' and (tag not in _tags(value) or tag.startswith('W/')):
            return 412
    else:
        limit = parse_date(headers.get('If-Unmodified-Since'))
        if limit and date and date > limit:
            return 412
    value = headers.get('If-None-Match')
    if value is not None:
        tags = [_opaque(other) for other in _tags(value)]
        return 304 if value.strip(' \t') == '*' or (tag and _opaque(tag) in tags) else 200
    limit = parse_date(headers.get('If-Modified-Since'))
    return 304 if limit and date and date <= limit else 200


def _tags(value):
    # A comma within a tag takes it apart; but none of ours has one.
    return [tag.strip(' \t') for tag in value.split(',')]


def _opaque(tag):
    return tag[2:] if tag.startswith('W/') else tag


def _is_same(value, tag, date):
    """Tell whether the validator of ``If-Range``, if there is one, is that of the file."""
    if value is None:
        return True
    value = value.strip(' \t')
    if value[:1] == '"' or value[:2] == 'W/':
        return value == tag and value[:1] == '"'
    return date is not None and parse_date(value) == date


def parse_date(text):
    """Return the tuple (year, month, day, hour, minute, second) of an HTTP date, in UTC.

    :param text: a date in any of the three forms of section 5.6.7, or ``None``.

    Returns ``None`` for anything else.
    """
    words = []
    if text and len(text) < 40:
        for c in ',-:':
            text = text.replace(c, ' ')
        words = [word for word in text.split(' ') if word]
    if len(words) == 7:  # as asctime() has it: the weekday, Nov 6 08:49:37 1994
        words = [words[0], words[2], words[1], words[6]] + words[3:6] + ['GMT']
    if len(words) != 8 or words[7] != 'GMT' or len(words[2]) != 3:
        return None
    month = _NAMES.find(words[2], 21)
    numbers = [words[3], words[1]] + words[4:7]
    if month < 0 or month % 3 or not ''.join(numbers).encode().isdigit():
        return None
    year, day, hour, minute, second = [int(number) for number in numbers]
    if len(words[3]) == 2:
        # Not more than fifty years ahead; a clock that is not set does not count.
        now = max(time.gmtime()[0], 2024)
        year += now // 100 * 100
        year -= 100 * (year > now + 50)
    if not 0 < day < 32 or hour > 23 or minute > 59 or second > 60:
        return None
    return year, month // 3 - 6, day, hour, minute, second


def parse_ranges(value, size):
    """Return the ranges that a request asks for, as pairs (start, end) with the end excluded.

    :param value: the value of ``Range``.
    :param size: the size of the file in bytes.

    Returns an empty list if the file has none of them, and ``None`` for the whole file: for what
    is malformed or of another unit, and for more ranges than are worth their while. Where some
    overlap, all are put in order and joined (section 14.2).
    """
    unit, _, specs = value.partition('=')
    specs = [spec.strip(' \t') for spec in specs.split(',')]
    specs = [spec for spec in specs if spec]
    if unit.strip(' \t').lower() != 'bytes' or not 0 < len(specs) <= _RANGES:
        return None
    ranges = []
    for spec in specs:
        first, dash, last = spec.partition('-')
        if not dash or len(spec) > 40 or not (first + last).encode().isdigit():
            return None
        if not first:
            start, end = max(size - int(last), 0), size
            if not size and int(last):
                return None  # all of nothing, for which there is no range
        else:
            start, end = int(first), min(int(last) + 1, size) if last else size
            if last and int(last) < start:
                return None
        if start < end:
            ranges.append((start, end))
    joined = []
    for start, end in sorted(ranges):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return ranges if len(joined) == len(ranges) else joined


def describe(ranges, size, headers):
    """Return (length, parts) of the body with some ranges of a file, and describe it in headers.

    :param ranges: the list of pairs (start, end).
    :param size: the size of the file in bytes.
    :param headers: the header fields of the response.

    The parts are a list of (bytes to send before, start, end).
    """
    if len(ranges) == 1:
        start, end = ranges[0]
        headers['Content-Range'] = _content_range(start, end, size)
        return end - start, [(b'', start, end)]
    boundary = hexlify(os.urandom(12)).decode()
    content_type = headers['Content-Type']
    headers['Content-Type'] = 'multipart/byteranges; boundary=' + boundary
    parts = []
    length = 0
    for start, end in ranges:
        head = '\r\n--%s\r\nContent-Type: %s\r\nContent-Range: %s\r\n\r\n' % (
            boundary,
            content_type,
            _content_range(start, end, size),
        )
        parts.append((head[0 if parts else 2 :].encode(), start, end))
        length += len(parts[-1][0]) + end - start
    tail = ('\r\n--%s--\r\n' % boundary).encode()
    parts.append((tail, 0, 0))
    return length + len(tail), parts


def _content_range(start, end, size):
    return 'bytes %d-%d/%d' % (start, end - 1, size)


class Parts:
    """A file-like object over parts of a file.

    :param file: the file, closed together with this.
    :param parts: the list of (bytes to send before, where to start, where to end).
    """

    def __init__(self, file, parts):
        self.file = file
        self.parts = parts
        self.left = 0

    def read(self, n):
        """Return at most n bytes of the file, or what comes before a part."""
        while not self.left:
            if not self.parts:
                return b''
            head, start, end = self.parts.pop(0)
            self.left = end - start
            if self.left:
                self.file.seek(start)
            if head:
                return head
        data = read_file(self.file, min(n, self.left))
        self.left -= len(data)
        return data

    def close(self):
        self.file.close()
