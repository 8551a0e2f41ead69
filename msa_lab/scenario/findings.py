"""What became of each expectation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from msa_lab.scenario.model import ExpectationKind, Severity
from msa_lab.source import Place


class Verdict(StrEnum):
    """How an expectation came out."""

    HELD = "HELD"
    BROKEN = "BROKEN"
    UNPROVEN = "UNPROVEN"


class Outcome(StrEnum):
    """How a whole run came out."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True, slots=True)
class Violation:
    """One entity that broke an expectation, and the log event at which it did ('': the run as a whole)."""

    entity: str
    saga: str
    event: int
    t: int
    observed: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """An expectation's verdict with its reasons.

    `samples` is how many entities or values were judged; `broken` how many of them broke it, of which
    `violations` are the first ones.
    """

    id: str
    kind: ExpectationKind
    verdict: Verdict
    severity: Severity
    place: Place
    observed: str
    limit: str
    samples: int
    broken: int = 0
    violations: tuple[Violation, ...] = ()
    why: str = ""
    doc: str = ""


def outcome(findings: Iterable[Finding]) -> Outcome:
    """Judge the run: what is only a warning never decides."""
    verdicts = [finding.verdict for finding in findings if finding.severity == "error"]
    if Verdict.BROKEN in verdicts:
        return Outcome.FAILED
    return Outcome.INCONCLUSIVE if Verdict.UNPROVEN in verdicts else Outcome.PASSED
