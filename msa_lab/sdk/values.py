"""Values that every service shares: instants, durations and money. All frozen, exact and ordered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

Duration = NewType("Duration", int)
"""A span of time in whole microseconds."""

Instant = NewType("Instant", int)
"""A point in time: whole microseconds since the start of the run."""


def us(count: int) -> Duration:
    """Give `count` microseconds."""
    return Duration(count)


def ms(count: float) -> Duration:
    """Give `count` milliseconds, rounded to the microsecond."""
    return Duration(round(count * 1_000))


def seconds(count: float) -> Duration:
    """Give `count` seconds, rounded to the microsecond."""
    return Duration(round(count * 1_000_000))


def minutes(count: float) -> Duration:
    """Give `count` minutes, rounded to the microsecond."""
    return seconds(count * 60)


def hours(count: float) -> Duration:
    """Give `count` hours, rounded to the microsecond."""
    return seconds(count * 3600)


def after(instant: Instant, duration: Duration) -> Instant:
    """Give the instant `duration` later than `instant`."""
    return Instant(instant + duration)


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies met."""


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in minor units (cents) of one ISO 4217 currency.

    Raises:
        CurrencyMismatch: when two currencies meet in arithmetic or comparison.
    """

    minor: int
    currency: str = "EUR"

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __mul__(self, count: int) -> Money:
        return Money(self.minor * count, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._same(other)

    def __str__(self) -> str:
        sign = "-" if self.minor < 0 else ""
        whole, cents = divmod(abs(self.minor), 100)
        return f"{sign}{whole}.{cents:02d} {self.currency}"

    def share(self, basis_points: int) -> Money:
        """Give `basis_points` hundredths of a percent of this amount, half a cent rounded to even."""
        quotient, rest = divmod(self.minor * basis_points, 10_000)
        if rest > 5_000 or (rest == 5_000 and quotient % 2):  # noqa: PLR2004 - half of the divisor above
            quotient += 1
        return Money(quotient, self.currency)

    def allocate(self, weights: tuple[int, ...]) -> tuple[Money, ...]:
        """Split by weights so that the parts add up to the whole exactly; earlier parts get the odd cents.

        Raises:
            ValueError: when no weight is positive or one is negative.
        """
        total = sum(weights)
        if total <= 0 or min(weights) < 0:
            raise ValueError("weights must be non-negative and not all zero")
        parts = [self.minor * weight // total for weight in weights]
        for index in [i for i, weight in enumerate(weights) if weight][: self.minor - sum(parts)]:
            parts[index] += 1
        return tuple(Money(part, self.currency) for part in parts)

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} do not mix")
        return other.minor
