"""An event log on disk: where each event lies, so that any can be read when it is looked at."""

from __future__ import annotations

import os
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterator, Sequence
from itertools import accumulate, islice
from pathlib import Path
from typing import Annotated, Final

import msgspec

from msa_lab.errors import EnvironmentTrouble
from msa_lab.telemetry.events import LogEvent

_DECODE: Final = msgspec.json.Decoder(LogEvent).decode
_REMEMBERED: Final = 4096
_PIECE: Final = 1 << 20
_BAD: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Head(msgspec.Struct, gc=False):
    """What is read of every event at once; all else of its line is passed over without being made."""

    seq: Annotated[int, msgspec.Meta(ge=0)]
    t: Annotated[int, msgspec.Meta(ge=0)]
    kind: str
    saga: str = ""


class Places(msgspec.Struct, frozen=True):
    """What is known of every event of a log that was read whole; numbers are the bytes of their arrays."""

    read: int
    starts: bytes
    times: bytes
    numbers: bytes
    codes: bytes
    kinds: list[str]


_HEADS: Final = msgspec.json.Decoder(Head).decode_lines


class LogFile:
    """Reads a log that may still grow; events are counted from 0, in the order of the file.

    Raises:
        EnvironmentTrouble: when the file cannot be read, or a whole line of it is no event.
    """

    def __init__(self, path: Path, start: int = 0) -> None:
        """Open a log; what lies before the byte `start` is left out."""
        self.path = path
        try:
            self._file = path.open("rb")
            self.size = path.stat().st_size
        except OSError as error:
            raise EnvironmentTrouble(f"{path} cannot be read: {error.strerror or error}") from error
        self.read = self._start = start
        self._rest = b""
        self._starts = array("Q")
        self._times = array("Q")
        self._numbers = array("Q")
        self._codes = array("H")
        self._kinds: dict[str, int] = {}
        self._recent: dict[int, LogEvent] = {}

    def __len__(self) -> int:
        return len(self._starts)

    def places(self) -> Places:
        """Give what has been read so far of every event."""
        return Places(
            self.read, self._starts.tobytes(), self._times.tobytes(), self._numbers.tobytes(),
            self._codes.tobytes(), list(self._kinds),
        )  # fmt: skip

    def recall(self, places: Places) -> None:
        """Take what `places` gave for the same file instead of reading it; nothing has been read yet."""
        self.read = places.read
        self._starts.frombytes(places.starts)
        self._times.frombytes(places.times)
        self._numbers.frombytes(places.numbers)
        self._codes.frombytes(places.codes)
        self._kinds.update({kind: code for code, kind in enumerate(places.kinds)})

    def look(self) -> None:
        """Look how far the file has grown."""
        self.size = os.fstat(self._file.fileno()).st_size

    @property
    def replaced(self) -> bool:
        """Whether the log goes on in another file of the same name, and all of this one has been read."""
        try:
            other = self.path.stat().st_ino != os.fstat(self._file.fileno()).st_ino
        except OSError:
            return False
        self.look()
        return other and self.done

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def more(self) -> Sequence[tuple[bytes, Head]]:
        """Read the next piece of the file, up to its last whole line; give the lines and their heads."""
        self._file.seek(self.read + len(self._rest))
        data = self._rest + self._file.read(_PIECE)
        end = data.rfind(b"\n") + 1
        self._rest = data[end:]
        lines = data[:end].split(b"\n")[:-1]
        try:
            heads = _HEADS(data[:end])
        except _BAD:
            heads = []
        if len(heads) != len(lines):
            heads = [self._head(line, place) for place, line in enumerate(lines, len(self) + 1)]
        ends = accumulate([len(line) + 1 for line in lines], initial=self.read)
        self._starts.extend(islice(ends, len(lines)))
        self._numbers.extend([head.seq for head in heads])
        self._times.extend([head.t for head in heads])
        known = self._kinds
        self._codes.extend([known.setdefault(head.kind, len(known)) for head in heads])
        self.read += end
        return list(zip(lines, heads, strict=True))

    def _head(self, line: bytes, number: int) -> Head:
        """Read one line of a piece that has a line that is no event."""
        event = self.decoded(line, number)
        if event.seq < 0 or event.t < 0:
            raise EnvironmentTrouble(f"{self.path}:{number} is no event: its number or time is below 0")
        return Head(event.seq, event.t, event.kind, event.saga)

    def events(self, start: int, end: int, codes: Container[int]) -> Iterator[LogEvent]:
        """Give those of the events between two places whose kind has one of these codes; see `code`."""
        if start >= end:
            return
        last = self._starts[end] if end < len(self) else self.read
        self._file.seek(self._starts[start])
        lines = self._file.read(last - self._starts[start]).splitlines()
        for line, code in zip(lines, self._codes[start:end], strict=True):
            if code in codes:
                yield self.decoded(line)

    @property
    def done(self) -> bool:
        """Whether all that was there at the last look has been read."""
        return self.read + len(self._rest) >= self.size

    @property
    def whole(self) -> bool:
        """Whether all of the file has been read from its first byte on, and ends with a whole line."""
        self.look()
        return self._start == 0 and self.read == self.size

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

    def decoded(self, line: bytes, number: int = 0) -> LogEvent:
        """Read an event; `number` is its line's, if that is known.

        Raises:
            EnvironmentTrouble: when it is none.
        """
        try:
            return _DECODE(line)
        except _BAD as error:
            raise EnvironmentTrouble(f"{self.path}:{number or len(self)} is no event: {error}") from error

    def event(self, index: int) -> LogEvent:
        """Give an event by its place."""
        known = self._recent.get(index)
        if known is None:
            self._file.seek(self._starts[index])
            known = self.decoded(self._file.readline())
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
