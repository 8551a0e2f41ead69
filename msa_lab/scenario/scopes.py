"""What names mean in expectations, thresholds and filters of log events."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, Literal

from msa_lab.scenario.expressions import (
    AMOUNT,
    ANY,
    BOOL,
    DURATION,
    NUMBER,
    TEXT,
    Argument,
    Compiled,
    Symbol,
    Type,
    Unresolved,
    Value,
    compile_expression,
    list_of,
)
from msa_lab.scenario.world import (
    DELIVERY_FIELDS,
    FAULT_FIELDS,
    PHASE_FIELDS,
    SAGA_FIELDS,
    World,
    key_field,
)
from msa_lab.source import did_you_mean, listed, quoted
from msa_lab.telemetry.events import KINDS, LogEvent
from msa_lab.telemetry.metrics import Counter, Gauge, Metric, Rate, Trend
from msa_lab.telemetry.sagas import STATES

_FIELDS: Final[dict[str, dict[str, Value]]] = {
    "fault": FAULT_FIELDS,
    "delivery": DELIVERY_FIELDS,
    "phase": PHASE_FIELDS,
}
_MOST_SHOWN: Final = 24


def _unknown(
    what: str, word: str, known: Iterable[str], part: Literal["name", "argument", "attribute"] = "name"
) -> Unresolved:
    names = sorted(known)
    hint = f"there are: {', '.join(names)}" if 0 < len(names) <= _MOST_SHOWN else None
    return Unresolved(f"unknown {what} {quoted(word)}", did_you_mean(word, names), hint, part)


def in_quotes(word: str) -> str:
    """Say how a text is written, to who may have meant one."""
    return f'a text stands in quotes: "{word}"'


def _event_argument(path: str, arguments: tuple[Argument, ...]) -> str:
    if len(arguments) != 1 or not arguments[0].is_name:
        raise Unresolved(f"{path} takes the name of one: {path}(order.placed)")
    return str(arguments[0].value)


def entity_table(world: World, entity: str) -> None:
    """Make sure that a kind of entity is known and followed.

    Raises:
        Unresolved: when there is no such kind.
    """
    if entity not in world.words.entities:
        raise _unknown("entity", entity, world.words.entities, "argument")
    world.table(entity)


@dataclass(frozen=True, slots=True)
class EntityScope:
    """Names within `each: ENTITY`: its own fields, its observables, and `count(event)` of its events."""

    world: World
    entity: str

    def name(self, path: str) -> Symbol:
        own = self._own()
        if path in own:
            return self._field(path, own[path])
        observables = self.world.words.observables.get(self.world.words.subject(self.entity), {})
        if path in observables:
            return self._observable(path)
        if path == "id":
            return Symbol(TEXT, itemgetter(0))
        same = [name for name in observables if name.partition(".")[2] == path]
        if len(same) == 1:
            return self._observable(same[0])
        if same:
            raise Unresolved(f"{quoted(path)} can be {listed(same)}: say which")
        raise _unknown(f"{self.entity} field", path, [*own, *observables, "id"])

    def call(self, path: str, arguments: tuple[Argument, ...]) -> Symbol:
        if path != "count":
            raise _unknown("function", path, ["count", "min", "max", "abs", "sum", "len"])
        event = _event_argument(path, arguments)
        events = self.world.words.events
        if event not in events:
            raise _unknown("event", event, events, "argument")
        subject = self.world.words.subject(self.entity)
        key = key_field(events[event], subject)
        if key is None or subject in _FIELDS:
            raise Unresolved(f"event {quoted(event)} does not say which {self.entity} it is about")
        return Symbol(NUMBER, itemgetter(self.world.count(self.entity, event, key)))

    def each(self, entity: str, attribute: str) -> Symbol:
        raise Unresolved(f"each({entity}).{attribute} cannot stand within 'each: {self.entity}'")

    def _own(self) -> dict[str, Value]:
        return SAGA_FIELDS if self.entity.startswith("saga.") else _FIELDS.get(self.entity, {})

    def _field(self, path: str, default: Value) -> Symbol:
        table = self.world.table(self.entity)
        slot = table.slots[path]
        if path == "took":
            ended = table.slots["state"]
            return Symbol(DURATION, lambda row: row[slot] if row[ended] in STATES[2:] else 0)
        kind = BOOL if isinstance(default, bool) else NUMBER if isinstance(default, int) else TEXT
        return Symbol(kind, itemgetter(slot), choices=self._choices(path))

    def _choices(self, path: str) -> tuple[str, ...]:
        words = self.world.words
        if self.entity == "delivery":
            return {"event": tuple(words.subscribers), "group": (*words.services, *words.outside)}.get(
                path, ()
            )
        saga = words.sagas.get(self.entity.removeprefix("saga."))
        if saga is None or not self.entity.startswith("saga."):
            return ()
        return {"state": STATES, "step": saga.steps}.get(path, ())

    def _observable(self, name: str) -> Symbol:
        slot = self.world.observe(self.entity, name)
        _, observable = self.world.words.observables[self.world.words.subject(self.entity)][name]
        return Symbol(AMOUNT if observable.attribute is None else TEXT, itemgetter(slot))


@dataclass(frozen=True, slots=True)
class RunScope:
    """Names of the run as a whole; a frame is the instant in microseconds.

    Metrics, `count(event)`, `up(services)`, `up(payment)`, `inventory.available("SKU-1042")`, and
    `each(fault).touched`; lists over other entities only where `lists`: they are costly.
    """

    world: World
    lists: bool = False

    def name(self, path: str) -> Symbol:
        words = self.world.words
        kind = words.metrics.get(path)
        if kind is None:
            owners = [entity for entity, names in words.observables.items() if path in names]
            if owners:
                raise Unresolved(
                    f"{quoted(path)} is kept per {listed(owners)}",
                    hint=f'write {path}("...") for one, or put it under "each: {owners[0]}"',
                )
            raise _unknown("metric", path, words.metrics)
        if kind.kind == "trend":
            raise Unresolved(
                f"{path} has many values", hint=f"use 'metric: {path}' with a 'threshold: p(95) < 3s'"
            )
        metric = self.world.metrics.want(path)
        return Symbol(NUMBER, metric.value, kinds=kind.kinds)

    def call(self, path: str, arguments: tuple[Argument, ...]) -> Symbol:
        if path == "count":
            event = _event_argument(path, arguments)
            if event not in self.world.words.events:
                raise _unknown("event", event, self.world.words.events, "argument")
            return Symbol(NUMBER, self.world.total(event), kinds=("event.recorded",))
        if path == "up":
            return self._up(arguments)
        return self._indexed(path, arguments)

    def each(self, entity: str, attribute: str) -> Symbol:
        entity_table(self.world, entity)
        if entity != "fault" and not self.lists:
            raise Unresolved(
                f"each({entity}) can only stand in 'finally' and 'evidence'", hint=f"or use 'each: {entity}'"
            )
        try:
            inner = EntityScope(self.world, entity).name(attribute)
        except Unresolved as unknown:
            raise Unresolved(unknown.message, unknown.suggestion, unknown.hint, "attribute") from None
        table = self.world.table(entity)
        table.keep = True
        rows = table.rows
        kinds = ("fault.hit", "fault.started", "fault.healed") if entity == "fault" else ()
        return Symbol(
            list_of(inner.type), lambda _: tuple([inner.read(row) for row in rows.values()]), kinds=kinds
        )

    def _up(self, arguments: tuple[Argument, ...]) -> Symbol:
        words = self.world.words
        known = ("services", *words.services, *words.outside)
        name = str(arguments[0].value) if len(arguments) == 1 else ""
        if name not in known:
            raise _unknown("service", name, known, "argument")
        kinds = ("instance.started", "instance.crashed", "instance.paused", "instance.resumed")
        return Symbol(NUMBER, self.world.running(name), kinds=kinds)

    def _indexed(self, path: str, arguments: tuple[Argument, ...]) -> Symbol:
        observables = self.world.words.observables
        owners = [entity for entity, names in observables.items() if path in names]
        if not owners:
            known = [name for names in observables.values() for name in names]
            raise _unknown("observable", path, [*known, "count", "up", "min", "max", "abs", "sum", "len"])
        if len(arguments) != 1 or not isinstance(arguments[0].value, str) or arguments[0].is_name:
            raise Unresolved(f'{path} takes one text: {path}("...")')
        if len(owners) > 1:
            raise Unresolved(f"{quoted(path)} is kept per {listed(owners)}; use 'each:' to say which")
        entity, key = owners[0], arguments[0].value
        inner = EntityScope(self.world, entity).name(path)
        table = self.world.table(entity)
        return Symbol(inner.type, lambda _: inner.read(table.row(key)), kinds=("commit",))


@dataclass(frozen=True, slots=True)
class ThresholdScope:
    """Names in the threshold of a metric; a frame is the instant in microseconds."""

    metric: Metric
    unit: str

    def name(self, path: str) -> Symbol:
        found = self._readings().get(path)
        if found is None:
            raise _unknown("reading", path, [*self._readings(), *(["p(95)"] if self._is_trend() else [])])
        kind, read = found
        return Symbol(kind, read)

    def call(self, path: str, arguments: tuple[Argument, ...]) -> Symbol:
        if path != "p" or not isinstance(self.metric, Trend):
            raise _unknown("reading", path, [*self._readings(), *(["p(95)"] if self._is_trend() else [])])
        share = arguments[0].value if len(arguments) == 1 else None
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 100:  # noqa: PLR2004 - percent
            raise Unresolved("p takes a number above 0 and up to 100: p(95)")
        values = self.metric.values
        return Symbol(self._kind(), lambda _: values.quantile(share / 100))

    def each(self, entity: str, attribute: str) -> Symbol:
        raise Unresolved(f"each({entity}).{attribute} cannot stand in a threshold")

    def _is_trend(self) -> bool:
        return isinstance(self.metric, Trend)

    def _kind(self) -> Type:
        return DURATION if self.unit == "duration" else NUMBER

    def _readings(self) -> dict[str, tuple[Type, Callable[[Any], Value]]]:
        metric, kind = self.metric, self._kind()
        match metric:
            case Trend(values=values):
                return {
                    "avg": (kind, lambda _: values.mean),
                    "min": (kind, lambda _: values.low),
                    "med": (kind, lambda _: values.quantile(0.5)),
                    "max": (kind, lambda _: values.high),
                    "count": (NUMBER, lambda _: values.count),
                }
            case Rate():
                return {"rate": (NUMBER, metric.value), "count": (NUMBER, lambda _: metric.samples)}
            case Gauge():
                return {
                    "value": (NUMBER, metric.value),
                    "min": (NUMBER, lambda _: metric.low),
                    "max": (NUMBER, lambda _: metric.high),
                }
            case Counter():
                return {"count": (NUMBER, lambda _: metric.samples)}


_EVENT_FIELDS: Final[dict[str, Type]] = {
    "seq": NUMBER, "t": DURATION, "kind": TEXT, "service": TEXT, "instance": TEXT, "saga": TEXT,
    "trace": NUMBER, "span": NUMBER, "cause": NUMBER, "lamport": NUMBER, "importance": TEXT,
}  # fmt: skip
_CHOICES: Final = {"kind": tuple(KINDS), "importance": ("key", "normal", "plumbing")}


@dataclass(frozen=True, slots=True)
class LogScope:
    """Names in a filter of log events: the event's own fields, and the words of its detail."""

    def name(self, path: str) -> Symbol:
        kind = _EVENT_FIELDS.get(path)
        if kind is not None:
            return Symbol(kind, lambda event: getattr(event, path), choices=_CHOICES.get(path, ()))
        words = {word for _, text in KINDS.values() for word in _words(text)}
        if path not in words:
            near = did_you_mean(path, [*_EVENT_FIELDS, *words])
            raise Unresolved(f"unknown field {quoted(path)}", near, None if near else in_quotes(path))
        return Symbol(ANY, lambda event: _plain(event.detail.get(path, "")))

    def call(self, path: str, arguments: tuple[Argument, ...]) -> Symbol:  # noqa: ARG002 - part of the protocol
        raise _unknown("function", path, ["min", "max", "abs"])

    def each(self, entity: str, attribute: str) -> Symbol:
        raise Unresolved(f"each({entity}).{attribute} cannot stand in a filter")


def event_filter(text: str) -> Callable[[LogEvent], bool]:
    """Compile a filter of log events, such as `service == "payment" and kind == "call.failed"`.

    Raises:
        InvalidExpression: when it cannot be understood.
    """
    compiled: Compiled = compile_expression(text, LogScope())
    return lambda event: bool(compiled.evaluate(event))


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.partition(": ")[2].split(",") if word.strip()]


def _plain(value: object) -> Value:
    return value if isinstance(value, bool | int | float | str) else str(value)
