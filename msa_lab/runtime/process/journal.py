"""Where the hosts of one process put events for the log: numbered here, ordered by the control plane.

An event is written to the control plane's socket before anything that it led to can leave the process, so
whoever sorts all events by time sees causes first. The monotonic clock is one for the whole machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from typing import Any

from msa_lab.runtime.process.meter import Meter
from msa_lab.sdk.values import Instant

Told = list[Any]
"""An event under way: id, t, kind, service, instance, saga, trace, span, cause, lamport, detail."""

ORIGIN_BITS = 40
"""An id is the process's number, shifted by this, and a count."""


class RunClock:
    """Microseconds since the run's start; stands at 0 until it was told the start."""

    def __init__(self) -> None:
        self._start: int | None = None

    def begin(self, start: int) -> None:
        """Set the start, as nanoseconds of the machine's monotonic clock."""
        self._start = start

    def now(self) -> Instant:
        """Tell the instant."""
        if self._start is None:
            return Instant(0)
        return Instant((time.monotonic_ns() - self._start) // 1000)

    @property
    def runs(self) -> bool:
        """Whether the run has begun."""
        return self._start is not None


@dataclass(slots=True)
class Story:
    """What an event belongs to; `cause` is the id of the last event of the story.

    `high` are the upper 65 bits of a trace's id that somebody else chose: ours have 63, as the log keeps.
    """

    service: str
    instance: str
    saga: str = ""
    trace: int = 0
    span: int = 0
    cause: int = 0
    high: int = 0


@dataclass(slots=True)
class Journal:
    """Numbers events. `send` takes them at once; `gather` holds them back for a commit."""

    origin: int
    clock: RunClock
    wanted: Container[str]
    send: Callable[[list[Told]], object]
    lamport: int = 0
    meter: Meter = field(default_factory=Meter)
    _count: int = 0
    _held: list[Told] | None = field(default=None)

    def number(self) -> int:
        """Give a number that is unique in the run."""
        self._count += 1
        return self.origin << ORIGIN_BITS | self._count

    def emit(self, story: Story, kind: str, detail: dict[str, Any]) -> int:
        """Log an event of a story, which goes on from it; what nobody wants changes nothing."""
        fold = self.meter.folds.get(kind)
        if fold is not None:
            fold(story.instance, detail)
        if kind not in self.wanted:
            return story.cause
        self.lamport += 1
        number = self.number()
        event: Told = [
            number, self.clock.now(), kind, story.service, story.instance, story.saga, story.trace,
            story.span, story.cause, self.lamport, detail,
        ]  # fmt: skip
        story.cause = number
        if self._held is None:
            self.send([event])
        else:
            self._held.append(event)
        return number

    def pass_on(self, event: Told) -> None:
        """Log an event that has its number already."""
        fold = self.meter.folds.get(event[2])
        if fold is not None:
            fold(event[4], event[10])
        if event[2] in self.wanted:
            self.lamport = max(self.lamport, event[9])
            self.send([event])

    def hold(self) -> None:
        """Keep what follows back; there must be no await until `held`."""
        self._held = []

    def held(self) -> list[Told]:
        """Give what was kept back and go on as before."""
        events, self._held = self._held or [], None
        return events

    def heard(self, lamport: int) -> None:
        """Move the logical clock past that of a message received."""
        self.lamport = max(self.lamport, lamport)
