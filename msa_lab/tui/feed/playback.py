"""Where in a run the viewer stands, and how fast it moves on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Protocol

SPEEDS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 100.0, math.inf)
"""Seconds of the run in one of the viewer's; the last is as fast as it goes."""


class Timeline(Protocol):
    """The events that can be played."""

    def __len__(self) -> int: ...

    def time(self, index: int) -> int:
        """Give when an event happened."""
        ...

    def until(self, t: int) -> int:
        """Count the events up to an instant."""
        ...


@dataclass(slots=True)
class Playback:
    """A position: `at` events have been seen, and it is `t` microseconds since the start.

    `follow` keeps it at the end of a log that grows; while it is `growing`, playing waits there for more.
    """

    log: Timeline
    at: int = 0
    t: int = 0
    playing: bool = False
    speed: float = 1.0
    follow: bool = False
    growing: bool = False

    @property
    def first(self) -> int:
        """The instant of the first event."""
        return self.log.time(0) if len(self.log) else 0

    @property
    def last(self) -> int:
        """The instant of the last event."""
        return self.log.time(len(self.log) - 1) if len(self.log) else 0

    @property
    def at_end(self) -> bool:
        """Whether there is nothing more to be seen."""
        return self.at >= len(self.log)

    def tick(self, elapsed: float) -> bool:
        """Let `elapsed` seconds of the viewer's time pass; tell whether anything moved."""
        if self.follow:
            moved = self.at != len(self.log)
            self._to(len(self.log))
            return moved
        if not self.playing:
            return False
        fastest = math.isinf(self.speed)
        t = self.last if fastest else min(self.last, self.t + round(elapsed * self.speed * 1_000_000))
        self.at, self.t = self.log.until(t), t
        if t >= self.last and not self.growing:
            self.playing = False
        return True

    def toggle(self) -> None:
        """Pause, or go on; at the end of the log begin again. What is followed as it happens is let go."""
        if self.growing and self.follow:
            self.follow = False
            return
        if self.growing and self.at_end and not self.playing:
            self.end()
            return
        if not self.playing and self.at_end:
            self._to(0)
            self.t = self.first
        self.playing = not self.playing
        self.follow = False

    def step(self, count: int) -> None:
        """Go some events forward or back, and stand still."""
        self.playing = self.follow = False
        self._to(self.at + count)

    def seek(self, t: int) -> None:
        """Go to an instant."""
        self.follow = False
        self.t = max(self.first, min(t, self.last))
        self.at = self.log.until(self.t)

    def show(self, index: int) -> None:
        """Go to just after an event, by its place."""
        self.playing = self.follow = False
        self._to(index + 1)

    def end(self) -> None:
        """Go to the end and stay there."""
        self.playing = False
        self.follow = True
        self._to(len(self.log))

    def faster(self, steps: int) -> None:
        """Change the speed by steps, negative: slower."""
        near = sum(1 for speed in SPEEDS if speed < self.speed)
        self.speed = SPEEDS[max(0, min(len(SPEEDS) - 1, near + steps))]

    @property
    def pace(self) -> str:
        """The speed in words."""
        return "max" if math.isinf(self.speed) else f"{self.speed:g}x"

    def _to(self, at: int) -> None:
        self.at = max(0, min(at, len(self.log)))
        self.t = self.log.time(self.at - 1) if self.at else 0
