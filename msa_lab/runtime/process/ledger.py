"""The one log of all processes: events numbered in an order in which causes come first."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Mapping, Sequence

from msa_lab.runtime.hosting import OWN
from msa_lab.runtime.process.journal import Told
from msa_lab.runtime.process.records import Records
from msa_lab.sdk.spec import ServiceSpec
from msa_lab.telemetry.log import EventLog


class Ledger:
    """Takes events from all processes as they come and hands them to the log in order.

    Events are sorted by their instant, then by their logical clock. A process writes an event down before
    anything can follow from it elsewhere, so all causes of what was told by an instant are there when whoever
    told them was read once more after it.
    """

    def __init__(
        self, log: EventLog, specs: Sequence[ServiceSpec], *, after: int = -1, remember: int | None = None
    ) -> None:
        """Continue a log whose last event was at the instant `after`.

        What is told again from before was logged before. At least the last `remember` events are known by
        their ids; None: all, as long as the ledger lives.
        """
        self._log = log
        self._after = after
        self._remember = remember
        self._records: Mapping[str, Records] = {spec.name: Records(spec, OWN) for spec in specs}
        self._waiting: list[tuple[int, int, int, Told]] = []
        self._numbers: dict[int, int] = {}
        self._older: dict[int, int] = {}
        self._arrived: dict[int, None] = {}
        self._last = 0
        self._over = False
        self.some_wait = asyncio.Event()

    def take(self, events: Sequence[Told]) -> None:
        """Take events; what a restarted process tells again is known by its id."""
        self.some_wait.set()
        for event in () if self._over else events:
            number = event[0]
            if event[1] > self._after and not self._knows(number):
                self._arrived[number] = None
                heapq.heappush(self._waiting, (event[1], event[9], number, event))

    def _knows(self, number: int) -> bool:
        return number in self._numbers or number in self._arrived or number in self._older

    def end(self, last: Told) -> None:
        """Log a last event. What is still waiting happened after all that was judged and is no part of it."""
        self._waiting.clear()
        self._arrived.clear()
        self.take([last])
        self.release(last[1])
        self._over = True

    def release(self, until: int) -> None:
        """Log what happened up to an instant; `some_wait` is set while there is more."""
        while self._waiting and self._waiting[0][0] <= until:
            _, _, number, event = heapq.heappop(self._waiting)
            del self._arrived[number]
            _, t, kind, service, instance, saga, trace, span, cause, lamport, detail = event
            self._last = max(self._last, t)
            if kind == "commit":
                records = self._records[service]
                detail = {"changes": [records.change(told) for told in detail["changes"]]}
            self._numbers[number] = self._log.emit(
                kind,
                self._last,
                service,
                instance,
                saga,
                trace,
                span,
                self._numbers.get(cause) or self._older.get(cause, 0),
                lamport,
                detail,
            )
            if self._remember is not None and len(self._numbers) >= self._remember:
                self._older, self._numbers = self._numbers, {}
        if not self._waiting:
            self.some_wait.clear()
