"""Running shops as folders: who runs there, what is known of it, its data, logs and event log.

A folder is private (0700). Its supervisor holds a lock on a file in it for as long as it lives; the kernel
frees the lock of one that was killed, so whether a shop runs is never guessed from a process number.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from msa_lab.errors import EnvironmentTrouble, UserMistake
from msa_lab.persistence.runfolder import refusal

DEFAULT = "shop"
_PAUSE = 0.02
_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_PAST, _NOW, _PROCESSES, _TOKEN = "shop.json", "running.json", "processes.json", "token"
_DATA, _LOGS, _EVENTS = "data", "logs", "events"


@dataclass(frozen=True, slots=True)
class ShopFolder:
    """One shop's folder. It need not exist."""

    path: Path

    @property
    def name(self) -> str:
        """The shop's name."""
        return self.path.name

    @property
    def data(self) -> Path:
        """Databases and the broker's file: they outlive the processes."""
        return self.path / _DATA

    @property
    def logs(self) -> Path:
        """What the processes print."""
        return self.path / _LOGS

    @property
    def events(self) -> Path:
        """The event log's folder."""
        return self.path / _EVENTS

    def make(self) -> None:
        """Make the folder and what it holds.

        Raises:
            EnvironmentTrouble: when the machine refuses, or others may look into it.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.path.stat().st_mode & 0o077:
                self.path.chmod(0o700)
            for folder in (self.data, self.logs, self.events):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise refusal(self.path, error) from error

    # -- who runs -----------------------------------------------------------------------------------------

    def claim(self, tries: int = 10) -> int | None:
        """Take the lock for this process and its children by fork; None when a supervisor holds it.

        Whoever only asks holds it for an instant, so it is tried more than once.

        Raises:
            EnvironmentTrouble: when the machine refuses.
        """
        for _ in range(tries):
            lock = self._locked(fcntl.LOCK_EX)
            if lock is not None:
                return lock
            time.sleep(_PAUSE)
        return None

    @property
    def runs(self) -> bool:
        """Whether a supervisor lives."""
        if not (self.path / "lock").exists():
            return False
        lock = self._locked(fcntl.LOCK_SH)
        if lock is None:
            return True
        os.close(lock)
        return False

    def _locked(self, how: int) -> int | None:
        try:
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise refusal(self.path / "lock", error) from error
        try:
            fcntl.flock(lock, how | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        return lock

    # -- what is known ------------------------------------------------------------------------------------

    @property
    def past(self) -> Mapping[str, Any]:
        """What holds across starts: age, data, numbers given away. Empty for a new shop."""
        return self._read(_PAST) or {}

    def remember(self, past: Mapping[str, Any]) -> None:
        """Keep what holds across starts."""
        self._write(_PAST, past)

    @property
    def now(self) -> Mapping[str, Any] | None:
        """What the supervisor says of itself while it runs; left behind by one that was killed."""
        return self._read(_NOW)

    def say(self, now: Mapping[str, Any]) -> None:
        """Say where the shop is to be found."""
        self._write(_NOW, now)

    @property
    def processes(self) -> list[dict[str, Any]]:
        """The processes of the last start: name, pid, started."""
        return list((self._read(_PROCESSES) or {}).get("processes", ()))

    def list_processes(self, processes: list[dict[str, Any]]) -> None:
        """Keep who was started, for whoever has to clean up."""
        self._write(_PROCESSES, {"processes": processes})

    @property
    def token(self) -> str:
        """The control plane's token.

        Raises:
            EnvironmentTrouble: when it cannot be read.
        """
        try:
            return (self.path / _TOKEN).read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise EnvironmentTrouble(f"{self.path / _TOKEN} cannot be read: {error}") from error

    def set_token(self, token: str) -> None:
        """Keep the control plane's token."""
        self._put(_TOKEN, token.encode())

    def clear(self) -> None:
        """Forget the last start: nothing of it runs any more."""
        for name in (_NOW, _PROCESSES, _TOKEN):
            (self.path / name).unlink(missing_ok=True)

    def reset(self) -> None:
        """Delete the data, the logs and all that is known. Hold the lock.

        Raises:
            EnvironmentTrouble: when the machine refuses.
        """
        try:
            for folder in (self.data, self.logs, self.events):
                if folder.exists():
                    shutil.rmtree(folder)
            (self.path / _PAST).unlink(missing_ok=True)
        except OSError as error:
            raise EnvironmentTrouble(f"{self.path} cannot be emptied: {error.strerror or error}") from error

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            found = msgspec.json.decode((self.path / name).read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise EnvironmentTrouble(f"{self.path / name}: {error.strerror or error}") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise EnvironmentTrouble(f"{self.path / name} is damaged: {error}\n  msalab reset") from error
        return found if isinstance(found, dict) else None

    def _write(self, name: str, value: Mapping[str, Any]) -> None:
        self._put(name, msgspec.json.encode(value) + b"\n")

    def _put(self, name: str, content: bytes) -> None:
        """Write a private file so that it is there whole or not at all."""
        path, beside = self.path / name, self.path / f".{name}.part"
        try:
            beside.unlink(missing_ok=True)
            file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(file, "wb") as part:
                part.write(content)
            beside.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise refusal(path, error) from error


@dataclass(frozen=True, slots=True)
class ShopStore:
    """All shops of this user."""

    root: Path

    def named(self, name: str) -> ShopFolder:
        """Give the folder of a shop that may or may not exist.

        Raises:
            UserMistake: when no shop can have that name.
        """
        if not _NAME.fullmatch(name):
            from msa_lab.source import quoted  # noqa: PLC0415 - heavy, and only for a mistake

            raise UserMistake(
                f"no shop can be named {quoted(name)}\n  32 small letters, digits and -; first a letter"
            )
        return ShopFolder(self.root / name)

    def all(self) -> tuple[ShopFolder, ...]:
        """Give the shops there are, sorted by name."""
        return tuple(self._folders())

    def _folders(self) -> Iterator[ShopFolder]:
        with contextlib.suppress(OSError):
            for path in sorted(self.root.iterdir()):
                if _NAME.fullmatch(path.name) and (path / "lock").exists():
                    yield ShopFolder(path)

    def known(self, name: str) -> ShopFolder:
        """Give a shop that exists.

        Raises:
            UserMistake: when there is none of that name.
        """
        folder = self.named(name)
        if folder.path.is_dir():
            return folder
        from msa_lab.source import meant, quoted  # noqa: PLC0415 - heavy, and only for a mistake

        names = [known.name for known in self.all()]
        guess = meant(name, names)
        start = "msalab up" if name == DEFAULT else f"msalab up --name {name}"
        raise UserMistake(f"there is no shop {quoted(name)}{guess}\n  start it:  {start}")

    def standing(self, name: str) -> ShopFolder:
        """Give a shop that runs.

        Raises:
            UserMistake: when it does not.
        """
        folder = self.known(name)
        if not folder.runs:
            start = "msalab up" if name == DEFAULT else f"msalab up --name {name}"
            from msa_lab.source import quoted  # noqa: PLC0415 - heavy, and only for a mistake

            why = "" if folder.now is None else ": its supervisor was killed"
            raise UserMistake(f"shop {quoted(name)} is not running{why}\n  start it:  {start}")
        return folder
