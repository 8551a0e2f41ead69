"""A signal that came while nothing was being played."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


class Interrupted(BaseException):
    """Ends the command; the exit code is 128 and the signal's number."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number


@contextlib.contextmanager
def ended_by_hand() -> Iterator[None]:
    """Do something that only ends when somebody interrupts it: there is nothing to say about that."""
    try:
        yield
    except Interrupted as interrupted:
        raise SystemExit(interrupted.exit_code) from None
