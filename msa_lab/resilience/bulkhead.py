"""The bulkhead: at most so many calls to one callee under way at once."""

from __future__ import annotations

from msa_lab.sdk.policy import Bulkhead


class ConcurrencyLimit:
    """Counts the calls under way; every `enter` that said yes is paired with one `leave`."""

    __slots__ = ("_limit", "in_use")

    def __init__(self, settings: Bulkhead) -> None:
        self._limit = settings.limit
        self.in_use = 0

    def enter(self) -> bool:
        """Take a place; False when all are taken."""
        if self.in_use >= self._limit:
            return False
        self.in_use += 1
        return True

    def leave(self) -> None:
        """Give the place back.

        Raises:
            RuntimeError: when nobody is inside: a host's bug.
        """
        if self.in_use == 0:
            raise RuntimeError("leave without enter")
        self.in_use -= 1
