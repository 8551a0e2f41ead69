"""What a watch over the cores has seen, as stalls of a machine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from msa_lab.sdk.distributions import Exponential
from msa_lab.sdk.values import Duration
from msa_lab.topology.model import Stalls
from msa_lab.usecases.calibration.fitting import fitted

WORTH = 0.005
"""Cores that stand still for a smaller share of the time are taken for always there."""

FEW = 20
"""So few stalls tell nothing of how long they are."""


@dataclass(frozen=True, slots=True)
class Watched:
    """How long cores were watched, all together, and how long each stall took; in microseconds."""

    time: int = 0
    lengths: Sequence[int] = ()

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
        lost = math.fsum(self.lengths)
        apart = Exponential(Duration(round((self.time - lost) / len(self.lengths))))
        return Stalls(apart, fitted(self.lengths, lost / len(self.lengths)))
