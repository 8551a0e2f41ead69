"""Named random streams: one per purpose, so that a draw added in one place moves no other."""

from __future__ import annotations

import hashlib
import random


class Streams:
    """Derives streams from the run's seed and a name. The same name gives the same stream object."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._streams: dict[str, random.Random] = {}

    def named(self, name: str) -> random.Random:
        """Give the stream of that name."""
        stream = self._streams.get(name)
        if stream is None:
            stream = self._streams[name] = self.fresh(name)
        return stream

    def fresh(self, name: str) -> random.Random:
        """Make the stream of that name without keeping it, for owners that come and go."""
        digest = hashlib.sha256(f"{self._seed}:{name}".encode()).digest()
        return random.Random(int.from_bytes(digest[:16], "big"))


class StreamDice:
    """The dice port on a stream."""

    def __init__(self, stream: random.Random) -> None:
        self.random = stream.random

    def integer(self, low: int, high: int) -> int:
        """Give an integer from low to high, both included."""
        return low + int(self.random() * (high - low + 1))
