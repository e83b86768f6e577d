"""The output of a process, which can be waited for while it goes on."""

import threading


class Output:
    """The lines that a process with a pipe for its output has printed so far."""

    def __init__(self, process):
        self.lines, self.ended = [], False
        self.stream = process.stdout
        self.news = threading.Condition()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.stream:
            with self.news:
                self.lines.append(line.rstrip('\n'))
                self.news.notify_all()
        with self.news:
            self.ended = True
            self.news.notify_all()

    def wait(self, text, times, seconds):
        """Wait until lines with the text have come that often; return all lines."""

        def come():
            return sum(text in line for line in self.lines) >= times

        with self.news:
            self.news.wait_for(lambda: come() or self.ended, seconds)
            assert come(), '\n'.join([f'no {text!r} in:', *self.lines])
            return list(self.lines)

    def close(self, seconds):
        """Return when the process, which is about to end, has closed its output."""
        self.reader.join(seconds)
        self.stream.close()
