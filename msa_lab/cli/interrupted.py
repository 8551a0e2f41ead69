"""A signal that came while nothing was being played."""

from __future__ import annotations


class Interrupted(BaseException):
    """Ends the command; the exit code is 128 and the signal's number."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number
