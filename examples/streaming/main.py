"""Motion JPEG: one response without an end, each part of which replaces the picture before."""

import asyncio

from frames import frame

from microdot import Microdot, send_file

FRAMES_PER_SECOND = 5

app = Microdot()


class Stream:
    """An asynchronous iterator over the parts; MicroPython has no asynchronous generators."""

    def __init__(self):
        self.number = 0

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.number:
            await asyncio.sleep(1 / FRAMES_PER_SECOND)
        picture = frame(self.number)
        self.number += 1
        head = '--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n' % len(picture)
        return head.encode() + picture + b'\r\n'

    async def aclose(self):
        print('A viewer has left after %d frames.' % self.number)


@app.get('/')
async def index(request):
    return send_file('index.html')


@app.get('/stream')
async def stream(request):
    headers = {
        'Content-Type': 'multipart/x-mixed-replace; boundary=frame',
        'Cache-Control': 'no-store',
    }
    return Stream(), headers


@app.get('/picture')
async def picture(request):
    return frame(0), {'Content-Type': 'image/jpeg'}


if __name__ == '__main__':
    app.run(debug=True)
