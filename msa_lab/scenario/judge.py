"""Judges a run while it happens: an online fold over the log that judges again only what an event touched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msa_lab.chaos import FaultSpec
from msa_lab.scenario.expressions import BOOL, Compiled, compile_expression
from msa_lab.scenario.findings import Finding, Verdict, Violation
from msa_lab.scenario.model import Expectation, SteadyState
from msa_lab.scenario.monitors import (
    EachEventually,
    EachFinally,
    EachInvariant,
    Entities,
    Monitor,
    RunEventually,
    RunFinally,
    RunInvariant,
    Tally,
    Threshold,
    limit,
)
from msa_lab.scenario.scopes import EntityScope, RunScope, ThresholdScope, entity_table
from msa_lab.scenario.vocabulary import Vocabulary
from msa_lab.scenario.world import MappingFactory, Row, World, memory
from msa_lab.telemetry.events import LogEvent


class Judge:
    """Feed it the log, then ask for the findings, in the order of the expectations.

    `faults` are those planned for the run. `factory` makes the mappings of entities (kind -> mapping), so
    that a host may keep them on disk; what it holds are lists of plain values.

    Raises:
        InvalidExpression, Unresolved: when an expectation was not checked against these words before.
    """

    def __init__(
        self,
        expect: Sequence[Expectation],
        words: Vocabulary,
        faults: Iterable[FaultSpec] = (),
        *,
        steady: SteadyState | None = None,
        factory: MappingFactory = memory,
    ) -> None:
        self._world = World(words, factory)
        self._flag = 1
        self._loaded = False
        self._fresh: list[tuple[Expectation, Violation]] = []
        self._by_entity: dict[str, list[EachInvariant | EachEventually | EachFinally]] = {}
        self._timed: list[EachEventually] = []
        self._by_kind: dict[str, list[RunInvariant | RunEventually]] = {}
        self._monitors = [self._monitor(expectation) for expectation in expect]
        scope = RunScope(self._world)
        self._steady = [compile_expression(check.text, scope) for check in steady.checks] if steady else []
        for fault in faults:
            self._world.plan(fault.id)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of log events it wants."""
        return tuple(sorted({*self._world.kinds, *self._by_kind, "phase.started"}))

    def feed(self, event: LogEvent) -> tuple[tuple[Expectation, Violation], ...]:
        """Take in the next event of the log; give the violations that it brought to light."""
        for timed in self._timed:
            if timed.due < event.t:
                timed.tick(event.t)
        touched = self._world.feed(event)
        if touched:
            self._judge(touched, event)
        if event.kind == "phase.started":
            self._loaded = True
        if self._loaded:
            for whole in self._by_kind.get(event.kind, ()):
                whole.happened(event)
        if not self._fresh:
            return ()
        told = tuple(self._fresh)
        self._fresh.clear()
        return told

    def _judge(self, touched: Mapping[tuple[str, str], Row], event: LogEvent) -> None:
        for (entity, _), row in touched.items():
            for monitor in self._by_entity.get(entity, ()):
                monitor.touched(row, event)
        self._world.put_back()
        if event.kind == "event.applied":
            self._retire(touched)

    def unsteady(self, now: int) -> tuple[str, ...]:
        """Give the checks of the steady state that do not hold now, each with what was observed."""
        return tuple(
            f"{check.text} ({check.observed(now)})" for check in self._steady if not check.evaluate(now)
        )

    def finish(self, end: int) -> tuple[Finding, ...]:
        """Give the findings when the run has ended; `end` is its last instant."""
        return tuple(monitor.finish(end) for monitor in self._monitors)

    def _retire(self, touched: Mapping[tuple[str, str], Row]) -> None:
        table = self._world.tables.get("delivery")
        if table is None or table.keep:
            return
        applied, dead = table.slots["applied"], table.slots["dead"]
        monitors = self._by_entity.get("delivery", ())
        for (entity, key), row in touched.items():
            once = entity == "delivery" and row[applied] == 1 and not row[dead]
            if once and all(monitor.settled(row) for monitor in monitors):
                for monitor in monitors:
                    monitor.retire(row)
                self._world.retire(key)

    def _monitor(self, expectation: Expectation) -> Monitor:
        tally = Tally(expectation, limit(expectation), self._fresh)
        if expectation.kind == "metric":
            kind = self._world.words.metrics[expectation.metric]
            metric = self._world.metrics.want(expectation.metric, expectation.during)
            test = compile_expression(expectation.text, ThresholdScope(metric, kind.unit))
            return Threshold(test, tally, metric)
        if expectation.each:
            return self._each(expectation, tally)
        return self._whole(expectation, tally)

    def _each(self, expectation: Expectation, tally: Tally) -> Monitor:
        entity = expectation.each
        entity_table(self._world, entity)
        scope = EntityScope(self._world, entity)
        where = compile_expression(expectation.where, scope) if expectation.where else None
        entities = Entities(
            expectation,
            self._world.table(entity),
            compile_expression(expectation.text, scope),
            where,
            sagas=any(
                entity in (f"saga.{saga.name}", saga.entity) for saga in self._world.words.sagas.values()
            ),
            planned_only=entity == "fault",
        )
        if expectation.kind == "finally":
            slot = entities.table.slot(f"since {expectation.id}", 0)
            last = EachFinally(entities, tally, slot)
            self._by_entity.setdefault(entity, []).append(last)
            return last
        seen, over = self._flag, self._flag << 1
        self._flag <<= 2
        if expectation.kind == "eventually":
            timed = EachEventually(entities, tally, seen, over, expectation.within)
            self._timed.append(timed)
            self._by_entity.setdefault(entity, []).append(timed)
            return timed
        invariant = EachInvariant(entities, tally, expectation.kind == "always", seen, over)
        self._by_entity.setdefault(entity, []).append(invariant)
        return invariant

    def _whole(self, expectation: Expectation, tally: Tally) -> Monitor:
        at_end = expectation.kind in ("finally", "evidence")
        test = compile_expression(expectation.text, RunScope(self._world, lists=at_end), BOOL)
        if at_end:
            otherwise = Verdict.BROKEN if expectation.kind == "finally" else Verdict.UNPROVEN
            return RunFinally(test, tally, otherwise)
        if expectation.kind == "eventually":
            return self._listen(test, RunEventually(test, tally, expectation.within))
        return self._listen(test, RunInvariant(test, tally, expectation.kind == "always"))

    def _listen(self, test: Compiled, monitor: RunInvariant | RunEventually) -> Monitor:
        for kind in sorted({*test.kinds, "phase.started"}):
            self._by_kind.setdefault(kind, []).append(monitor)
        return monitor
