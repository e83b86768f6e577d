"""CPU time of servers under load, compared with each other.

Servers run as processes of their own and take short turns (A B C A B C ...), so that what else the
machine does meets all of them. What is counted is the user and system time of a server's process,
and of its workers, between the first request of a turn and the last answer: starting, importing
and the client cost nothing here. Servers and client share one processor: waking a process on
another one costs more than a request, and a different amount each time.

A round starts fresh processes. The ratio of two servers in a round is the median of the turns,
neighbor by neighbor; that of several rounds the median of those."""

import os
import statistics

from . import steps
from .server import ServerError

WARM_UP = 5  # requests of a step before the clock is read
TURN = 0.03  # CPU seconds, about, until the next one has its turn
MOST = 60  # requests in a turn


class Lane:
    """A server and a way to ask it: `own` connections for all requests, or one, `persistent`."""

    def __init__(self, who, way, process):
        self.key = who, way
        self._process = process
        self._client = steps.Client(process.port, close=way == 'own')

    def prepare(self, step):
        """Warm up; sets how many requests are a turn."""
        self.cost(step, WARM_UP)
        self.times = max(2, min(MOST, int(TURN / self.cost(step, WARM_UP))))

    def cost(self, step, times):
        """CPU seconds of the server for a request; ServerError if it is not answered."""
        before = self._process.cpu_seconds()
        try:
            self._client.do(step, times)
        except steps.StepError as error:
            text = f'{self.key[0]}: {error}\n{self._process.output()}'
            raise ServerError(text) from error
        return (self._process.cpu_seconds() - before) / times

    def close(self):
        self._client.__exit__()


def measure(lanes, todo, turns):
    """{step: {key of a lane: [CPU seconds of a request, one a turn]}} of one round."""
    times = {}
    for step in todo:
        found = times[step.name] = {lane.key: [] for lane in lanes}
        for lane in lanes:
            lane.prepare(step)
        for _ in range(turns):
            for lane in lanes:
                found[lane.key].append(lane.cost(step, lane.times))
    return times


def microseconds(rounds, step, key):
    """CPU of a request, the median of all turns; None if that lane was not there."""
    if key not in rounds[0][step]:
        return None
    turns = [seconds for times in rounds for seconds in times[step][key]]
    return round(statistics.median(turns) * 1e6)


def ratio(rounds, step, key, base):
    """CPU of a request beside that of another lane; None if one was not there."""
    if not {key, base} <= set(rounds[0][step]):
        return None
    found = []
    for times in rounds:
        turns = zip(times[step][key], times[step][base], strict=True)
        found.append(statistics.median(mine / other for mine, other in turns))
    return round(statistics.median(found), 2)


def pin():
    """Keep this process and the servers it starts on one processor, where the system can."""
    if hasattr(os, 'sched_setaffinity'):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
