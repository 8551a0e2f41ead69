"""`msalab scenario record`: a kept run, or what hands did to a running shop, as a scenario file."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msa_lab.chaos import FaultSpec, Names, parse_fault_text
from msa_lab.chaos.model import At
from msa_lab.cli.changing import script_of
from msa_lab.cli.kept import stored
from msa_lab.cli.options import Talk
from msa_lab.cli.playing import planned
from msa_lab.cli.reading import looked_at
from msa_lab.cli.recording import kept_as, record
from msa_lab.cli.terminal import emit
from msa_lab.cli.wanted import Wanted
from msa_lab.errors import UserMistake
from msa_lab.persistence import LiveRun
from msa_lab.sdk.values import Duration, Instant
from msa_lab.telemetry.events import LogEvent

if TYPE_CHECKING:
    from msa_lab.persistence.shops import ShopFolder

REAL: Final = "real processes: the same faults at the same times, with the load of the scenario"
_ALIKE: Final = "  real processes: the same faults at the same times, not the same run to the byte\n"
_LEAD: Final = 1_000_000
"""When the first fault comes, in microseconds."""
_AFTER: Final = 5_000_000
"""How long the scenario goes on after the last fault."""


def print_record(run: str | None, file: str | None, out: str | None, talk: Talk) -> None:
    """Write the file of a run, or of the shop of that name, and say how it is played."""
    kept = looked_at(run) if run is not None and out is None else stored(run, out)
    path = None if file is None else Path(file)
    if isinstance(kept, LiveRun):
        from msa_lab.persistence.shops import ShopFolder  # noqa: PLC0415 - needs a Unix

        (made, line), note = record_shop(ShopFolder(kept.path.parent), path), f"  {REAL}\n"
    else:
        made, line = record(kept, path)
        note = _ALIKE if kept.summary.get("mode") == "process" else ""
    emit("" if talk.quiet else f"wrote {made}\n  play it:  {line}\n{note}")


def record_shop(folder: ShopFolder, path: Path | None = None) -> tuple[Path, str]:
    """Write what was injected since the shop came up as a scenario; give the file and the line that plays it.

    Raises:
        UserMistake: when nothing was injected, or its scenario is not to be found.
        EnvironmentTrouble: when the file cannot be written.
    """
    past = folder.past
    plan = planned(Wanted(str(past.get("given", "")), chaos=False, topology=str(past.get("topology", ""))))
    names = script_of(plan).names
    events = LiveRun(folder.events, {}).events(b'"kind":"fault.', b'"kind":"run.started"')
    faults = faults_by_hand(list(events), names)
    if not faults:
        raise UserMistake(
            f"nothing was injected into {folder.name} since it came up\n"
            '  such as:  msalab chaos inject "net.delay order -> payment latency=200ms for 10s"'
        )
    ends = [fault.start.instant + (fault.duration or 0) for fault in faults if isinstance(fault.start, At)]
    lasts = max([plan.scenario.duration, *(end + _AFTER for end in ends)])
    scenario = dataclasses.replace(plan.scenario, duration=Duration(lasts))
    made = dataclasses.replace(plan, scenario=scenario, faults=faults)
    return kept_as(made, Wanted("", mode="process"), path)


def faults_by_hand(events: list[LogEvent], names: Names) -> tuple[FaultSpec, ...]:
    """Read the faults by hand since the last start: at their times, as long as they lasted."""
    began: dict[str, LogEvent] = {}
    found: list[tuple[LogEvent, int | None]] = []
    for event in events:
        name = str(event.detail.get("fault", ""))
        if event.kind == "run.started":
            began.clear()
            found.clear()
        elif event.kind == "fault.started" and "line" in event.detail:
            began[name] = event
        elif event.kind == "fault.healed" and name in began:
            start = began.pop(name)
            found.append((start, event.t - start.t))
    found += [(event, None) for event in began.values()]
    found.sort(key=lambda one: one[0].seq)
    return tuple(
        _at(event, lasted, event.t - found[0][0].t + _LEAD, names, number)
        for number, (event, lasted) in enumerate(found, start=1)
    )


def _at(event: LogEvent, lasted: int | None, t: int, names: Names, number: int) -> FaultSpec:
    spec = parse_fault_text(str(event.detail["line"]), names)
    duration = spec.duration if lasted is None else Duration(_whole(lasted))
    return dataclasses.replace(
        spec, id=f"{spec.kind}-{number}", start=At(Instant(_whole(t))), duration=duration
    )


def _whole(t: int) -> int:
    """Round up to whole milliseconds, as people write them."""
    return max(1_000, -(-t // 1_000) * 1_000)
