"""One event of the log, and the names of all kinds of events."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

Importance = Literal["key", "normal", "plumbing"]


class LogEvent(msgspec.Struct, frozen=True, gc=False):
    """Something that happened in a run.

    `t` is in microseconds since the start; `cause` is the `seq` of the event that led to this one (0: none).
    `detail` holds plain values, records and changes; it is never altered after the event was logged.
    """

    seq: int
    t: int
    kind: str
    service: str = ""
    instance: str = ""
    saga: str = ""
    trace: int = 0
    span: int = 0
    cause: int = 0
    lamport: int = 0
    importance: Importance = "normal"
    detail: dict[str, Any] = {}


KINDS: Final[dict[str, tuple[Importance, str]]] = {
    "run.started": ("key", "the run began"),
    "run.ended": ("key", "the run ended"),
    "phase.started": ("key", "a load phase began: phase, flow, rate"),
    "phase.ended": ("key", "a load phase ended: phase"),
    "instance.started": ("key", "an instance serves: incarnation"),
    "instance.crashed": ("key", "an instance stopped between two awaits: incarnation"),
    "instance.paused": ("key", "an instance stands still"),
    "instance.resumed": ("key", "an instance goes on"),
    "call.sent": ("plumbing", "a try of a call left the caller: operation, callee, attempt, call"),
    "call.received": ("plumbing", "a request was started by the callee: operation, call"),
    "call.replied": ("plumbing", "the callee answered: operation, call, outcome"),
    "call.returned": ("plumbing", "the caller got the answer: operation, call, outcome, took"),
    "call.failed": ("normal", "a try brought no answer: operation, call, reason, definite, took"),
    "call.retried": ("normal", "the caller will try again: operation, attempt, pause"),
    "call.refused": ("normal", "the callee did not start the request: operation, reason"),
    "breaker.opened": ("normal", "a circuit breaker opened: callee"),
    "breaker.closed": ("normal", "a circuit breaker closed: callee"),
    "message.dropped": ("normal", "the network lost a request or a reply: operation, direction, fault"),
    "commit": ("normal", "a transaction committed: changes"),
    "commit.failed": ("normal", "a transaction did not commit: reason"),
    "event.recorded": ("key", "a domain event became a fact with its commit: event, id, key, topic, data"),
    "event.published": ("plumbing", "the broker took a domain event: event, id"),
    "event.lost": ("normal", "a domain event was lost on its way: event, id, reason"),
    "event.delivered": ("plumbing", "a consumer was handed a domain event: event, id, group, attempt"),
    "event.applied": ("key", "a consumer's final commit for a domain event: event, id, group, lag"),
    "event.skipped": ("normal", "the inbox knew the domain event already: event, id, group"),
    "event.retried": ("normal", "a delivery failed and will be repeated: event, id, group, attempt, reason"),
    "event.dead": ("key", "a domain event went to the dead letters: event, id, group, reason"),
    "saga.started": ("key", "a saga began: name, step"),
    "saga.step": ("key", "a step of a saga succeeded: name, step"),
    "saga.retried": ("normal", "a step of a saga will be tried again: name, step, attempt"),
    "saga.turned": ("key", "a saga turned to compensation: name, step, failure"),
    "saga.undone": ("key", "a step of a saga was compensated: name, step"),
    "saga.completed": ("key", "a saga reached its end: name, took"),
    "saga.compensated": ("key", "a saga was undone whole: name, took, failure"),
    "fault.started": ("key", "a fault began: fault, kind, target; by hand: line"),
    "fault.hit": ("normal", "a fault touched something: fault, what"),
    "fault.healed": ("key", "a fault ended: fault, touched"),
    "shopper.started": ("plumbing", "a shopper came: shopper, flow, phase"),
    "shopper.request": ("plumbing", "a shopper's request was answered: operation, outcome, took, phase"),
    "shopper.ended": ("normal", "a shopper left: shopper, flow, phase, outcome, step, reason"),
    "steady.failed": ("key", "the steady state did not hold before the faults: check"),
    "expectation.violated": ("key", "an expectation broke: expectation, entity, observed"),
    "note": ("plumbing", "a service left a note: message"),
}
"""Every kind of event with its importance and what it says; `detail` holds the words after the colon."""
