"""Templates as results, over real connections."""

from microdot.utemplate import Template
from template_app import FILES, PATHS, application
from template_folder import Folder
from wire import get, serve


async def test_served():
    with Folder(FILES) as folder:
        Template.initialize(folder.path)
        for name in FILES:
            Template(name)  # as applications do that have little memory left while they serve
        async with serve(application()) as server:
            client = await server.open()
            for path in PATHS + PATHS:  # all on one connection
                await client.send(get(path))
                reply = await client.response()
                assert (reply.status, reply.body) == (200, b'Hello, foo!\n'), path
            await client.send(get('/empty') + get('/rows/120'))
            assert (await client.response()).body == b''
            reply = await client.response()
            assert reply.header('Transfer-Encoding') == 'chunked'
            assert reply.body.decode() == Template('rows.html').render(120)
            assert (await server.get('/failing')).status == 500
            text = (await server.exchange(get('/rows/120', version='1.0'))).decode()
            assert text.endswith('\r\n\r\n' + Template('rows.html').render(120))
