"""Writes the modules that templates are compiled to, line by line."""

from . import TemplateError
from .compiled import FORMAT, MARK

_TEXT = 1024  # characters of text put out at once


class Writer:
    """Puts together a module: the text between tags, lines of code, and what they need at its end.

    :param reader: knows the present line, and in the end size and checksum of the template.
    :param out: a binary file that takes the module.
    :param name: the template's name.
    :param autoescape: whether values are escaped for HTML.
    """

    def __init__(self, reader, out, name, autoescape):
        self.reader = reader
        self.out = out
        self.name = name
        self.autoescape = autoescape
        self.tag = ''  # the inside of the present one
        self.pending = ''  # text not yet written
        self.indent = 0
        self.empty = False  # nothing was written in the present block
        self.uses = set()

    def emit(self, line):
        self.out.write((' ' * self.indent + line + '\n').encode())

    def begin(self, args):
        if not self.indent:
            self.emit('def render(' + args + '):')
            self.indent = 1

    def flush(self):
        """Write the text before the present tag."""
        if self.pending:
            self.begin('')
            text, self.pending = self.pending, ''
            self.empty = False
            self.emit('yield ' + quoted(text))

    def write(self, line):
        """Write a line of the function."""
        self.flush()
        self.empty = False
        self.emit(line)

    def error(self, message):
        return TemplateError(self.name, self.reader.tag_line, message)

    def check(self, source, mode='exec'):
        """Raise ``TemplateError`` unless that is Python; the line is that of the tag."""
        try:
            compile(source, self.name, mode)
        except NameError:
            pass  # a port that compiles modules only: loading will tell
        except (SyntaxError, ValueError, RuntimeError) as exc:  # too long a name, too deep
            raise self.error('{}: {}'.format(exc.args[0], self.tag[:60]))

    def text(self, text):
        self.pending += text
        if len(self.pending) >= _TEXT:
            self.flush()

    def value(self, text):
        """Return an expression, in parentheses if it goes over lines or has a comment."""
        if not text or text[-1] == '\\':  # which MicroPython takes for the end
            raise self.error('an expression is missing')
        if '#' in text or '\n' in text:
            text = '(' + text + '\n)'
        self.check(text, 'eval')
        return text

    def finish(self):
        """Write what the function uses, and what it was made of."""
        if '_t' in self.uses:
            self.write('_t = str')
        if '_e' in self.uses:
            self.write('from utemplate.html import escape as _e')
        if '_m' in self.uses:
            kind = 'macro' if self.autoescape else 'plain_macro'
            self.write('from utemplate.html import ' + kind + ' as _m')
        made_of = '{}, {}, {}'.format(bool(self.autoescape), self.reader.size, self.reader.crc)
        self.write('{} = {}, {}, {}'.format(MARK, FORMAT, quoted(self.name), made_of))


def quoted(text):
    """Return a str as Python source, the same on all runtimes."""
    for character, escaped in (
        ('\\', '\\\\'),
        ("'", "\\'"),
        ('\n', '\\n'),
        ('\r', '\\r'),
        ('\0', '\\x00'),
    ):
        text = text.replace(character, escaped)
    return "'" + text + "'"
