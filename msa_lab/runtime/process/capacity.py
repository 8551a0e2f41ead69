"""How many requests an instance works on at once and how many may wait."""

from __future__ import annotations

import asyncio
from collections import deque


class Capacity:
    """At most `concurrency` inside and `bound` waiting, first come first served unless `lifo`."""

    def __init__(self, concurrency: int, bound: int, *, lifo: bool = False) -> None:
        self._concurrency = concurrency
        self._bound = bound
        self._lifo = lifo
        self._inside = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def inside(self) -> int:
        """How many are inside."""
        return self._inside

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(not place.done() for place in self._waiting)

    async def enter(self) -> bool:
        """Come in, after waiting if need be; False at once when too many wait already."""
        if self._inside < self._concurrency:
            self._inside += 1
            return True
        if len(self._waiting) >= self._bound:
            return False
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.leave()
            raise
        return True

    def leave(self) -> None:
        """Go, and let the next one in."""
        while self._waiting:
            place = self._waiting.pop() if self._lifo else self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._inside -= 1
