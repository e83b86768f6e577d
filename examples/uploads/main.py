"""Uploads of any size that go to the file system piece by piece."""

import os

from microdot import Microdot, Request, abort, send_file
from microdot.csrf import CSRF
from microdot.multipart import FileUpload, FormDataIter

FOLDER = 'files'
PLAIN = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.'

NO_SPACE = 28  # ENOSPC, which MicroPython's errno does not name

Request.max_content_length = 1024 * 1024  # bytes of all files of a form

app = Microdot()
CSRF(app)
try:
    os.mkdir(FOLDER)
except OSError:
    pass  # it is there


def safe(name):
    """A name that is a file of the folder, whatever path comes with it."""
    name = name.replace('\\', '/').split('/')[-1]
    name = ''.join([c if c in PLAIN else '_' for c in name]).lstrip('.')
    return name[-40:].lstrip('.') or 'unnamed'


async def keep(upload, name):
    """Save an upload, which appears under its name when it is complete."""
    try:
        await upload.save(FOLDER + '/' + name)
    except OSError as exc:
        if exc.errno == NO_SPACE:
            abort(507, 'No room left')
        raise


@app.get('/')
async def index(request):
    return send_file('index.html')


@app.get('/files')
async def files(request):
    names = sorted([name for name in os.listdir(FOLDER) if name[0] != '.'])
    return [{'name': name, 'bytes': os.stat(FOLDER + '/' + name)[6]} for name in names]


@app.post('/files')
async def upload(request):
    names = []
    async for _, value in FormDataIter(request):
        if isinstance(value, FileUpload) and value.filename:
            name = safe(value.filename)
            await keep(value, name)
            names.append(name)
    return {'names': names}, 201 if names else 400


@app.put('/files/<name>')
async def put(request, name):
    """The body is the file: `curl -T photo.jpg http://localhost:5000/files/`."""
    if safe(name) != name:
        abort(400, 'Not a plain name')
    await keep(FileUpload(name, None, request.stream.read), name)
    return {'names': [name]}, 201


@app.get('/files/<name>')
async def download(request, name):
    if safe(name) != name:
        abort(404)
    response = send_file(FOLDER + '/' + name, content_type='application/octet-stream')
    response.headers['Content-Disposition'] = 'attachment; filename="' + name + '"'
    return response


if __name__ == '__main__':
    app.run(debug=True)
