"""What happened when: counts and durations of a run in equal slices of time.

Slices are 100 ms long; each time the run outgrows them, two become one, so memory stays bounded.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Final, Self

import msgspec

from msa_lab.telemetry.events import LogEvent

SLICE: Final = 100_000
"""The first length of a slice in microseconds."""
_MOST: Final = 4096
_LARGEST: Final = 2**32 - 1


class SeriesRecord(msgspec.Struct, frozen=True):
    """A series as plain values; the numbers of an array are the bytes that it has in memory."""

    width: int
    origin: int
    counts: dict[str, bytes]
    samples: dict[str, dict[int, bytes]]


@dataclass(slots=True)
class Series:
    """Counts by name, and samples by name and slice.

    The names are `requests.SERVICE`, `failed.SERVICE`, `took.SERVICE` (samples, microseconds),
    `calls.SOURCE>TARGET`, `lost.SOURCE>TARGET` and `retries.SOURCE>TARGET` of links, `heard.SOURCE>TARGET`
    of events, and of the whole shop `request`, `request.failed`, `request.took`, `saga.started`,
    `saga.completed`, `saga.compensated`, `saga.took`, `retries`, `dropped`, `touched`, `dead`, `violated`.
    Slices are counted from `origin` on; nothing before it is asked for or told.
    """

    width: int = SLICE
    origin: int = 0
    counts: dict[str, array[int]] = field(default_factory=dict)
    samples: dict[str, dict[int, array[int]]] = field(default_factory=dict)
    _found: dict[str, tuple[int, tuple[tuple[str, str], ...]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @classmethod
    def recalled(cls, record: SeriesRecord) -> Self:
        """Make a series of what `record` gave, on the same kind of machine."""
        counts = {name: array("Q", row) for name, row in record.counts.items()}
        samples = {
            name: {slot: array("L", row) for slot, row in rows.items()}
            for name, rows in record.samples.items()
        }
        return cls(record.width, record.origin, counts, samples)

    def record(self) -> SeriesRecord:
        """Give all of it as plain values."""
        counts = {name: row.tobytes() for name, row in self.counts.items()}
        samples = {
            name: {slot: row.tobytes() for slot, row in rows.items()} for name, rows in self.samples.items()
        }
        return SeriesRecord(self.width, self.origin, counts, samples)

    def feed(self, event: LogEvent) -> None:
        """Take in the next event of the log."""
        fold = _FOLDS.get(event.kind)
        if fold is not None:
            fold(self, event)

    def add(self, name: str, t: int, count: int = 1) -> None:
        """Count what happened at `t`."""
        slot = (t - self.origin) // self.width
        if slot >= _MOST:
            slot = self._slot(t)
        row = self.counts.get(name)
        if row is None:
            row = self.counts[name] = array("Q")
        if len(row) <= slot:
            row.extend([0] * (slot + 1 - len(row)))
        row[slot] += count

    def sample(self, name: str, t: int, value: int) -> None:
        """Keep a duration in microseconds that was measured at `t`."""
        slot = (t - self.origin) // self.width
        if slot >= _MOST:
            slot = self._slot(t)
        rows = self.samples.get(name)
        if rows is None:
            rows = self.samples[name] = {}
        row = rows.get(slot)
        if row is None:
            row = rows[slot] = array("L")
        row.append(value if 0 <= value <= _LARGEST else min(max(value, 0), _LARGEST))

    def within(self, name: str, start: int, end: int) -> int:
        """Count what happened in the slices that begin from `start` on and before `end`."""
        row = self.counts.get(name)
        return sum(row[self._first(start) : self._first(end)]) if row is not None else 0

    def rate(self, name: str, start: int, end: int) -> float:
        """Give how often something happened a second between two instants."""
        return self.within(name, start, end) * 1e6 / (end - start) if end > start else 0.0

    def quantile(self, name: str, start: int, end: int, share: float) -> int | None:
        """Give the value that `share` of the samples do not exceed, by nearest rank; None without any."""
        rows = self.samples.get(name, {})
        values: list[int] = []
        for slot in range(self._first(start), self._first(end)):
            values.extend(rows.get(slot, ()))
        if not values:
            return None
        values.sort()
        return values[max(0, math.ceil(share * len(values)) - 1)]

    def curve(self, name: str, end: int, columns: int) -> list[int]:
        """Give the counts from the origin to `end` in so many equal columns."""
        edges = [self.origin + (end - self.origin) * column // columns for column in range(columns + 1)]
        return [self.within(name, low, high) for low, high in pairwise(edges)]

    def links(self, what: str) -> tuple[tuple[str, str], ...]:
        """Name the links with counts of a sort, `calls` or `heard`, in the order of their first use."""
        seen, links = self._found.get(what, (0, ()))
        if seen != len(self.counts):  # a name that is there stays
            prefix = f"{what}."
            found = [name.removeprefix(prefix) for name in self.counts if name.startswith(prefix)]
            links = tuple((link.partition(">")[0], link.partition(">")[2]) for link in found)
            self._found[what] = len(self.counts), links
        return links

    def _slot(self, t: int) -> int:
        while (t - self.origin) // self.width >= _MOST:
            self._halve()
        return (t - self.origin) // self.width

    def _first(self, t: int) -> int:
        return max(0, -((self.origin - t) // self.width))

    def _halve(self) -> None:
        self.width *= 2
        for name, row in self.counts.items():
            self.counts[name] = array("Q", [sum(row[slot : slot + 2]) for slot in range(0, len(row), 2)])
        for name, rows in self.samples.items():
            joined: dict[int, array[int]] = {}
            for slot, values in rows.items():
                joined.setdefault(slot // 2, array("L")).extend(values)
            self.samples[name] = joined


@lru_cache(maxsize=4096)
def service_of(instance: str) -> str:
    """Give the service of an instance: `payment` of `payment-2`."""
    return re.sub(r"-\d+$", "", instance)


def _owner(operation: object) -> str:
    return str(operation).partition(".")[0]


def _received(series: Series, event: LogEvent) -> None:
    series.add(f"requests.{event.service}", event.t)


def _sent(series: Series, event: LogEvent) -> None:
    series.add(f"calls.{event.service}>{service_of(str(event.detail['callee']))}", event.t)


def _returned(series: Series, event: LogEvent) -> None:
    callee = _owner(event.detail["operation"])
    series.sample(f"took.{callee}", event.t, event.detail["took"])
    series.sample(f"took.{event.service}>{callee}", event.t, event.detail["took"])


def _failed(series: Series, event: LogEvent) -> None:
    callee = _owner(event.detail["operation"])
    series.add(f"failed.{callee}", event.t)
    series.add(f"lost.{event.service}>{callee}", event.t)
    series.sample(f"took.{callee}", event.t, event.detail.get("took") or 0)
    series.sample(f"took.{event.service}>{callee}", event.t, event.detail.get("took") or 0)


def _retried(series: Series, event: LogEvent) -> None:
    series.add("retries", event.t)
    series.add(f"retries.{event.service}>{_owner(event.detail['operation'])}", event.t)


def _applied(series: Series, event: LogEvent) -> None:
    series.add(f"heard.{_owner(event.detail['event'])}>{event.service}", event.t)


def _asked(series: Series, event: LogEvent) -> None:
    series.add("request", event.t)
    series.sample("request.took", event.t, event.detail["took"])
    if str(event.detail["outcome"])[:1].isupper():
        series.add("request.failed", event.t)


def _ended(series: Series, event: LogEvent) -> None:
    series.add(event.kind, event.t)
    series.sample("saga.took", event.t, event.detail["took"])


def _counted(name: str) -> Callable[[Series, LogEvent], None]:
    return lambda series, event: series.add(name, event.t)


_FOLDS: Final[dict[str, Callable[[Series, LogEvent], None]]] = {
    "call.received": _received,
    "call.sent": _sent,
    "call.returned": _returned,
    "call.failed": _failed,
    "call.retried": _retried,
    "event.applied": _applied,
    "event.dead": _counted("dead"),
    "shopper.request": _asked,
    "saga.started": _counted("saga.started"),
    "saga.completed": _ended,
    "saga.compensated": _ended,
    "message.dropped": _counted("dropped"),
    "fault.hit": _counted("touched"),
    "expectation.violated": _counted("violated"),
}
KINDS: Final = frozenset(_FOLDS)
"""The kinds of events that are counted; all others change nothing."""
