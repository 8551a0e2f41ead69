"""Writes one run's folder: the log as it grows, then the result. A disk that refuses never stops a run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from msa_lab.errors import EnvironmentTrouble
from msa_lab.persistence.eventfile import event_at
from msa_lab.telemetry.events import LogEvent

EVENTS = "events.jsonl"
RESULT = "run.json"
LOCK = "scenario.lock.yaml"
INDEX = "events.index"
"""What the view knows of a long log; it can be made again from the log at any time."""
_TRIES = 64


class RunFolder:
    """One run's files. Nobody else writes in this folder: it was made for this run alone.

    After the first refusal of the disk nothing more is written; `trouble` says what it was.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trouble: EnvironmentTrouble | None = None
        self._log: int | None = None
        self._good = 0

    @classmethod
    def create(cls, root: Path, name: Callable[[], str]) -> RunFolder:
        """Make a new folder below `root`, with the first of the names that is free.

        Raises:
            EnvironmentTrouble: when the machine refuses.
        """
        try:
            root.mkdir(parents=True, exist_ok=True)
            for _ in range(_TRIES):
                path = root / name()
                with contextlib.suppress(FileExistsError):
                    path.mkdir()
                    return cls(path)
        except OSError as error:
            raise refusal(root, error) from error
        raise EnvironmentTrouble(f"{root} has no free name left for a run")

    @property
    def run(self) -> str:
        """The run's id."""
        return self.path.name

    @property
    def events(self) -> Path:
        """The event log."""
        return self.path / EVENTS

    def append(self, lines: bytes) -> None:
        """Add lines to the event log; what the disk refuses is kept in `trouble`."""
        if self.trouble is not None:
            return
        try:
            if self._log is None:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
                self._log = os.open(self.events, flags, 0o666)
            rest = memoryview(lines)
            while rest:
                rest = rest[os.write(self._log, rest) :]
            self._good += len(lines)
        except OSError as error:
            self.trouble = refusal(self.events, error)
            self._close()
            with contextlib.suppress(OSError):  # no half line stays behind
                os.truncate(self.events, self._good)

    def find(self, seq: int) -> LogEvent | None:
        """Find a written event by its number."""
        return event_at(self.events, seq)

    def finish(self, summary: Mapping[str, Any], files: Mapping[str, str]) -> Sequence[str]:
        """Keep further files, then the summary: a folder with a summary is whole. Give what was written.

        Raises:
            EnvironmentTrouble: when the disk refuses, now or before.
        """
        self.append(b"")
        self._close()
        if self.trouble is not None:
            raise self.trouble
        result = msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n"
        written = [str(self.events)]
        contents = {**{name: text.encode() for name, text in files.items()}, RESULT: result}
        for name, content in contents.items():
            path = self.path / name
            try:
                replace_file(path, content)
            except OSError as error:
                self.trouble = refusal(path, error)
                raise self.trouble from error
            written.append(str(path))
        return written

    def planned(self, files: Sequence[str]) -> tuple[str, ...]:
        """Name what `finish` will write."""
        return tuple(str(self.path / name) for name in (EVENTS, *files, RESULT))

    def _close(self) -> None:
        if self._log is not None:
            with contextlib.suppress(OSError):
                os.close(self._log)
            self._log = None


def refusal(path: Path, error: OSError) -> EnvironmentTrouble:
    """Say which file the machine refused, and why."""
    return EnvironmentTrouble(f"{path} cannot be written: {error.strerror or error}")


def replace_file(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
