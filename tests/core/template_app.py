"""An application that returns templates in every way, for the tests of these."""

from microdot import Microdot
from microdot.utemplate import Template

HELLO = 'hello.utemplate.txt'
FILES = {
    HELLO: '{% args name %}\nHello, {{ name }}!\n',
    'rows.html': '{% args n %}\n{% for i in range(n) %}\n<tr>{{ i }}</tr>\n{% endfor %}\n',
    'empty.html': '{% args x=1 %}',
    'failing.html': '{% args x %}{{ 1 // x }}',
}


def application():
    """Every way to render, from sync and async functions."""
    app = Microdot()
    for name in ('render', 'generate', 'render_async', 'generate_async'):

        def plain(request, name=name):
            return getattr(Template(HELLO), name)(name='foo')

        async def coroutine(request, name=name):
            result = getattr(Template(HELLO), name)('foo')
            return await result if name == 'render_async' else result

        app.get('/sync/' + name)(plain)
        app.get('/async/' + name)(coroutine)

    @app.get('/rows/<int:n>')
    async def rows(request, n):
        return Template('rows.html').generate_async(n), {'Content-Type': 'text/html'}

    @app.get('/empty')
    async def empty(request):
        return Template('empty.html').generate()

    @app.get('/failing')
    async def failing(request):
        return Template('failing.html').render(0)

    return app


PATHS = [
    '/%s/%s' % (kind, name)
    for kind in ('sync', 'async')
    for name in ('render', 'generate', 'render_async', 'generate_async')
]
