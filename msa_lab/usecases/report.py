"""What a run amounts to: the result that command line, files and tests read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msa_lab.scenario.findings import Finding, Outcome, Verdict
from msa_lab.telemetry.causes import Chain
from msa_lab.usecases.ports import Plan, Played

SCHEMA = "msalab/run@1"

EXIT_CODES = {Outcome.PASSED: 0, Outcome.FAILED: 1, Outcome.INCONCLUSIVE: 5}
EXIT_UNHEALED = 6
EXIT_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class RunReport:
    """A finished run. `whys` holds the chain of causes of each broken expectation that has one."""

    run: str
    tool: str
    mode: str
    plan: Plan
    played: Played
    outcome: Outcome
    findings: tuple[Finding, ...]
    whys: Mapping[str, Chain]
    sagas: Mapping[str, int]
    metrics: Mapping[str, Any]
    log_hash: str
    events: int
    started: str
    duration_wall: float
    artifacts: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """The process exit code of `msalab scenario`."""
        if self.played.ended == "interrupted":
            return EXIT_INTERRUPTED
        if self.played.unhealed and self.outcome is Outcome.PASSED:
            return EXIT_UNHEALED
        return EXIT_CODES[self.outcome]

    @property
    def broken(self) -> tuple[Finding, ...]:
        """The findings that failed the run."""
        return tuple(f for f in self.findings if f.verdict is Verdict.BROKEN and f.severity == "error")

    def summary(self, repeat: Sequence[str]) -> dict[str, Any]:
        """Give the stable JSON object of a run; `repeat` are command lines."""
        plan = self.plan
        return {
            "schema": SCHEMA,
            "run": self.run,
            "tool": self.tool,
            "scenario": {
                "id": plan.scenario.id,
                "file": plan.scenario.file,
                "sha256": plan.scenario.sha256,
            },
            "mode": self.mode,
            "topology": plan.topology.id,
            "outside": list(plan.outside),
            "seed": plan.seed,
            "chaos": plan.profile,
            "started": self.started,
            "duration_sim": self.played.end / 1_000_000,
            "duration_wall": round(self.duration_wall, 3),
            "verdict": self.outcome.value,
            "exit": self.exit_code,
            "ended": self.played.ended,
            "settled": self.played.settled,
            "log_hash": self.log_hash,
            "events": self.events,
            "expectations": [self._expectation(finding) for finding in self.findings],
            "faults": [
                {
                    "id": fault.id,
                    "kind": fault.kind,
                    "target": fault.target,
                    "t0": _seconds(fault.t0),
                    "t1": _seconds(fault.t1),
                    "touched": fault.touched,
                    "healed": fault.healed,
                }
                for fault in self.played.faults
            ],
            "sagas": dict(self.sagas),
            "metrics": dict(self.metrics),
            "artifacts": list(self.artifacts),
            "repeat": list(repeat),
        }

    def _expectation(self, finding: Finding) -> dict[str, Any]:
        why = self.whys.get(finding.id)
        return {
            "id": finding.id,
            "kind": finding.kind,
            "verdict": finding.verdict.value,
            "severity": finding.severity,
            "file": finding.place.file,
            "line": finding.place.line,
            "observed": finding.observed,
            "limit": finding.limit,
            "samples": finding.samples,
            "broken": finding.broken,
            "violations": [
                {
                    "entity": v.entity,
                    "saga": v.saga,
                    "event": v.event,
                    "t": v.t / 1_000_000,
                    "observed": v.observed,
                }
                for v in finding.violations
            ],
            "why": [link.text for link in why.links] if why is not None else [],
            "reason": finding.why,
            "doc": finding.doc,
        }


def _seconds(instant: int | None) -> float | None:
    return None if instant is None else instant / 1_000_000
