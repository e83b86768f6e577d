"""Mistakes in templates: each is refused with its line."""

import sys

from support import MICROPYTHON, raises, skip
from template_folder import output
from utemplate import TemplateError

# template, line, part of the message
REFUSED = (
    ('a\n{{ x', 2, '{{ without }}'),
    ('\n\n{% if x', 3, '{% without %}'),
    ('{% if x }}\n{{ a }}', 1, '{% without %}'),
    ('a\n{# b\n\n', 2, '{# without #}'),
    ('\n{{ 1 + }}', 2, '1 +'),
    ('\n{{ a b }}\n', 2, 'a b'),
    ('{{ f( }}', 1, ''),
    ('{{ a) }}', 1, 'a)'),
    ('{{ }}', 1, 'expression'),
    ('{{ a = 1 }}', 1, 'a = 1'),
    ('{{ yield }}', 1, ''),
    ('a\n\n{% if x y %}\n{% endif %}', 3, 'if x y'),
    ('{% if %}{% endif %}', 1, 'expression'),
    ('{% if x: %}{% endif %}', 1, 'if x:'),
    ('{% while %}{% endwhile %}', 1, 'expression'),
    ('{% for x %}{% endfor %}', 1, 'for x'),
    ('{% for x in %}{% endfor %}', 1, 'for x in'),
    ('\n{% if 1 %}\n', 2, 'if without endif'),
    ('{% if 1 %}\n{% for x in y %}\n{% endif %}', 3, 'which line 2 wants'),
    ('\n{% endif %}', 2, 'endif without if'),
    ('{% if 1 %}{% endif x %}', 1, 'endif'),
    ('{% else %}', 1, 'else'),
    ('{% if 1 %}{% else %}\n{% else %}{% endif %}', 2, 'else'),
    ('{% if 1 %}{% else %}{% elif 2 %}{% endif %}', 1, 'elif'),
    ('{% for x in y %}{% elif 2 %}{% endfor %}', 1, 'elif'),
    ('{% macro m() %}{% else %}{% endmacro %}', 1, 'else'),
    ('{% if 1 %}{% else if 2 %}{% endif %}', 1, 'else'),
    ('{% if 1 %}\n{% elif a, %}{% endif %}', 2, 'elif a,'),
    ('{{ a\\ }}', 1, 'expression'),
    ('{{ a\\|safe }}', 1, ''),
    ('{% break %}', 1, 'break'),
    ('{% if 1 %}{% continue %}{% endif %}', 1, 'continue'),
    ('{% for x in y %}{% else %}{% break %}{% endfor %}', 1, 'break'),
    ('{% for x in y %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}', 1, 'break'),
    ('{% set x %}', 1, 'set'),
    ('{% set x = %}', 1, 'expression'),
    ('{% set x == 1 %}', 1, 'set x == 1'),
    ('{% set 1 = x %}', 1, 'set 1 = x'),
    ('{% import %}', 1, 'import'),
    ('{% from x %}', 1, 'from x'),
    ('{% include %}', 1, 'include'),
    ('{% include x.html %}', 1, 'include'),
    ('{% include "x.html %}', 1, ''),
    ('{% include "" %}', 1, 'template name'),
    ('{% include "../x" %}', 1, 'template name'),
    ('{% include "/x" %}', 1, 'template name'),
    ('{% include {{x %}', 1, 'include'),
    ('{% include {{}} %}', 1, 'expression'),
    ('{% include "x" a b %}', 1, 'a b'),
    ('{% macro m %}{% endmacro %}', 1, 'macro m'),
    ('{% macro m(1) %}{% endmacro %}', 1, 'm(1)'),
    ('a\n{% args a %}', 2, 'args must come first'),
    ('{{ 1 }}{% args a %}', 1, 'args must come first'),
    ('{% args %}{% args a %}', 1, 'args must come first'),
    ('{% args a, a %}', 1, ''),
    ('{% args a=1, b %}', 1, ''),
    ('{% args a b %}', 1, 'args a b'),
    ('{% raw %}\n{% endif %}', 1, 'raw without endraw'),
    ('{% raw x %}{% endraw %}', 1, 'raw'),
    ('{% endraw %}', 1, 'endraw'),
    ('{% %}', 1, 'unknown'),
    ('\n\n{% block x %}', 3, 'unknown statement: block x'),
    ('{% text x %}', 1, 'unknown'),
    ('{% ' + 'x' * 256 + ' %}', 1, 'unknown'),
    (b'a\nb\xff\n', 2, 'UTF-8'),
    (b'{{ "\xc3" }}', 1, 'UTF-8'),
)


def test_refused():
    for template, line, message in REFUSED:
        try:
            exc = raises(TemplateError, output, template)
        except Exception as other:
            raise AssertionError((template, repr(other)))
        assert exc.name == 'main.html' and exc.line == line, (template, str(exc))
        assert str(exc) == 'main.html:%d: %s' % (line, exc.message), template
        assert message in exc.message, (template, str(exc))


def test_what_python_gives_up_on():
    """A name of more than 255 bytes, or a depth, for which each runtime has a limit."""
    if sys.implementation.name == 'pypy':
        skip('PyPy compiles what CPython gives up on')
    template = '\n{{ ' + ('x' * 256 if MICROPYTHON else '(' * 300 + 'x' + ')' * 300) + ' }}'
    exc = raises(TemplateError, output, template)
    assert exc.line == 2, str(exc)
