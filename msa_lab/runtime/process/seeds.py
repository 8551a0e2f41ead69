"""Named streams of chance, derived from the run's seed. What they decide depends on real time besides."""

from __future__ import annotations

import hashlib
import random


def stream(seed: int, name: str) -> random.Random:
    """Make the stream of a name."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return random.Random(int.from_bytes(digest[:16], "big"))


class StreamDice:
    """The dice port on a stream."""

    def __init__(self, draw: random.Random) -> None:
        self.random = draw.random

    def integer(self, low: int, high: int) -> int:
        """Give an integer from low to high, both included."""
        return low + int(self.random() * (high - low + 1))
