"""A case of the validation, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from msa_lab.scenario.findings import Verdict
from msa_lab.usecases.ports import World
from msa_lab.usecases.validation.estimating import Estimate

Family = Literal["queues", "balancing", "tails", "retries", "metastable"]

CONFIDENCE = 0.95
"""Of the interval that is shown and must hold the exact value."""

CERTAIN = 0.999
"""Of the wider interval beyond which a value is called wrong.

Of some forty right values two lie outside their 95 % interval by chance; of twenty-five runs of them all, one
has a value outside this interval.
"""

WIDEST = 0.15
"""An interval whose half width is more than this share of the exact value proves nothing."""

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Result:
    """One value against its exact one; times in units of the mean service time.

    `low` and `high` bound the 95 % interval. HELD: it holds the exact value and is narrow enough. BROKEN: the
    99.9 % interval does not hold it either. UNPROVEN: anything between; more samples or another seed tell.
    """

    case: str
    name: str
    value: float
    exact: float
    low: float
    high: float
    verdict: Verdict
    samples: int
    source: str


@dataclass(frozen=True, slots=True)
class Case:
    """One experiment. `measure(world, seed, effort)` plays it, `effort` times as long as usual."""

    id: str
    family: Family
    title: str
    measure: Callable[[World, int, float], tuple[Result, ...]]


def judged(
    case: str, name: str, estimate: Estimate, exact: float, source: str, *, slack: float = 0.0
) -> Result:
    """Compare an estimate with the exact value; `slack` is how exact that value itself is known."""
    low, high = estimate.interval(CONFIDENCE)
    least, most = estimate.interval(CERTAIN)
    room = slack + _ROUNDING * max(1.0, abs(exact))
    if not least - room <= exact <= most + room:
        verdict = Verdict.BROKEN
    elif not low - room <= exact <= high + room or (high - low) / 2 > WIDEST * abs(exact) + room:
        verdict = Verdict.UNPROVEN
    else:
        verdict = Verdict.HELD
    return Result(case, name, estimate.value, exact, low, high, verdict, estimate.samples, source)
