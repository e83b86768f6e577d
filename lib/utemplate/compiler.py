"""The compiler: reads a template piece by piece and writes a Python module line by line.

Neither is ever in memory as a whole, only the text up to the next tag, or a part of it. The module
has a generator function ``render`` with the template's arguments; the loader gives it ``_load``.
Its last line tells loaders what it was made of. The same template gives the same module everywhere.
"""

from . import check_name
from .reader import Reader
from .source import HEADER
from .writer import Writer, quoted

_BLOCKS = ('if', 'for', 'while', 'macro')
_FILTERS = {'safe': '_t', 'escape': '_e'}
_OPERATORS = '+-*/%&|^@<>'  # what can stand before = in an assignment


class Compiler(Writer):
    """Compiles one template.

    :param f: the template, a binary file.
    :param out: a binary file that takes the module.
    :param name: the template's name.
    :param autoescape: whether values are escaped for HTML.
    """

    def __init__(self, f, out, name, autoescape=False):
        super().__init__(Reader(f, name), out, name, autoescape)
        self.includes = []  # (line, name) of templates included by a literal name
        self.blocks = []  # [word, line, whether it is in its else] of what is open

    def compile(self):
        """Write the module. Raises ``TemplateError`` for what is wrong in the template."""
        self.emit(HEADER.decode() + quoted(self.name))
        kinds = {'': self.text, '{': self.expression, '%': self.statement, '#': self.comment}
        while True:
            token = self.reader.token()
            if not token:
                break
            kind, self.tag = token
            kinds[kind](self.tag)
        self.flush()
        if self.blocks:
            word, self.reader.tag_line, _ = self.blocks[-1]
            raise self.error(word + ' without end' + word)
        self.begin('')
        self.write('yield from ()')  # a generator, whatever the template has
        self.indent = 0
        self.finish()

    def comment(self, text):
        pass

    def expression(self, text):
        function = '_e' if self.autoescape else '_t'
        value, bar, last = text.rpartition('|')
        if bar and last.strip() in _FILTERS:
            text = value
            function = _FILTERS[last.strip()]
        self.uses.add(function)
        self.flush()
        self.begin('')
        text = self.value(text)
        self.write('yield ' + function + ('((' + text + '))' if ',' in text else '(' + text + ')'))

    def statement(self, text):
        n = 0
        while text[n : n + 1].isalpha():
            n += 1
        word, rest = text[:n], text[n:].strip()
        if word == 'args':
            return self.on_args(rest)
        self.flush()
        self.begin('')
        if word in _BLOCKS:
            self.open(word, rest)
        elif word[:3] == 'end' and word[3:] in _BLOCKS:
            self.close(word[3:], rest)
        elif len(word) < 20 and hasattr(self, 'on_' + word):  # a name has a limit
            getattr(self, 'on_' + word)(rest)
        else:
            raise self.error('unknown statement: ' + text)

    def on_args(self, text):
        if self.indent or self.pending.strip():
            raise self.error('args must come first')
        self.pending = ''
        self.check('def render(' + text + '):\n pass')
        self.begin(text)

    def open(self, word, text):
        """Begin a block."""
        if word == 'macro':
            self.uses.add('_m')
            header = 'def ' + text + ':'
        elif word == 'for':
            header = 'for ' + text.replace('\n', ' ') + ':'
        else:
            header = word + ' ' + self.value(text) + ':'
        self.check(header + '\n pass')
        if word == 'macro':
            self.write('@_m')
        self.write(header)
        self.indent += 1
        self.empty = True
        self.blocks.append([word, self.reader.tag_line, False])

    def close(self, word, text):
        """End a block."""
        if text:
            raise self.error('nothing can follow end' + word)
        if not self.blocks:
            raise self.error('end' + word + ' without ' + word)
        opened, line, _ = self.blocks[-1]
        if opened != word:
            text = 'end{} in place of end{}, which line {} wants'
            raise self.error(text.format(word, opened, line))
        if word == 'macro':
            self.write('yield from ()')
        self.end_part()
        self.blocks.pop()

    def end_part(self):
        if self.empty:
            self.write('pass')
        self.indent -= 1

    def branch(self, words, header):
        """Begin another part of a block of one of these kinds."""
        block = self.blocks[-1] if self.blocks else ('', 0, True)
        if block[0] not in words or block[2]:
            raise self.error(header.split(' ')[0].strip(':') + ' out of place')
        self.end_part()
        self.write(header)
        self.indent += 1
        self.empty = True
        return block

    def on_elif(self, text):
        header = 'if ' + self.value(text) + ':'
        self.check(header + '\n pass')
        self.branch(('if',), 'el' + header)

    def on_else(self, text):
        if text:
            raise self.error('nothing can follow else')
        self.branch(('if', 'for', 'while'), 'else:')[2] = True

    def jump(self, word, text):
        in_loop = False
        for block in self.blocks:
            if block[0] == 'macro':
                in_loop = False
            elif block[0] != 'if' and not block[2]:
                in_loop = True
        if text or not in_loop:
            raise self.error(word + ' out of place')
        self.write(word)

    def on_break(self, text):
        self.jump('break', text)

    def on_continue(self, text):
        self.jump('continue', text)

    def on_set(self, text):
        target, equals, value = text.partition('=')
        if not equals:
            raise self.error('set needs name = value')
        target = target.rstrip()
        line = target + ('= ' if target[-1:] in _OPERATORS else ' = ')
        line += self.value(value.strip())
        self.check(line)
        self.write(line)

    def on_import(self, text, word='import '):
        line = word + text.replace('\n', ' ')
        self.check('def f():\n ' + line)
        self.write(line)

    def on_from(self, text):
        self.on_import(text, 'from ')

    def on_include(self, text):
        if text[:2] == '{{':
            name, end, args = text[2:].partition('}}')
            name = '_t(' + self.value(name.strip()) + ')'
            self.uses.add('_t')
        else:
            name, end, args = text[1:].partition(text[:1] or ' ')
            if text[:1] not in ('"', "'"):
                end = ''
        if not end:
            raise self.error('include needs "name" or {{ expression }}')
        if text[:1] != '{':
            try:
                check_name(name)
            except ValueError as exc:
                raise self.error(str(exc))
            self.includes.append((self.reader.tag_line, name))
            name = quoted(name)
        args = args.strip().lstrip(',').strip()
        args = '(' + args + ('\n)' if '#' in args else ')')
        self.check('f' + args, 'eval')
        self.write('yield from _load(' + name + ')' + args)

    def on_raw(self, text):
        if text:
            raise self.error('nothing can follow raw')
        while True:
            token = self.reader.raw_token()
            if not token:
                break
            self.text(token[1])
