"""What a process prints, each line with its time, so that the logs of many can be read as one."""

from __future__ import annotations

import os
import sys
import time
from typing import TextIO, cast

STAMP = len("2026-01-31T12:34:56.789Z ")


def stamp(nanoseconds: int) -> str:
    """Write a moment of the wall clock (UTC) as it stands before each line."""
    whole, rest = divmod(nanoseconds, 1_000_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{rest // 1_000_000:03d}Z "


def unstamped(line: str) -> str:
    """Take the time off a line, if it has one."""
    return line[STAMP:] if len(line) >= STAMP and line[STAMP - 2 : STAMP] == "Z " else line


class _Stamped:
    """A stream to a file descriptor that writes whole lines only, each in one piece."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, number: int) -> None:
        self._number = number
        self._begun = ""

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._put(line)
        return len(text)

    def _put(self, line: str) -> None:
        try:
            os.write(self._number, (stamp(time.time_ns()) + line + "\n").encode("utf-8", "backslashreplace"))
        except OSError:
            return  # a full disk: there is no other place to say so

    def flush(self) -> None:
        """Write the line that was begun."""
        if self._begun:
            self._put(self._begun)
            self._begun = ""

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self._number


def stamp_output() -> None:
    """Let everything that this process prints bear its time."""
    sys.stdout = cast("TextIO", _Stamped(1))
    sys.stderr = cast("TextIO", _Stamped(2))


def say(text: str) -> None:
    """Print a line to this process's log."""
    sys.stderr.write(f"{text}\n")
