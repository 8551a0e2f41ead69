"""Whose turn it is among the processes of a service: a lock on a file, with a lease.

The system frees the lock of a holder that dies. One that stands still (SIGSTOP) keeps it; so the holder
shows a sign of life with each piece of work, and who finds none for a while puts another file in its place.
The one that stood still notices before its next piece of work: two hold the turn for one piece at the most.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import IO

LEASE = 3.0
"""How many seconds without a sign of life a holder keeps its turn; longer than a broker has to answer."""


class Turn:
    """The turn as one process sees it. Every process names the same file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def take(self) -> bool:
        """Take the turn, unless another has it and lives."""
        if not self._at_its_place():
            self.close()
            self._file = self._path.open("a")
        if self._locked():
            return self.keep()
        return self._stands_still() and self._take_over()

    def keep(self) -> bool:
        """Give a sign of life; False when another has taken over meanwhile."""
        if self._file is None or not self._at_its_place():
            return False
        os.utime(self._file.fileno())
        return True

    def give_back(self) -> None:
        """Let others have it."""
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file, and give the turn back with it."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _locked(self) -> bool:
        if self._file is None:
            return False
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _stands_still(self) -> bool:
        try:
            return time.time_ns() - self._path.stat().st_mtime_ns > LEASE * 1_000_000_000
        except FileNotFoundError:
            return False

    def _take_over(self) -> bool:
        """Put a file of our own, locked already, in the place of that of the holder."""
        self.close()
        beside = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        self._file = beside.open("a")
        taken = self._locked()
        beside.replace(self._path)
        return taken and self.keep()

    def _at_its_place(self) -> bool:
        """Tell whether our file is the one that others find."""
        if self._file is None:
            return False
        try:
            return os.path.samestat(os.fstat(self._file.fileno()), self._path.stat())
        except FileNotFoundError:
            return False
