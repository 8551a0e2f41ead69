"""How evenly the machine works: a virtual one has moments at which all goes at a fraction of its pace.

Another process does a small piece of work over and over and counts its own CPU time, so that what else runs
here counts little: a process that waits for a core uses none.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from multiprocessing import Event, Pipe, Process
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event as EventType

_TURNS = 1_500
_EVERY = 0.002
_SLOW = 2.0
_SHARE = 0.25
Sample = tuple[float, float]
"""When a piece was done, as `time.perf_counter` tells it, and how many seconds of CPU it took."""


class Pace:
    """Samples the pace from when it is made until `end`; then tells of any span of time what it was like.

    The machine is slow while a piece takes more than twice what it takes in the middle.
    """

    def __init__(self) -> None:
        self._stop = Event()
        self._near, far = Pipe(duplex=False)
        self._watcher = Process(target=_watch, args=(far, self._stop), daemon=True)
        self._watcher.start()
        far.close()
        self._samples: list[Sample] = []
        self._limit = 0.0

    def end(self) -> None:
        """Stop sampling."""
        self._stop.set()
        self._samples = self._near.recv()
        self._watcher.join()
        self._limit = _SLOW * sorted(took for _, took in self._samples)[len(self._samples) // 2]

    @property
    def share(self) -> float:
        """How much of the whole time the machine was slow, 0 to 1."""
        return self._slow(self._samples)

    def slow(self, begun: float, ended: float) -> bool:
        """Tell whether the machine was slow in a quarter of a span, or more."""
        first = bisect_left(self._samples, begun, key=lambda sample: sample[0])
        last = bisect_left(self._samples, ended, key=lambda sample: sample[0])
        near = self._samples[max(0, first - 1) : last + 1]  # a short span lies between two samples
        return self._slow(near) >= _SHARE

    def _slow(self, samples: list[Sample]) -> float:
        return sum(took > self._limit for _, took in samples) / len(samples)


def _watch(told: Connection, stop: EventType) -> None:
    samples: list[Sample] = []
    while not stop.wait(_EVERY):
        begun = time.thread_time()
        for _ in range(_TURNS):
            pass
        samples.append((time.perf_counter(), time.thread_time() - begun))
    told.send(samples)
