"""When shoppers come: an open model, in which nobody waits for those who came before."""

from __future__ import annotations

from collections.abc import Iterator

from msa_lab.scenario.model import Phase
from msa_lab.sdk.distributions import Stream, exponential
from msa_lab.sdk.values import Instant

_SECOND = 1_000_000


def arrivals(phase: Phase, stream: Stream) -> Iterator[Instant]:
    """Give the instants at which shoppers of a phase come, in order, all before its end.

    `poisson` draws exponential times between arrivals; `even` spaces them equally, the first at once, and
    draws nothing.
    """
    gap = _SECOND / phase.rate
    if phase.arrivals == "even":
        number = 0
        while (instant := phase.start + round(number * gap)) < phase.end:
            yield Instant(instant)
            number += 1
        return
    instant = phase.start + round(exponential(stream) * gap)
    while instant < phase.end:
        yield Instant(instant)
        instant += round(exponential(stream) * gap)
