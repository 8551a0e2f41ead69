"""The chance that policies draw from."""

from __future__ import annotations

from typing import Protocol


class Chance(Protocol):
    """A seeded stream; every policy that draws is handed its own."""

    def random(self) -> float:
        """Give a float in [0, 1)."""
        ...
