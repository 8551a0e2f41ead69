"""The events worth telling, the newest first; of what happens all the time under a fault, how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from msa_lab.telemetry.causes import describe
from msa_lab.telemetry.events import LogEvent
from msa_lab.tui.feed import livepage
from msa_lab.tui.feed.lines import Line, Span, columns
from msa_lab.tui.feed.sight import Sight

_TOLD: Final = (
    "fault.started", "fault.healed", "expectation.violated", "saga.compensated", "event.dead",
    "instance.crashed", "instance.paused", "instance.resumed", "breaker.opened", "breaker.closed",
    "steady.failed", "phase.started", "run.ended",
)  # fmt: skip
_FOLDED: Final = {
    "message.dropped": "lost", "event.lost": "events lost", "call.failed": "failed",
    "call.refused": "refused", "commit.failed": "not committed", "call.retried": "retried",
    "saga.retried": "retried", "event.retried": "retried", "saga.turned": "turned back",
}  # fmt: skip
"""Kinds that are counted, not told one by one; in the order of what follows from what."""
_WORDS: Final = tuple(dict.fromkeys(_FOLDED.values()))
_FAR: Final = 100_000


@dataclass(frozen=True, slots=True)
class Told:
    """An event, or the newest one of several that are only counted: by word, in the order of `_WORDS`."""

    event: LogEvent
    counts: tuple[int, ...] = ()

    @property
    def several(self) -> bool:
        """Whether it stands for more than its event."""
        return sum(self.counts) > 1


def key_events(sight: Sight, most: int, since: int = 0) -> list[Told]:
    """Give the last events worth telling since a place: faults, what broke, moves of sagas, crashes.

    Lost messages, failed calls and new tries between two of these are told as one.
    """
    log = sight.feed.log
    known = {log.code(kind): -1 for kind in _TOLD}
    known |= {log.code(kind): _WORDS.index(word) for kind, word in _FOLDED.items()}
    known.pop(-1, None)  # what the log has none of
    found: list[Told] = []
    newest, counts = -1, [0] * len(_WORDS)
    place = sight.at
    while place > since and len(found) < most and sight.at - place < _FAR:
        place -= 1
        word = known.get(log.kind(place))
        if word is None:
            continue
        if word >= 0:
            newest = place if newest < 0 else newest
            counts[word] += 1
            continue
        if newest >= 0:
            found.append(Told(log.event(newest), tuple(counts)))
            newest, counts = -1, [0] * len(_WORDS)
        found.append(Told(log.event(place)))
    if newest >= 0:
        found.append(Told(log.event(newest), tuple(counts)))
    return found[:most]


def joined(newer: Sequence[Told], older: Sequence[Told], most: int) -> list[Told]:
    """Put what came since before what was known; what is counted on both sides becomes one."""
    if newer and older and newer[-1].counts and older[0].counts:
        both = tuple(map(sum, zip(newer[-1].counts, older[0].counts, strict=True)))
        newer, older = [*newer[:-1], Told(newer[-1].event, both)], older[1:]
    return [*newer, *older][:most]


def key_row(sight: Sight, told: Told, width: int) -> Line:
    """Draw what is told in one line: time, sign, the saga if it is about one, words."""
    event = told.event
    if width >= livepage.KIND_FITS and not told.several:
        return livepage.event_row(sight, event, width)
    style, sign = livepage.signed(event)
    if told.several:
        style, sign = "warn", "*"
    first = 7 if width < livepage.KIND_FITS else 8
    room = max(4, width - first - 3)
    if told.several:
        parts = [f"{count} {word}" for count, word in zip(told.counts, _WORDS, strict=True) if count]
        words = ", ".join(parts) if len(", ".join(parts)) <= room else " ".join(parts)
    else:
        words = _in_short(event)
        words = f"{event.saga} {words}" if event.saga else words
    cells: list[Span] = [(f"{event.t / 1e6:.3f}", "dim"), (sign, style), (words, style)]
    return columns([cells], [first, 1, room], right=(0,))[0]


def _in_short(event: LogEvent) -> str:
    """Tell an event beside its saga, so that what it is about is not cut."""
    detail = event.detail
    if event.kind == "expectation.violated":  # its sign and colour say that it broke
        return f"{detail['expectation']}: {detail['observed']}"
    if event.kind == "saga.compensated":
        return f"undone: {detail['failure']}"
    return describe(event)


def is_trouble(told: Told) -> bool:
    """Tell whether something broke, was hit by a fault, failed or was tried again."""
    return told.several or livepage.is_trouble(told.event)
