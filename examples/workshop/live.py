"""What goes on at the moment: the last messages, who is here, and waking up those who wait."""

import asyncio
import json
import time

from microdot.websocket import WebSocketError


class Clock:
    """Seconds since the start."""

    def __init__(self):
        self.begun = time.time()

    def now(self):
        return int(time.time() - self.begun)


class Board:
    """The last messages, each with its number, for any number of readers.

    A reader takes what it has not seen yet in its own time. There are no queues: what a slow one
    has missed when `size` newer messages have come is gone.
    """

    def __init__(self, size=20):
        self.size = size
        self.count = 0
        self.messages = []
        self.here = []  # names; somebody with two browsers is in it twice
        self.changed = asyncio.Event()

    def pulse(self):
        """Wake up all who wait."""
        self.changed.set()
        self.changed.clear()

    async def beat(self, seconds):
        """Wake them up every now and then, though nothing has changed."""
        while True:
            await asyncio.sleep(seconds)
            self.pulse()

    def enter(self, name):
        self.here.append(name)
        self.pulse()

    def leave(self, name):
        self.here.remove(name)
        self.pulse()

    def people(self):
        return sorted(set(self.here))

    def say(self, name, text):
        if len(self.messages) == self.size:
            self.messages.pop(0)
        self.messages.append((name, text))
        self.count += 1
        self.pulse()

    async def deliver(self, ws):
        """Send the messages there are and those to come, until the client goes."""
        seen = 0
        try:
            while True:
                while seen < self.count:
                    first = self.count - len(self.messages)
                    seen = max(seen, first)
                    name, text = self.messages[seen - first]
                    seen += 1
                    await ws.send(json.dumps({'name': name, 'text': text}))
                await self.changed.wait()
        except (OSError, WebSocketError):
            pass
