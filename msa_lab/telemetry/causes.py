"""The why: from an event back along its causes to the fault that set it going."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from msa_lab.telemetry.events import LogEvent

Lookup = Callable[[int], LogEvent | None]
_LONGEST = 10_000
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Link:
    """One event of a chain in words."""

    event: LogEvent
    text: str


@dataclass(frozen=True, slots=True)
class Chain:
    """The story of an event, its own last: the links worth telling.

    `fault` is the id of what began it ('': none).
    """

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


_UNTOLD = frozenset({
    "call.received", "call.replied", "call.returned", "event.delivered", "event.published", "note",
    "shopper.started",
})  # fmt: skip


def describe(event: LogEvent) -> str:
    """Put an event into words."""
    detail = event.detail
    tell = _WORDS.get(event.kind)
    if tell is not None:
        return tell(event)
    told = ", ".join(f"{name} {value}" for name, value in detail.items() if isinstance(value, str | int))
    return f"{event.kind} {told}".rstrip()


def _by(detail: Mapping[str, Any]) -> str:
    return f" (fault {detail['fault']})" if detail.get("fault") else ""


def _commit(event: LogEvent) -> str:
    changed = []
    for change in event.detail["changes"]:
        stored = isinstance(change, dict)
        table, key = (change["table"], change["key"]) if stored else (change.table.name, change.key)
        changed.append(f"{table} {key}")
    more = " ..." if len(changed) > _SHOWN else ""
    return f"{event.service} committed {', '.join(changed[:_SHOWN])}{more}"


_WORDS: dict[str, Callable[[LogEvent], str]] = {
    "fault.started": lambda e: f"FAULT {e.detail['fault']}: {e.detail['kind']} on {e.detail['target']} began",
    "fault.healed": lambda e: f"fault {e.detail['fault']} is over, it touched {e.detail['touched']}",
    "fault.hit": lambda e: f"fault {e.detail['fault']} touched {e.detail['what']}",
    "message.dropped": lambda e: (
        f"the {e.detail['direction']} of {e.detail['operation']} was lost{_by(e.detail)}"
    ),
    "call.sent": lambda e: (
        f"{e.service} called {e.detail['operation']}"
        + (f", try {e.detail['attempt']}" if e.detail["attempt"] > 1 else "")
    ),
    "call.received": lambda e: f"{e.service} began {e.detail['operation']}",
    "call.replied": lambda e: f"{e.service} answered {e.detail['operation']}: {e.detail['outcome']}",
    "call.returned": lambda e: (
        f"{e.service} has the answer of {e.detail['operation']}: {e.detail['outcome']}"
    ),
    "call.failed": lambda e: (
        f"{e.service} got no answer from {e.detail['operation']}: {e.detail['reason']}{_by(e.detail)}"
    ),
    "call.retried": lambda e: f"{e.service} tried {e.detail['operation']} again (try {e.detail['attempt']})",
    "call.refused": lambda e: f"{e.service} refused {e.detail['operation']}: {e.detail['reason']}",
    "commit": _commit,
    "commit.failed": lambda e: f"{e.service} could not commit: {e.detail['reason']}",
    "event.recorded": lambda e: f"{e.service} recorded {e.detail['event']}",
    "event.published": lambda e: f"the broker took {e.detail['event']}",
    "event.delivered": lambda e: (
        f"{e.detail['group']} was handed {e.detail['event']}"
        + (f", try {e.detail['attempt']}" if e.detail["attempt"] > 1 else "")
    ),
    "event.lost": lambda e: f"{e.detail['event']} was lost: {e.detail['reason']}{_by(e.detail)}",
    "event.applied": lambda e: f"{e.detail['group']} applied {e.detail['event']}",
    "event.retried": lambda e: (
        f"{e.detail['group']} could not handle {e.detail['event']}: {e.detail['reason']}"
    ),
    "event.dead": lambda e: f"{e.detail['event']} died for {e.detail['group']}: {e.detail['reason']}",
    "event.skipped": lambda e: f"{e.detail['group']} knew {e.detail['event']} already",
    "shopper.started": lambda e: f"shopper {e.detail['shopper']} came: {e.detail['flow']}",
    "shopper.request": lambda e: f"a shopper asked for {e.detail['operation']}: {e.detail['outcome']}",
    "saga.started": lambda e: f"saga {e.detail['name']} began",
    "saga.step": lambda e: f"saga step {e.detail['step']} done",
    "saga.retried": lambda e: f"saga will try {e.detail['step']} again (try {e.detail['attempt']})",
    "saga.turned": lambda e: f"saga turned back at {e.detail['step']}: {e.detail['failure']}",
    "saga.undone": lambda e: f"saga step {e.detail['step']} undone",
    "saga.completed": lambda _: "saga completed",
    "saga.compensated": lambda e: f"saga compensated: all is undone, because of {e.detail['failure']}",
    "instance.crashed": lambda e: f"{e.instance} crashed{_by(e.detail)}",
    "instance.paused": lambda e: f"{e.instance} stands still{_by(e.detail)}",
    "instance.resumed": lambda e: f"{e.instance} goes on",
    "breaker.opened": lambda e: f"{e.service} opened its breaker for {e.detail['callee']}",
    "breaker.closed": lambda e: f"{e.service} closed its breaker for {e.detail['callee']}",
    "phase.started": lambda e: f"load phase {e.detail['phase']} began: {e.detail['flow']}",
    "phase.ended": lambda e: f"load phase {e.detail['phase']} ended",
    "run.ended": lambda e: f"the run ended{'' if e.detail.get('settled') else ', not all had settled'}",
    "expectation.violated": lambda e: f"{e.detail['expectation']} broken: {e.detail['observed']}",
}
