"""Finds the runs that were kept."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from msa_lab.errors import EnvironmentTrouble, UserMistake
from msa_lab.persistence.eventfile import event_at, events
from msa_lab.persistence.runfolder import EVENTS, RESULT
from msa_lab.telemetry.events import LogEvent

_ID = re.compile(r"[0-9a-z]{4,32}")
_KEYS = ("run", "scenario", "topology", "seed", "chaos", "started", "verdict", "exit", "expectations")


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A whole run on disk; `summary` is its run.json."""

    path: Path
    summary: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The run's id."""
        return self.path.name

    def events(self, *marks: bytes) -> Iterator[LogEvent]:
        """Give its events in order; with `marks` only those whose line holds one of them.

        Raises:
            EnvironmentTrouble: when the log cannot be read.
        """
        return events(self.path / EVENTS, *marks)

    def find(self, seq: int) -> LogEvent | None:
        """Find an event by its number."""
        return event_at(self.path / EVENTS, seq)


@dataclass(frozen=True, slots=True)
class RunStore:
    """The runs in one folder."""

    root: Path

    def ids(self) -> tuple[str, ...]:
        """Give the ids of what looks like a whole run, the newest first."""
        dated: list[tuple[int, str]] = []
        for path in self._folders():
            with contextlib.suppress(OSError):  # unfinished, or deleted meanwhile
                dated.append(((path / RESULT).stat().st_mtime_ns, path.name))
        return tuple(name for _, name in sorted(dated, reverse=True))

    def halves(self) -> tuple[str, ...]:
        """Give the ids of runs that were begun and never finished, sorted."""
        return tuple(
            path.name
            for path in self._folders()
            if (path / EVENTS).is_file() and not (path / RESULT).is_file()
        )

    def _folders(self) -> tuple[Path, ...]:
        try:
            return tuple(path for path in sorted(self.root.iterdir()) if _ID.fullmatch(path.name))
        except OSError:
            return ()

    def load(self, run: str) -> StoredRun:
        """Read a run's summary.

        Raises:
            EnvironmentTrouble: when it is missing or damaged.
        """
        path = self.root / run
        try:
            summary = msgspec.json.decode((path / RESULT).read_bytes())
        except OSError as error:
            raise EnvironmentTrouble(f"{path / RESULT} cannot be read: {error.strerror or error}") from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise EnvironmentTrouble(f"{path / RESULT} is damaged: {error}") from error
        if not isinstance(summary, dict) or any(key not in summary for key in _KEYS):
            raise EnvironmentTrouble(f"{path / RESULT} is damaged: it is no result of a run")
        return StoredRun(path, summary)

    def resolve(self, name: str | None) -> StoredRun:
        """Find a run by its id or the beginning of it; None is the newest that can be read.

        Raises:
            UserMistake: when there is none, or several begin so.
            EnvironmentTrouble: when it is damaged.
        """
        known = self.ids()
        if not known:
            raise UserMistake(
                f"there are no runs in {self.root}\n  play one:  msalab scenario checkout --chaos"
            )
        if name is None:
            return self._newest(known)
        found = [run for run in known if run == name] or [run for run in known if run.startswith(name)]
        if name and len(found) == 1:
            return self.load(found[0])
        from msa_lab.source import meant, quoted  # noqa: PLC0415 - heavy, and only for a mistake

        if not found or not name:
            guess = meant(name, known)
            raise UserMistake(
                f"there is no run {quoted(name)} in {self.root}{guess}\n  list them:  msalab runs list"
            )
        raise UserMistake(f"several runs begin with {quoted(name)}: {', '.join(sorted(found)[:8])}")

    def _newest(self, known: tuple[str, ...]) -> StoredRun:
        for run in known[:-1]:
            try:
                return self.load(run)
            except EnvironmentTrouble:
                continue
        return self.load(known[-1])

    def remove(self, run: str) -> None:
        """Delete a run's folder.

        Raises:
            EnvironmentTrouble: when the machine refuses.
        """
        path = self.root / run
        try:
            shutil.rmtree(path)
        except OSError as error:
            raise EnvironmentTrouble(f"{path} cannot be deleted: {error.strerror or error}") from error
