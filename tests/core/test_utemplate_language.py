"""The template language: the output of every statement, and escaping."""

from support import raises
from template_folder import output
from utemplate.html import Markup, escape

# template, arguments, output
RENDERED = (
    # text
    ('', (), ''),
    ('a', (), 'a'),
    ('a\nb\n', (), 'a\nb\n'),
    ('a\r\nb\0\t\x1b', (), 'a\r\nb\0\t\x1b'),
    ('\\n \'"\'\'\' """ {x} %} }} #} { { {', (), '\\n \'"\'\'\' """ {x} %} }} #} { { {'),
    ('a { b: {c: 1} } %', (), 'a { b: {c: 1} } %'),
    ('ä € 😀', (), 'ä € 😀'),
    (b'\xef\xbb\xbfa', (), 'a'),
    ('\n \n', (), '\n \n'),
    # args
    ('{% args %}a', (), 'a'),
    ('{% args a %}{{ a }}', (1,), '1'),
    ('{% args a %}\nHello, {{ a }}!\n', {'a': 'x'}, 'Hello, x!\n'),
    ('{% args a %}\r\n{{ a }}', (1,), '1'),
    ('{% args a, b=2 %}{{ a }}{{ b }}', (1,), '12'),
    ('{% args a, b="%}" %}{{ a }}{{ b }}', (1,), '1%}'),
    ('{% args *a, **b %}{{ len(a) }}{{ len(b) }}', (1, 2), '20'),
    ('{% args a, str=1 %}{{ a }}{{ str }}', (0,), '01'),
    ('\n {# c #}\n{% args a %}{{ a }}', (1,), '1'),
    ('{%args a%}{{a}}', (1,), '1'),
    ('{% args a,\n  b %}{{ a }}{{ b }}', (1, 2), '12'),
    # expressions
    ('{{ 1 + 2 }}', (), '3'),
    ('{{ None }}{{ 1.5 }}{{ True }}', (), 'None1.5True'),
    ('{{ "}}" }}{{ "{{" }}{{ "%}" }}', (), '}}{{%}'),
    ('{{ "\\"}}" }}', (), '"}}'),
    ("{{ {'a': {'b': 1}}['a']['b'] }}", (), '1'),
    ("{{ {'a': 1}['a']}}", (), '1'),
    ('{{ [i for i in range(3)] }}', (), '[0, 1, 2]'),
    ('{{ 1, 2 }}', (), '(1, 2)'),
    ('{{ 1 # one }}', (), '1'),
    ('{{ (1 +\n 2) }}{{\n3\n}}', (), '33'),
    ('{{ 1 }}\n{{ 2 }}\n', (), '1\n2\n'),
    ('{{ "%s-%d" % ("a", 1) }}', (), 'a-1'),
    ('{{ 6 | 1 }}', (), '7'),
    ('{{ "<b>" }}{{ "<b>"|safe }}{{ "<b>"|escape }}', (), '<b><b>&lt;b&gt;'),
    ('{{ "a|safe" }}', (), 'a|safe'),
    # comments
    ('a{# b #}c', (), 'ac'),
    ("{# it's \n {{ x }} {% if %} #}\na", (), 'a'),
    ('{##}a{# # #}', (), 'a'),
    # if
    ('{% args a %}{% if a == 1 %}x{% elif a == 2 %}y{% else %}z{% endif %}', (1,), 'x'),
    ('{% args a %}{% if a == 1 %}x{% elif a == 2 %}y{% else %}z{% endif %}', (2,), 'y'),
    ('{% args a %}{% if a == 1 %}x{% elif a == 2 %}y{% else %}z{% endif %}', (3,), 'z'),
    ('{% args a %}{% if a %}\nx\n{% else %}\n{% endif %}\ny\n', (0,), 'y\n'),
    ('{% if 1 %}{% if 0 %}{% else %}{% if 1 %}a{% endif %}{% endif %}{% endif %}', (), 'a'),
    ('{% if 1 and\n 2 %}a{% endif %}', (), 'a'),
    ('{% if "%}" %}a{% endif %}', (), 'a'),
    ('{% if(1) %}a{% endif %}', (), 'a'),
    # for and while
    ('{% for i in range(3) %}{{ i }},{% endfor %}', (), '0,1,2,'),
    ('{% for i, j in [(1, 2), (3, 4)] %}{{ i }}-{{ j }} {% endfor %}', (), '1-2 3-4 '),
    (
        '<ul>\n{% for i in (1, 2) %}\n<li>{{ i }}\n{% endfor %}\n</ul>',
        (),
        '<ul>\n<li>1\n<li>2\n</ul>',
    ),
    ('{% for i in () %}a{% else %}b{% endfor %}', (), 'b'),
    (
        '{% for i in (1, 2, 3) %}{% if i == 2 %}{% continue %}{% endif %}{{ i }}{% endfor %}',
        (),
        '13',
    ),
    (
        '{% for i in (1, 2) %}{% if i > 1 %}{% break %}{% endif %}{{ i }}{% else %}x{% endfor %}',
        (),
        '1',
    ),
    ('{% set i = 3 %}{% while i %}{{ i }}{% set i -= 1 %}{% endwhile %}', (), '321'),
    ('{% for i in (1,) %}{% endfor %}a', (), 'a'),
    # set, import
    ('{% set a = 1 %}{% set b = a == 1 %}{{ a }}{{ b }}', (), '1True'),
    ('{% set a, b = 1, 2 %}{% set a += b %}{{ a }}', (), '3'),
    ('{% set d = {"a": [1, # one\n 2]} %}{% set d["b"]=3 %}{{ len(d) }}', (), '2'),
    ('{% args a %}{% set a = a + 1 %}{{ a }}', (1,), '2'),
    ('{% import json %}{{ json.loads("[1]") }}', (), '[1]'),
    ('{% from json import loads as f %}{{ f("2") }}', (), '2'),
    # include
    ('<{% include "plain.html" %}>', (), '<plain\n>'),
    ("{% include 'row.html' 1 %}{% include 'row.html', 2, b=3 %}", (), '[11][23]'),
    ('{% include "plain.html" %}\nx', (), 'plain\nx'),
    ('{% args n %}{% include {{ n + ".html" }} 5 %}', ('row',), '[51]'),
    ('{% args n %}{% include {{n}} %}', ('plain.html',), 'plain\n'),
    ('{% include "d/nested.html" 3 %}', (), '3210'),
    ('{% for i in (1, 2) %}{% include "row.html" a=i %}{% endfor %}', (), '[11][21]'),
    # macro
    (
        '{% macro m(a, b=2) %}<{{ a }}{{ b }}>{% endmacro %}{{ m(1) }}{{ m("x", b=3) }}',
        (),
        '<12><x3>',
    ),
    ('{% args x %}{% macro m() %}{{ x }}{% endmacro %}{{ m() }}{{ m() + m() }}', (7,), '777'),
    (
        '{% macro m(n) %}{{ n }}{% if n %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(2) }}',
        (),
        '210',
    ),
    ('{% macro m() %}{% endmacro %}[{{ m() }}]', (), '[]'),
    ('{% macro m() %}{% include "row.html" 1 %}{% endmacro %}{{ m() }}', (), '[11]'),
    # raw
    ('{% raw %}{{ a }} {% if %} {# {% endraw %}b', (), '{{ a }} {% if %} {# b'),
    ('{% raw %}\na {%endraw%}\n{{ 1 }}', (), 'a 1'),
    ('{% raw %}{{{%{% endraw %}', (), '{{{%'),
)


