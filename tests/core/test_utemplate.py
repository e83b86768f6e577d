"""`Template`: every way to render, and how it is initialized."""

from microdot import utemplate
from microdot.utemplate import Template
from support import araises, raises
from template_folder import Folder
from utemplate import TemplateError, compiled, recompile, source
from utemplate.html import Markup

HELLO = 'hello.utemplate.txt'
FILES = {
    HELLO: '{% args name %}\nHello, {{ name }}!\n',
    'rows.html': '{% args n %}\n{% for i in range(n) %}\n<tr>{{ i }}</tr>\n{% endfor %}\n',
    'empty.html': '{% args x=1 %}',
    'bad.html': 'a\n{% if %}\n',
    'failing.html': '{% args x %}{{ 1 // x }}',
    'page.html': '{% args title %}<h1>{{ title }}</h1>{% include "rows.html" 1 %}',
}


async def collected(parts):
    found = []
    async for part in parts:
        found.append(part)
    return found


async def test_render():
    with Folder(FILES) as folder:
        Template.initialize(folder.path)
        assert utemplate._loader.load(HELLO) is Template(HELLO).template
        template = Template(HELLO)
        assert template.name == HELLO
        assert ''.join(template.template('foo')) == 'Hello, foo!\n'
        assert template.render('foo') == template.render(name='foo') == 'Hello, foo!\n'
        assert list(template.generate(name='foo')) == ['Hello, foo!\n']
        assert await template.render_async('foo') == 'Hello, foo!\n'
        assert await collected(template.generate_async('foo')) == ['Hello, foo!\n']
        for f in (template.render, template.generate, template.generate_async):
            raises(TypeError, f)
            raises(TypeError, f, 'a', 'b')
            raises(TypeError, f, nick='a')
        await araises(TypeError, template.render_async())
        assert Template('page.html').render('x') == '<h1>x</h1><tr>0</tr>\n'


async def test_parts():
    """Pieces are joined to parts worth sending, and nothing is lost between them."""
    with Folder(FILES) as folder:
        Template.initialize(folder.path)
        rows = ''.join(['<tr>%d</tr>\n' % i for i in range(200)])
        template = Template('rows.html')
        for parts in (list(template.generate(200)), await collected(template.generate_async(200))):
            assert ''.join(parts) == rows == template.render(200)
            assert not [part for part in parts[:-1] if not 1024 <= len(part) < 1040]
            assert len(parts) == len(rows) // 1024 + 1
        assert list(Template('empty.html').generate()) == []
        assert await collected(Template('empty.html').generate_async()) == []
        assert Template('empty.html').render() == ''
        parts = template.generate(200)
        assert next(parts)
        parts.close()
        assert list(parts) == []


async def test_errors():
    with Folder(FILES) as folder:
        Template.initialize(folder.path)
        assert str(raises(TemplateError, Template, 'bad.html')).startswith('bad.html:2: ')
        raises(OSError, Template, 'none.html')
        for name in ('../x', '/etc/passwd', 'a\0b', ''):
            raises(ValueError, Template, name)
        raises(ZeroDivisionError, Template('failing.html').render, 0)
        raises(ZeroDivisionError, list, Template('failing.html').generate(0))
        await araises(ZeroDivisionError, Template('failing.html').render_async(0))


def test_initialize():
    saved = utemplate._loader
    with Folder(FILES) as folder, Folder({'x.html': '{% args x %}{{ x }}'}) as other:
        for loader_class in (recompile.Loader, source.Loader, compiled.Loader):
            Template.initialize(folder.path, loader_class)
            assert type(utemplate._loader) is loader_class
            assert Template(HELLO).render('x') == 'Hello, x!\n'
        Template.initialize(template_dir=other.path)
        assert type(utemplate._loader) is recompile.Loader
        assert Template('x.html').render('<') == '<'
        Template.initialize(other.path, autoescape=True)
        assert Template('x.html').render('<') == '&lt;'
        assert Template('x.html').render(Markup('<')) == '<'
        # Another folder, without changing anything for the rest of the program.
        assert Template(HELLO, loader=source.Loader(None, folder.path)).render(1) == 'Hello, 1!\n'
        raises(OSError, Template, HELLO)
        # By default the folder is ./templates.
        utemplate._loader = None
        raises(OSError, Template, 'none-of-this-name.html')
        assert utemplate._loader.dir == 'templates'
        utemplate._loader = saved
