"""What goes on at the moment: the last messages, who is here, and news for all who look."""

import gc
import time

import shelf

from microdot.topics import Topic

KEPT = 20  # messages of the talk


class Board:
    """Two topics for any number of readers, each of whom takes what is new in its own time.

    What a slow one has missed when that many newer messages have come is gone.
    """

    def __init__(self):
        self.talk = Topic(KEPT)
        self.news = Topic(4)
        self.here = []  # names; somebody with two browsers is in it twice
        self.begun = time.time()

    def enter(self, name):
        self.here.append(name)
        self.tell_status()

    def leave(self, name):
        self.here.remove(name)
        self.tell_status()

    def say(self, name, text):
        self.talk.publish({'name': name, 'text': text})

    def tell_files(self):
        self.news.publish(shelf.items(), event='files')

    def tell_status(self):
        self.news.publish(self.status(), event='status')

    def status(self):
        return {
            'uptime': int(time.time() - self.begun),
            'free': gc.mem_free() if hasattr(gc, 'mem_free') else None,
            'people': sorted(set(self.here)),
        }
