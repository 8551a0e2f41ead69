"""How fast a shop serves regular customers: visits a second, and how long requests and sagas take."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from msa_lab.telemetry.events import LogEvent
from msa_lab.usecases.calibration.fitting import quantile

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

    def rate(self, requests: int) -> float:
        """Give the visits a second, of so many requests each."""
        return self.requests / requests / ((self.end - self.begin) / 1_000_000)


@dataclass(frozen=True, slots=True)
class Compared:
    """A quantile of a duration in both worlds, in microseconds, from so many samples.

    `plays` are those of the real shop's single plays; `real` is the one in their middle.
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
        """How far the real shop's play in the middle is from the one nearest to it; 0 for a single one.

        As a share of the smaller one. A third that is far from both was disturbed, and does not count.
        """
        ordered = sorted(self.plays)
        if len(ordered) < 2:  # noqa: PLR2004 - nothing to compare it with
            return 0.0
        middle = len(ordered) // 2
        near = [ordered[middle] / ordered[middle - 1]]
        near += [above / ordered[middle] for above in ordered[middle + 1 : middle + 2]]
        return min(near) - 1


def compared(
    plays: Sequence[Speed], simulated: Sequence[Speed], shares: Sequence[float] = (0.5, 0.95)
) -> tuple[Compared, ...]:
    """Compare the plays of the real shop with those of the simulated one: the sagas, then the requests.

    Of each world the play in the middle counts, quantile by quantile: one that was disturbed decides nothing.
    """
    known = ({name for play in world for name in play.took} for world in (plays, simulated))
    names = sorted(set.intersection(*known), key=lambda name: (not name.startswith("saga"), name))
    return tuple(_compared(name, share, plays, simulated) for name in names for share in shares)


def _compared(name: str, share: float, plays: Sequence[Speed], simulated: Sequence[Speed]) -> Compared:
    real, same = (
        [sorted(play.took[name]) for play in world if name in play.took] for world in (plays, simulated)
    )
    found = tuple(quantile(took, share) for took in real)
    return Compared(
        name,
        share,
        statistics.median(found),
        statistics.median(quantile(took, share) for took in same),
        (sum(map(len, real)), sum(map(len, same))),
        found,
    )
