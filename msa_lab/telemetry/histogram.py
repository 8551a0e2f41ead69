"""A histogram of non-negative integers with three significant digits (after HdrHistogram, Tene 2012).

Values below 2,048 are counted exactly; above, each power of two is cut into 1,024 equal cells, so that a
value is known to better than 0.1 %. Only integers: the same values give the same quantiles everywhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

_PRECISION = 11


@dataclass(slots=True)
class Histogram:
    """Counts values by cell; `total` is their exact sum."""

    count: int = 0
    total: int = 0
    low: int = 0
    high: int = 0
    _cells: dict[int, int] = field(default_factory=dict)

    def add(self, value: int) -> None:
        """Count a value; a negative one counts as zero."""
        value = max(value, 0)
        if not self.count or value < self.low:
            self.low = value
        self.high = max(self.high, value)
        self.count += 1
        self.total += value
        top = _top(value)
        self._cells[top] = self._cells.get(top, 0) + 1

    def quantile(self, share: float) -> int:
        """Give the value that `share` (0 to 1) of the values do not exceed, by nearest rank; 0 when empty."""
        if share <= 0 or not self.count:
            return self.low
        rank = min(
            self.count, max(1, math.ceil(share * self.count - 1e-9))
        )  # 0.55 * 100 is a little too much
        seen = 0
        for top in sorted(self._cells):
            seen += self._cells[top]
            if seen >= rank:
                return min(top, self.high)
        return self.high

    @property
    def mean(self) -> float:
        """The exact mean; 0 when empty."""
        return self.total / self.count if self.count else 0.0

    def cells(self) -> tuple[tuple[int, int], ...]:
        """Give the highest value and the count of every cell that is not empty, in order."""
        return tuple(sorted(self._cells.items()))


def _top(value: int) -> int:
    """Give the highest value that shares the value's cell."""
    shift = max(0, value.bit_length() - _PRECISION)
    return ((value >> shift) + 1 << shift) - 1
