"""The differences between runtimes that ``topics`` and ``mqtt`` meet; see ``compat``.

- ``Lock``: ``acquire(False)`` tells whether it was free, and ``release()``.
- ``Signal``: what any number of tasks wait for. ``set()`` wakes those that wait at the moment, and
  may be called by other threads on CPython, by what ``micropython.schedule`` runs on MicroPython.
- ``wait_for``: that of asyncio; before CPython 3.12, it may go on although it was cancelled.
"""

import asyncio
import sys

if sys.implementation.name not in ('micropython', 'circuitpython'):
    from threading import Lock

    async def _wait_for(awaitable, timeout):
        task = asyncio.ensure_future(awaitable)
        try:
            done, _ = await asyncio.wait([task], timeout=timeout)
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled():
                task.exception()  # or asyncio says that nobody asked
            raise
        if not done:
            task.cancel()
            await asyncio.wait([task])
            raise asyncio.TimeoutError
        return task.result()

    wait_for = asyncio.wait_for if sys.version_info >= (3, 12) else _wait_for

    def _wake(future):
        if not future.done():
            future.set_result(None)

    class Signal:
        """See above."""

        def __init__(self):
            self._waiting = []  # futures, each of its own loop

        async def wait(self, ready):
            """Wait until it is set, unless ``ready()`` tells that there is nothing to wait for."""
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            try:
                if not ready():  # asked when nothing can be missed any more
                    await future
            finally:
                self._waiting.remove(future)

        def set(self):
            here = asyncio._get_running_loop()
            for future in list(self._waiting):
                loop = future.get_loop()
                if loop is here:
                    _wake(future)
                    continue
                try:
                    loop.call_soon_threadsafe(_wake, future)
                except RuntimeError:
                    pass  # that loop is closed

        def rouse(self):
            pass
else:
    wait_for = asyncio.wait_for

    class Lock:
        """A lock against what interrupts between two bytecodes, and ends before they go on."""

        held = False

        def acquire(self, blocking):
            free = not self.held
            self.held = True
            return free

        def release(self):
            self.held = False

    class Signal:
        """See above.

        Not an ``asyncio.Event``: what is scheduled can set that between the look at its state and
        the start of the wait, which then does not end.
        """

        def __init__(self):
            self._waiting = asyncio.core.TaskQueue()
            self._flag = None

        def wait(self, ready):
            task = asyncio.core.cur_task
            self._waiting.push(task)
            task.data = self._waiting  # from where a cancellation takes it
            if ready():  # what came in the meantime may have woken it, or not yet seen it
                self.set()
                task.data = None
            yield

        def set(self):
            try:
                while True:  # each step is one bytecode's call, so that it is done once
                    asyncio.core._task_queue.push(self._waiting.pop())
            except IndexError:
                pass
            if self._flag:
                self._flag.set()

        def rouse(self):
            """Have ``set()`` end the loop's wait for sockets, too; an interrupt does not."""
            if not self._flag:
                flag = asyncio.ThreadSafeFlag()
                asyncio.create_task(self._keep(flag))
                self._flag = flag

        async def _keep(self, flag):
            while True:
                await flag.wait()
