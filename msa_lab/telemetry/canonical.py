"""The canonical form of a log: one JSON line an event, the same bytes for the same run everywhere.

The hash of these bytes is the run's identity. Secret fields of records are masked before they get here.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from typing import Any

import msgspec

from msa_lab.sdk.memory import Change
from msa_lab.telemetry.events import LogEvent

MASK = "***"
_BATCH = 2048


class CanonicalWriter:
    """Encodes events in batches, hashes the bytes and hands them on to `write`."""

    def __init__(self, write: Callable[[bytes], object] | None = None) -> None:
        self._write = write
        self._encode = msgspec.json.Encoder(enc_hook=_plain, order="deterministic").encode_lines
        self._waiting: list[LogEvent] = []
        self._hash = hashlib.sha256()
        self.events = 0

    def take(self, event: LogEvent) -> None:
        """Add one event."""
        waiting = self._waiting
        waiting.append(event)
        if len(waiting) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Encode what waits."""
        if not self._waiting:
            return
        lines = self._encode(self._waiting)
        self.events += len(self._waiting)
        self._waiting.clear()
        self._hash.update(lines)
        if self._write is not None:
            self._write(lines)

    def digest(self) -> str:
        """Give the hash of all events so far, as hexadecimal SHA-256."""
        self.flush()
        return self._hash.hexdigest()


def _plain(value: Any) -> Any:  # noqa: ANN401 - the encoder's hook
    if isinstance(value, Change):
        after = value.after
        if after is not None and value.table.secret:
            after = dataclasses.replace(after, **dict.fromkeys(value.table.secret, MASK))
        return {"table": value.table.name, "key": value.key, "after": after}
    raise TypeError(f"{type(value).__name__} cannot be logged")
