"""How an application is, by ``/health`` for people and probes and ``/metrics`` for Prometheus::

    health = Health(app)

    @health.check
    async def sensor():
        return time.time() - reading.time < 60

A check that fails makes ``/health`` a 503.
"""

import gc

from .compat import invoke_handler, print_exception, ticks_diff, ticks_ms
from .dispatching import wrap_dispatch

_PHASES = ('idle', 'linger', 'head', 'body', 'write', 'upgraded', 'handle')
_CAUSES = ('PWRON_RESET', 'HARD_RESET', 'WDT_RESET', 'DEEPSLEEP_RESET', 'SOFT_RESET')


class Health:
    """Counts an application's requests, and answers how it is.

    :param app: the application, which gets the two routes.
    :param health: the path of the first route, ``None`` for none.
    :param metrics: the path of the second one, ``None`` for none.

    ``/health`` answers with a JSON object: its ``status`` is ``'ok'``, with 200, or ``'failed'``,
    with 503, when a check has failed. ``statuses`` is the dictionary of how many responses there
    were of each status, ``checks`` the list of checks. All who can reach the routes may ask.
    """

    def __init__(self, app, health='/health', metrics='/metrics'):
        self.app = app
        self.statuses = {}
        self.checks = []
        self._milliseconds = 0  # of the present second
        self._seconds = 0
        self._looked = ticks_ms()
        wrap_dispatch(app, self._counted)
        app.after_error_request(self._refused)
        if health:
            app.get(health)(self.health)
        if metrics:
            app.get(metrics)(self.metrics)

    def check(self, f):
        """Decorate ``f()``, which tells whether something works: by a true result, not by a false
        one or an exception. It may be a coroutine function. Its name is that of the check."""
        self.checks.append(f)
        return f

    async def _counted(self, request, dispatch):
        response = await dispatch(request)
        self._count(response)
        return response

    def _refused(self, request, response):
        if request is None:  # it was malformed, and never came to be dispatched
            self._count(response)

    def _count(self, response):
        status = response.status_code
        self.statuses[status] = self.statuses.get(status, 0) + 1

    def uptime(self):
        """Return the seconds since the object was made, whole ones.

        To be asked once in six days at least: MicroPython's clock begins anew then.
        """
        now = ticks_ms()
        self._milliseconds += ticks_diff(now, self._looked)
        self._looked = now
        self._seconds += self._milliseconds // 1000
        self._milliseconds %= 1000
        return self._seconds

    async def health(self, request):
        """Answer with the state of the checks, as a route."""
        checks = {}
        for f in self.checks:
            try:
                checks[f.__name__] = bool(await invoke_handler(f))
            except Exception as exc:
                print_exception(exc)
                checks[f.__name__] = False
        good = False not in checks.values()
        answer = {'status': 'ok' if good else 'failed', 'uptime': self.uptime(), 'checks': checks}
        cause = reset_cause()
        if cause:
            answer['reset_cause'] = cause
        return answer, 200 if good else 503, {'Cache-Control': 'no-store'}

    async def metrics(self, request):
        """Answer with all figures, as a route, in Prometheus' text format."""
        return self._lines(), {
            'Content-Type': 'text/plain; version=0.0.4; charset=utf-8',
            'Cache-Control': 'no-store',
        }

    def _lines(self):
        for name, kind, values in self.figures():
            text = '# TYPE microdot_%s %s\n' % (name, kind)
            for label, value in values:
                text += 'microdot_%s%s %d\n' % (name, label, value)
            yield text

    def figures(self):
        """Yield (name, kind, values) of each figure; values are (labels, number).

        What the platform cannot tell is left out.
        """
        yield 'uptime_seconds', 'counter', (('', self.uptime()),)
        statuses = sorted(self.statuses)
        yield (
            'requests_total',
            'counter',
            [('{status="%d"}' % status, self.statuses[status]) for status in statuses],
        )
        errors = sum([self.statuses[status] for status in statuses if status >= 500])
        yield 'errors_total', 'counter', (('', errors),)
        if self.app.server:
            phases = [connection.phase for connection in self.app._connections]
            yield (
                'connections',
                'gauge',
                [
                    ('{phase="%s"}' % name, phases.count(phase))
                    for phase, name in enumerate(_PHASES)
                ],
            )
        if self.app._life:
            restarts = sum([task.restarts for task in self.app._life.all_tasks()])
            yield 'task_restarts_total', 'counter', (('', restarts),)
        if hasattr(gc, 'mem_free'):
            gc.collect()
            yield 'heap_used_bytes', 'gauge', (('', gc.mem_alloc()),)
            yield 'heap_free_bytes', 'gauge', (('', gc.mem_free()),)
            yield 'heap_largest_free_block_bytes', 'gauge', (('', largest_free_block()),)
        cause = reset_cause()
        if cause:
            yield 'reset_cause', 'gauge', (('{cause="%s"}' % cause, 1),)
        rssi = wifi_signal()
        if rssi is not None:
            yield 'wifi_rssi_dbm', 'gauge', (('', rssi),)


def largest_free_block():
    """Return the bytes of the largest piece of the heap that is free, a sixteenth too few at most.

    MicroPython only. It takes as long as one garbage collection or two.
    """
    size = gc.mem_free()
    gc.disable()  # or each trial that fails would collect
    try:
        while size > 16:
            try:
                bytearray(size)
                break
            except MemoryError:
                size -= max(16, size // 16)
    finally:
        gc.enable()
    gc.collect()
    return size


def reset_cause():
    """Return why the board started the last time, such as ``'wdt'``; ``None`` if nobody knows."""
    try:
        import machine

        cause = machine.reset_cause()
    except (ImportError, AttributeError):
        return None
    for name in _CAUSES:
        if getattr(machine, name, None) == cause:
            return name[:-6].lower()
    return None


def wifi_signal():
    """Return the strength of the Wi-Fi signal in dBm, ``None`` without a connection."""
    try:
        import network

        wlan = network.WLAN(network.STA_IF)
        return wlan.status('rssi') if wlan.isconnected() else None
    except (ImportError, AttributeError, OSError, ValueError, TypeError):
        return None
