"""What an application has beside its requests: functions for its start and end, and tasks.

Loaded by ``app.on_startup``, ``app.on_shutdown`` and ``app.create_task``. Whatever serves the
application awaits ``start()`` before the first request and ``close()`` after the last one.
"""

import asyncio

from .compat import (
    const,
    invoke_handler,
    is_cancelled,
    iscoroutine,
    print_exception,
    ticks_diff,
    ticks_ms,
)
from .connection import Connection

_ENDING_PAUSE = const(20)  # milliseconds between two looks at tasks that are to end


class Task:
    """A task that belongs to an application; made by ``app.create_task``.

    ``restarts`` is how often it was started again, ``error`` the last exception that ended it, or
    ``None``.
    """

    #: Seconds before it is started again, for the first time.
    shortest_pause = 1
    #: Most seconds of it; a task that has run for as long begins with the shortest again.
    longest_pause = 60

    def __init__(self, work, restart):
        self._work = work
        self._restart = restart
        # Here, as they are assigned when there may be no memory for a new attribute.
        self.restarts = 0
        self.error = self._task = None
        self._cancelled = False

    def done(self):
        """Return whether it has ended, for good."""
        return self._task is not None and self._task.done()

    def is_idle(self):
        """Return whether it has ended, or has not begun."""
        return not self._task or self._task.done()

    def cancel(self):
        """Cancel it, for good."""
        self._cancelled = True
        if not self.is_idle():
            self._task.cancel()

    def _begin(self, owners):
        self._cancelled = False
        self._task = asyncio.create_task(self._run(owners))

    async def _run(self, owners):
        delay = self.shortest_pause
        try:
            while not self._cancelled:
                began = ticks_ms()
                try:
                    work = self._work
                    await (work if iscoroutine(work) else invoke_handler(work))
                    break
                except asyncio.CancelledError as exc:
                    if self._cancelled or is_cancelled():
                        raise
                    self.error = exc  # of something that it waited for
                except Exception as exc:
                    self.error = exc
                print_exception(self.error)
                if not self._restart:
                    break
                if ticks_diff(ticks_ms(), began) > self.longest_pause * 1000:
                    delay = self.shortest_pause
                await asyncio.sleep(delay)
                delay = min(delay * 2, self.longest_pause)
                self.restarts += 1
        finally:
            if owners:
                owners.remove(self)


class Lifespan:
    """The functions and tasks of an application.

    ``started`` tells whether it was started and not stopped since, ``tasks`` is the list of its
    tasks.
    """

    started = False
    _running = _ending = False

    def __init__(self):
        self._startup = []
        self._shutdown = []
        self.tasks = []
        self._later = []  # tasks of this run alone

    def on_startup(self, f):
        self._startup.append(f)
        return f

    def on_shutdown(self, f):
        self._shutdown.append(f)
        return f

    def create_task(self, work, restart):
        if iscoroutine(work) and restart:
            raise ValueError('only a function can be called again')
        task = Task(work, restart)
        if self.started or iscoroutine(work):
            self._later.append(task)
            if self._running:
                try:
                    task._begin(self._later)
                except MemoryError:
                    self._later.remove(task)
                    raise
        else:
            self.tasks.append(task)
        return task

    def all_tasks(self):
        """Return the tasks that run, are going to, or have run."""
        return self.tasks + self._later

    async def start(self):
        """Call the functions for the start, then begin the tasks.

        An exception of such a function is raised, once ``close()`` has been awaited.
        """
        if self.started:
            return
        self.started = True
        try:
            for f in self._startup:
                await invoke_handler(f)
            self._running = True
            for task in self.tasks:
                task._begin(None)
            for task in self._later:
                task._begin(self._later)
        except BaseException:
            await self.close()
            raise

    async def close(self):
        """Cancel the tasks and wait for their end, then call the functions for the end.

        The functions are called whatever one of them raises, which is printed. Returns the first
        exception, or ``None``.
        """
        if not self.started or self._ending:
            # On MicroPython Ctrl-C leaves the server to go on once more, and to come here, too.
            await _patiently(lambda: not self.started)
            return None
        self._running = False
        tasks = self.all_tasks()
        ended = _patiently(lambda: all(map(Task.is_idle, tasks)))
        later = []
        self._ending = True  # what takes memory comes before: without it, this can be called again
        for task in tasks:
            task.cancel()
        if not await ended:
            print('a task has not ended in time')
        self._later = later
        error = None
        for f in self._shutdown:
            try:
                await invoke_handler(f)
            except Exception as exc:
                print_exception(exc)
                error = error or exc
        self.started = self._ending = False
        return error

    async def serve(self, f, *args):
        """Serve between start and end, and return what ``f(*args)`` does.

        :param f: a coroutine function. What it returns at once, if anything, is a server that
            others serve with: the end is that of the server then.
        """
        await self.start()
        server = None
        try:
            server = await f(*args)
        finally:
            if not server:
                await self.close()
        if server:
            self._last = asyncio.create_task(self._stop_with(server))
        return server

    async def _stop_with(self, server):
        try:
            await server.wait_closed()
        finally:
            await self.close()


async def _patiently(condition):
    """Wait for a condition as long as the end may take; return whether it came about."""
    patience = Connection.shutdown_timeout * 1000
    while not condition():
        if patience <= 0:
            return False
        await asyncio.sleep(_ENDING_PAUSE / 1000)
        patience -= _ENDING_PAUSE
    return True


def put(app, kind, *args):
    """Call a method of the ``Lifespan`` of an application, made if there is none yet."""
    if not app._life:
        app._life = life = Lifespan()
        life.started = life._running = bool(app.server)  # the first call may come from a handler
    return getattr(app._life, kind)(*args)
