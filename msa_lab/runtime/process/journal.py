"""Where the hosts of one process put events for the log: numbered here, ordered by the control plane.

An event is written to the control plane's socket before anything that it led to can leave the process, so
whoever sorts all events by time sees causes first. The monotonic clock is one for the whole machine. Until
something leaves, or the loop has nothing else to do, events gather: one write wakes the control plane once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Sequence
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
    """Numbers events. `hold` keeps them back for a commit.

    `send` takes them away. It is called at once, or, where there is `later`, by `flush`, which `later` has
    called in the next turn of the loop, and whoever lets something leave the process before that.
    """

    origin: int
    clock: RunClock
    wanted: Container[str]
    send: Callable[[list[Told]], object]
    lamport: int = 0
    meter: Meter = field(default_factory=Meter)
    later: Callable[[Callable[[], None]], object] | None = None
    _gathered: list[Told] = field(default_factory=list)
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
            self.tell([event])
        else:
            self._held.append(event)
        return number

    def tell(self, events: Sequence[Told]) -> None:
        """Let events be sent, after those told before."""
        if self.later is None:
            self.send([*events])
            return
        if events and not self._gathered:
            self.later(self.flush)
        self._gathered += events

    def flush(self) -> None:
        """Send what has gathered: something is about to leave the process."""
        if self._gathered:
            events, self._gathered = self._gathered, []
            self.send(events)

    @property
    def unsent(self) -> Sequence[Told]:
        """What has gathered; only a commit's row has it as well, should the process end here."""
        return self._gathered

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
