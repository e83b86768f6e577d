"""Functions of request.after_response: they run when the response has left."""

import asyncio

from microdot import Microdot
from wire import serve, until


def create_app():
    app = Microdot()
    app.events = []

    @app.get('/<kind>')
    async def handler(request, kind):
        async def after(request, response):
            app.events.append(response.status_code)
            if kind == 'slow':
                await asyncio.sleep(0.5)
            app.events.append('done')

        request.after_response(after)
        if kind == 'fails':
            raise ZeroDivisionError
        return kind

    return app


async def test_after_response():
    app = create_app()
    async with serve(app) as server:
        for path, status in (('/plain', 200), ('/fails', 500)):
            app.events.clear()
            reply = await server.get(path)
            assert reply.status == status
            await until(lambda: len(app.events) == 2)
            assert app.events == [status, 'done']


async def test_client_leaves_meanwhile():
    """What comes after the response does not depend on the client."""
    app = create_app()
    async with serve(app, tick=0.05) as server:
        client = await server.open()
        await client.send(b'GET /slow HTTP/1.1\r\nHost: h\r\n\r\n')
        await client.response()
        await client.close()
        await until(lambda: app.events == [200, 'done'])
