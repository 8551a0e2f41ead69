"""One monitor per expectation: each holds what it needs to give its finding at the end of the run."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final, Protocol

from msa_lab.scenario.expressions import Compiled
from msa_lab.scenario.findings import Finding, Verdict, Violation
from msa_lab.scenario.model import Expectation
from msa_lab.scenario.world import FLAGS, KEY, SEQ, EntityTable, Row, T
from msa_lab.source import format_duration
from msa_lab.telemetry.events import LogEvent
from msa_lab.telemetry.metrics import Metric, Rate, Trend

Cause = tuple[int, int, str]
"""The `seq`, `t` and saga of a log event."""

MOST_VIOLATIONS: Final = 20
_NEVER: Final = 1 << 62


class Monitor(Protocol):
    """Judges one expectation."""

    def finish(self, now: int) -> Finding:
        """Give the verdict at the end of the run."""
        ...


@dataclass(slots=True)
class Tally:
    """Counts what was judged and keeps the first violations; `fresh` takes them too, for all expectations."""

    expectation: Expectation
    limit: str
    fresh: list[tuple[Expectation, Violation]]
    samples: int = 0
    broken: int = 0
    violations: list[Violation] = field(default_factory=list)

    def violated(self, violation: Violation) -> None:
        """Note a violation."""
        self.broken += 1
        if len(self.violations) < MOST_VIOLATIONS:
            self.violations.append(violation)
            self.fresh.append((self.expectation, violation))

    def finding(self, verdict: Verdict, observed: str) -> Finding:
        """Write the finding down."""
        wanted = self.expectation
        return Finding(
            wanted.id, wanted.kind, verdict, wanted.severity, wanted.place, observed, self.limit,
            self.samples, self.broken, tuple(self.violations), wanted.why, wanted.doc,
        )  # fmt: skip

    def broken_finding(self) -> Finding:
        """Write down what broke, the first violation foremost."""
        first = self.violations[0]
        where = f"{first.entity}: " if first.entity else ""
        more = f" ({self.broken} of {self.samples} broke it)" if self.samples > 1 and first.entity else ""
        return self.finding(Verdict.BROKEN, f"{where}{first.observed}{more}")


@dataclass(slots=True)
class Entities:
    """What the monitors of entities share: where the entities are, which of them count, who they are."""

    expectation: Expectation
    table: EntityTable
    test: Compiled
    where: Compiled | None
    sagas: bool
    planned_only: bool

    def counts(self, row: Row) -> bool:
        """Tell whether `where` holds."""
        return self.where is None or bool(self.where.evaluate(row))

    def violation(self, row: Row, cause: Cause | None, t: int | None = None) -> Violation:
        """Name the entity, what broke it (or touched it last) and what it looks like."""
        key = str(row[KEY])
        seq, when, saga = cause or (row[SEQ], row[T], "")
        saga = key if self.sagas else saga
        where = self.where.observed(row) if self.where is not None else ""
        observed = ", ".join(part for part in (where, self.test.observed(row)) if part)
        return Violation(f"{self.table.kind} {key}", saga, seq, when if t is None else t, observed)

    def finding(self, tally: Tally, undecided: int = 0) -> Finding:
        """Give the verdict on all entities."""
        kind, total = self.table.kind, len(self.table.rows) + self.table.retired
        if tally.broken:
            return tally.broken_finding()
        if undecided:
            text = f"{undecided} of {tally.samples} were still within their time when the run ended"
            return tally.finding(Verdict.UNPROVEN, text)
        if not total and not self.planned_only:
            return tally.finding(Verdict.UNPROVEN, f"no {kind} was seen")
        if not tally.samples:
            return tally.finding(
                Verdict.HELD, f"none of {counted(total, kind)} matched" if total else f"no {kind}"
            )
        return tally.finding(Verdict.HELD, f"{counted(tally.samples, kind)} judged")


@dataclass(slots=True)
class EachInvariant:
    """`always` and `never` per entity: judged whenever an event touches it; broken once per entity."""

    entities: Entities
    tally: Tally
    wanted: bool
    seen: int
    over: int

    def touched(self, row: Row, event: LogEvent) -> None:
        """Judge an entity again."""
        flags = row[FLAGS]
        if flags & self.over or not self.entities.counts(row):
            return
        if not flags & self.seen:
            row[FLAGS] = flags = flags | self.seen
            self.tally.samples += 1
        if bool(self.entities.test.evaluate(row)) is not self.wanted:
            row[FLAGS] = flags | self.over
            self.tally.violated(self.entities.violation(row, (event.seq, event.t, event.saga)))

    def settled(self, row: Row) -> bool:
        """Tell whether the row may be dropped."""
        return not row[FLAGS] & self.over

    def retire(self, row: Row) -> None:
        """Let a row go; it was counted when it was seen."""

    def finish(self, now: int) -> Finding:  # noqa: ARG002 - the same for all monitors
        """Give the verdict."""
        return self.entities.finding(self.tally)


@dataclass(slots=True)
class EachEventually:
    """`eventually` per entity: it must come true within a time from when the entity is first seen."""

    entities: Entities
    tally: Tally
    seen: int
    over: int
    within: int | None
    _deadlines: deque[tuple[int, str]] = field(default_factory=deque)

    @property
    def due(self) -> int:
        """When the next deadline passes."""
        return self._deadlines[0][0] if self._deadlines else _NEVER

    def touched(self, row: Row, event: LogEvent) -> None:
        """Judge an entity again."""
        if row[FLAGS] & self.over:
            return
        if not row[FLAGS] & self.seen:
            if not self.entities.counts(row):
                return
            row[FLAGS] |= self.seen
            self.tally.samples += 1
            if self.within is not None:
                self._deadlines.append((event.t + self.within, str(row[KEY])))
        if self.entities.test.evaluate(row):
            row[FLAGS] |= self.over

    def settled(self, row: Row) -> bool:
        """Tell whether the row may be dropped."""
        return bool(row[FLAGS] & self.over) or not row[FLAGS] & self.seen

    def retire(self, row: Row) -> None:
        """Let a row go; it was counted when it was seen."""

    def tick(self, now: int) -> None:
        """Let the deadlines before `now` pass."""
        rows = self.entities.table.rows
        while self._deadlines and self._deadlines[0][0] < now:
            deadline, key = self._deadlines.popleft()
            row = rows.get(key)
            if row is not None and not row[FLAGS] & self.over:
                row[FLAGS] |= self.over
                rows[key] = row
                self.tally.violated(self.entities.violation(row, None, deadline))

    def finish(self, now: int) -> Finding:
        """Give the verdict; without `within` the end of the run is everybody's deadline."""
        self.tick(now + 1)
        open_flags = self.seen | self.over
        waiting = [row for row in self.entities.table.rows.values() if row[FLAGS] & open_flags == self.seen]
        if self.within is not None:
            return self.entities.finding(self.tally, len(waiting))
        for row in waiting:
            self.tally.violated(self.entities.violation(row, None, now))
        return self.entities.finding(self.tally)


