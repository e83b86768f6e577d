"""Jinja templates: every way to render, as results in the test client and under the own server."""

import re
import subprocess
import sys

import jinja2
import pytest

import needs
from microdot import Microdot, jinja
from microdot.jinja import Template
from microdot.test_client import TestClient
from microdot_kit import runtimes
from wire import get, serve

FILES = {
    'hello.jinja.txt': 'Hello, {{ name }}!\n',
    'page.html': '{% for row in rows %}<td>{{ row }}</td>{% endfor %}',
    'bad.html': 'a\n{% if %}',
    'nested/child.html': '{% extends "page.html" %}',
}
HELLO = 'hello.jinja.txt'
SYNC = ('render', 'generate')
ASYNC = ('render_async', 'generate_async')


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, text in FILES.items():
        path = tmp_path / 'views' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(Template, 'jinja_env', None)
    return tmp_path / 'views'


def application():
    """Every way to render, from plain functions and coroutines."""
    app = Microdot()
    for name in SYNC + ASYNC:

        def plain(request, name=name):
            return getattr(Template(HELLO), name)(name='foo')

        async def coroutine(request, name=name):
            result = getattr(Template(HELLO), name)(name='foo')
            return await result if name == 'render_async' else result

        app.get('/sync/' + name)(plain)
        app.get('/async/' + name)(coroutine)

    @app.get('/rows')
    async def rows(request):
        return Template('page.html').generate_async(rows=range(500)), {'Content-Type': 'text/html'}

    return app


def paths(names):
    return [f'/{kind}/{name}' for kind in ('sync', 'async') for name in names]


def test_attributes(folder):
    assert Template.jinja_env is None
    Template.initialize(folder)
    template = Template(HELLO)
    assert template.name == HELLO
    assert isinstance(template.template, jinja2.Template)
    assert isinstance(Template.jinja_env, jinja2.Environment)
    assert template.render(name='x') == template.render({'name': 'x'}) == 'Hello, x!'
    assert ''.join(template.generate(name='x')) == 'Hello, x!'


def test_default_folder(folder, monkeypatch):
    folder.rename(folder.parent / 'templates')
    monkeypatch.chdir(folder.parent)
    assert Template(HELLO).render(name='x') == 'Hello, x!'
    assert Template.jinja_env.is_async is False


def test_options(folder):
    Template.initialize(str(folder))
    assert Template('page.html').render(rows=['<']) == '<td>&lt;</td>'
    assert Template(HELLO).render(name='<') == 'Hello, <!'
    Template.initialize(str(folder), autoescape=True, keep_trailing_newline=True)
    assert Template(HELLO).render(name='<') == 'Hello, &lt;!\n'
    Template.initialize('elsewhere', loader=jinja2.DictLoader({'a': '{{ x }}{{ y }}'}))
    assert Template('a', globals={'y': 2}).render(x=1) == '12'
    assert Template('a', globals={'y': 2}).name == 'a'


def test_errors(folder):
    Template.initialize(folder)
    with pytest.raises(jinja2.TemplateSyntaxError, match='end of statement'):
        Template('bad.html')
    for name in ('none.html', '../views/page.html', '/etc/passwd'):
        with pytest.raises(jinja2.TemplateNotFound):
            Template(name)


def test_subclasses_have_settings_of_their_own(folder, tmp_path):
    class Other(Template):
        pass

    Template.initialize(folder)
    Other.initialize(tmp_path, loader=jinja2.DictLoader({'b': 'other'}))
    assert Other('b').render() == 'other'
    assert Template('page.html').render(rows=[1]) == '<td>1</td>'
    with pytest.raises(jinja2.TemplateNotFound):
        Template('b')


@pytest.mark.parametrize('enable_async, names', [(False, SYNC), (True, ASYNC)])
async def test_results(folder, enable_async, names):
    Template.initialize(folder, enable_async=enable_async)
    client = TestClient(application())
    for path in paths(names):
        response = await client.get(path)
        assert (response.status_code, response.text) == (200, 'Hello, foo!'), path


@pytest.mark.parametrize('enable_async, names', [(False, SYNC), (True, ASYNC)])
async def test_served(folder, enable_async, names):
    Template.initialize(folder, enable_async=enable_async)
    async with serve(application()) as server:
        client = await server.open()
        for path in paths(names):  # all on one connection
            await client.send(get(path))
            reply = await client.response()
            assert (reply.status, reply.body) == (200, b'Hello, foo!'), path
        if enable_async:
            await client.send(get('/rows'))
            reply = await client.response()
            assert reply.header('Transfer-Encoding') == 'chunked'
            assert reply.header('Content-Type') == 'text/html'
            assert reply.body.decode() == ''.join(f'<td>{i}</td>' for i in range(500))


async def test_asynchronous_only_if_enabled(folder):
    Template.initialize(folder)
    with pytest.raises(RuntimeError, match='async'):
        await Template(HELLO).render_async(name='x')


def test_without_jinja(monkeypatch):
    monkeypatch.delitem(sys.modules, 'microdot.jinja')
    monkeypatch.delattr('microdot.jinja')
    monkeypatch.setitem(sys.modules, 'jinja2', None)
    line = re.escape(f'microdot.jinja needs Jinja: {sys.executable} -m pip install jinja2')
    with pytest.raises(ImportError, match=line):
        import microdot.jinja  # noqa: F401
    assert jinja.Template is Template  # the one that other tests have is as it was


def test_on_micropython():
    command = [needs.micropython(), '-c', 'import microdot.jinja']
    environment = runtimes.micropython_environment(runtimes.LIB)
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert 'needs CPython; MicroPython has microdot.utemplate' in ended.stdout + ended.stderr
