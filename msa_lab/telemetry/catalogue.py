"""The names of all metrics of a shop: what each is, and what feeds it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

MetricKind = Literal["trend", "counter", "rate", "gauge"]
SAGA_MOVES: Final = (
    "saga.started",
    "saga.step",
    "saga.turned",
    "saga.undone",
    "saga.completed",
    "saga.compensated",
)
SAGA_ENDS: Final = ("saga.completed", "saga.compensated")
_REQUEST: Final = ("shopper.request",)


@dataclass(frozen=True, slots=True)
class MetricType:
    """A metric's name, what kind it is, what it says, and which kinds of log events feed it."""

    name: str
    kind: MetricKind
    purpose: str
    kinds: tuple[str, ...]
    unit: Literal["duration", "number"] = "number"


def catalogue(
    sagas: Iterable[str], operations: Iterable[str], groups: Iterable[str]
) -> Mapping[str, MetricType]:
    """Name all metrics of a shop with these sagas, operations and consumer groups."""
    found = [
        MetricType("call.sent", "counter", "tries of calls between services", ("call.sent",)),
        MetricType("call.failed", "counter", "tries of calls that brought no answer", ("call.failed",)),
        MetricType("call.retries", "counter", "calls tried again", ("call.retried",)),
        MetricType("call.refused", "counter", "requests that a service did not start", ("call.refused",)),
        MetricType("breaker.opened", "counter", "circuit breakers that opened", ("breaker.opened",)),
        MetricType("message.dropped", "counter", "messages that the network lost", ("message.dropped",)),
        MetricType("commit.failed", "counter", "transactions that did not commit", ("commit.failed",)),
        MetricType("event.recorded", "counter", "domain events that became facts", ("event.recorded",)),
        MetricType("event.applied", "counter", "domain events that a consumer took in", ("event.applied",)),
        MetricType("event.skipped", "counter", "duplicates that an inbox knew", ("event.skipped",)),
        MetricType("event.retried", "counter", "deliveries that failed and came again", ("event.retried",)),
        MetricType("event.lost", "counter", "domain events lost on their way", ("event.lost",)),
        MetricType("event.dead", "counter", "domain events in the dead letters", ("event.dead",)),
        MetricType("fault.touched", "counter", "what the faults touched", ("fault.hit",)),
        MetricType("instance.crashed", "counter", "instances that crashed", ("instance.crashed",)),
        MetricType("shopper.started", "counter", "shoppers who came", ("shopper.started",)),
        MetricType("shopper.open", "gauge", "shoppers in the shop", ("shopper.started", "shopper.ended")),
        MetricType(
            "shopper.done_rate", "rate", "share of visits that went as their flow says", ("shopper.ended",)
        ),
        *_requests("request", "requests"),
    ]
    for operation in operations:
        found += _requests(f"request.{operation}", f"requests for {operation}")
    for group in groups:
        name = f"event.{group}.lag"
        purpose = f"from fact to effect, for what {group} hears"
        found.append(MetricType(name, "trend", purpose, ("event.recorded", "event.applied"), "duration"))
    for saga in sagas:
        name = f"saga.{saga}"
        found += [
            MetricType(f"{name}.started", "counter", "sagas begun", ("saga.started",)),
            MetricType(f"{name}.completed", "counter", "sagas that reached their end", ("saga.completed",)),
            MetricType(f"{name}.compensated", "counter", "sagas undone whole", ("saga.compensated",)),
            MetricType(f"{name}.retries", "counter", "steps tried again", ("saga.retried",)),
            MetricType(f"{name}.open", "gauge", "sagas under way", ("saga.started", *SAGA_ENDS)),
            MetricType(f"{name}.stuck", "gauge", "open sagas without a step for 10 s", SAGA_MOVES),
            MetricType(
                f"{name}.duration", "trend", "from begin to end", ("saga.started", *SAGA_ENDS), "duration"
            ),
            MetricType(f"{name}.completed_rate", "rate", "share of ended sagas that completed", SAGA_ENDS),
        ]
    return {metric.name: metric for metric in sorted(found, key=lambda metric: metric.name)}


def _requests(name: str, what: str) -> list[MetricType]:
    return [
        MetricType(f"{name}.count", "counter", f"{what} of shoppers", _REQUEST),
        MetricType(
            f"{name}.duration", "trend", f"{what} of shoppers, until the answer", _REQUEST, "duration"
        ),
        MetricType(f"{name}.failed_rate", "rate", f"share of {what} that got no answer", _REQUEST),
        MetricType(f"{name}.refused_rate", "rate", f"share of {what} that the business refused", _REQUEST),
    ]


def failed(outcome: str) -> bool:
    """Tell whether an outcome of a request is a failure of the system: the class name of a `CallFailure`.

    'ok' is success; what begins with a small letter is the code of a domain error, an answer of the business.
    """
    return outcome[:1].isupper()
