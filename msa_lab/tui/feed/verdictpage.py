"""The Verdict screen: what the whole run amounted to, from its run.json."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from msa_lab.tui.feed.lines import Line, Span, Style, clipped, line
from msa_lab.tui.feed.livepage import when
from msa_lab.tui.feed.sight import Sight

_WORDS: dict[str, Style] = {"PASSED": "good", "FAILED": "bad", "INCONCLUSIVE": "unsure"}
_FINDINGS: dict[str, Style] = {"HELD": "good", "BROKEN": "bad", "UNPROVEN": "unsure"}
_RANK = {"BROKEN": 0, "UNPROVEN": 1, "HELD": 2}
_ROOTS = ("never", "always", "finally", "eventually", "metric", "evidence")
"""What is never or always so says more than what follows from it."""
_ROOMY = 100
"""In fewer columns the sign alone tells the verdict."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row: its line, the event (0: none) and the saga it leads to, and the finding whose head it is.

    `at_end` tells that what is observed is how the run ended, not how it was at the event.
    """

    line: Line
    event: int = 0
    saga: str = ""
    finding: str = ""
    at_end: bool = False


def head(sight: Sight) -> Line:
    """Name the verdict, the exit code and the counts."""
    summary = sight.summary
    verdict = str(summary.get("verdict", ""))
    if not verdict:
        return line(("the run is not over yet: no verdict", "unsure"))
    style = _WORDS.get(verdict, "unsure")
    sign = sight.signs[style] if style in ("good", "bad", "unsure") else ""
    findings = summary.get("expectations") or []
    held = sum(1 for finding in findings if finding["verdict"] == "HELD")
    return line(
        (f"{sign} {verdict}", style), f"  {held} of {len(findings)} expectations held",
        (f"  exit code {summary.get('exit', '')}", "dim"),
    )  # fmt: skip


def entries(sight: Sight, width: int, opened: frozenset[str]) -> list[Entry]:
    """List the expectations, the broken first, those opened with their violations; then the rest."""
    findings = sorted(sight.summary.get("expectations") or [], key=_rank)
    made: list[Entry] = []
    for finding in findings:
        made += _finding(finding, sight, width, unfolded=str(finding["id"]) in opened)
    made += [Entry(()), *_faults(sight), *_files(sight)]
    dots = sight.signs["dots"]
    return [replace(entry, line=clipped(entry.line, width, dots)) for entry in made]


def is_trouble(entry: Entry) -> bool:
    """Tell whether a row is the head of what did not hold, or a fault that touched nothing."""
    sign = entry.line[0][1] if entry.line else ""
    return sign in ("bad", "warn", "unsure")


def written(sight: Sight, listed: Sequence[Entry], row: int) -> tuple[Path, int] | None:
    """Give the file and the line of the expectation to which a row belongs; None when it is not there."""
    name = next((it.finding for it in reversed(listed[: row + 1]) if it.finding or not it.line), "")
    finding = next((it for it in sight.summary.get("expectations") or [] if it["id"] == name), None)
    if finding is None:
        return None
    told = sight.summary.get("scenario")
    scenario = str(told.get("file") or "") if isinstance(told, Mapping) else ""
    given = Path(str(finding["file"]))
    for path in (given, Path(scenario).parent / given, Path(scenario).parent / given.name):
        if path.is_file():
            return path, int(finding["line"])
    return None


def _rank(finding: Mapping[str, Any]) -> tuple[int, int]:
    kind = str(finding.get("kind", ""))
    return _RANK.get(str(finding["verdict"]), 1), _ROOTS.index(kind) if kind in _ROOTS else len(_ROOTS)


def _finding(finding: Mapping[str, Any], sight: Sight, width: int, *, unfolded: bool) -> list[Entry]:
    verdict = str(finding["verdict"])
    style = _FINDINGS.get(verdict, "unsure")
    if finding.get("severity") == "warn" and verdict != "HELD":
        style = "warn"
    first: Mapping[str, Any] = next(iter(finding.get("violations") or ()), {})
    event, saga = int(first.get("event") or 0), str(first.get("saga") or "")
    head_ = line(
        (f"{sight.signs[style] if style else ' '} {finding['id']:<24}", style),
        (f"{verdict:<9}" if width >= _ROOMY else "", style), f" {_observed(finding, first)}",
    )  # fmt: skip
    made = [Entry(head_, event, saga, str(finding["id"]))]
    if not unfolded:
        return made
    told = [f"wanted  {finding['limit']}"]
    told += [f"why     {finding['reason']}"] if finding.get("reason") else []
    told += [f"read    {finding['doc']}"] if finding.get("doc") else []
    told += [f"written {finding['file']}:{finding['line']}"]
    for text in told:
        wrapped = textwrap.wrap(text, max(30, width - 6), subsequent_indent="        ")
        made += [Entry(line(("      " + part, "dim")), event, saga) for part in wrapped]
    made += [
        Entry(
            line(
                (f"      {sight.signs['to']} ", "dim"), (f"{violation['entity']}", "bad"),
                *_seen(finding, violation),
            ),
            int(violation.get("event") or 0), str(violation.get("saga") or ""),
            at_end=finding.get("kind") == "finally",
        )
        for violation in finding.get("violations") or ()
    ]  # fmt: skip
    return made


def _seen(finding: Mapping[str, Any], violation: Mapping[str, Any]) -> tuple[Span, Span]:
    """Tell what was observed and when; of what is judged at the end first since when it has not held."""
    observed, told = violation.get("observed", ""), when(finding, violation["t"])
    if told.startswith("since"):
        return (f"  not held {told}", "dim"), (f"  at the end {observed}", "")
    return (f"  {observed}", ""), (f"  {told}", "dim")


def _observed(finding: Mapping[str, Any], first: Mapping[str, Any]) -> str:
    """Tell what was observed; of one that several broke how many did first, for the line's end may be cut."""
    broken, samples = int(finding.get("broken") or 0), int(finding.get("samples") or 0)
    if not broken or samples <= 1 or not first.get("entity"):
        return str(finding["observed"])
    return f"{broken} of {samples}: {first['entity']} {first.get('observed', '')}"


def _faults(sight: Sight) -> list[Entry]:
    faults = sight.summary.get("faults") or []
    made = [Entry(line(("faults", "strong")))] if faults else []
    for fault in faults:
        style: Style = "fault" if fault.get("touched") else "warn"
        made.append(
            Entry(
                line(
                    (f"{sight.signs['fault']} {fault['id']:<24}", style),
                    f"{fault['kind']} on {fault['target']}",
                    (f"  touched {fault.get('touched', 0)}", style),
                )
            )
        )
    return made


def _files(sight: Sight) -> list[Entry]:
    summary = sight.summary
    sagas = ", ".join(f"{count} {word}" for word, count in (summary.get("sagas") or {}).items())
    rows = [("sagas", sagas), ("run", str(summary.get("run", "")))]
    rows += [("again", again) for again in summary.get("repeat") or []]
    return [Entry(()), *(Entry(line((f"{name:<8}", "dim"), text)) for name, text in rows)]
