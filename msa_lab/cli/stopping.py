"""Signals while a run is played: the first one asks to stop in good order, the second ends at once."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType

from msa_lab.cli.messages import say

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def stopping() -> Iterator[list[int]]:
    """Gather signals."""
    signals: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        if signals:
            os._exit(128 + number)
        signals.append(number)
        say("\nstopping: healing the faults, judging, keeping the run (once more: stop at once)")

    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
