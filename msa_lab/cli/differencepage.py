"""What `msalab diff` and `msalab fork` do and print."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from msa_lab.chaos import parse_fault_text, write_fault
from msa_lab.chaos.model import At
from msa_lab.cli.changing import changed, script_of
from msa_lab.cli.jsontext import json_text
from msa_lab.cli.kept import stored
from msa_lab.cli.options import Talk
from msa_lab.cli.places import runs_folder
from msa_lab.cli.playing import planned, play
from msa_lab.cli.terminal import Terminal, emit, table, terminal_of
from msa_lab.cli.wanted import Wanted, wanted_of
from msa_lab.errors import UserMistake
from msa_lab.persistence import RunStore, StoredRun
from msa_lab.sdk.values import Instant
from msa_lab.telemetry.causes import describe
from msa_lab.telemetry.events import LogEvent
from msa_lab.usecases.difference import Change, Difference, difference, verdicts_of

_SHOWN: Final = 20
_SECOND: Final = 1_000_000
_TIME: Final = re.compile(r"(?:T\+)?(\d{1,9}(?:\.\d{1,6})?)s?")
_EVENT: Final = re.compile(r"#?(\d{1,18})")


def print_difference(names: tuple[str, str], out: str | None, talk: Talk) -> None:
    """Compare two kept runs."""
    runs = stored(names[0], out), stored(names[1], out)
    _print(runs, _compared(runs), talk)


def _compared(runs: tuple[StoredRun, StoredRun]) -> Difference:
    one, other = runs
    verdicts = verdicts_of(one.summary), verdicts_of(other.summary)
    return difference(one.events(), other.events(), verdicts)


def fork(
    name: str | None,
    at: str,
    faults: Sequence[str],
    settings: Sequence[str],
    *,
    out: str | None,
    talk: Talk,
) -> int:
    """Play a run again with the same past, and with faults from a moment on; give its exit code.

    Raises:
        UserMistake: when that cannot be.
    """
    run = stored(name, out)
    try:
        wanted = wanted_of(str(next(iter(run.summary.get("repeat") or []), "")))
    except ValueError as error:
        raise UserMistake(f"run {run.id}: {error}") from error
    if wanted.mode != "sim":
        raise UserMistake(f"run {run.id} was one of real processes: real time cannot be played again")
    if settings:
        again = dataclasses.replace(wanted, settings=(*wanted.settings, *settings))
        raise UserMistake(
            "--set holds from a run's start on: the past would be another\n"
            f"  a new run:  {_line(again, run)}\n  then:       msalab diff {run.id} RUN"
        )
    if not faults:
        raise UserMistake('a fork needs a change\n  such as:  --fault "process.kill order-1 for 2s"')
    forked = _changed(wanted, _instant(at, run), faults)
    code = play(forked, talk, out=out, jsonl=False, animate=not talk.quiet)
    other = RunStore(runs_folder(out)).resolve(None)
    if not talk.json and other.id != run.id:
        emit("\n")
        _print((run, other), _compared((run, other)), talk)
    return code


def _line(wanted: Wanted, run: StoredRun) -> str:
    profile = str(run.summary.get("chaos") or "none")
    return wanted.written(profile, default=bool(wanted.chaos), seed=int(run.summary["seed"]))


def _instant(text: str, run: StoredRun) -> int:
    """Read when a fork is to begin: a second of the run, or an event's number.

    Raises:
        UserMistake: when the run has no such moment.
    """
    numbered = _EVENT.fullmatch(text) if text.startswith("#") else None
    if numbered is not None:
        event = run.find(int(numbered[1]))
        if event is None:
            raise UserMistake(f"run {run.id} has no event {text}")
        return event.t
    found = _TIME.fullmatch(text)
    if found is None:
        raise UserMistake(f"--at {text!r}: a second of the run such as 7.012, or an event such as '#1894'")
    return round(float(found[1]) * _SECOND)


def _changed(wanted: Wanted, at: int, faults: Sequence[str]) -> Wanted:
    """Ask for the same with faults more, whose own times count from an instant on."""
    plan = planned(wanted)
    script = script_of(plan)
    taken = dict.fromkeys(script.faults)
    lines = []
    for text in faults:
        number = 1
        spec = parse_fault_text(text, script.names)
        while spec.id in taken:
            number += 1
            again = parse_fault_text(text, script.names, number=number)
            if again.id == spec.id:
                raise UserMistake(f"the run has a fault with the id {spec.id} already")
            spec = again
        taken[spec.id] = None
        if isinstance(spec.start, At):
            soon = at + spec.start.instant
            spec = dataclasses.replace(spec, start=At(Instant(-(-soon // 1_000) * 1_000)))
        lines.append(write_fault(spec))
    return changed(wanted, script, lines, ())


def _print(runs: tuple[StoredRun, StoredRun], found: Difference, talk: Talk) -> None:
    if talk.json:
        emit(json_text(_content(runs, found)))
        return
    terminal = terminal_of(sys.stdout, colour=talk.colour)
    lines = [] if talk.quiet else [*(_run(run, terminal) for run in runs), ""]
    if found.first is None:
        lines.append(f"the logs are the same, all {found.same} events of them")
    else:
        lines.append(f"the first {found.same} events are the same; then")
        lines += [f"  {run.id}  {_event(event)}" for run, event in zip(runs, found.first, strict=True)]
    lines += _changes(f"sagas of another fate, of {found.sagas}", found.fates)
    lines += _changes("expectations of another verdict", found.verdicts)
    emit("\n".join([*lines, ""]))


def _run(run: StoredRun, terminal: Terminal) -> str:
    verdict = str(run.summary.get("verdict"))
    style = {"PASSED": "good", "FAILED": "bad"}.get(verdict, "warn")
    repeat = str(next(iter(run.summary.get("repeat") or []), ""))
    return f"{run.id}  {terminal.paint(f'{verdict:<12}', style)}  {repeat}"


def _event(event: LogEvent | None) -> str:
    if event is None:
        return "has ended"
    return f"#{event.seq}  T+{event.t / _SECOND:.3f}  {event.instance or event.service}  {describe(event)}"


def _changes(title: str, changes: Sequence[Change]) -> list[str]:
    if not changes:
        return []
    rows = [(f"  {change.name}", change.one, "->", change.other) for change in changes]
    more = [f"  and {len(rows) - _SHOWN} more; --json has all"] if len(rows) > _SHOWN else []
    return ["", f"{title}: {len(changes)}", *table(rows[:_SHOWN]), *more]


def _content(runs: tuple[StoredRun, StoredRun], found: Difference) -> dict[str, Any]:
    first = None if found.first is None else [msgspec.to_builtins(event) for event in found.first]
    return {
        "schema": "msalab/diff@1", "runs": [run.id for run in runs], "same": found.same, "first": first,
        "sagas": found.sagas, "fates": [change._asdict() for change in found.fates],
        "verdicts": [change._asdict() for change in found.verdicts],
    }  # fmt: skip
