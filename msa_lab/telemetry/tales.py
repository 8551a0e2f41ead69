"""The story of one saga: what of its events is worth telling, from what hurt it to how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msa_lab.telemetry.causes import Chain, Link, describe
from msa_lab.telemetry.events import LogEvent

_TOLD = frozenset({
    "call.failed", "call.refused", "call.retried", "message.dropped", "commit.failed", "event.lost",
    "event.retried", "event.dead", "event.skipped", "saga.started", "saga.step", "saga.turned", "saga.undone",
    "saga.completed", "saga.compensated", "fault.hit", "breaker.opened", "instance.crashed",
    "expectation.violated",
})  # fmt: skip
_CALM = frozenset({"saga.step", "saga.undone"})
_NEAR = 4


def tell(
    events: Iterable[LogEvent], faults: Mapping[str, LogEvent], *, until: int = 0, most: int = 14
) -> Chain:
    """Tell a saga's story from its own events, up to the number `until` (0: to the end).

    Steps that went well are left out between the trouble; of a long story the beginning and end are kept.
    What a lost reply hid, the commit before it, is told too. `faults` are the `fault.started` events by id.
    """
    known: dict[int, LogEvent] = {}
    told: list[LogEvent] = []
    for event in events:
        if until and event.seq > until:
            break
        known[event.seq] = event
        if event.kind == "message.dropped":
            told += [it for it in _hidden(event, known) if it not in told]
        if event.kind in _TOLD:
            told.append(event)
    hurt = [event.detail["fault"] for event in told if event.detail.get("fault")]
    if hurt:
        told = _around_trouble(told)
    links = [Link(event, describe(event)) for event in told]
    first = hurt[0] if hurt else ""
    if len(links) > most:
        links = [*links[: most // 2], *links[-(most - most // 2) :]]
    begun = [faults[name] for name in dict.fromkeys(hurt) if name in faults]
    return Chain((*(Link(event, describe(event)) for event in begun[:2]), *links), first)


def _hidden(dropped: LogEvent, known: Mapping[int, LogEvent]) -> list[LogEvent]:
    """Find the commit whose reply was lost, if it is near."""
    if dropped.detail.get("direction") != "reply":
        return []
    event: LogEvent | None = dropped
    for _ in range(_NEAR):
        event = known.get(event.cause) if event is not None else None
        if event is not None and event.kind == "commit":
            return [event]
    return []


def _around_trouble(told: list[LogEvent]) -> list[LogEvent]:
    """Leave out the steps that went well before the first trouble and those that nothing followed."""
    start = next((i for i, event in enumerate(told) if event.kind not in (*_CALM, "saga.started")), 0)
    before = [event for event in told[:start] if event.kind != "saga.step"] + told[max(0, start - 1) : start]
    kept = list(dict.fromkeys(event.seq for event in before))
    return [event for event in told[:start] if event.seq in kept] + told[start:]
