"""Times things side by side: in turn within each round, so that a busy machine slows all alike."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """The least, the middle and the most of several rounds."""

    least: float
    middle: float
    most: float

    def __str__(self) -> str:
        return f"{self.middle:8.3f}   [{self.least:.3f} .. {self.most:.3f}]"


def spread(values: list[float]) -> Spread:
    """Sum up the rounds."""
    return Spread(min(values), statistics.median(values), max(values))


def timed(work: Callable[[], object]) -> float:
    """Give the CPU seconds of this process that a piece of work takes; others' load does not count."""
    gc.collect()
    begun = time.process_time()
    work()
    return time.process_time() - begun


def rounds(pieces: Mapping[str, Callable[[], object]], count: int) -> dict[str, list[float]]:
    """Do all pieces in turn, `count` times; give the seconds of each piece, round by round."""
    taken: dict[str, list[float]] = {name: [] for name in pieces}
    for _ in range(count):
        for name, work in pieces.items():
            taken[name].append(timed(work))
    return taken


def ratio(upper: list[float], lower: list[float]) -> Spread:
    """Compare two pieces round by round."""
    return spread([one / other for one, other in zip(upper, lower, strict=True)])
