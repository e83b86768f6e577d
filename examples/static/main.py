"""A site of plain files: caching, compressed copies and ranges, with one route of its own."""

import time

from microdot import Microdot, send_file

app = Microdot()
started = time.time()


@app.get('/api/uptime')
async def uptime(request):
    return {'seconds': int(time.time() - started)}


@app.errorhandler(404)
async def not_found(request):
    return send_file('web/404.html', 404)


# The names of assets have a version in them: caches need never ask again. Pages they ask for.
app.static('/assets', 'web/assets', max_age=31536000, immutable=True)
app.static('/', 'web', max_age=0)


if __name__ == '__main__':
    app.run(debug=True)
