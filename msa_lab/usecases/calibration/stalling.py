"""What a watch over the cores has seen, as stalls and slowdowns of a machine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from msa_lab.sdk.distributions import Distribution, Exponential
from msa_lab.sdk.values import Duration
from msa_lab.topology.model import MachineSettings, Slowdowns, Stalls
from msa_lab.usecases.calibration.fitting import fitted

WORTH = 0.005
"""Cores that stand still for a smaller share of the time are taken for always there."""

FEW = 20
"""So few stalls tell nothing of how long they are."""

BRIDGED = 3
"""How many looks in a slow phase may find nothing: a core that is slow by many short gaps slips through."""

SHORTEST = 2
"""How many slow looks a phase has at least: a single one is a stroke of the kernel's own work."""


@dataclass(frozen=True, slots=True)
class SlowPhase:
    """A core was slow for `length` microseconds; `pace` is which share of the usual work it did."""

    length: int
    pace: float


@dataclass(frozen=True, slots=True)
class Watched:
    """How long cores were watched, all together, how long each stall took, and when they were slow.

    In microseconds.
    """

    time: int = 0
    lengths: Sequence[int] = ()
    slow: Sequence[SlowPhase] = ()

    @property
    def share(self) -> float:
        """Which share of the time a core stood still; 0 when nobody watched."""
        return sum(self.lengths) / self.time if self.time else 0.0

    def stalls(self) -> Stalls | None:
        """Give the stalls; None when there are none worth telling.

        Their length keeps its shape and its mean, long ones included: a trimmed mean would lose the time that
        matters. When the next one comes is told by nothing but the average: exponential.
        """
        if len(self.lengths) < FEW or self.share < WORTH:
            return None
        return Stalls(*self._phases(self.lengths))

    @property
    def slow_share(self) -> float:
        """Which share of the time a core was slow; 0 when nobody watched."""
        return sum(phase.length for phase in self.slow) / self.time if self.time else 0.0

    def machine(self, cores: int) -> MachineSettings:
        """Give a machine of so many cores that does as was seen."""
        return MachineSettings(cores, self.stalls(), self.slowdowns())

    def slowdowns(self) -> Slowdowns | None:
        """Give the slowdowns; None when there are none worth telling.

        The pace is that of all slow time together. A host that is busy slows all cores of its guest at once,
        so what was seen on each core is taken for phases of the whole machine.
        """
        lost = sum(phase.length * (1 - phase.pace) for phase in self.slow)
        if len(self.slow) < FEW or lost < WORTH * self.time:
            return None
        lengths = [phase.length for phase in self.slow]
        return Slowdowns(*self._phases(lengths), round(1 - lost / sum(lengths), 3))

    def _phases(self, lengths: Sequence[int]) -> tuple[Distribution, Distribution]:
        """Give how far phases of such lengths are apart, and how long they are."""
        whole = math.fsum(lengths)
        apart = Exponential(Duration(round((self.time - whole) / len(lengths))))
        return apart, fitted(lengths, whole / len(lengths))


def slow_phases(looks: Sequence[tuple[int, float]], tick: int) -> list[SlowPhase]:
    """Join slow looks at a core into phases.

    Each look is when it was made, in microseconds, and how many usual times the work took; one is made every
    `tick`. Looks between them that found nothing slow count as usual.
    """
    runs: list[list[tuple[int, float]]] = []
    for look in looks:
        if runs and look[0] - runs[-1][-1][0] <= (BRIDGED + 1) * tick:
            runs[-1].append(look)
        else:
            runs.append([look])
    found = []
    for run in runs:
        if len(run) >= SHORTEST:
            ticks = (run[-1][0] - run[0][0]) // tick + 1
            took = math.fsum(times for _, times in run) + ticks - len(run)
            found.append(SlowPhase(ticks * tick, ticks / took))
    return found
