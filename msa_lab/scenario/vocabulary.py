"""All names that a scenario may use, read from the services' specs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msa_lab.sdk.contract import Operation, Setting, event_type
from msa_lab.sdk.spec import Fixture, Observable, ServiceSpec
from msa_lab.telemetry.catalogue import MetricType, catalogue


@dataclass(frozen=True, slots=True)
class SagaWords:
    """A saga's name, its steps, and the entity it is about: the one named like its service ('': none)."""

    name: str
    steps: tuple[str, ...]
    entity: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of one shop: `services` are its own, `subscribers` the consumer groups of each event."""

    services: tuple[str, ...]
    outside: tuple[str, ...]
    operations: Mapping[str, Operation[Any, Any]]
    events: Mapping[str, type[Any]]
    observables: Mapping[str, Mapping[str, tuple[str, Observable]]]
    sagas: Mapping[str, SagaWords]
    settings: Mapping[str, Setting[Any]]
    fixtures: Mapping[str, Fixture]
    subscribers: Mapping[str, tuple[str, ...]]
    metrics: Mapping[str, MetricType]

    @property
    def entities(self) -> tuple[str, ...]:
        """What `each:` may range over."""
        sagas = tuple(f"saga.{name}" for name in self.sagas)
        return (*sorted({*self.observables, "delivery", "fault", "phase"}), *sagas)

    def subject(self, entity: str) -> str:
        """Give the entity whose observables an entity has: a saga has those of what it is about."""
        saga = self.sagas.get(entity.removeprefix("saga."))
        return saga.entity if saga is not None and entity.startswith("saga.") else entity


def vocabulary(specs: Sequence[ServiceSpec], patterns: Mapping[str, str] | None = None) -> Vocabulary:
    """Read the words of a shop; without `patterns`, those of all its variants together."""
    chosen = [*_variants(specs)] if patterns is None else [spec.under(patterns) for spec in specs]
    operations = {part.operation.name: part.operation for spec in chosen for part in spec.operations}
    events: dict[str, type[Any]] = {}
    groups: dict[str, dict[str, None]] = {}
    for spec in chosen:
        for published in spec.publishes:
            events[event_type(published).name] = published
        for heard in spec.subscriptions:
            events[heard.type.name] = heard.event
            groups.setdefault(heard.type.name, {})[spec.name] = None
    observed: dict[str, dict[str, tuple[str, Observable]]] = {}
    for spec in specs:
        for observable in spec.observables:
            observed.setdefault(observable.entity, {})[observable.name] = (spec.name, observable)
    sagas = {
        saga.name: SagaWords(
            saga.name, tuple(step.name for step in saga.steps), spec.name if spec.name in observed else ""
        )
        for spec in specs
        for saga in (*spec.sagas, *spec.followed)
    }
    hearers = sorted({spec.name for spec in chosen if spec.subscriptions})
    return Vocabulary(
        services=tuple(spec.name for spec in specs if not spec.outside),
        outside=tuple(spec.name for spec in specs if spec.outside),
        operations=dict(sorted(operations.items())),
        events=dict(sorted(events.items())),
        observables={name: dict(sorted(found.items())) for name, found in sorted(observed.items())},
        sagas=sagas,
        settings={setting.name: setting for spec in specs for setting in spec.settings},
        fixtures={fixture.name: fixture for spec in specs for fixture in spec.fixtures},
        subscribers={name: tuple(sorted(found)) for name, found in sorted(groups.items())},
        metrics=catalogue(sagas, sorted(operations), hearers),
    )


def _variants(specs: Sequence[ServiceSpec]) -> Iterable[ServiceSpec]:
    for spec in specs:
        yield dataclasses.replace(spec, variants=())
        for variant in spec.variants:
            yield spec.under({variant.pattern: variant.value})
