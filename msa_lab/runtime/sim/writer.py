"""The one writer of a database that services share: commits stand in one queue, first come, first served.

A service's own database has none here: its commits take their time and never wait for each other.
"""

from __future__ import annotations


class Writer:
    """Does one commit at a time. Who dies in the queue keeps the place: the work was handed in."""

    __slots__ = ("_free_at",)

    def __init__(self) -> None:
        self._free_at = 0

    def queued(self, now: int, takes: int) -> int:
        """Take a place for a commit that `takes` so long; give how long it is until it is done.

        All in microseconds.
        """
        self._free_at = max(now, self._free_at) + takes
        return self._free_at - now
