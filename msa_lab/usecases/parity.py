"""Play one plan in two worlds, seed by seed: where they agree and how far apart their figures are."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from msa_lab.chaos.model import FaultSpec
from msa_lab.scenario.findings import Finding, Outcome, Verdict
from msa_lab.usecases.ports import Plan
from msa_lab.usecases.report import EXIT_CODES, EXIT_INTERRUPTED, EXIT_UNHEALED, RunReport
from msa_lab.usecases.validation.estimating import mean, replicated

SCHEMA = "msalab/parity@1"
CONFIDENCE = 0.95
SAGA_ENDS = ("started", "completed", "compensated", "open")

Agreement = Literal["agree", "differ", "inconclusive"]


class Side(Protocol):
    """One of the two worlds."""

    @property
    def name(self) -> str:
        """The world's name."""
        ...

    def cannot(self, fault: FaultSpec) -> str:
        """Tell why this world cannot play a fault, '' when it can."""
        ...

    def play(self, plan: Plan) -> RunReport:
        """Play a plan and judge it."""
        ...


@dataclass(frozen=True, slots=True)
class Skipped:
    """A planned fault that neither world plays, because one of them cannot."""

    fault: str
    kind: str
    world: str
    reason: str


@dataclass(frozen=True, slots=True)
class Pair:
    """The reports of one seed, the first world's and the second's."""

    seed: int
    reports: tuple[RunReport, RunReport]

    @property
    def agreement(self) -> Agreement:
        """Whether both runs came out the same; what is inconclusive agrees with nothing."""
        outcomes = [report.outcome for report in self.reports]
        if Outcome.INCONCLUSIVE in outcomes:
            return "inconclusive"
        return "agree" if outcomes[0] is outcomes[1] else "differ"


@dataclass(frozen=True, slots=True)
class Compared:
    """One expectation: its verdicts, a pair for each seed. `timed`: it judges how long something took."""

    id: str
    severity: str
    timed: bool
    verdicts: Mapping[int, tuple[Verdict, Verdict]]

    @property
    def agreement(self) -> Agreement:
        """`differ` when it held in one world and broke in the other with some seed."""
        pairs = self.verdicts.values()
        if any(set(pair) == {Verdict.HELD, Verdict.BROKEN} for pair in pairs):
            return "differ"
        return "inconclusive" if any(Verdict.UNPROVEN in pair for pair in pairs) else "agree"


@dataclass(frozen=True, slots=True)
class Gap:
    """How far apart a figure is in the two worlds.

    `values` are means over the seeds. For a `duration` (microseconds) `gap` is the ratio of the second world
    to the first, less one; otherwise the difference. `low` and `high` are the gap's interval, None when it
    has none: one seed shows no spread.
    """

    metric: str
    figure: str
    unit: Literal["duration", "number", "rate"]
    values: tuple[float, float]
    gap: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Parity:
    """What a comparison amounts to. `worlds` are the names of the first and the second."""

    worlds: tuple[str, str]
    plan: Plan
    skipped: tuple[Skipped, ...]
    pairs: tuple[Pair, ...]
    interrupted: bool = False

    @property
    def agreement(self) -> Agreement:
        """`differ` before `inconclusive` before `agree`, over all runs and all expectations that count."""
        found = {pair.agreement for pair in self.pairs}
        found |= {one.agreement for one in self.expectations if one.severity == "error"}
        if "differ" in found:
            return "differ"
        return "inconclusive" if "inconclusive" in found or not self.pairs else "agree"

    @property
    def exit_code(self) -> int:
        """The process exit code of `msalab parity`."""
        if self.interrupted:
            return EXIT_INTERRUPTED
        if self.agreement == "agree":
            return EXIT_UNHEALED if self.unhealed else 0
        return 1 if self.agreement == "differ" else EXIT_CODES[Outcome.INCONCLUSIVE]

    @property
    def unhealed(self) -> tuple[str, ...]:
        """What some run could not heal or stop."""
        names = [name for pair in self.pairs for report in pair.reports for name in report.played.unhealed]
        return tuple(dict.fromkeys(names))

    @property
    def expectations(self) -> tuple[Compared, ...]:
        """The expectations, in the scenario's order."""
        found: dict[str, dict[int, tuple[Verdict, Verdict]]] = {}
        first: dict[str, Finding] = {}
        for pair in self.pairs:
            others = {finding.id: finding for finding in pair.reports[1].findings}
            for finding in pair.reports[0].findings:
                first.setdefault(finding.id, finding)
                verdicts = (finding.verdict, others[finding.id].verdict)
                found.setdefault(finding.id, {})[pair.seed] = verdicts
        return tuple(
            Compared(name, first[name].severity, _timed(self.plan, name), verdicts)
            for name, verdicts in found.items()
        )

    @property
    def sagas(self) -> Mapping[str, tuple[int, int]]:
        """How many sagas came to which end in each world, over all seeds."""
        return {
            end: (
                sum(pair.reports[0].sagas[end] for pair in self.pairs),
                sum(pair.reports[1].sagas[end] for pair in self.pairs),
            )
            for end in SAGA_ENDS
        }

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """The figures of both worlds, side by side."""
        if not self.pairs:
            return ()
        names = [*self.pairs[0].reports[0].metrics]
        return tuple(gap for name in names for gap in self._gaps(name))

    def _gaps(self, metric: str) -> Iterator[Gap]:
        pairs = [(_numbers(a.metrics[metric]), _numbers(b.metrics[metric])) for a, b in self._reports()]
        shown = _figures(self.pairs[0].reports[0].metrics[metric])
        for figure, unit in shown.items():
            yield gap_of(metric, figure, unit, [(one[figure], other[figure]) for one, other in pairs])

    def _reports(self) -> Iterator[tuple[RunReport, RunReport]]:
        for pair in self.pairs:
            yield pair.reports

    def summary(self) -> dict[str, Any]:
        """Give the stable JSON object; durations are microseconds, gaps of durations are ratios less one."""
        plan = self.plan
        return {
            "schema": SCHEMA,
            "scenario": plan.scenario.id,
            "topology": plan.topology.id,
            "chaos": plan.profile,
            "worlds": list(self.worlds),
            "seeds": [pair.seed for pair in self.pairs],
            "agreement": self.agreement,
            "exit": self.exit_code,
            "skipped": [dataclasses.asdict(one) for one in self.skipped],
            "runs": [
                {
                    "seed": pair.seed,
                    "agreement": pair.agreement,
                    "verdicts": [report.outcome.value for report in pair.reports],
                    "sagas": [dict(report.sagas) for report in pair.reports],
                    "settled": [report.played.settled for report in pair.reports],
                }
                for pair in self.pairs
            ],
            "expectations": [
                {
                    "id": one.id,
                    "severity": one.severity,
                    "timed": one.timed,
                    "agreement": one.agreement,
                    "verdicts": [
                        {"seed": seed, "verdicts": [verdict.value for verdict in pair]}
                        for seed, pair in one.verdicts.items()
                    ],
                }
                for one in self.expectations
            ],
            "sagas": {end: list(counts) for end, counts in self.sagas.items()},
            "confidence": CONFIDENCE,
            "metrics": [dataclasses.asdict(gap) for gap in self.gaps],
        }


