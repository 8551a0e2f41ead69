"""Distributions of durations, sampled with the same bits on every platform.

libm's `log` and `exp` differ in the last bit between platforms, so both are computed here from additions,
multiplications and divisions alone, which IEEE 754 rounds exactly. The exponential uses its lack of memory:
a geometric number of halvings (an exact count of bits) plus a remainder below ln 2 read from a quantile
table of 1,024 cells (relative error below 1e-7).
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Protocol

from msa_lab.sdk.values import Duration

LN2 = 0.6931471805599453


class Stream(Protocol):
    """A named stream of random bits."""

    def random(self) -> float:
        """Give a float in [0, 1)."""
        ...

    def getrandbits(self, k: int, /) -> int:
        """Give `k` random bits as an integer."""
        ...


class Distribution(Protocol):
    """A distribution of durations; `mean` in microseconds."""

    @property
    def mean(self) -> float:
        """The expected duration in microseconds."""
        ...

    def sample(self, stream: Stream) -> int:
        """Draw one duration in whole microseconds, never negative."""
        ...


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same duration; draws nothing."""

    value: Duration

    @property
    def mean(self) -> float:
        return float(self.value)

    def sample(self, stream: Stream) -> int:  # noqa: ARG002 - part of the protocol
        return self.value


@dataclass(frozen=True, slots=True)
class Uniform:
    """Every duration in [low, high) is equally likely."""

    low: Duration
    high: Duration

    @property
    def mean(self) -> float:
        return (self.low + self.high) / 2

    def sample(self, stream: Stream) -> int:
        return self.low + int(stream.random() * (self.high - self.low))


@dataclass(frozen=True, slots=True)
class Exponential:
    """Memoryless, with the given mean."""

    average: Duration

    @property
    def mean(self) -> float:
        return float(self.average)

    def sample(self, stream: Stream) -> int:
        return int(exponential(stream) * self.average + 0.5)


@dataclass(frozen=True, slots=True)
class LogNormal:
    """exp(Normal(ln median, sigma)): the usual shape of service times and latencies."""

    median: Duration
    sigma: float

    @property
    def mean(self) -> float:
        return self.median * exact_exp(self.sigma * self.sigma / 2)

    def sample(self, stream: Stream) -> int:
        return int(self.median * exact_exp(self.sigma * standard_normal(stream)) + 0.5)


@dataclass(frozen=True, slots=True)
class Normal:
    """Normal, with what would be negative folded to zero."""

    average: Duration
    deviation: Duration

    @property
    def mean(self) -> float:
        return float(self.average)

    def sample(self, stream: Stream) -> int:
        return max(0, int(self.average + self.deviation * standard_normal(stream) + 0.5))


@dataclass(frozen=True, slots=True)
class Pareto:
    """Heavy tail: scale * exp(E / shape), E exponential; the mean is infinite for a shape of 1 or less."""

    scale: Duration
    shape: float

    @property
    def mean(self) -> float:
        return self.scale * self.shape / (self.shape - 1) if self.shape > 1 else math.inf

    def sample(self, stream: Stream) -> int:
        return int(self.scale * exact_exp(exponential(stream) / self.shape) + 0.5)


_CELLS = 1024


@functools.cache
def _remainders() -> tuple[float, ...]:
    """Quantiles of an exponential cut at ln 2: -ln(1 - u/2) for u = 0/1024 ... 1024/1024."""
    return tuple(-exact_ln(1 - cell / (2 * _CELLS)) for cell in range(_CELLS + 1))


def exponential(stream: Stream) -> float:
    """Draw from the exponential distribution of mean 1."""
    table = _remainders()
    bits = stream.getrandbits(52)
    cell = bits & 1023
    fraction = (bits >> 10 & 0xFFFFF) / 1048576.0
    head = bits >> 30
    halvings = (head & -head).bit_length() - 1 if head else 22
    low = table[cell]
    return halvings * LN2 + low + (table[cell + 1] - low) * fraction


def standard_normal(stream: Stream) -> float:
    """Draw from the normal distribution of mean 0 and deviation 1 (Marsaglia's polar method)."""
    while True:
        x = 2 * stream.random() - 1
        y = 2 * stream.random() - 1
        square = x * x + y * y
        if 0 < square < 1:
            return x * math.sqrt(-2 * exact_ln(square) / square)


def exact_ln(x: float) -> float:
    """Natural logarithm of a positive number: ln m + e ln 2, ln m by the series of artanh."""
    mantissa, exponent = math.frexp(x)
    z = (mantissa - 0.75) / (mantissa + 0.75)
    square = z * z
    total, power = 0.0, z
    for odd in range(1, 27, 2):
        total += power / odd
        power *= square
    return 2 * total + _LN_THREE_QUARTERS + exponent * LN2


_LN_THREE_QUARTERS = -0.2876820724517809


def exact_exp(x: float) -> float:
    """Exponential function: 2^k times the Taylor series of the remainder."""
    twos = math.floor(x / LN2 + 0.5)
    rest = x - twos * LN2
    total = 1.0
    for n in range(14, 0, -1):
        total = 1 + total * rest / n
    return math.ldexp(total, twos)
