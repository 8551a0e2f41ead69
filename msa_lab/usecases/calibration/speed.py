"""How fast a shop serves regular customers: visits a second, and how long requests and sagas take."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from msa_lab.telemetry.events import LogEvent
from msa_lab.usecases.calibration.fitting import quantile
from msa_lab.usecases.calibration.observing import joined

KINDS: Final = ("shopper.request", "saga.completed", "saga.compensated")


@dataclass(slots=True)
class Speed:
    """Folds what ends from `begin` to `end`, instants of the run; durations are in microseconds.

    `requests` are those of that time, `every` is all there were. `failed` counts requests without success and
    sagas that came to nothing.
    """

    begin: int
    end: int
    took: dict[str, list[int]] = field(default_factory=dict)
    requests: int = 0
    every: int = 0
    failed: int = 0

    def feed(self, event: LogEvent) -> None:
        """Take in the next event."""
        self.every += event.kind == "shopper.request"
        if not self.begin <= event.t < self.end:
            return
        detail = event.detail
        if event.kind == "shopper.request":
            self.requests += 1
            self.failed += detail["outcome"] != "ok"
            self._add(f"request {detail['operation']}", detail["took"])
        else:
            self.failed += event.kind == "saga.compensated"
            self._add(f"saga {detail['name']}", detail["took"])

    def _add(self, name: str, took: int) -> None:
        self.took.setdefault(name, []).append(took)

    def with_those_of(self, other: Speed) -> Speed:
        """Give what both saw, as one: two plays of the same load."""
        return Speed(
            self.begin,
            self.end,
            joined(self.took, other.took),
            self.requests + other.requests,
            self.every + other.every,
            self.failed + other.failed,
        )

    def rate(self, requests: int) -> float:
        """Give the visits a second, of so many requests each."""
        return self.requests / requests / ((self.end - self.begin) / 1_000_000)


@dataclass(frozen=True, slots=True)
class Compared:
    """A quantile of a duration in both worlds, in microseconds, from so many samples.

    `plays` are those of the real shop's single plays; `real` is that of all of them.
    """

    what: str
    share: float
    real: float
    simulated: float
    samples: tuple[int, int]
    plays: tuple[float, ...] = ()

    @property
    def gap(self) -> float:
        """How far the simulated value is off, as a share of the real one."""
        return self.simulated / self.real - 1

    @property
    def apart(self) -> float:
        """How far the real shop's own plays are apart, as a share of the smallest; 0 for a single one."""
        return max(self.plays) / min(self.plays) - 1 if len(self.plays) > 1 else 0.0


def compared(
    plays: Sequence[Speed], simulated: Sequence[Speed], shares: Sequence[float] = (0.5, 0.95)
) -> tuple[Compared, ...]:
    """Compare all plays of the real shop with all of the simulated one: the sagas, then the requests."""
    real, same = (functools.reduce(Speed.with_those_of, each) for each in (plays, simulated))
    names = sorted({*real.took} & {*same.took}, key=lambda name: (not name.startswith("saga"), name))
    return tuple(
        Compared(
            name,
            share,
            quantile(sorted(real.took[name]), share),
            quantile(sorted(same.took[name]), share),
            (len(real.took[name]), len(same.took[name])),
            tuple(quantile(sorted(play.took[name]), share) for play in plays if name in play.took),
        )
        for name in names
        for share in shares
    )
