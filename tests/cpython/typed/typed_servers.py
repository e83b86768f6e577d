"""Applications for ASGI and WSGI servers, Jinja's templates and the loaders of the other ones."""

from typing import Any

from microdot import Request, asgi, wsgi
from microdot.jinja import Template
from microdot.websocket import WebSocket
from utemplate import TemplateError, recompile
from utemplate.html import Markup, escape


async def begin(scope: Any) -> None:
    pass


asgi_app = asgi.Microdot(lifespan_startup=begin)
wsgi_app = wsgi.Microdot()


@asgi_app.get('/')
async def index(request: Request) -> str:
    return await Template('index.html').render_async(scope=request.asgi_scope['type'])


@wsgi_app.get('/')
def wsgi_index(request: Request) -> str:
    return Template('index.html').render(method=request.environ['REQUEST_METHOD'])


@asgi_app.get('/echo')
@asgi.with_websocket
async def echo(request: Request, ws: WebSocket) -> None:
    await ws.send(await ws.receive())


@wsgi_app.get('/echo')
@wsgi.with_websocket(max_message_length=100)
async def wsgi_echo(request: Request, ws: WebSocket) -> None:
    await ws.send(await ws.receive(), WebSocket.TEXT)


def page(name: str) -> str:
    try:
        render = recompile.Loader(None, 'templates', autoescape=True).load(name)
    except TemplateError as exc:
        return f'{exc.line}: {exc.message}'
    return ''.join(render(title=Markup(escape('<'))))


if __name__ == '__main__':
    asgi_app.run(port=5000, debug='network')
