"""When faults start and end: a pure state machine over time and domain events."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from msa_lab.chaos.model import After, At, FaultSpec
from msa_lab.sdk.values import Instant

_END: Final = 0  # at one instant, what ends goes before what starts
_START: Final = 1


@dataclass(frozen=True, slots=True)
class Transition:
    """A fault starts or ends now: its time came, its event happened, its count was used up, or all heal."""

    spec: FaultSpec
    starts: bool
    why: Literal["time", "event", "count", "heal"]


class Timeline:
    """Plans the faults of one run that ends at `end`; every fault that starts also ends.

    The host asks `next` for the instant to wake up at and calls `advance` then; it reports domain events
    whose name is among `watched` and faults whose count is used up; at the end of the run, however it comes,
    it calls `heal`. Faults that would start at or after `end` do not.
    """

    def __init__(self, specs: Iterable[FaultSpec], end: Instant) -> None:
        self._specs = tuple(specs)
        self._end = end
        self._due: list[tuple[int, int, int]] = []
        self._waiting: dict[str, list[int]] = {}
        self._seen: dict[str, int] = {}
        self._running: dict[int, None] = {}
        for index, spec in enumerate(self._specs):
            if isinstance(spec.start, At):
                if spec.start.instant < end:
                    heapq.heappush(self._due, (spec.start.instant, _START, index))
            else:
                self._waiting.setdefault(spec.start.event, []).append(index)
        self.watched = frozenset(self._waiting)

    @property
    def next(self) -> Instant | None:
        """The instant at which something is due; None when nothing is, until an event happens."""
        return Instant(self._due[0][0]) if self._due else None

    @property
    def never_started(self) -> tuple[FaultSpec, ...]:
        """The faults whose event has not happened yet, in the order of the plan."""
        waiting = sorted(index for indexes in self._waiting.values() for index in indexes)
        return tuple(self._specs[index] for index in waiting)

    def advance(self, now: Instant) -> list[Transition]:
        """Give what is due up to `now`, in order: by time, ends before starts, then as planned."""
        found: list[Transition] = []
        while self._due and self._due[0][0] <= now:
            at, what, index = heapq.heappop(self._due)
            if what == _START:
                found.append(self._start(index, Instant(at), "time"))
            elif index in self._running:
                found.append(self._stop(index, "time"))
        return found

    def observe(self, event: str, now: Instant) -> list[Transition]:
        """Take note that a domain event became a fact and give the faults that start by it, at once."""
        waiting = self._waiting.get(event)
        if not waiting:
            return []
        self._seen[event] = seen = self._seen.get(event, 0) + 1
        ready = [index for index in waiting if self._nth(index) == seen]
        for index in ready:
            waiting.remove(index)
        return [self._start(index, now, "event") for index in ready] if now < self._end else []

    def exhausted(self, fault_id: str) -> list[Transition]:
        """End a fault whose count is used up; nothing if it has ended already."""
        return [
            self._stop(index, "count") for index in list(self._running) if self._specs[index].id == fault_id
        ]

    def add(self, spec: FaultSpec) -> None:
        """Plan one more fault, of an id that none other has."""
        index = len(self._specs)
        self._specs = (*self._specs, spec)
        if isinstance(spec.start, At):
            heapq.heappush(self._due, (spec.start.instant, _START, index))
        else:
            self._waiting.setdefault(spec.start.event, []).append(index)
            self._seen.setdefault(spec.start.event, 0)
            self.watched = frozenset(self._waiting)

    def withdraw(self, fault_id: str) -> list[Transition]:
        """End a fault now; one that has not started yet will not."""
        indexes = [index for index, spec in enumerate(self._specs) if spec.id == fault_id]
        self._due = [due for due in self._due if not (due[1] == _START and due[2] in indexes)]
        heapq.heapify(self._due)
        for waiting in self._waiting.values():
            waiting[:] = [index for index in waiting if index not in indexes]
        return [self._stop(index, "heal") for index in indexes if index in self._running]

    def heal(self) -> list[Transition]:
        """End all faults that are in force and start no more."""
        self._due.clear()
        return [self._stop(index, "heal") for index in list(self._running)]

    def _start(self, index: int, now: Instant, why: Literal["time", "event"]) -> Transition:
        spec = self._specs[index]
        until = self._end if spec.duration is None else min(self._end, now + spec.duration)
        self._running[index] = None
        heapq.heappush(self._due, (until, _END, index))
        return Transition(spec, starts=True, why=why)

    def _stop(self, index: int, why: Literal["time", "count", "heal"]) -> Transition:
        del self._running[index]
        return Transition(self._specs[index], starts=False, why=why)

    def _nth(self, index: int) -> int:
        start = self._specs[index].start
        return start.nth if isinstance(start, After) else 0
