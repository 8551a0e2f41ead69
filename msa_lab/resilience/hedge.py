"""Hedged requests (Dean and Barroso, "The Tail at Scale", 2013): when to send a second copy."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque

from msa_lab.sdk.values import Duration


class HedgeDelay:
    """Learns from recent calls how long to wait before a second copy is sent to another replica.

    The delay is the given quantile of the last `window` durations, so that about `1 - quantile` of all calls
    are hedged: at 0.95 the load grows by 5 %. Until `least` durations are known nothing is hedged. Hedge only
    operations that are safe or keyed.
    """

    __slots__ = ("_least", "_ordered", "_quantile", "_recent", "_window")

    def __init__(self, quantile: float = 0.95, window: int = 1000, least: int = 100) -> None:
        self._quantile = quantile
        self._window = window
        self._least = least
        self._recent: deque[int] = deque()
        self._ordered: list[int] = []

    def observe(self, took: Duration) -> None:
        """Take the duration of a call that was answered."""
        self._recent.append(took)
        insort(self._ordered, took)
        if len(self._recent) > self._window:
            oldest = self._recent.popleft()
            del self._ordered[bisect_left(self._ordered, oldest)]

    def delay(self) -> Duration | None:
        """Give the wait before the second copy; None: send none."""
        known = len(self._ordered)
        if known < self._least:
            return None
        return Duration(self._ordered[min(known - 1, int(self._quantile * known))])
