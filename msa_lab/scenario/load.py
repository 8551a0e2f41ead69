"""When shoppers come: an open model, in which nobody waits for those who came before."""

from __future__ import annotations

from msa_lab.scenario.model import Phase
from msa_lab.sdk.distributions import Stream, exponential
from msa_lab.sdk.values import Duration

_SECOND = 1_000_000


def gap(phase: Phase, stream: Stream, factor: float = 1.0) -> Duration:
    """Give the time until the phase's next shopper comes; `factor` multiplies its rate.

    `poisson` draws exponential times, `even` spaces shoppers equally and draws nothing.
    """
    usual = _SECOND / (phase.rate * factor)
    return Duration(round(exponential(stream) * usual if phase.arrivals == "poisson" else usual))
