"""The second application that is measured: the page, with static files and uploads.

The command is `live.py PORT`, in a folder with style.css and static/page.html.
"""

import sys

from page import app

from microdot import Request, send_file
from microdot.multipart import with_form_data

Request.max_content_length = 64 * 1024


@app.get('/static/<path:path>')
async def static(request, path):
    if '..' in path:
        return 'Not found', 404
    return send_file('static/' + path, max_age=86400)


@app.post('/upload')
@with_form_data
async def upload(request):
    file = request.files['file']
    length = 0
    while True:
        piece = await file.read(1024)
        if not piece:
            break
        length += len(piece)
    return {'title': request.form['title'], 'name': file.filename, 'length': length}


if __name__ == '__main__':
    app.run(host='127.0.0.1', port=int(sys.argv[1]))
