"""The line of a run that is one of several: drawn over while it plays, left standing when it has ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from msa_lab.cli.messages import put
from msa_lab.cli.terminal import Terminal
from msa_lab.sdk.values import Instant
from msa_lab.usecases.ports import Progress

_FRAME: Final = 0.1


class RunLine:
    """Writes to stderr; what moves only where somebody looks, and nothing at all when quiet."""

    def __init__(self, terminal: Terminal, *, quiet: bool) -> None:
        self._live = terminal.live and not quiet
        self._quiet = quiet
        self._head = ""
        self._begun = 0.0

    def begin(self, head: str, limit: Callable[[Instant], str]) -> Progress:
        """Take note of a run; give who watches it. `limit` puts the end into words."""
        self._head = head
        self._begun = time.perf_counter()
        drawn = 0.0

        def progress(now: Instant, end: Instant) -> None:
            nonlocal drawn
            moment = time.perf_counter()
            if self._live and moment - drawn >= _FRAME:
                drawn = moment
                put(f"\r{head}  T+{now / 1e6:04.1f} of {limit(end)}\x1b[K")

        return progress

    def end(self, outcome: str = "") -> None:
        """Say what came of the run, if one was begun, and how many seconds it took."""
        if self._head and not self._quiet:
            erase = "\r\x1b[K" if self._live else ""
            put(f"{erase}{self._head}{outcome}  ({time.perf_counter() - self._begun:.1f} s)\n")
        self._head = ""
