"""When a process that fell is started again, and when no more."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_PAUSE = 0.5
"""How long a process that died is left alone the first time, in seconds; then twice as long each time."""

LIMIT = 5
"""So many falls in a row, and it stays down."""

STABLE_AFTER = 1.0
"""Who has served for so many seconds had a good start: its next fall is a first one."""


@dataclass(slots=True)
class Falls:
    """The falls of one process in a row."""

    count: int = 0

    def fell(self, served_for: float) -> float | None:
        """Take note of a fall after `served_for` seconds; give the pause before the next start, if any."""
        self.count = 1 if served_for >= STABLE_AFTER else self.count + 1
        return None if self.count >= LIMIT else FIRST_PAUSE * 2.0 ** (self.count - 1)

    def forget(self) -> None:
        """Begin anew, as when somebody asks for a start by hand."""
        self.count = 0
