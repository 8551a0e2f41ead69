"""Distributions fitted to durations, and how they are written in a topology file.

By the method of quantiles (Aitchison and Brown, 1957, for the log-normal): the spread comes from the middle
of the samples, where stray pauses of the machine do not reach; the mean is then made that of the samples
without their highest fiftieth. Which family fits is told by the Kolmogorov-Smirnov distance.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

from msa_lab.sdk.distributions import Constant, Distribution, Exponential, LogNormal
from msa_lab.sdk.values import Duration

NARROW = 1.05
"""What spreads by less than this factor from the 10th to the 90th percentile is taken as constant."""

_NORMAL = NormalDist()
_Z90 = _NORMAL.inv_cdf(0.9)
_WIDEST = 1.5
_TRIMMED = 0.98


def quantile(ordered: Sequence[float], share: float) -> float:
    """Give a quantile of sorted samples, between the two nearest ones if need be.

    Raises:
        ValueError: when there are none.
    """
    if not ordered:
        raise ValueError("no samples")
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def typical(samples: Sequence[float]) -> float:
    """Give the mean of samples without their highest fiftieth (the strays), 0 for none."""
    kept = sorted(samples)[: max(1, math.ceil(len(samples) * _TRIMMED))]
    return math.fsum(kept) / len(kept) if kept else 0.0


def fitted(samples: Sequence[float], mean: float | None = None) -> Distribution:
    """Fit constant, exponential or log-normal; `mean` replaces that of the samples, whose shape is kept.

    Raises:
        ValueError: when there are no samples.
    """
    ordered = sorted(max(0.0, sample) for sample in samples)
    centre = typical(ordered) if mean is None else mean
    low, middle, high = (quantile(ordered, share) for share in (0.1, 0.5, 0.9))
    if centre < 1 or middle <= 0 or high <= low * NARROW:
        return Constant(Duration(max(0, round(centre))))
    sigma = min(_WIDEST, round(math.log(high / middle) / _Z90, 2))
    own = typical(ordered)
    shapes: list[tuple[Distribution, Callable[[float], float]]] = [
        (Exponential(Duration(max(1, round(centre)))), lambda x: 1 - math.exp(-x / own)),
    ]
    if sigma > 0:
        median = centre / math.exp(sigma * sigma / 2)
        logs = LogNormal(Duration(max(1, round(median))), sigma)
        shapes.append((logs, lambda x: _NORMAL.cdf(math.log(x / middle) / sigma) if x > 0 else 0.0))
    best, _ = min(shapes, key=lambda shape: distance(ordered, shape[1]))
    return best


def distance(ordered: Sequence[float], cumulative: Callable[[float], float]) -> float:
    """Give the Kolmogorov-Smirnov distance of sorted samples from a distribution function."""
    count = len(ordered)
    return max(
        max(
            abs(bisect.bisect_right(ordered, x) / count - cumulative(x)),
            abs(bisect.bisect_left(ordered, x) / count - cumulative(x)),
        )
        for x in ordered
    )


def written(distribution: Distribution) -> str:
    """Write a fitted distribution as topology files do.

    Raises:
        ValueError: when it is of no family that is fitted here.
    """
    match distribution:
        case Constant(value):
            return _ms(value)
        case Exponential(average):
            return f"exp({_ms(average)})"
        case LogNormal(median, sigma):
            return f"lognormal({_ms(median)}, {sigma:g})"
    raise ValueError(f"{type(distribution).__name__} is not fitted")


def _ms(duration: int) -> str:
    return f"{duration / 1000:.3f}".rstrip("0").rstrip(".") + "ms"
