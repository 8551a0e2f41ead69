"""The event log of a running shop: two files of limited size, readable while the shop writes.

When `events.jsonl` is full it becomes `events.1.jsonl`, whose predecessor is deleted: the log holds the last
half of its limit at least and never takes more.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from msa_lab.errors import EnvironmentTrouble
from msa_lab.persistence.eventfile import event_at, events
from msa_lab.persistence.runfolder import EVENTS, refusal
from msa_lab.persistence.runs import StoredRun
from msa_lab.telemetry.events import LogEvent

OLDER = "events.1.jsonl"
LIMIT = 128 * 1024 * 1024
"""How many bytes both files may take."""

_TAIL = 1024 * 1024
_DECODER = msgspec.json.Decoder(LogEvent)


class ShopLog:
    """Writes the log. After the first refusal of the disk nothing more is written; `trouble` says why."""

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self.trouble: EnvironmentTrouble | None = None
        self._path = folder / EVENTS
        self._older = folder / OLDER
        self._half = limit // 2
        self.last = last_event(folder)
        self._size = 0
        self._file = self._open()

    def _open(self) -> int | None:
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            os.ftruncate(file, _whole(file))
            self._size = os.fstat(file).st_size
        except OSError as error:
            self.trouble = refusal(self._path, error)
            return None
        return file

    def append(self, lines: bytes) -> None:
        """Add whole lines."""
        if self._file is None:
            return
        try:
            if self._size and self._size + len(lines) > self._half:
                os.close(self._file)
                self._path.replace(self._older)
                self._file = self._open()
                if self._file is None:
                    return
            rest = memoryview(lines)
            while rest:
                rest = rest[os.write(self._file, rest) :]
            self._size += len(lines)
        except OSError as error:
            self.trouble = refusal(self._path, error)
            self.close()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.close(self._file)
            self._file = None


def _whole(file: int) -> int:
    """Give the length of a log without the half line that a killed supervisor left at its end."""
    size = os.fstat(file).st_size
    start = max(0, size - _TAIL)
    tail = os.pread(file, size - start, start)
    cut = tail.rfind(b"\n") + 1
    return start + cut if cut or not start else size


def last_event(folder: Path) -> LogEvent | None:
    """Find the last whole event; None when there is none."""
    for name in (EVENTS, OLDER):
        with contextlib.suppress(OSError), (folder / name).open("rb") as log:
            log.seek(max(0, log.seek(0, 2) - _TAIL))
            for line in reversed(log.read().split(b"\n")[:-1]):
                with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
                    return _DECODER.decode(line)
    return None


@dataclass(frozen=True, slots=True)
class LiveRun(StoredRun):
    """The event log of a running shop, read as that of a run; `path` is the log's folder."""

    @property
    def id(self) -> str:
        """The shop's name."""
        return self.path.parent.name

    def events(self, *marks: bytes) -> Iterator[LogEvent]:
        """Give what the log holds, in order; with `marks` only events whose line holds one of them."""
        for name in (OLDER, EVENTS):
            if (self.path / name).exists():
                yield from events(self.path / name, *marks)

    def follow(self, after: int) -> Iterator[LogEvent | None]:
        """Give the events with higher numbers as they are written; None whenever there is nothing new.

        Raises:
            EnvironmentTrouble: when the log cannot be read.
        """
        place, file = 0, -1
        while True:
            try:
                with (self.path / EVENTS).open("rb") as log:
                    number = os.fstat(log.fileno()).st_ino
                    place, file = (place if number == file else 0), number
                    log.seek(place)
                    for line in log:
                        if not line.endswith(b"\n"):
                            break
                        place += len(line)
                        event = _DECODER.decode(line)
                        if event.seq > after:
                            after = event.seq
                            yield event
            except FileNotFoundError:
                place = 0
            except OSError as error:
                raise EnvironmentTrouble(f"{self.path} cannot be read: {error.strerror or error}") from error
            yield None

    def find(self, seq: int) -> LogEvent | None:
        """Find an event by its number."""
        return event_at(self.path / EVENTS, seq) or event_at(self.path / OLDER, seq)
