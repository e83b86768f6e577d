"""Takes templates apart into text and tags, reading them piece by piece."""

from binascii import crc32

from . import TemplateError

_PIECE = 512  # bytes read at once
_TEXT = 1024  # bytes of text put out at once


class Reader:
    """Takes a template apart into text and tags.

    :param f: the template, a binary file.
    :param name: its name.
    """

    def __init__(self, f, name):
        self.f = f
        self.name = name
        self.data = b''
        self.line = self.tag_line = 1
        self.size = self.crc = 0
        if self.has(3) and self.data[:3] == b'\xef\xbb\xbf':
            self.data = self.data[3:]

    def more(self):
        """Read on; return whether there was more."""
        data = self.f.read(_PIECE)
        self.size += len(data)
        self.crc = crc32(data, self.crc)
        self.data += data
        return bool(data)

    def has(self, n):
        """Return whether that many bytes are left."""
        while len(self.data) < n and self.more():
            pass
        return len(self.data) >= n

    def take(self, n):
        """Return the next n bytes, as text."""
        data = self.data[:n]
        try:
            text = data.decode()
        except UnicodeError:
            raise TemplateError(self.name, self.line + valid_lines(data), 'not UTF-8')
        self.data = self.data[n:]
        self.line += data.count(b'\n')
        return text

    def token(self):
        """Return (kind, text) of what is next: text (``''``), ``{``, ``%``, ``#``; or ``None``."""
        n = self.text_length()
        if n:
            return '', self.take(n)
        return self.tag() if self.data else None

    def raw_token(self):
        """Return ``('', text)`` of what is next, ``None`` for the tag that ends this mode."""
        n = self.text_length()
        if n:
            return '', self.take(n)
        self.has(64)
        end = self.data.find(b'%}')
        if self.data[:2] == b'{%' and self.data[2:end].strip() == b'endraw':
            self.tag()
            return None
        if not self.data:
            raise TemplateError(self.name, self.tag_line, 'raw without endraw')
        return '', self.take(2)

    def text_length(self):
        """Return how many bytes of text are known to be next; 0 at a tag and at the end."""
        i = 0
        while True:
            i = self.data.find(b'{', i)
            if i < 0:
                i = len(self.data)
                if i >= _TEXT:
                    return self.cut()
                if not self.more():
                    return i
            elif i + 1 < len(self.data) or not self.more():
                if self.data[i + 1 : i + 2] in (b'{', b'%', b'#'):
                    return i
                i += 1

    def cut(self):
        """Return a length at which the data can be cut without cutting a character."""
        i = len(self.data) - 1
        while i and self.data[i] & 0xC0 == 0x80:
            i -= 1
        return i or len(self.data)

    def tag(self):
        """Return (kind, inside) of the tag that is next; skip a line end after a statement."""
        self.tag_line = self.line
        kind = self.data[1:2]
        end = self.comment_end() if kind == b'#' else self.tag_end(kind)
        text = self.take(end + 2)[2:-2].strip()
        if kind != b'{':
            self.has(2)
            for newline in (b'\n', b'\r\n'):
                if self.data[: len(newline)] == newline:
                    self.take(len(newline))
                    break
        return kind.decode(), text

    def comment_end(self):
        i = 2
        while self.data.find(b'#}', i) < 0:
            i = max(2, len(self.data) - 1)
            if not self.more():
                raise TemplateError(self.name, self.tag_line, '{# without #}')
        return self.data.find(b'#}', i)

    def tag_end(self, kind):
        """Return where a tag ends: not within quotes or, for an expression, brackets."""
        closing = b'}}' if kind == b'{' else b'%}'
        quote = depth = 0
        i = 2
        while i + 1 < len(self.data) or self.has(i + 2):
            c = self.data[i]
            if quote:
                if c == 92:  # a backslash
                    i += 1
                elif c == quote or c == 10:
                    quote = 0
            elif c in b'"\'':
                quote = c
            elif c in b'%}' and self.data[i : i + 2] == closing and (depth <= 0 or c == 37):
                return i
            elif c in b'([{':
                depth += 1
            elif c in b')]}':
                depth -= 1
            i += 1
        opening = '{' + kind.decode()
        raise TemplateError(self.name, self.tag_line, opening + ' without ' + closing.decode())


def valid_lines(data):
    """Return how many lines come before the first that is not UTF-8."""
    lines = data.split(b'\n')
    for i in range(len(lines)):
        try:
            lines[i].decode()
        except UnicodeError:
            return i
    return 0
