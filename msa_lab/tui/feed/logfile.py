"""An event log on disk: where each event lies, so that any can be read when it is looked at."""

from __future__ import annotations

import os
import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from msa_lab.errors import EnvironmentTrouble
from msa_lab.telemetry.events import LogEvent

_DECODE: Final = msgspec.json.Decoder(LogEvent).decode
_REMEMBERED: Final = 4096
_PIECE: Final = 1 << 20
_BAD: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_HEAD: Final = re.compile(
    rb'\{"seq":(\d{1,18}),"t":(\d{1,18}),"kind":"([a-z.]+)","service":"[^"\\]*","instance":"[^"\\]*",'
    rb'"saga":"([!#-\[\]-~]*)"'
)
"""How a line begins that our own writer wrote; any other is decoded whole."""


class Entry(NamedTuple):
    """What was read of an event: kind, saga, and all of it where that was wanted."""

    kind: str
    saga: str
    event: LogEvent | None


class LogFile:
    """Reads a log that may still grow; events are counted from 0, in the order of the file.

    Raises:
        EnvironmentTrouble: when the file cannot be read, or a whole line of it is no event.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = path.open("rb")
            self.size = path.stat().st_size
        except OSError as error:
            raise EnvironmentTrouble(f"{path} cannot be read: {error.strerror or error}") from error
        self.read = 0
        self._rest = b""
        self._starts = array("Q")
        self._times = array("Q")
        self._numbers = array("Q")
        self._codes = array("H")
        self._kinds: dict[str, int] = {}
        self._recent: dict[int, LogEvent] = {}

    def __len__(self) -> int:
        return len(self._starts)

    def look(self) -> None:
        """Look how far the file has grown."""
        self.size = os.fstat(self._file.fileno()).st_size

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def more(self, wanted: Container[str] | None = None) -> Iterator[Entry]:
        """Read the next piece of the file, up to its last whole line; give what is in it.

        Only events of the kinds `wanted` (None: all) are read whole; of the others the head is enough.
        """
        self._file.seek(self.read + len(self._rest))
        data = self._rest + self._file.read(_PIECE)
        find, match = data.find, _HEAD.match
        start = 0
        while True:
            end = find(b"\n", start)
            if end < 0:
                break
            head = match(data, start, end)
            if head is None or wanted is None or head[3].decode() in wanted:
                event = self._decoded(data[start:end])
                entry = Entry(event.kind, event.saga, event)
                self._note(event.seq, event.t, event.kind)
            else:
                entry = Entry(head[3].decode(), head[4].decode(), None)
                self._note(int(head[1]), int(head[2]), entry.kind)
            self.read += end + 1 - start
            start = end + 1
            yield entry
        self._rest = data[start:]

    def _note(self, seq: int, t: int, kind: str) -> None:
        self._starts.append(self.read)
        self._times.append(t)
        self._numbers.append(seq)
        self._codes.append(self._kinds.setdefault(kind, len(self._kinds)))

    @property
    def done(self) -> bool:
        """Whether all that was there at the last look has been read."""
        return self.read + len(self._rest) >= self.size

    def before(self, t: int) -> tuple[int, int]:
        """Give how many events came before an instant, and how many bytes they have."""
        count = bisect_left(self._times, t)
        return count, self._starts[count] if count < len(self) else self.read

    def piece(self, start: int, end: int) -> bytes:
        """Give bytes of the file, at the most a piece of it."""
        self._file.seek(start)
        return self._file.read(min(_PIECE, end - start))

    def agrees(self, other: LogFile, t: int) -> bool:
        """Tell whether another log is the same, byte for byte, before an instant."""
        if self.before(t) != other.before(t):
            return False
        end = self.before(t)[1]
        return all(self.piece(at, end) == other.piece(at, end) for at in range(0, end, _PIECE))

    def _decoded(self, line: bytes) -> LogEvent:
        try:
            return _DECODE(line)
        except _BAD as error:
            raise EnvironmentTrouble(f"{self.path}:{len(self) + 1} is no event: {error}") from error

    def event(self, index: int) -> LogEvent:
        """Give an event by its place."""
        known = self._recent.get(index)
        if known is None:
            self._file.seek(self._starts[index])
            known = self._decoded(self._file.readline())
            if len(self._recent) >= _REMEMBERED:
                self._recent.clear()
            self._recent[index] = known
        return known

    def time(self, index: int) -> int:
        """Give when an event happened, without reading it."""
        return self._times[index]

    def kind(self, index: int) -> int:
        """Give the code of an event's kind, without reading it; see `code`."""
        return self._codes[index]

    def code(self, kind: str) -> int:
        """Give the code of a kind; -1 when the log has none of it."""
        return self._kinds.get(kind, -1)

    def until(self, t: int) -> int:
        """Count the events up to an instant, it included."""
        return bisect_right(self._times, t)

    def place(self, seq: int) -> int | None:
        """Find the place of an event by its number; None when it is not there."""
        index = bisect_left(self._numbers, seq)
        return index if index < len(self) and self._numbers[index] == seq else None
