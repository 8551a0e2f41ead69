"""How fast a shop serves regular customers: visits a second, and how long requests and sagas take."""

from __future__ import annotations

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
    """A quantile of a duration in both worlds, in microseconds, from so many samples."""

    what: str
    share: float
    real: float
    simulated: float
    samples: tuple[int, int]

    @property
    def gap(self) -> float:
        """How far the simulated value is off, as a share of the real one."""
        return self.simulated / self.real - 1


def compared(real: Speed, simulated: Speed, shares: Sequence[float] = (0.5, 0.95)) -> tuple[Compared, ...]:
    """Compare what was seen in both worlds: the sagas, then the requests."""
    names = sorted({*real.took} & {*simulated.took}, key=lambda name: (not name.startswith("saga"), name))
    return tuple(
        Compared(
            name,
            share,
            quantile(sorted(real.took[name]), share),
            quantile(sorted(simulated.took[name]), share),
            (len(real.took[name]), len(simulated.took[name])),
        )
        for name in names
        for share in shares
    )