@dataclass(slots=True)
class EachFinally:
    """`finally` per entity: judged when the run has ended.

    While the run goes on, `slot` of the row keeps the event since which it has not held (its `seq`, `t` and
    saga), so that the finding can name what broke it.
    """

    entities: Entities
    tally: Tally
    slot: int

    def touched(self, row: Row, event: LogEvent) -> None:
        """Note when it stops holding, and when it holds again."""
        if not self.entities.counts(row) or self.entities.test.evaluate(row):
            row[self.slot] = 0
        elif not row[self.slot]:
            row[self.slot] = (event.seq, event.t, event.saga)

    def settled(self, row: Row) -> bool:
        """Tell whether the row may be dropped."""
        return not row[self.slot]

    def retire(self, row: Row) -> None:
        """Let a row go, counting it now."""
        self.tally.samples += self.entities.counts(row)

    def finish(self, now: int) -> Finding:  # noqa: ARG002 - the same for all monitors
        """Judge all entities."""
        for row in self.entities.table.rows.values():
            if self.entities.counts(row):
                self.tally.samples += 1
                if not self.entities.test.evaluate(row):
                    self.tally.violated(self.entities.violation(row, row[self.slot] or None))
        return self.entities.finding(self.tally)


@dataclass(slots=True)
class RunInvariant:
    """`always` and `never` of the run as a whole, judged from the first load phase on."""

    test: Compiled
    tally: Tally
    wanted: bool

    def happened(self, event: LogEvent) -> None:
        """Judge the run again."""
        self.tally.samples += 1
        if not self.tally.broken and bool(self.test.evaluate(event.t)) is not self.wanted:
            observed = self.test.observed(event.t)
            self.tally.violated(Violation("", event.saga, event.seq, event.t, observed))

    def finish(self, now: int) -> Finding:
        """Judge it a last time."""
        self.happened(LogEvent(seq=0, t=now, kind="run.ended"))
        if self.tally.broken:
            return self.tally.broken_finding()
        return self.tally.finding(Verdict.HELD, self.test.observed(now))


