"""The measured application of a framework, as bare ASGI."""

HEADERS = [(b'content-length', b'13'), (b'content-type', b'text/plain; charset=UTF-8')]


async def app(scope, receive, send):
    if scope['type'] == 'lifespan':
        while True:
            kind = (await receive())['type']
            await send({'type': kind + '.complete'})
            if kind == 'lifespan.shutdown':
                return
    await send({'type': 'http.response.start', 'status': 200, 'headers': HEADERS})
    await send({'type': 'http.response.body', 'body': b'Hello, world!'})
