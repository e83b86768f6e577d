"""A lamp to switch from a phone, and how the machine that serves it is doing."""

import gc
import sys

from microdot import Microdot

try:
    from machine import Pin

    led = Pin('LED', Pin.OUT)
except (ImportError, ValueError):
    led = None  # a computer, or a board without a pin of that name

app = Microdot()
lamp = {'on': False}


@app.get('/api/state')
async def state(request):
    gc.collect()
    major, minor = sys.implementation.version[:2]
    return {
        'on': lamp['on'],
        'runtime': '%s %d.%d' % (sys.implementation.name, major, minor),
        'platform': sys.platform,
        'free': gc.mem_free() if hasattr(gc, 'mem_free') else None,  # bytes
    }


@app.put('/api/lamp')
async def switch(request):
    data = request.json
    if not isinstance(data, dict) or not isinstance(data.get('on'), bool):
        return {'error': '{"on": true} or {"on": false} is needed'}, 400
    lamp['on'] = data['on']
    if led:
        led.value(lamp['on'])
    return lamp


app.static('/', 'static')

if __name__ == '__main__':
    app.run(debug=True)
