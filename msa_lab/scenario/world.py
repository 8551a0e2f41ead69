"""What expectations see of a run so far: entities with the fields asked for, instances up, metrics.

Only what an expression names is kept. Each entity is one short list in a mapping that the host may supply, so
that a run of a million orders need not hold them all in memory.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, get_type_hints

from msa_lab.scenario.expressions import Value
from msa_lab.scenario.vocabulary import Vocabulary
from msa_lab.sdk.contract import event_type
from msa_lab.sdk.spec import Observable
from msa_lab.telemetry.events import LogEvent
from msa_lab.telemetry.metrics import Metrics
from msa_lab.telemetry.sagas import KINDS as SAGA_KINDS

Row = list[Any]
"""One entity: its key, the `seq` and `t` of the last event that touched it, flags of checks, its fields."""

KEY, SEQ, T, FLAGS = 0, 1, 2, 3
_FIRST_FIELD: Final = 4
MappingFactory = Callable[[str], MutableMapping[str, Row]]

FAULT_FIELDS: Final[dict[str, Value]] = {"touched": 0, "active": False}
DELIVERY_FIELDS: Final[dict[str, Value]] = {"event": "", "group": "", "applied": 0, "dead": 0, "skipped": 0}
PHASE_FIELDS: Final[dict[str, Value]] = {"shoppers": 0, "requests": 0, "refused": 0, "failed": 0}
SAGA_FIELDS: Final[dict[str, Value]] = {"state": "", "step": "", "failure": "", "retries": 0, "took": 0}


def memory(_: str) -> MutableMapping[str, Row]:
    """Make the mapping of entities that lives in memory."""
    return {}


@dataclass(slots=True)
class EntityTable:
    """The entities of one kind and where their fields stand in a row.

    Deliveries are by far the most; one applied once is `retired`, unless all are to be kept: its row is
    dropped and only counted. Whatever comes for it later finds no row, and so shows that it was retired.
    """

    kind: str
    rows: MutableMapping[str, Row]
    retired: int = 0
    keep: bool = False
    slots: dict[str, int] = field(default_factory=dict)
    blank: Row = field(default_factory=lambda: ["", 0, 0, 0])

    def slot(self, name: str, default: Value) -> int:
        """Give the place of a field, adding it when it is new."""
        known = self.slots.get(name)
        if known is None:
            known = self.slots[name] = len(self.blank)
            self.blank.append(default)
        return known

    def row(self, key: str) -> Row:
        """Give the row of an entity, a blank one if it is new. It must be put back after a change."""
        row = self.rows.get(key)
        if row is None:
            row = self.blank.copy()
            row[KEY] = key
        return row


class Feed(NamedTuple):
    """An observable and where its value goes; slot 0 only notes that the entity exists."""

    observable: Observable
    table: EntityTable
    slot: int


class CountFeed(NamedTuple):
    """How to find the entity in a domain event, and where it is counted; slot 0 only notes that it exists."""

    table: EntityTable
    field: str
    slot: int


@dataclass(slots=True)
class World:
    """Folds the log into what was asked for. `feed` says which entities an event touched."""

    words: Vocabulary
    factory: MappingFactory = memory
    tables: dict[str, EntityTable] = field(default_factory=dict)
    metrics: Metrics = field(init=False)
    up: dict[str, dict[str, None]] = field(default_factory=dict)
    _kinds: dict[str, None] = field(default_factory=dict)
    _feeds: dict[tuple[str, str], list[Feed]] = field(default_factory=dict)
    _counts: dict[str, list[CountFeed]] = field(default_factory=dict)
    _totals: dict[str, int] = field(default_factory=dict)
    _subjects: dict[str, list[EntityTable]] = field(default_factory=dict)
    _touched: dict[tuple[str, str], Row] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.metrics = Metrics(self.words.metrics)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of log events needed."""
        return tuple(sorted({*self._kinds, *self.metrics.kinds}))

    def table(self, kind: str) -> EntityTable:
        """Give the entities of a kind, following them from now on."""
        known = self.tables.get(kind)
        if known is None:
            known = self.tables[kind] = EntityTable(kind, self.factory(kind))
            self._follow(known)
        return known

    def observe(self, kind: str, name: str) -> int:
        """Follow an observable of a kind of entity and give its slot."""
        table = self.table(kind)
        if name in table.slots:
            return table.slots[name]
        service, observable = self.words.observables[self.words.subject(kind)][name]
        slot = table.slot(name, 0 if observable.attribute is None else "")
        self._feeds.setdefault((service, observable.table.name), []).append(Feed(observable, table, slot))
        return slot

    def count(self, kind: str, event: str, key: str) -> int:
        """Count a domain event per entity, named by the field `key` of the event; give the slot."""
        table = self.table(kind)
        name = f"count({event})"
        if name not in table.slots:
            slot = table.slot(name, 0)
            self._kinds["event.recorded"] = None
            self._counts.setdefault(event, []).append(CountFeed(table, key, slot))
        return table.slots[name]

    def total(self, event: str) -> Callable[[object], int]:
        """Count a domain event over the whole run."""
        self._totals.setdefault(event, 0)
        self._kinds["event.recorded"] = None
        return lambda _: self._totals[event]

    def running(self, service: str) -> Callable[[object], int]:
        """Count a service's instances that are up; with `services`, the shop's services that have one up."""
        for kind in ("instance.started", "instance.crashed", "instance.paused", "instance.resumed"):
            self._kinds[kind] = None
        if service != "services":
            return lambda _: len(self.up.get(service, ()))
        return lambda _: sum(bool(self.up.get(name)) for name in self.words.services)

    def plan(self, fault: str) -> None:
        """Know of a fault before it starts."""
        table = self.table("fault")
        table.rows[fault] = table.row(fault)

    def feed(self, event: LogEvent) -> dict[tuple[str, str], Row]:
        """Take in the next event; give the rows of the entities it touched, in the order of touching."""
        self._touched = {}
        kind = event.kind
        self.metrics.feed(event)
        if kind == "commit":
            self._commit(event)
        elif kind == "event.recorded":
            self._recorded(event)
        elif kind.startswith("saga."):
            self._saga(event)
        elif kind in ("event.applied", "event.skipped", "event.dead"):
            self._delivered(event)
        elif kind.startswith("fault."):
            self._fault(event)
        elif kind.startswith("instance."):
            self._instance(event)
        elif kind.startswith(("phase.", "shopper.")):
            self._phase(event)
        return self._touched

    def _follow(self, table: EntityTable) -> None:
        kind = table.kind
        builtin: dict[str, tuple[dict[str, Value], tuple[str, ...]]] = {
            "fault": (FAULT_FIELDS, ("fault.started", "fault.hit", "fault.healed")),
            "delivery": (DELIVERY_FIELDS, ("event.recorded", "event.applied", "event.skipped", "event.dead")),
            "phase": (PHASE_FIELDS, ("phase.started", "shopper.started", "shopper.request")),
        }
        fields, kinds = (SAGA_FIELDS, SAGA_KINDS) if kind.startswith("saga.") else builtin.get(kind, ({}, ()))
        for name, default in fields.items():
            table.slot(name, default)
        self._kinds.update(dict.fromkeys(kinds))
        subject = self.words.subject(kind)
        seen: dict[tuple[str, str], None] = {}
        for service, observable in self.words.observables.get(subject, {}).values():
            self._kinds["commit"] = None
            place = (service, observable.table.name)
            if place not in seen and not kind.startswith("saga."):
                seen[place] = None
                self._feeds.setdefault(place, []).append(Feed(observable, table, 0))

    def _touch(self, table: EntityTable, key: str, event: LogEvent) -> Row:
        place = (table.kind, key)
        row = self._touched.get(place)
        if row is None:
            row = self._touched[place] = table.row(key)
            row[SEQ], row[T] = event.seq, event.t
            table.rows[key] = row
        return row

    def retire(self, key: str) -> None:
        """Drop the row of a delivery that was applied once and keep the count."""
        table = self.tables["delivery"]
        del table.rows[key]
        table.retired += 1

    def put_back(self) -> None:
        """Write the rows touched by the last event into their tables; a mapping on disk keeps copies."""
        if self.factory is memory:
            return
        for (kind, key), row in self._touched.items():
            self.tables[kind].rows[key] = row

    def _commit(self, event: LogEvent) -> None:
        for change in event.detail["changes"]:
            for observable, table, slot in self._feeds.get((event.service, change.table.name), ()):
                self._observed(Feed(observable, table, slot), change.before, change.after, event)

    def _observed(self, feed: Feed, before: Any, after: Any, event: LogEvent) -> None:  # noqa: ANN401 - records
        observable, table, slot = feed
        old = None if before is None else observable.key(before)
        new = None if after is None else observable.key(after)
        if slot == 0 or observable.measure is None:
            if new is not None:
                row = self._touch(table, new, event)
                if slot and observable.attribute is not None:
                    row[slot] = observable.attribute(after)
            return
        if old is not None:
            self._touch(table, old, event)[slot] -= observable.measure(before)
        if new is not None:
            self._touch(table, new, event)[slot] += observable.measure(after)

    def _recorded(self, event: LogEvent) -> None:
        name = event.detail["event"]
        if name in self._totals:
            self._totals[name] += 1
        for table, key, slot in self._counts.get(name, ()):
            row = self._touch(table, _key_of(event, key), event)
            row[slot] += 1
        table_of_deliveries = self.tables.get("delivery")
        if table_of_deliveries is not None:
            for group in self.words.subscribers.get(name, ()):
                row = self._touch(table_of_deliveries, f"{event.detail['id']} -> {group}", event)
                row[_FIRST_FIELD], row[_FIRST_FIELD + 1] = name, group

    def _delivered(self, event: LogEvent) -> None:
        table = self.tables.get("delivery")
        if table is None:
            return
        key = f"{event.detail['id']} -> {event.detail['group']}"
        back = table.retired and key not in table.rows
        row = self._touch(table, key, event)
        row[_FIRST_FIELD], row[_FIRST_FIELD + 1] = event.detail["event"], event.detail["group"]
        if back:
            table.retired -= 1
            row[table.slots["applied"]] = 1
        row[table.slots[event.kind.removeprefix("event.")]] += 1

    def _saga(self, event: LogEvent) -> None:
        table = self.tables.get(f"saga.{event.detail['name']}")
        if table is None:
            return
        row, slots = self._touch(table, event.saga, event), table.slots
        match event.kind:
            case "saga.started":
                row[slots["state"]] = "RUNNING"
                row[slots["took"]] = -event.t  # completed by adding the time of the end
            case "saga.retried":
                row[slots["retries"]] += 1
            case "saga.turned":
                row[slots["state"]] = "COMPENSATING"
            case "saga.completed" | "saga.compensated":
                row[slots["state"]] = event.kind.removeprefix("saga.").upper()
                row[slots["took"]] += event.t
        row[slots["step"]] = event.detail.get("step") or row[slots["step"]]
        row[slots["failure"]] = event.detail.get("failure") or row[slots["failure"]]

    def _fault(self, event: LogEvent) -> None:
        table = self.tables.get("fault")
        if table is None:
            return
        row, slots = self._touch(table, event.detail["fault"], event), table.slots
        if event.kind == "fault.hit":
            row[slots["touched"]] += 1
        else:
            row[slots["active"]] = event.kind == "fault.started"
        if event.kind == "fault.healed":
            row[slots["touched"]] = event.detail["touched"]

    def _instance(self, event: LogEvent) -> None:
        running = self.up.setdefault(event.service, {})
        if event.kind in ("instance.started", "instance.resumed"):
            running[event.instance] = None
        else:
            running.pop(event.instance, None)

    def _phase(self, event: LogEvent) -> None:
        table = self.tables.get("phase")
        phase = event.detail.get("phase")
        if table is None or not phase:
            return
        row, slots = self._touch(table, phase, event), table.slots
        if event.kind == "shopper.started":
            row[slots["shoppers"]] += 1
        elif event.kind == "shopper.request":
            outcome = event.detail["outcome"]
            row[slots["requests"]] += 1
            if outcome != "ok":
                row[slots["failed" if outcome[:1].isupper() else "refused"]] += 1


def _key_of(event: LogEvent, key: str) -> str:
    """Give the entity that a domain event is about."""
    data = event.detail["data"]
    if not key:
        return str(event.detail["key"])
    return str(data[key] if isinstance(data, dict) else getattr(data, key))


def key_field(event: type[Any], entity: str) -> str | None:
    """Find the field of a domain event that names an entity; '' is the event's ordering key, None none."""
    names = (f"{entity}_id", entity)
    if event_type(event).key in names:
        return ""
    hints = get_type_hints(event)
    return next((name for name in names if hints.get(name) is str), None)