def test_rendered():
    for template, args, expected in RENDERED:
        try:
            found = output(template, args)
        except Exception as exc:
            found = repr(exc)
        assert found == expected, (template, found)


# template, argument x, output when values are escaped
ESCAPED = (
    ('<b title="{{ x }}">{{ x }}</b>', '<">', '<b title="&lt;&quot;&gt;">&lt;&quot;&gt;</b>'),
    ('{{ x }}', '&\'"<>', '&amp;&#39;&quot;&lt;&gt;'),
    ('{{ x }}', '&amp;', '&amp;amp;'),
    ('{{ x }}', 5, '5'),
    ('{{ x }}', None, 'None'),
    ('{{ x }}', ['<'], '[&#39;&lt;&#39;]'),
    ('{{ x }}', Markup('<b>'), '<b>'),
    ('{{ x|safe }}', '<b>', '<b>'),
    ('{{ x | safe }}', '<b>', '<b>'),
    ('{{ x|escape }}', '<', '&lt;'),
    ('{{ x|escape }}', Markup('<'), '<'),
    ('{{ (6 | x)|safe }}', 1, '7'),
    ('{% include "row.html" x %}', '<', '[&lt;1]'),
    ('{% macro m(a) %}<b>{{ a }}</b>{% endmacro %}{{ m(x) }}', '<', '<b>&lt;</b>'),
    ('{% macro m(a) %}{{ a }}{% endmacro %}{{ m(m(x)) }}', '<', '&lt;'),
    ('{% set y = x %}{% for c in y %}{{ c }}{% endfor %}', '<>', '&lt;&gt;'),
)


def test_escaped():
    for template, x, expected in ESCAPED:
        found = output('{% args x %}' + template, (x,), True)
        assert found == expected, (template, found)


def test_markup():
    assert str(Markup('<b>')) == Markup('<b>').__html__() == escape(Markup('<b>')) == '<b>'
    assert escape('<b>') == '&lt;b&gt;'


def test_arguments_are_those_of_a_call():
    for template, args in (
        ('{% args a %}', ()),
        ('{% args a %}', (1, 2)),
        ('{% args a %}', {'b': 1}),
        ('a', (1,)),
        ('{% args a, *, b %}', (1,)),
    ):
        raises(TypeError, output, template, args)


def test_every_split():
    """The compiler reads in pieces: what they cut apart comes out whole."""
    template = 'ä{{ "€" }}{# c #}\r\n{%  if 1 %}\n😀{\n{% endif %}{% raw %}{{{% endraw %}\n'
    expected = 'ä€😀{\n{{'
    for n in range(480, 515):
        found = output('x' * n + template)
        assert found == 'x' * n + expected, (n, found[n:])
    for n in range(1015, 1030):
        assert output('x' * n + '€' * 400) == 'x' * n + '€' * 400, n
