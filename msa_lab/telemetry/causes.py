"""The why: from an event back along its causes to the fault that set it going."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from msa_lab.telemetry.events import LogEvent

Lookup = Callable[[int], LogEvent | None]
_LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class Link:
    """One event of a chain in words."""

    event: LogEvent
    text: str


@dataclass(frozen=True, slots=True)
class Chain:
    """The story of an event, its own last: the links worth telling. `fault` is the id of what began it ('': none)."""

    links: tuple[Link, ...]
    fault: str


def trace_back(seq: int, lookup: Lookup) -> list[LogEvent]:
    """Give the event and its causes, the first cause first. A chain is finite: causes have lower numbers."""
    found: list[LogEvent] = []
    while seq and len(found) < _LONGEST:
        event = lookup(seq)
        if event is None:
            break
        found.append(event)
        seq = event.cause if event.cause < event.seq else 0
    return found[::-1]


def explain(seq: int, lookup: Lookup, faults: Mapping[str, LogEvent], most: int = 12) -> Chain:
    """Tell the story that led to an event: faults, failures, retries, steps and commits on the way.

    `faults` gives the `fault.started` event of each fault id. When the chain is longer than `most`, its
    beginning and end are kept: what hurt, and what broke.
    """
    events = trace_back(seq, lookup)
    hurt = next((event.detail["fault"] for event in events if event.detail.get("fault")), "")
    told = [event for event in events if event.kind not in _UNTOLD]
    if events and (not told or told[-1].seq != events[-1].seq):
        told.append(events[-1])
    start = next((index for index, event in enumerate(told) if event.detail.get("fault")), 0)
    told = told[max(0, start - 1) :]
    links = [Link(event, describe(event)) for event in told]
    if hurt and hurt in faults:
        links.insert(0, Link(faults[hurt], describe(faults[hurt])))
    if len(links) > most:
        half = most // 2
        links = [*links[:half], *links[-half:]]
    return Chain(tuple(links), hurt)


_UNTOLD = frozenset({"call.received", "call.replied", "call.returned", "event.delivered", "event.published", "note",
                     "shopper.started"})  # fmt: skip


def describe(event: LogEvent) -> str:
    """Put an event into words."""
    detail = event.detail
    tell = _WORDS.get(event.kind)
    if tell is not None:
        return tell(event, detail)
    told = ", ".join(f"{name} {value}" for name, value in detail.items() if isinstance(value, str | int))
    return f"{event.kind} {told}".rstrip()


def _by(detail: Mapping[str, Any]) -> str:
    return f" (fault {detail['fault']})" if detail.get("fault") else ""


def _commit(event: LogEvent, detail: Mapping[str, Any]) -> str:
    changed = []
    for change in detail["changes"]:
        table, key = (
            (change["table"], change["key"]) if isinstance(change, dict) else (change.table.name, change.key)
        )
        changed.append(f"{table} {key}")
    return f"{event.service} committed {', '.join(changed[:3])}{' …' if len(changed) > 3 else ''}"  # noqa: PLR2004 - three fit


_WORDS: dict[str, Callable[[LogEvent, Mapping[str, Any]], str]] = {
    "fault.started": lambda e, d: f"FAULT {d['fault']}: {d['kind']} on {d['target']} began",
    "fault.hit": lambda e, d: f"fault {d['fault']} touched {d['what']}",
    "message.dropped": lambda e, d: f"the {d['direction']} of {d['operation']} was lost{_by(d)}",
    "call.sent": lambda e, d: (
        f"{e.service} called {d['operation']}" + (f", try {d['attempt']}" if d["attempt"] > 1 else "")
    ),
    "call.failed": lambda e, d: f"{e.service} got no answer from {d['operation']}: {d['reason']}{_by(d)}",
    "call.retried": lambda e, d: f"{e.service} tried {d['operation']} again (try {d['attempt']})",
    "call.refused": lambda e, d: f"{e.service} refused {d['operation']}: {d['reason']}",
    "commit": _commit,
    "commit.failed": lambda e, d: f"{e.service} could not commit: {d['reason']}",
    "event.recorded": lambda e, d: f"{e.service} recorded {d['event']}",
    "event.lost": lambda e, d: f"{d['event']} was lost: {d['reason']}{_by(d)}",
    "event.applied": lambda e, d: f"{d['group']} applied {d['event']}",
    "event.retried": lambda e, d: f"{d['group']} could not handle {d['event']}: {d['reason']}",
    "event.dead": lambda e, d: f"{d['event']} died for {d['group']}: {d['reason']}",
    "saga.step": lambda e, d: f"saga step {d['step']} done",
    "saga.turned": lambda e, d: f"saga turned back at {d['step']}: {d['failure']}",
    "saga.undone": lambda e, d: f"saga step {d['step']} undone",
    "instance.crashed": lambda e, d: f"{e.instance} crashed{_by(d)}",
    "breaker.opened": lambda e, d: f"{e.service} opened its breaker for {d['callee']}",
    "expectation.violated": lambda e, d: f"{d['expectation']} broken: {d['observed']}",
}
