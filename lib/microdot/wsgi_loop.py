"""The event loop of a WSGI application, in a thread of its own, which it lends to other threads.

A request is handled in the thread that the server calls the application in, as long as nothing has
to be waited for: that thread borrows the loop while the loop would only wait, so that still no two
handlers run at once. What has to wait goes on in the loop's own thread.
"""

import asyncio
import contextvars
import functools
import os
import selectors
import signal
import sys
import threading


class _Selector(selectors.DefaultSelector):
    """Gives the loop away while it waits.

    :param give: called before.
    :param take: called after; waits until the loop is back.
    """

    def __init__(self, give, take):
        super().__init__()
        self._give, self._take = give, take

    def select(self, timeout=None):
        self._give()
        try:
            return super().select(timeout)
        finally:
            self._take()


class _Call:
    """A function that may block, for the borrower to call while it does not hold the loop."""

    error = result = None

    def __init__(self, loop, function):
        self.loop = loop
        self.function = function

    def __await__(self):
        self.loop.call = self
        self.loop.catches = True
        yield  # to the task, which asks the loop for its next step
        if self.error:
            raise self.error
        return self.result

    def run(self):
        try:
            self.result = self.function()
        except BaseException as exc:
            self.error = exc


class Loop(asyncio.SelectorEventLoop):
    """An event loop that runs in a thread of its own until ``end()`` is called.

    As a context manager it makes the thread that enters it the loop's. Nothing else runs on it
    meanwhile, so nothing may block.
    """

    lent = False  # whether another thread than its own has it
    touched = False  # whether that one has left something for it to do
    catches = False  # whether the next callback is a step of the borrower's own task
    step = None  # that callback
    call = None  # the ``_Call`` that the task waits for
    at_end = None  # a coroutine function, called before what still runs is cancelled
    _hooks = (None, None)  # for asynchronous generators

    def __init__(self):
        self.pid = os.getpid()
        self._turn = threading.Lock()  # for whoever is the next to have it
        self._held = threading.Lock()  # by whoever has it
        super().__init__(_Selector(self._held.release, self._take))
        self._held.acquire()
        self.call_soon(self._note_hooks)
        self.thread = threading.Thread(target=self._main, name='microdot', daemon=True)
        self.thread.start()

    def _take(self):
        with self._turn:
            self._held.acquire()

    def _note_hooks(self):
        self._hooks = sys.get_asyncgen_hooks()

    def _main(self):
        try:
            try:
                self.run_forever()
            except (SystemExit, KeyboardInterrupt):
                # Of a task beside the requests: the server has to end, or nobody would answer.
                os.kill(os.getpid(), signal.SIGTERM)
            if self.at_end:
                self.run_until_complete(self.at_end())
            tasks = asyncio.all_tasks(self)
            for task in tasks:
                task.cancel()
            if tasks:
                self.run_until_complete(asyncio.wait(tasks))
            self.run_until_complete(self.shutdown_asyncgens())
            self.run_until_complete(self.shutdown_default_executor())
        finally:
            self.close()
            self._held.release()

    def end(self):
        """Cancel what still runs and close the loop. A forked process leaves it alone."""
        if self.pid == os.getpid() and not self.is_closed():
            self.call_soon_threadsafe(self.stop)
            if threading.current_thread() is not self.thread:
                self.thread.join(5)

    def run(self, coro):
        """Run a coroutine, wait for it and return its result."""
        task = self._begin(coro)
        if not task.done():
            ended = threading.Lock()
            ended.acquire()
            self.call_soon_threadsafe(task.add_done_callback, lambda task: ended.release())
            try:
                ended.acquire()
            except BaseException:  # this thread was interrupted
                self.call_soon_threadsafe(task.cancel)
                raise
        return task.result()

    def _begin(self, coro):
        """Run a coroutine in this thread up to where it has to wait, and return its task."""
        with self:
            self.catches = True
            task = asyncio.Task(coro, loop=self)  # whatever the loop makes other tasks with
            step, call = self._take_step(self.step)
        while call:
            call.run()
            with self:
                step, call = self._take_step(step)
        return task

    def _take_step(self, step):
        """Run a step of a task; return the next one, and the ``_Call`` to make before, if any."""
        self.step = None
        step()
        step, call = self.step, self.call
        self.step = self.call = None
        return step, call

    def __enter__(self):
        self._take()
        self._outer = asyncio._get_running_loop(), sys.get_asyncgen_hooks()
        asyncio._set_running_loop(self)
        sys.set_asyncgen_hooks(*self._hooks)
        self.lent = True

    def __exit__(self, *exc):
        touched = self.touched
        self.lent = self.touched = self.catches = False
        outer, hooks = self._outer
        asyncio._set_running_loop(outer)
        sys.set_asyncgen_hooks(*hooks)
        self._held.release()
        if touched:
            self.call_soon_threadsafe(int)  # anything: it wakes the loop

    def call_in_place(self, function):
        """Return an awaitable of what a function that may block returns, called by the borrower."""
        return _Call(self, function)

    def run_in_executor(self, executor, function, *args):
        try:
            return super().run_in_executor(executor, function, *args)
        except RuntimeError:
            if not self.at_end:
                raise
        # The process ends and begins no more threads; nothing else is held up by now.
        future = self.create_future()
        try:
            future.set_result(function(*args))
        except Exception as exc:
            future.set_exception(exc)
        return future

    # What the borrower's task and others schedule

    def call_soon(self, callback, *args, context=None):
        if self.catches:
            self.catches = False
            context = context or contextvars.copy_context()
            self.step = functools.partial(context.run, callback, *args)
            return None
        self.touched = self.lent
        return super().call_soon(callback, *args, context=context)

    def call_at(self, when, callback, *args, context=None):
        self.touched = self.lent
        return super().call_at(when, callback, *args, context=context)

    def _check_thread(self):
        if not self.lent:  # in debug mode, asyncio takes the borrower for a mistake
            super()._check_thread()