def compare(
    plan: Plan,
    seeds: Sequence[int],
    sides: tuple[Side, Side],
    *,
    stop: Callable[[], bool],
    tell: Callable[[RunReport], object],
) -> Parity:
    """Play a plan with each seed in both worlds; after an interrupted run no other begins.

    `tell` gets each report as soon as it is there.
    """
    plan, skipped = both_can(plan, sides)
    worlds = (sides[0].name, sides[1].name)
    pairs: list[Pair] = []
    for seed in seeds:
        reports: list[RunReport] = []
        for side in sides:
            report = side.play(dataclasses.replace(plan, seed=seed))
            tell(report)
            if stop() or report.played.ended == "interrupted":
                return Parity(worlds, plan, skipped, tuple(pairs), interrupted=True)
            reports.append(report)
        pairs.append(Pair(seed, (reports[0], reports[1])))
    return Parity(worlds, plan, skipped, tuple(pairs))


def both_can(plan: Plan, sides: Sequence[Side]) -> tuple[Plan, tuple[Skipped, ...]]:
    """Give the plan without the faults that one of the worlds cannot play, and what was left out."""
    skipped = tuple(
        Skipped(fault.id, fault.kind, side.name, reason)
        for fault in plan.faults
        for side in sides
        if (reason := side.cannot(fault))
    )
    left_out = {one.fault for one in skipped}
    faults = tuple(fault for fault in plan.faults if fault.id not in left_out)
    return dataclasses.replace(plan, faults=faults), skipped


def gap_of(
    metric: str,
    figure: str,
    unit: Literal["duration", "number", "rate"],
    pairs: Sequence[tuple[float, float]],
) -> Gap:
    """Compare a figure over pairs of runs, one pair a seed.

    Both runs of a pair see the same shoppers, so the gap is that of the pairs: a t interval of the paired
    differences (Student, 1908), for durations of the differences of logarithms, because the slower world is
    slower by a factor.
    """
    values = (mean([one for one, _ in pairs]), mean([other for _, other in pairs]))
    ratio = unit == "duration"
    if ratio and not all(one > 0 and other > 0 for one, other in pairs):
        return Gap(metric, figure, unit, values, None, None, None)
    gaps = [math.log(other / one) if ratio else other - one for one, other in pairs]
    told: Callable[[float], float] = math.expm1 if ratio else float
    if len(gaps) == 1:
        return Gap(metric, figure, unit, values, told(gaps[0]), None, None)
    estimate = replicated(gaps)
    low, high = estimate.interval(CONFIDENCE)
    return Gap(metric, figure, unit, values, told(estimate.value), told(low), told(high))


def _figures(summary: Mapping[str, Any]) -> dict[str, Literal["duration", "number", "rate"]]:
    """Choose what to compare of a metric: of a trend median and tail, of a rate the rate, else the count."""
    if "p50" in summary:
        return {"p50": "duration", "p95": "duration"}
    return {"rate": "rate"} if "rate" in summary else {"count": "number"}


def _numbers(summary: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in summary.items()}


def _timed(plan: Plan, expectation: str) -> bool:
    """Tell whether an expectation judges time: virtual in one world, the machine's in the other."""
    found = next(one for one in plan.scenario.expect if one.id == expectation)
    return found.kind == "eventually" or found.metric.endswith((".duration", ".lag"))
