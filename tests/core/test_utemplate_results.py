"""Templates as results of sync and async handlers."""

from microdot.test_client import TestClient
from microdot.utemplate import Template
from template_app import FILES, PATHS, application
from template_folder import Folder


async def test_results():
    client = TestClient(application())
    with Folder(FILES) as folder:
        Template.initialize(folder.path)
        for path in PATHS:
            response = await client.get(path)
            assert (response.status_code, response.text) == (200, 'Hello, foo!\n'), path
        response = await client.get('/rows/120')
        assert response.headers['Content-Type'] == 'text/html'
        assert response.text == Template('rows.html').render(120)
        assert (await client.get('/failing')).status_code == 500
        assert (await client.get('/empty')).text == ''
