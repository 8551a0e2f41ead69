"""The names that faults may use: services, operations, topics, events, flows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from msa_lab.sdk.contract import event_type
from msa_lab.sdk.spec import Serve, ServiceSpec


@dataclass(frozen=True, slots=True)
class Names:
    """What there is to hurt. An empty `flows` or `replicas` means that these are not known and not checked.

    `operations` maps an operation to its service, `refusals` an outside party to the codes it may answer.
    """

    services: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    operations: Mapping[str, str] = field(default_factory=dict)
    topics: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    refusals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    flows: tuple[str, ...] = ()
    replicas: Mapping[str, int] = field(default_factory=dict)


def names_of(
    specs: Iterable[ServiceSpec],
    *,
    flows: Iterable[str] = (),
    replicas: Mapping[str, int] | None = None,
) -> Names:
    """Collect the names from the services' declarations, sorted."""
    known = sorted(specs, key=lambda spec: spec.name)
    events = {event_type(event).name: event_type(event).topic for spec in known for event in spec.publishes}
    return Names(
        services=tuple(spec.name for spec in known if not spec.outside),
        outside=tuple(spec.name for spec in known if spec.outside),
        operations={
            name: spec.name
            for spec in known
            for name in sorted({served.operation.name for served in _served(spec)})
        },
        topics=tuple(sorted(set(events.values()))),
        events=tuple(sorted(events)),
        refusals={spec.name: _codes(spec) for spec in known if spec.outside},
        flows=tuple(sorted(flows)),
        replicas=dict(replicas or {}),
    )


def _codes(spec: ServiceSpec) -> tuple[str, ...]:
    codes = (error.code for served in _served(spec) for error in served.operation.errors)
    return tuple(dict.fromkeys(codes))


def _served(spec: ServiceSpec) -> tuple[Serve, ...]:
    """What it serves under any setting of the pattern switches."""
    return (*spec.operations, *(served for variant in spec.variants for served in variant.operations))


def cast(specs: Iterable[ServiceSpec]) -> dict[str, str]:
    """Choose who plays in the catalogue's examples, always the same for the same services.

    The `caller` is the service with the most dependencies; the `callee` one of those, if there is one that
    deals with an outside `party`; `event` and `topic` are the caller's, the `consumer` hears the event.
    """
    known = {spec.name: spec for spec in sorted(specs, key=lambda spec: spec.name)}
    own = [spec for spec in known.values() if not spec.outside and not spec.edge] or list(known.values())
    caller = max(own, key=lambda spec: len(spec.depends_on))
    called = [known[name] for name in sorted(caller.depends_on) if name in known] or [caller]
    callee = next((spec for spec in called if _parties(spec, known)), called[0])
    parties = _parties(callee, known) or [spec for spec in known.values() if spec.outside] or [callee]
    events = [event_type(event) for event in caller.publishes]
    heard = [
        spec
        for spec in own
        if events and any(subscription.type.name == events[0].name for subscription in spec.subscriptions)
    ]
    changing = [served.operation.name for served in callee.operations if not served.operation.safe]
    return {
        "caller": caller.name,
        "callee": callee.name,
        "party": parties[0].name,
        "operation": changing[0] if changing else f"{callee.name}.operation",
        "event": events[0].name if events else f"{caller.name}.event",
        "topic": events[0].topic if events else f"{caller.name}.events",
        "consumer": heard[0].name if heard else callee.name,
        "refusal": next(iter(_codes(parties[0])), "refusal"),
    }


def _parties(spec: ServiceSpec, known: Mapping[str, ServiceSpec]) -> list[ServiceSpec]:
    return [known[name] for name in sorted(spec.depends_on) if name in known and known[name].outside]
