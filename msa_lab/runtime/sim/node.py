"""A node: one simulated process with its capacity, its one CPU, and its life of crashes and pauses."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from msa_lab.runtime.sim.kernel import Kernel, Owner
from msa_lab.runtime.sim.machine import Machine


class Node(Owner):
    """One incarnation after another of a process.

    At most `concurrency` requests are in progress and `bound` wait; more are refused. CPU work is done one
    job at a time in the order of arrival; `worked` is how many microseconds of it there were so far.
    """

    def __init__(
        self,
        kernel: Kernel,
        name: str,
        *,
        concurrency: int,
        bound: int,
        lifo: bool = False,
        machine: Machine | None = None,
    ) -> None:
        super().__init__()
        self.kernel = kernel
        self.name = name
        self.up = True
        self.incarnation = 1
        self.lamport = 0
        self.concurrency = concurrency
        self.bound = bound
        self.in_progress = 0
        self.skew = 0
        self.worked = 0
        self._machine = machine
        self._cpu_free = 0
        self._queue: deque[tuple[Callable[[Any], object], Any]] = deque()
        self._next = self._queue.pop if lifo else self._queue.popleft

    def admit(self, begin: Callable[[Any], object], job: Any) -> bool:  # noqa: ANN401 - whatever `begin` takes
        """Begin a job now or queue it; False when the queue is full.

        A `begin` that gives False has not taken the place: nobody waits for that job any more.
        """
        if self.in_progress < self.concurrency:
            if begin(job) is not False:
                self.in_progress += 1
            return True
        if len(self._queue) < self.bound:
            self._queue.append((begin, job))
            return True
        return False

    def leave(self) -> None:
        """A job has ended: begin the next one."""
        while self._queue:
            begin, job = self._next()
            if begin(job) is not False:
                return
        self.in_progress -= 1

    def compute(self, demand: int) -> int:
        """Queue CPU work of `demand` microseconds; give how long until it is done."""
        now = self.kernel.now
        start = max(now, self._cpu_free)
        end = start + demand if self._machine is None else self._machine.occupy(start, demand)
        self._cpu_free = end
        self.worked += demand
        return end - now

    def crash(self) -> None:
        """Stop between two awaits: all that was only in memory is gone."""
        self.up = False
        self.paused = False
        self.incarnation += 1
        self._queue.clear()
        self.in_progress = 0
        self.kill_tasks()

    def start(self) -> None:
        """Serve again, empty."""
        self.up = True
        self._cpu_free = self.kernel.now
        self.in_progress = 0

    def pause(self) -> None:
        """Stand still (SIGSTOP): what arrives waits."""
        self.paused = True

    def resume(self) -> None:
        """Go on (SIGCONT)."""
        self.paused = False
        self._cpu_free = max(self._cpu_free, self.kernel.now)
        self.unpark()
