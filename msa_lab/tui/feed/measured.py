"""What was measured of spans of time that are over: a frame measures only what is new."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

Measure = Callable[[int, int], float | None]
"""Measures something between two instants in microseconds; None: there was nothing to measure."""

_MOST: Final = 8192


class Measured:
    """Remembers values by what they are of and the span; all of them count in slices of one width."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int], float | None] = {}
        self._width = 0

    def of(self, name: str, measure: Measure, *, width: int, settled: int) -> Measure:
        """Give what measures the same, but a span that ends by the instant `settled` only once."""
        if width != self._width or len(self._known) > _MOST:
            self._known.clear()
            self._width = width
        known = self._known

        def remembering(low: int, high: int) -> float | None:
            if high > settled:
                return measure(low, high)
            key = (name, low, high)
            if key not in known:
                known[key] = measure(low, high)
            return known[key]

        return remembering
