"""What the dashboard remembers, each within a fixed number of entries."""

from array import array


class Samples:
    """The last readings of one number, in a ring that is allocated once."""

    def __init__(self, size=120):
        self.ring = array('L', [0] * size)
        self.count = 0

    def add(self, value):
        self.ring[self.count % len(self.ring)] = value
        self.count += 1

    def items(self, number=0):
        """`(number, value)` of the readings kept, from that number on.

        Readings may be added between two steps: those they overwrite are left out.
        """
        while number < self.count:
            number = max(number, self.count - len(self.ring))
            yield number, self.ring[number % len(self.ring)]
            number += 1

    def range(self):
        """The least and the greatest value kept."""
        kept = self.ring[: self.count]
        return min(kept), max(kept)


class RequestLog:
    """The last different requests, newest first, as lists: seconds, then what the request was
    (method, path, client, status), then how many times it came.

    Whoever asks for the same thing every second would push everything else out of a plain list;
    so a request seen before moves to the top and counts up.
    """

    def __init__(self, size=20):
        self.size = size
        self.length = 48  # of a path; what is longer is cut
        self.total = 0
        self.rows = []

    def add(self, seconds, method, path, client, status):
        """Put a request on top; return its row."""
        self.total += 1
        row = self.find(method, path[: self.length], client, status)
        row[0] = seconds
        row[5] += 1
        self.rows.insert(0, row)
        return row

    def find(self, method, path, client, status):
        """Take the row of that request out of the log, or make one."""
        for index, row in enumerate(self.rows):
            if row[2] == path and row[4] == status and row[3] == client and row[1] == method:
                return self.rows.pop(index)
        if len(self.rows) == self.size:
            self.rows.pop()
        return [0, method, path, client, status, 0]
