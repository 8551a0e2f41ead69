"""The Events screen: which events are listed, found piece by piece however long the log, and one in full."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Final, Literal

import msgspec

from msa_lab.telemetry.causes import describe, trace_back
from msa_lab.telemetry.events import KINDS, LogEvent
from msa_lab.tui.feed.feed import Feed
from msa_lab.tui.feed.lines import Line, clipped, line
from msa_lab.tui.feed.livepage import HARD, event_style, is_trouble
from msa_lab.tui.feed.sight import Sight

Zoom = Literal["key", "normal", "all"]
ZOOMS: Final[tuple[Zoom, ...]] = ("all", "normal", "key")
_LEVELS: Final = {"all": ("key", "normal", "plumbing"), "normal": ("key", "normal"), "key": ("key",)}
_CHECK: Final = 64


class Listing:
    """The places of the events that pass a zoom and a filter; `advance` looks on through the log."""

    def __init__(
        self, feed: Feed, chosen: Callable[[LogEvent], bool] | None = None, zoom: Zoom = "all"
    ) -> None:
        self._feed = feed
        self._chosen = chosen
        self.zoom = zoom
        self.seen = 0
        self._found = array("Q")

    @property
    def everything(self) -> bool:
        """Whether nothing is left out, so that nothing need be looked for."""
        return self._chosen is None and self.zoom == "all"

    @property
    def ready(self) -> bool:
        """Whether all that was read of the log has been looked through."""
        return self.everything or self.seen >= len(self._feed.log)

    def __len__(self) -> int:
        return len(self._feed.log) if self.everything else len(self._found)

    def place(self, row: int) -> int:
        """Give the place in the log of a row."""
        return row if self.everything else self._found[row]

    def until(self, at: int) -> int:
        """Count the rows among the first `at` events."""
        return min(at, len(self)) if self.everything else bisect_left(self._found, at)

    def row_of(self, place: int) -> int:
        """Give the row of an event by its place, or the last one before it."""
        return max(0, place if self.everything else bisect_right(self._found, place) - 1)

    def advance(self, budget: float) -> int:
        """Look through the log for about `budget` seconds; give how many more were found."""
        if self.everything:
            return 0
        log = self._feed.log
        before = len(self._found)
        wanted = {log.code(kind) for kind, (weight, _) in KINDS.items() if weight in _LEVELS[self.zoom]}
        stop = time.perf_counter() + budget
        while self.seen < len(log):
            if self.seen % _CHECK == 0 and time.perf_counter() >= stop:
                break
            place = self.seen
            self.seen += 1
            if log.kind(place) in wanted and (self._chosen is None or self._chosen(log.event(place))):
                self._found.append(place)
        return len(self._found) - before


def trouble_in(feed: Feed) -> Callable[[int], bool]:
    """Give what tells whether the event at a place is trouble.

    That is: something broke, was hit by a fault, failed or was tried again.
    """
    log = feed.log
    codes = {log.code(kind) for kind, (_, words) in KINDS.items() if kind in HARD or "fault" in words}
    codes |= {log.code(kind) for kind in KINDS if kind.startswith(("fault.", "expectation.", "message."))}
    codes |= {log.code("call.failed")}
    return lambda place: log.kind(place) in codes and is_trouble(log.event(place))


def next_trouble(feed: Feed, at: int, step: int) -> int | None:
    """Give the place of the next trouble from the place `at` on (`step` 1), or before it (-1)."""
    places = range(at, len(feed.log)) if step > 0 else range(at - 1, -1, -1)
    return next(filter(trouble_in(feed), places), None)


def detail(sight: Sight, event: LogEvent, width: int, height: int) -> list[Line]:
    """Show one event in full: words, causes, then its details as JSON."""
    causes = trace_back(event.seq, sight.feed.find)[::-1][1:]
    chain = f" {sight.signs['left']} ".join(f"{it.seq} {it.kind}" for it in causes[:6])
    facts = (
        f"event {event.seq}", f"T+{event.t / 1e6:.6f}", event.kind, event.instance,
        f"saga {event.saga}" if event.saga else "", f"trace {event.trace}", f"lamport {event.lamport}",
    )  # fmt: skip
    lines = [
        line((describe(event), event_style(event) or "strong")),
        line(("  ".join(fact for fact in facts if fact), "dim")),
        line(("causes ", "dim"), chain or "none: it began by itself"),
    ]
    if height > len(lines) + 8:
        text = msgspec.json.format(
            msgspec.json.encode(event.detail, order="deterministic"), indent=2
        ).decode()
    else:
        text = msgspec.json.encode(event.detail, order="deterministic").decode()
    parts = [part for row in text.splitlines() for part in _cut(row, width)]
    lines += [line(part) for part in parts]
    return [clipped(row, width, sight.signs["dots"]) for row in lines[:height]]


def _cut(text: str, width: int) -> list[str]:
    return [text[start : start + width] for start in range(0, len(text), width)] or [""]
