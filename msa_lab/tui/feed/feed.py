"""All that the screens show, read from an event log: the log itself, any past moment, counts, markers."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_right, insort
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, Self

import msgspec

from msa_lab.telemetry import moment, series
from msa_lab.telemetry.events import LogEvent
from msa_lab.telemetry.moment import Beginning, Moment
from msa_lab.telemetry.sagas import Sagas, SagaView
from msa_lab.telemetry.series import Series, SeriesRecord
from msa_lab.tui.feed.logfile import LogFile, Places
from msa_lab.tui.feed.measured import Measured

_SNAPSHOTS: Final = 64
_EVERY: Final = 512
_PIECE: Final = 2048
MarkerKind = Literal["fault", "heal", "violation", "crash", "phase", "own"]
_MARKED: Final[dict[str, MarkerKind]] = {
    "fault.started": "fault", "fault.healed": "heal", "expectation.violated": "violation",
    "instance.crashed": "crash", "phase.started": "phase", "run.ended": "phase",
}  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Marker:
    """A place worth going to: after how many events, when, what it is and what it says."""

    at: int
    t: int
    kind: MarkerKind
    text: str


@dataclass(frozen=True, slots=True)
class Span:
    """When a fault acted; `end` is None while it does."""

    fault: str
    target: str
    start: int
    end: int | None = None


class Kept(msgspec.Struct, frozen=True):
    """A snapshot, but of its sagas only those that are not as in the snapshot before."""

    count: int
    moment: Moment
    sagas: list[SagaView]


class FeedRecord(msgspec.Struct, frozen=True):
    """All that a feed knows of a log that it has read whole, as plain values."""

    log: Places
    series: SeriesRecord
    markers: list[Marker]
    spans: list[Span]
    faults: dict[str, LogEvent]
    states: bytes
    every: int
    snapshots: list[Kept]
    sagas: list[str]
    lengths: bytes
    events: bytes


class Feed:
    """Reads a log in slices and answers for any moment of what it has read.

    A moment is folded from the nearest snapshot before it. There are at most 64 snapshots: when there are
    more, every other one is dropped and the next stand twice as far apart.
    """

    def __init__(self, path: Path, beginning: Beginning | None = None) -> None:
        """Open a log; without a `beginning` all of it is read."""
        begins = beginning or Beginning()
        self.start = begins.t
        self.log = LogFile(path, begins.place)
        self.series = Series(origin=begins.t)
        self.measured = Measured()
        self.markers: list[Marker] = []
        self.spans: list[Span] = []
        self.faults: dict[str, LogEvent] = {}
        self.latest = begins.moment.copy()
        self._states = array("Q")
        self._snapshots: list[tuple[int, Moment]] = [(0, begins.moment)]
        self._every = _EVERY
        self._sagas: dict[str, array[int]] = {}
        self._counted = 0
        self._asked: tuple[int, Moment] | None = None
        self.by_record = False

    @classmethod
    def recalled(cls, path: Path, record: FeedRecord) -> Self:
        """Open a log of which another feed gave the record: nothing is read again."""
        feed = cls(path)
        feed.log.recall(record.log)
        feed.series = Series.recalled(record.series)
        feed.markers, feed.spans, feed.faults = [*record.markers], [*record.spans], {**record.faults}
        feed._states.frombytes(record.states)
        feed._every = record.every
        views: dict[str, SagaView] = {}
        moments = []
        for kept in record.snapshots:
            views = {**views, **{view.id: view for view in kept.sagas}}
            moments.append((kept.count, replace(kept.moment, sagas=Sagas(views))))
        feed.latest = moments.pop()[1]
        feed._snapshots = moments
        own, at = array("Q", record.events), 0
        for saga, length in zip(record.sagas, array("Q", record.lengths), strict=True):
            feed._sagas[saga] = own[at : at + length]
            at += length
        feed._counted = len(feed.log)
        feed.by_record = True
        return feed

    def record(self) -> FeedRecord:
        """Give all that is known of a log that was read and counted whole, without the viewer's own marks."""
        snapshots = []
        before: Mapping[str, SagaView] = {}
        for count, shop in [*self._snapshots, (len(self._states), self.latest)]:
            views = shop.sagas.views
            changed = [view for name, view in views.items() if before.get(name) is not view]
            snapshots.append(Kept(count, replace(shop, sagas=Sagas()), changed))
            before = views
        events = array("Q")
        for own in self._sagas.values():
            events.extend(own)
        return FeedRecord(
            self.log.places(), self.series.record(), [it for it in self.markers if it.kind != "own"],
            self.spans, self.faults, self._states.tobytes(), self._every, snapshots, list(self._sagas),
            array("Q", map(len, self._sagas.values())).tobytes(), events.tobytes(),
        )  # fmt: skip

    @property
    def whole(self) -> bool:
        """Whether all of the log, from its first byte on, has been read and counted."""
        return self.log.whole and self._counted == len(self.log)

    @property
    def ready(self) -> bool:
        """Whether all of the log has been read, so that any moment can be gone to."""
        return self.log.done

    @property
    def counted(self) -> float:
        """How much of the log the rates and durations speak of, 0 to 1."""
        return self._counted / len(self.log) if len(self.log) else 1.0

    @property
    def settled(self) -> int:
        """The instant before which counts and durations do not change any more.

        It is a slice back: of several processes one may write a little late.
        """
        last = self.log.time(self._counted - 1) if self._counted else self.start
        return last - (last - self.start) % self.series.width - self.series.width

    @property
    def share(self) -> float:
        """How much of the log has been read, 0 to 1."""
        return min(1.0, self.log.read / self.log.size) if self.log.size else 1.0

    def after(self) -> Feed:
        """Give a feed of the file in which the log goes on, from what holds at the end of this one."""
        last = self.log.time(len(self.log) - 1) if len(self.log) else self.start
        return Feed(self.log.path, Beginning(0, last, self.latest.copy()))

    def advance(self, budget: float) -> int:
        """Read on for about `budget` seconds, then count on; give how many events came."""
        before = len(self.log)
        stop = time.perf_counter() + budget
        while not self.log.done:
            self._take()
            if time.perf_counter() >= stop:
                return len(self.log) - before
        while self._counted < len(self.log):
            self._measure()
            if time.perf_counter() >= stop:
                break
        return len(self.log) - before

    def _take(self) -> None:
        """Read a piece: where each event lies, which saga has it, and how the shop changes."""
        first = len(self.log)
        sagas, states = self._sagas, moment.KINDS
        for index, (line, head) in enumerate(self.log.more(), start=first):
            saga = head.saga
            if saga:
                own = sagas.get(saga)
                if own is None:
                    own = sagas[saga] = array("Q")
                own.append(index)
            if head.kind in states:
                self._change(self.log.decoded(line), index)

    def _change(self, event: LogEvent, index: int) -> None:
        if len(self._states) % self._every == 0 and len(self._states):
            self._keep()
        self._states.append(index)
        self.latest.feed(event)
        self._mark(event, index)

    def _measure(self) -> None:
        """Count a piece for the rates and durations."""
        end = min(len(self.log), self._counted + _PIECE)
        codes = {self.log.code(kind) for kind in series.KINDS}
        for event in self.log.events(self._counted, end, codes):
            self.series.feed(event)
        self._counted = end

    def _keep(self) -> None:
        if len(self._snapshots) >= _SNAPSHOTS:
            self._snapshots = self._snapshots[::2]
            self._every *= 2
        if len(self._states) % self._every == 0:
            self._snapshots.append((len(self._states), self.latest.copy()))

    def _mark(self, event: LogEvent, index: int) -> None:
        detail = event.detail
        if event.kind == "fault.started":
            self.faults[str(detail["fault"])] = event
            self.spans.append(Span(str(detail["fault"]), str(detail["target"]), event.t))
        elif event.kind == "fault.healed":
            self.spans = [
                Span(span.fault, span.target, span.start, event.t)
                if span.fault == detail["fault"] and span.end is None
                else span
                for span in self.spans
            ]
        kind = _MARKED.get(event.kind)
        if kind is not None:
            words = (str(detail[key]) for key in ("fault", "expectation", "entity", "phase") if key in detail)
            self.markers.append(Marker(index + 1, event.t, kind, " ".join(words) or event.instance))

    def mark(self, at: int, text: str) -> Marker | None:
        """Put a marker of the viewer's own after `at` events, or take it away again."""
        known = next((it for it in self.markers if it.at == at and it.kind == "own"), None)
        if known is not None:
            self.markers.remove(known)
            return None
        made = Marker(at, self.log.time(at - 1) if at else 0, "own", text)
        insort(self.markers, made)
        return made

    def moment(self, at: int) -> Moment:
        """Give the shop after `at` events."""
        if self._asked is not None and self._asked[0] == at and at < len(self.log):
            return self._asked[1]
        if at >= len(self.log):
            return self.latest
        count = bisect_right(self._states, at - 1) if at else 0
        nearest = bisect_right(self._snapshots, count, key=lambda kept: kept[0]) - 1
        base, known = self._snapshots[nearest]
        if self._asked is not None and base <= self._count(self._asked[0]) <= count:
            base, known = self._count(self._asked[0]), self._asked[1]
        folded = known.copy()
        for place in range(base, count):
            folded.feed(self.log.event(self._states[place]))
        self._asked = (at, folded)
        return folded

    def _count(self, at: int) -> int:
        return bisect_right(self._states, at - 1) if at else 0

    def saga_events(self, saga: str, at: int) -> list[LogEvent]:
        """Give the events of a saga among the first `at`."""
        own = self._sagas.get(saga, array("Q"))
        return [self.log.event(index) for index in own[: bisect_right(own, at - 1) if at else 0]]

    def find(self, seq: int) -> LogEvent | None:
        """Find an event by its number."""
        place = self.log.place(seq)
        return None if place is None else self.log.event(place)

    def next_marker(self, at: int, step: int) -> Marker | None:
        """Give the marker after (`step` 1) or before (-1) a position; None when there is none."""
        if step > 0:
            return next((marker for marker in self.markers if marker.at > at), None)
        return next((marker for marker in reversed(self.markers) if marker.at < at), None)