@dataclass(slots=True)
class RunEventually:
    """`eventually` of the run as a whole; the time runs from the first load phase."""

    test: Compiled
    tally: Tally
    within: int | None
    deadline: int = _NEVER
    held_at: int | None = None

    def happened(self, event: LogEvent) -> None:
        """Judge the run again."""
        if not self.tally.samples and self.within is not None:
            self.deadline = event.t + self.within
        self.tally.samples += 1
        if self.held_at is None and event.t <= self.deadline and self.test.evaluate(event.t):
            self.held_at = event.t

    def finish(self, now: int) -> Finding:
        """Give the verdict."""
        if self.held_at is None and now <= self.deadline and self.test.evaluate(now):
            self.held_at = now
        if self.held_at is not None:
            return self.tally.finding(Verdict.HELD, f"came true at {format_duration_at(self.held_at)}")
        if self.within is not None and now < self.deadline:
            return self.tally.finding(Verdict.UNPROVEN, "its time was not over when the run ended")
        self.tally.violated(Violation("", "", 0, min(now, self.deadline), self.test.observed(now)))
        return self.tally.broken_finding()


@dataclass(slots=True)
class RunFinally:
    """`finally` of the run as a whole, and `evidence`, whose absence proves nothing instead of failing."""

    test: Compiled
    tally: Tally
    otherwise: Verdict

    def finish(self, now: int) -> Finding:
        """Judge the end."""
        self.tally.samples = 1
        observed = self.test.observed(now) or self.test.text
        if self.test.evaluate(now):
            return self.tally.finding(Verdict.HELD, observed)
        if self.otherwise is Verdict.BROKEN:
            self.tally.violated(Violation("", "", 0, now, observed))
        return self.tally.finding(self.otherwise, observed)


@dataclass(slots=True)
class Threshold:
    """`metric` with its threshold, judged at the end."""

    test: Compiled
    tally: Tally
    metric: Metric

    def finish(self, now: int) -> Finding:
        """Judge the metric; a trend or a rate without samples proves nothing."""
        self.tally.samples = self.metric.samples
        if isinstance(self.metric, Trend | Rate) and not self.metric.samples:
            return self.tally.finding(Verdict.UNPROVEN, "no samples")
        observed = self.test.observed(now)
        if self.test.evaluate(now):
            return self.tally.finding(Verdict.HELD, observed)
        self.tally.violated(Violation("", "", 0, now, observed))
        return self.tally.broken_finding()


def limit(expectation: Expectation) -> str:
    """Say what an expectation demands: `each order: never count(payment.captured) > 1`."""
    if expectation.kind == "metric":
        during = f" during {expectation.during}" if expectation.during else ""
        return f"{expectation.metric}: {expectation.text}{during}"
    parts = [f"each {expectation.each}:" if expectation.each else ""]
    parts += [f"where {expectation.where}:" if expectation.where else ""]
    parts += ["" if expectation.kind == "evidence" else expectation.kind, expectation.text]
    parts += [f"within {format_duration(expectation.within)}" if expectation.within is not None else ""]
    return " ".join(part for part in parts if part)


def counted(number: int, entity: str) -> str:
    """Count entities in words: `3 orders`, `1 delivery`, `7 checkout sagas`."""
    saga = entity.removeprefix("saga.")
    noun = f"{saga} saga" if saga != entity else entity
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("y") else f"{number} {noun}s"


def format_duration_at(t: int) -> str:
    """Write an instant as `T+1.234s`."""
    return f"T+{t / 1_000_000:.3f}s"
