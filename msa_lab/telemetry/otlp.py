"""A run's log as traces of OpenTelemetry, in the JSON form of OTLP (opentelemetry-proto 1.x, trace service).

A call is two spans, the caller's try (client) and what the callee did for it (server); a saga is one, under
the server span that began it and around the calls it makes; a delivery is a consumer's, under what recorded
its event. Commits, domain events, lost messages, breakers and steps of sagas are span events. What has not
ended when the log does has the attribute `msalab.unfinished`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from msa_lab.telemetry.events import LogEvent

BATCH: Final = 500
"""How many spans one request holds at most."""

Key = tuple[str, int | str]
"""What a span is of: a try of a call, a call's handling, a saga, a delivery."""

Ended = tuple[str, dict[str, Any]]
"""A service and its span."""

_INTERNAL, _SERVER, _CLIENT, _CONSUMER = 1, 2, 3, 5
_ERROR = 2
_TOLD: Final = (
    "attempt", "callee", "event", "expectation", "failure", "fault", "group", "id", "observed", "operation",
    "reason", "step",
)  # fmt: skip
"""Words of an event's detail that become attributes."""

_NOTED: Final = frozenset({
    "breaker.closed", "breaker.opened", "call.failed", "call.refused", "call.retried", "commit",
    "commit.failed", "event.recorded", "expectation.violated", "fault.hit", "message.dropped", "note",
    "saga.retried", "saga.step", "saga.turned", "saga.undone",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Begun:
    """What an event begins: the first of `around` that is known is the parent."""

    key: Key
    kind: int
    name: str
    around: tuple[Key, ...]


def _delivery(event: LogEvent) -> Key:
    return "delivery", f"{event.detail['id']}/{event.detail['group']}"


_BEGINS: Final[Mapping[str, Callable[[LogEvent], _Begun]]] = {
    "call.sent": lambda event: _Begun(
        ("try", event.detail["call"]), _CLIENT, event.detail["operation"],
        (("call", event.span), ("saga", event.saga)),
    ),
    "call.received": lambda event: _Begun(
        ("call", event.detail["call"]), _SERVER, event.detail["operation"], (("try", event.detail["call"]),)
    ),
    "saga.started": lambda event: _Begun(
        ("saga", event.saga), _INTERNAL, f"saga {event.detail['name']}", (("call", event.span),)
    ),
    "event.delivered": lambda event: _Begun(
        _delivery(event), _CONSUMER, event.detail["event"], (("recorded", event.detail["id"]),)
    ),
}  # fmt: skip

_ENDS: Final[Mapping[str, Callable[[LogEvent], tuple[Key, str]]]] = {
    "call.replied": lambda event: (("call", event.detail["call"]), event.detail["outcome"]),
    "call.returned": lambda event: (("try", event.detail["call"]), event.detail["outcome"]),
    # One without a number was not even sent: a breaker was open.
    "call.failed": lambda event: (("try", event.detail.get("call", 0)), event.detail["reason"]),
    "saga.completed": lambda event: (("saga", event.saga), "ok"),
    "saga.compensated": lambda event: (("saga", event.saga), event.detail["failure"]),
    "event.applied": lambda event: (_delivery(event), "ok"),
    "event.skipped": lambda event: (_delivery(event), "ok"),
    "event.retried": lambda event: (_delivery(event), event.detail["reason"]),
    "event.dead": lambda event: (_delivery(event), event.detail["reason"]),
}
"""What an event ends, and with which outcome; all but "ok" are errors."""


@dataclass(frozen=True, slots=True)
class _Place:
    trace: str
    id: str


@dataclass(frozen=True, slots=True)
class _Span(_Place):
    parent: str
    kind: int
    name: str
    service: str
    begins: int
    attributes: dict[str, Any]
    events: list[dict[str, Any]] = field(default_factory=list)


class Spans:
    """Folds a log's events, in their order, into spans."""

    def __init__(self, run: str, began: int) -> None:
        """Begin; ids come of the `run`'s name, and `began` is its start in nanoseconds since 1970."""
        self._run = run
        self._began = began
        self._open: dict[Key, _Span] = {}
        self._kept: dict[Key, _Place] = {}
        self._now = 0

    def feed(self, event: LogEvent) -> list[Ended]:
        """Take an event; give the spans that ended with it."""
        if event.kind == "run.started":  # of a shop that was started again: what was under way is lost
            return self.rest()
        self._now = event.t
        if event.kind in _BEGINS:
            self._begin(event, _BEGINS[event.kind](event))
            return []
        if event.kind in _ENDS:
            key, outcome = _ENDS[event.kind](event)
            if key in self._open:
                return [self._end(key, outcome)]
        if event.kind in _NOTED:
            self._note(event)
        return []

    def rest(self) -> list[Ended]:
        """Give what has not ended."""
        for span in self._open.values():
            span.attributes["msalab.unfinished"] = True
        return [self._end(key, "ok") for key in list(self._open)]

    def _begin(self, event: LogEvent, begun: _Begun) -> None:
        known = (self._open.get(key) or self._kept.get(key) for key in begun.around)
        above = next((place for place in known if place is not None), None)
        attributes = _told(event.detail)
        attributes |= {"service.instance.id": event.instance} if event.instance else {}
        attributes |= {"msalab.saga": event.saga} if event.saga else {}
        alone = ("trace", event.trace) if event.trace else begun.key
        self._open[begun.key] = _Span(
            trace=self._named(16, *alone) if above is None else above.trace,
            id=self._named(8, *begun.key, event.seq),  # a delivery comes again under the same key
            parent="" if above is None else above.id,
            kind=begun.kind,
            name=begun.name,
            service=event.service,
            begins=event.t,
            attributes=attributes,
        )
        if event.kind == "saga.started":  # what comes of it afterwards still belongs to it
            self._kept[begun.key] = self._open[begun.key]

    def _note(self, event: LogEvent) -> None:
        """Keep an event with the span it happened in: a try, a call's handling or a saga."""
        keys: tuple[Key, ...] = (
            ("try", event.detail.get("call", 0)),
            ("call", event.span),
            ("saga", event.saga),
        )
        span = next((self._open[key] for key in keys if key in self._open), None)
        if span is None:
            return
        if event.kind == "event.recorded":
            self._kept["recorded", event.detail["id"]] = _Place(span.trace, span.id)
        noted = {"timeUnixNano": self._nano(event.t), "name": event.kind}
        span.events.append({**noted, "attributes": _attributes(_told(event.detail))})

    def _end(self, key: Key, outcome: str) -> Ended:
        span = self._open.pop(key)
        return span.service, {
            "traceId": span.trace,
            "spanId": span.id,
            "parentSpanId": span.parent,
            "name": span.name,
            "kind": span.kind,
            "startTimeUnixNano": self._nano(span.begins),
            "endTimeUnixNano": self._nano(self._now),
            "attributes": _attributes(span.attributes),
            "events": span.events,
            "status": {} if outcome == "ok" else {"code": _ERROR, "message": outcome},
        }

    def _named(self, size: int, *words: int | str) -> str:
        """Give an id that is the same whenever the same log is read."""
        text = ":".join(map(str, (self._run, *words)))
        return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()

    def _nano(self, t: int) -> str:
        return str(self._began + t * 1000)


def requests(
    run: str, began: int, events: Iterable[LogEvent], summary: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Give a run's spans as bodies for an OTLP collector's `/v1/traces`, each by itself.

    `began` is the run's start in nanoseconds since 1970; scenario, topology, seed and mode of the `summary`
    are told of every service.
    """
    words = ("scenario", "topology", "seed", "mode")
    common = {f"msalab.{word}": summary[word] for word in words if word in summary}
    held: dict[str, list[dict[str, Any]]] = {}
    for count, (service, span) in enumerate(_ended(Spans(run, began), events), start=1):
        held.setdefault(service, []).append(span)
        if count % BATCH == 0:
            yield _body(held, {"msalab.run": run, **common})
            held.clear()
    if held:
        yield _body(held, {"msalab.run": run, **common})


def _ended(spans: Spans, events: Iterable[LogEvent]) -> Iterator[Ended]:
    for event in events:
        yield from spans.feed(event)
    yield from spans.rest()


def _body(held: Mapping[str, list[dict[str, Any]]], common: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes({"service.name": service, **common})},
                "scopeSpans": [{"scope": {"name": "msalab"}, "spans": ended}],
            }
            for service, ended in held.items()
        ]
    }


def _told(detail: Mapping[str, Any]) -> dict[str, Any]:
    return {word: detail[word] for word in _TOLD if detail.get(word) not in (None, "")}


def _attributes(words: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in words.items()]


def _value(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any plain value
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}  # 64 bits do not fit a number of JSON
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"stringValue": str(value)}
