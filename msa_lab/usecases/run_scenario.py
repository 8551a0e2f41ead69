"""Play a scenario, judge it, keep it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Protocol

from msa_lab.scenario.findings import Finding, Outcome, Verdict, outcome
from msa_lab.scenario.judge import Judge
from msa_lab.scenario.vocabulary import vocabulary
from msa_lab.scenario.world import MappingFactory, memory
from msa_lab.sdk.values import Instant
from msa_lab.telemetry.canonical import CanonicalWriter
from msa_lab.telemetry.causes import Chain, explain
from msa_lab.telemetry.events import LogEvent
from msa_lab.telemetry.log import EventLog, Level
from msa_lab.telemetry.tally import Tally
from msa_lab.usecases.ports import Plan, Played, Progress, World
from msa_lab.usecases.report import RunReport


class Stopwatch(Protocol):
    """Wall time, for people only; nothing in a run depends on it."""

    def started(self) -> str:
        """Tell when the run began, as ISO 8601."""
        ...

    def elapsed(self) -> float:
        """Give the seconds since then."""
        ...


def never() -> bool:
    """Nobody asks to stop."""
    return False


def silent(now: Instant, end: Instant) -> None:
    """Nobody watches."""


def run_scenario(
    plan: Plan,
    *,
    world: World,
    run: str,
    tool: str,
    stopwatch: Stopwatch,
    write: Callable[[bytes], object] | None = None,
    reread: Callable[[int], LogEvent | None] | None = None,
    level: Level = "all",
    stop: Callable[[], bool] = never,
    progress: Progress = silent,
    entities: MappingFactory = memory,
    listeners: Mapping[Callable[[LogEvent], object], tuple[str, ...]] | None = None,
) -> RunReport:
    """Play a plan in a world and judge it.

    `write` takes the log's lines as they come; `reread` finds an event of it by number once the run is over,
    for the chains of causes (None: no chains). `entities` makes the mappings in which the judge keeps what it
    judges. `listeners` get the kinds of events they name, as they happen.
    """
    words = vocabulary(plan.specs, plan.topology.patterns)
    writer = CanonicalWriter(write)
    log = EventLog(writer, level)
    judge = Judge(
        plan.scenario.expected(plan.profile),
        words,
        plan.faults,
        steady=plan.scenario.steady,
        factory=entities,
    )
    tally = Tally(words.metrics, words.sagas)
    log.listen(tally.kinds, tally.feed)

    def judged(event: LogEvent) -> None:
        for expectation, violation in judge.feed(event):
            log.emit(
                "expectation.violated",
                event.t,
                event.service,
                event.instance,
                violation.saga,
                event.trace,
                0,
                event.seq,
                event.lamport,
                {"expectation": expectation.id, "entity": violation.entity, "observed": violation.observed},
            )

    log.listen(judge.kinds, judged)
    for listener, kinds in (listeners or {}).items():
        log.listen(kinds, listener)
    last = Instant(0)

    def steady() -> str | None:
        return next(iter(judge.unsteady(plan.scenario.steady.over if plan.scenario.steady else last)), None)

    def progressed(now: Instant, end: Instant) -> None:
        writer.flush()  # for those who read the log while it grows
        progress(now, end)

    played = world.play(plan, log, steady=steady, stop=stop, progress=progressed)
    findings = judge.finish(played.end)
    if played.ended == "interrupted":
        findings = tuple(_cut_short(finding) for finding in findings)
    log_hash = writer.digest()
    return RunReport(
        run=run,
        tool=tool,
        mode=world.name,
        plan=plan,
        played=played,
        outcome=_verdict(played, findings),
        findings=findings,
        whys=_whys(findings, reread, tally),
        sagas=tally.sagas(),
        metrics=tally.metrics(played.end),
        log_hash=log_hash,
        events=writer.events,
        started=stopwatch.started(),
        duration_wall=stopwatch.elapsed(),
    )


def _verdict(played: Played, findings: tuple[Finding, ...]) -> Outcome:
    """A run that was unsteady or cut short proves nothing good; what it broke stays broken."""
    judged = outcome(findings)
    if played.ended != "done" and judged is Outcome.PASSED:
        return Outcome.INCONCLUSIVE
    return Outcome.INCONCLUSIVE if played.ended == "unsteady" else judged


def _cut_short(finding: Finding) -> Finding:
    """What was to be so at the end, or in time, is open when the end never came."""
    if finding.kind in ("always", "never") or finding.verdict is Verdict.UNPROVEN:
        return finding
    return dataclasses.replace(
        finding, verdict=Verdict.UNPROVEN, observed="the run was interrupted", broken=0, violations=()
    )


def _whys(
    findings: tuple[Finding, ...], reread: Callable[[int], LogEvent | None] | None, tally: Tally
) -> dict[str, Chain]:
    if reread is None:
        return {}
    return {
        finding.id: explain(finding.violations[0].event, reread, tally.faults)
        for finding in findings
        if finding.verdict is Verdict.BROKEN and finding.violations and finding.violations[0].event
    }
