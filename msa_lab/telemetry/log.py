"""The event log of a run while it happens: numbers events and hands each to those who want its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

from msa_lab.telemetry.canonical import CanonicalWriter
from msa_lab.telemetry.events import KINDS, LogEvent

Level = Literal["all", "normal", "key"]
_LEVELS = {"all": ("key", "normal", "plumbing"), "normal": ("key", "normal"), "key": ("key",)}

Listener = Callable[[LogEvent], object]


class EventLog:
    """Where hosts put events. Kinds that nobody wants cost one look-up and make no event.

    `level` says what is written: all events, no plumbing, or key events only. Listeners get the kinds they
    asked for whatever the level.
    """

    def __init__(self, writer: CanonicalWriter | None = None, level: Level = "all") -> None:
        self.seq = 0
        self.writer = writer
        wanted = _LEVELS[level] if writer is not None else ()
        self._takers: dict[str, tuple[Listener, ...]] = {
            kind: (writer.take,) if writer is not None and importance in wanted else ()
            for kind, (importance, _) in KINDS.items()
        }

    def listen(self, kinds: Iterable[str], listener: Listener) -> None:
        """Hand events of these kinds to a listener, after those who listened before."""
        for kind in kinds:
            self._takers[kind] = (*self._takers[kind], listener)

    def wants(self, kind: str) -> bool:
        """Tell whether anybody takes events of a kind; ask before preparing costly details."""
        return bool(self._takers[kind])

    def emit(
        self,
        kind: str,
        t: int,
        service: str = "",
        instance: str = "",
        saga: str = "",
        trace: int = 0,
        span: int = 0,
        cause: int = 0,
        lamport: int = 0,
        detail: dict[str, Any] | None = None,
    ) -> int:
        """Log an event and give its number; give `cause` back when nobody wants it, so that chains hold."""
        takers = self._takers[kind]
        if not takers:
            return cause
        self.seq += 1
        event = LogEvent(
            self.seq,
            t,
            kind,
            service,
            instance,
            saga,
            trace,
            span,
            cause,
            lamport,
            KINDS[kind][0],
            detail or {},
        )
        for take in takers:
            take(event)
        return self.seq
