"""Counts requests and measures them. Mounted without `local`, it does so for all of them."""

import time

from microdot import Microdot

timing = Microdot()
totals = {'requests': 0, 'milliseconds': 0}


@timing.get('')
async def show(request):
    return totals


@timing.before_request
async def start(request):
    request.g.started = time.time_ns()


@timing.after_request
async def stop(request, response):
    milliseconds = (time.time_ns() - request.g.started) / 1000000
    totals['requests'] += 1
    totals['milliseconds'] += milliseconds
    response.headers['Server-Timing'] = 'app;dur=%.2f' % milliseconds
