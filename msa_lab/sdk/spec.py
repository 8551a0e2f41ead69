"""A service's declaration: what it serves, hears, does by itself, keeps, and lets others observe."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from msa_lab.sdk.contract import EventType, Operation, Reply, Request, Setting, Table, event_type
from msa_lab.sdk.policy import CallPolicy, Cost
from msa_lab.sdk.values import Duration, Money

if TYPE_CHECKING:
    from msa_lab.sdk.ports import Context
    from msa_lab.sdk.saga import Saga

Occurrence = TypeVar("Occurrence")


@dataclass(frozen=True, slots=True, eq=False)
class Serve:
    """An operation, its handler and what a request costs."""

    operation: Operation[Any, Any]
    handler: Callable[[Context, Any], Coroutine[Any, Any, Any]]
    cost: Cost


def serve(
    operation: Operation[Request, Reply],
    handler: Callable[[Context, Request], Coroutine[Any, Any, Reply]],
    cost: Cost | None = None,
) -> Serve:
    """Tie an operation to its handler; the types must fit."""
    return Serve(operation, handler, cost or Cost())


@dataclass(frozen=True, slots=True, eq=False)
class Subscription:
    """An event that the service hears, as the consumer group of its own name."""

    event: type[Any]
    handler: Callable[[Context, Any], Coroutine[Any, Any, None]]
    cost: Cost

    @property
    def type(self) -> EventType:
        """The event's declaration."""
        return event_type(self.event)


def on(
    event: type[Occurrence],
    handler: Callable[[Context, Occurrence], Coroutine[Any, Any, None]],
    cost: Cost | None = None,
) -> Subscription:
    """Tie an event to its handler; the types must fit."""
    return Subscription(event, handler, cost or Cost())


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """Work that the host starts periodically on each instance; runs never overlap on one instance."""

    name: str
    every: Duration
    run: Callable[[Context], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, eq=False)
class Fixture:
    """A word under a scenario's `given:`; `handler` puts a value of type `schema` into the service at T+0.

    `plenty` gives a value that does not run out, for a shop that is measured.
    """

    name: str
    schema: Any
    handler: Callable[[Context, Any], Coroutine[Any, Any, None]]
    plenty: Callable[[Any], Any] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Observable:
    """A pure function of a service's committed records, keyed by an entity such as `order` or `sku`.

    `key` gives the entity a record belongs to (None: to none). A `measure` adds up over all records of the
    entity, in integers (money in minor units); an `attribute` is the text given by the record last written.
    Exactly one of the two is set.
    """

    name: str
    entity: str
    table: Table[Any]
    key: Callable[[Any], str | None]
    measure: Callable[[Any], int] | None = None
    attribute: Callable[[Any], str] | None = None
    purpose: str = ""

    def __post_init__(self) -> None:
        if (self.measure is None) == (self.attribute is None):
            raise ValueError(f"observable {self.name}: set measure or attribute")


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """What replaces parts of a spec when a pattern switch has a value. Parts are matched by their names."""

    pattern: str
    value: str
    operations: tuple[Serve, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    jobs: tuple[Job, ...] = ()
    sagas: tuple[Saga[Any], ...] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ServiceSpec:
    """One service, whole. `outside` marks a party that is not ours; `edge` the one that shoppers reach.

    `sagas` are driven by the host; `followed` ones are moved by the service's own event handlers.
    """

    name: str
    purpose: str
    operations: tuple[Serve, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    jobs: tuple[Job, ...] = ()
    tables: tuple[Table[Any], ...] = ()
    settings: tuple[Setting[Any], ...] = ()
    fixtures: tuple[Fixture, ...] = ()
    observables: tuple[Observable, ...] = ()
    sagas: tuple[Saga[Any], ...] = ()
    followed: tuple[Saga[Any], ...] = ()
    publishes: tuple[type[Any], ...] = ()
    depends_on: Mapping[str, CallPolicy] = field(default_factory=dict)
    variants: tuple[Variant, ...] = ()
    concurrency: int = 64
    queue: int = 256
    outside: bool = False
    edge: bool = False

    def under(self, patterns: Mapping[str, str]) -> ServiceSpec:
        """Give the spec with the variants that the pattern switches choose."""
        chosen = self
        for variant in self.variants:
            if patterns.get(variant.pattern) == variant.value:
                chosen = chosen._with(variant)
        return chosen

    def _with(self, variant: Variant) -> ServiceSpec:
        operations = {part.operation.name: part for part in (*self.operations, *variant.operations)}
        subscriptions = {part.type.name: part for part in (*self.subscriptions, *variant.subscriptions)}
        jobs = {part.name: part for part in (*self.jobs, *variant.jobs)}
        return dataclasses.replace(
            self,
            operations=tuple(operations.values()),
            subscriptions=tuple(subscriptions.values()),
            jobs=tuple(jobs.values()),
            sagas=self.sagas if variant.sagas is None else variant.sagas,
            followed=self.followed if variant.sagas is None else (*self.followed, *self.sagas),
            variants=(),
        )


def minor_units(amount: Money) -> int:
    """Read an amount as an observable measure."""
    return amount.minor
