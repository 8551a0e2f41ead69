"""Observables as folds: what the services' committed records say about orders, SKUs and the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from msa_lab.sdk.spec import Observable, ServiceSpec
from msa_lab.telemetry.events import LogEvent


class Observed(NamedTuple):
    """One observable of one entity moved: by `amount` if it is a measure, to `text` if it is an attribute."""

    observable: Observable
    key: str
    amount: int
    text: str


def observables(specs: Iterable[ServiceSpec]) -> tuple[tuple[str, Observable], ...]:
    """List the observables of all services, each with its service."""
    return tuple((spec.name, observable) for spec in specs for observable in spec.observables)


class Observer:
    """Reads commits; knows which observables each table feeds."""

    def __init__(self, observed: Iterable[tuple[str, Observable]]) -> None:
        self._by_table: dict[tuple[str, str], list[Observable]] = {}
        for service, observable in observed:
            self._by_table.setdefault((service, observable.table.name), []).append(observable)

    def read(self, event: LogEvent) -> Iterator[Observed]:
        """Give what a `commit` event changed, in the order of its changes."""
        for change in event.detail["changes"]:
            for observable in self._by_table.get((event.service, change.table.name), ()):
                yield from _moved(observable, change.before, change.after)


def _moved(observable: Observable, before: Any, after: Any) -> Iterator[Observed]:  # noqa: ANN401 - records
    old = None if before is None else observable.key(before)
    new = None if after is None else observable.key(after)
    if observable.attribute is not None:
        if new is not None:
            yield Observed(observable, new, 0, observable.attribute(after))
        return
    measure: Callable[[Any], int] = observable.measure or (lambda _: 0)
    if old is not None and old == new:
        yield Observed(observable, old, measure(after) - measure(before), "")
        return
    if old is not None:
        yield Observed(observable, old, -measure(before), "")
    if new is not None:
        yield Observed(observable, new, measure(after), "")


@dataclass(slots=True)
class Observations:
    """The values of all observables so far: entity kind, then entity, then observable."""

    observer: Observer
    values: dict[str, dict[str, dict[str, int | str]]] = field(default_factory=dict)

    def feed(self, event: LogEvent) -> None:
        """Take in the next event of the log."""
        if event.kind != "commit":
            return
        for observable, key, amount, text in self.observer.read(event):
            entity = self.values.setdefault(observable.entity, {}).setdefault(key, {})
            if observable.attribute is not None:
                entity[observable.name] = text
            else:
                known = entity.get(observable.name, 0)
                entity[observable.name] = amount + (known if isinstance(known, int) else 0)

    def of(self, entity: str, key: str) -> Mapping[str, int | str]:
        """Give what is known of one entity."""
        return self.values.get(entity, {}).get(key, {})
