"""Stories for what broke only at the end: its last event says little, the saga's own events say it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from msa_lab.errors import EnvironmentTrouble
from msa_lab.persistence import events
from msa_lab.telemetry.causes import Chain
from msa_lab.telemetry.events import LogEvent
from msa_lab.telemetry.tales import tell
from msa_lab.usecases.report import RunReport

_LARGEST = 2**30


def with_stories(report: RunReport, log: Path) -> RunReport:
    """Give the report with the saga's story wherever the chain of causes leads to no fault."""
    wanted: dict[str, tuple[str, int]] = {}
    for finding in report.broken:
        first = finding.violations[0] if finding.violations else None
        chain = report.whys.get(finding.id)
        if first is not None and first.saga and (chain is None or not chain.fault):
            # What is judged at the end was settled by all that came after, too.
            wanted[finding.id] = (first.saga, 0 if finding.kind == "finally" else first.event)
    try:
        if not wanted or log.stat().st_size > _LARGEST:
            return report
        sagas = tuple(dict.fromkeys(saga for saga, _ in wanted.values()))
        own, faults = gathered(events(log, b'"kind":"fault.started"', *(mark(saga) for saga in sagas)), sagas)
    except (OSError, EnvironmentTrouble):
        return report
    whys: dict[str, Chain] = dict(report.whys)
    for name, (saga, until) in wanted.items():
        story = tell(own[saga], faults, until=until)
        if story.links:
            whys[name] = story
    return dataclasses.replace(report, whys=whys)


def gathered(
    log: Iterator[LogEvent], sagas: tuple[str, ...]
) -> tuple[Mapping[str, list[LogEvent]], Mapping[str, LogEvent]]:
    """Sort out the events of some sagas, and the beginnings of the faults by id."""
    own: dict[str, list[LogEvent]] = {saga: [] for saga in sagas}
    faults: dict[str, LogEvent] = {}
    for event in log:
        if event.kind == "fault.started":
            faults[event.detail["fault"]] = event
        elif event.saga in own:
            own[event.saga].append(event)
    return own, faults


def mark(saga: str) -> bytes:
    """Give what a line of the log holds when it is about a saga."""
    return b'"saga":' + msgspec.json.encode(saga)
