"""Reads an event log: one JSON line an event, in the order of their numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from msa_lab.errors import EnvironmentTrouble
from msa_lab.telemetry.events import LogEvent

_DECODER = msgspec.json.Decoder(LogEvent)
_HEAD = b'{"seq":'
_NEAR = 4096


def events(path: Path, *marks: bytes) -> Iterator[LogEvent]:
    """Give the events in order; a half-written last line is left out.

    With `marks`, only lines that hold one of them are decoded and given, which is much faster.

    Raises:
        EnvironmentTrouble: when the file cannot be read or holds something else.
    """
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.endswith(b"\n"):
                    return
                if marks and not any(mark in line for mark in marks):
                    continue
                yield _decoded(line, path, number)
    except OSError as error:
        raise EnvironmentTrouble(f"{path} cannot be read: {error.strerror or error}") from error


def _decoded(line: bytes, path: Path, number: int) -> LogEvent:
    try:
        return _DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EnvironmentTrouble(f"{path}:{number} is no event: {error}") from error


def event_at(path: Path, seq: int) -> LogEvent | None:
    """Find an event by its number, in few reads however long the log; None when it is not there."""
    try:
        with path.open("rb") as log:
            line = _line_at(log, seq)
    except OSError:
        return None
    if line is None:
        return None
    try:
        return _DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _halved(log: BinaryIO, reaches: Callable[[bytes], bool]) -> None:
    """Halve the file until little is left, and stand at the beginning of a line of what is left.

    Lines stand in order, and `reaches` tells of a line whether what is sought lies no further: from where the
    file stands now, the first such line is found by reading on.
    """
    low, high = 0, log.seek(0, 2)
    while high - low > _NEAR:
        middle = (low + high) // 2
        log.seek(middle)
        log.readline()  # the rest of the line in which `middle` lies
        start = log.tell()
        if start >= high or reaches(log.readline()):
            high = middle
        else:
            low = start
    log.seek(low)


def _line_at(log: BinaryIO, seq: int) -> bytes | None:
    def reaches(line: bytes) -> bool:
        found = _number(line)
        return found is None or found >= seq

    _halved(log, reaches)
    while line := log.readline():
        found = _number(line)
        if found == seq:
            return line if line.endswith(b"\n") else None
        if found is not None and found > seq:
            return None
    return None


def _number(line: bytes) -> int | None:
    if not line.startswith(_HEAD):
        return None
    digits = line[len(_HEAD) : line.find(b",")]
    return int(digits) if digits.isdigit() else None


def place_since(path: Path, t: int) -> tuple[int, int]:
    """Find the first event at or after an instant: the byte where its line begins, and its instant.

    In an empty log that is (0, 0); where none is so late, the last one counts.

    Raises:
        EnvironmentTrouble: when the file cannot be read or holds something else.
    """

    def reaches(line: bytes) -> bool:
        return not line.endswith(b"\n") or _decoded(line, path, 0).t >= t

    try:
        with path.open("rb") as log:
            _halved(log, reaches)
            return _since(log, path, t)
    except OSError as error:
        raise EnvironmentTrouble(f"{path} cannot be read: {error.strerror or error}") from error


def _since(log: BinaryIO, path: Path, t: int) -> tuple[int, int]:
    """Read on to the first event at or after an instant."""
    found = (log.tell(), 0)
    while True:
        start = log.tell()
        line = log.readline()
        if not line.endswith(b"\n"):
            return found
        found = (start, _decoded(line, path, 0).t)
        if found[1] >= t:
            return found
