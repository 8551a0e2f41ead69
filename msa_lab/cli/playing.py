"""Plays a scenario for the command line: tells how it goes, keeps it, says how it ended."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, Literal, cast

import msgspec

from msa_lab import bootstrap
from msa_lab.cli.completion import remember
from msa_lab.cli.lockfile import lock_of
from msa_lab.cli.messages import say
from msa_lab.cli.narrator import Narrator
from msa_lab.cli.options import Talk
from msa_lab.cli.places import here, runs_folder
from msa_lab.cli.planpage import plan_page
from msa_lab.cli.terminal import ReaderGoneError, emit, terminal_of
from msa_lab.cli.verdict import verdict_block
from msa_lab.cli.wanted import Wanted, pairs_of
from msa_lab.cli.whys import with_stories
from msa_lab.errors import EnvironmentTrouble, UserMistake
from msa_lab.persistence import LOCK, RunFolder
from msa_lab.source.scalars import Trap, plain
from msa_lab.telemetry.events import LogEvent
from msa_lab.usecases.ports import Plan
from msa_lab.usecases.report import RunReport

_SAGAS = 300
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def planned(wanted: Wanted) -> Plan:
    """Load all that a run needs.

    Raises:
        UserMistake: with every mistake found.
    """
    workspace = bootstrap.Workspace(here())
    specs = workspace.specs()
    try:
        texts = pairs_of(wanted.variables, "--var")
    except ValueError as error:
        raise UserMistake(str(error)) from error
    variables = {name: _value(text) for name, text in texts.items()}
    scenario = bootstrap.scenario_for(workspace, specs, wanted.name, variables)
    wishes = bootstrap.Wishes(
        chaos=wanted.chaos,
        profile=wanted.profile,
        faults=wanted.faults,
        topology=wanted.topology,
        settings=wanted.settings,
        seed=wanted.seed,
    )
    return bootstrap.plan_for(workspace, specs, scenario, wishes)


def _value(text: str) -> object:
    value = plain(text)
    return text if isinstance(value, Trap) else value


def show_plan(wanted: Wanted, talk: Talk) -> None:
    """Print what would be played."""
    emit(plan_page(planned(wanted), terminal_of(sys.stdout, colour=talk.colour), wanted))


def play(wanted: Wanted, talk: Talk, *, out: str | None, jsonl: bool, animate: bool) -> int:
    """Play, keep and tell; give the exit code."""
    plan = planned(wanted)
    with tempfile.TemporaryDirectory(prefix="msalab-", ignore_cleanup_errors=True) as spare:
        return _play(plan, wanted, talk, Path(spare), out=out, jsonl=jsonl, animate=animate)


def _play(
    plan: Plan, wanted: Wanted, talk: Talk, spare: Path, *, out: str | None, jsonl: bool, animate: bool
) -> int:
    folder, trouble = _folder(runs_folder(out), spare)
    terminal = terminal_of(sys.stderr, colour=talk.colour, animate=animate)
    narrator = Narrator(plan, terminal, quiet=talk.quiet, mode=wanted.mode)
    narrator.begin()
    sagas: list[str] = []
    printed = _Printed() if jsonl else None
    with stopping() as stopped:
        report = bootstrap.play(
            plan,
            mode=cast("bootstrap.Mode", wanted.mode),
            run=folder.run,
            write=folder.append if printed is None else _both(printed.take, folder.append),
            reread=folder.find,
            level=cast("Literal['all', 'normal', 'key']", wanted.log),
            stop=lambda: bool(stopped),
            progress=narrator.progress,
            listeners={**narrator.listeners, _noting(sagas): ("saga.started",)},
        )
        narrator.end(report)
        report = with_stories(report, folder.events)
        again = wanted.again(plan)
        code = 128 + stopped[0] if report.played.ended == "interrupted" and stopped else report.exit_code
        if trouble is None:
            report = dataclasses.replace(report, artifacts=folder.planned([LOCK]))
            trouble = _keep(folder, report, again, code, wanted)
        if trouble is not None:
            code = trouble.exit_code
            report = dataclasses.replace(report, artifacts=())
    if printed is not None and printed.trouble is not None:
        code = printed.trouble.exit_code
        say(f"error: {printed.trouble}")
    with contextlib.suppress(ReaderGoneError):
        _tell(report, talk, again=again, code=code, jsonl=jsonl, kept=trouble is None)
    if trouble is not None:
        say(f"error: {trouble}\n  (the run was played and judged, but not kept)")
    remember(runs_folder(out), sagas=sagas, profiles=plan.scenario.profiles)
    return code


def _noting(sagas: list[str]) -> Callable[[LogEvent], object]:
    """Gather the first sagas' ids, for completion."""

    def note(event: LogEvent) -> None:
        if len(sagas) < _SAGAS:
            sagas.append(event.saga)

    return note


def _folder(root: Path, spare: Path) -> tuple[RunFolder, EnvironmentTrouble | None]:
    """Make the run's folder, in `spare` when the machine refuses: the chains of causes need the log."""
    try:
        return RunFolder.create(root, bootstrap.new_run_id), None
    except EnvironmentTrouble as trouble:
        return RunFolder.create(spare, bootstrap.new_run_id), trouble


class _Printed:
    """The event log on stdout; after the first refusal nothing more is printed, and the run goes on."""

    def __init__(self) -> None:
        self.trouble: EnvironmentTrouble | None = None
        self._open = True

    def take(self, lines: bytes) -> None:
        if not self._open:
            return
        try:
            emit(lines.decode())
        except ReaderGoneError:
            self._open = False
        except EnvironmentTrouble as trouble:
            self.trouble = trouble
            self._open = False


def _both(first: Callable[[bytes], object], second: Callable[[bytes], object]) -> Callable[[bytes], object]:
    def take(lines: bytes) -> None:
        first(lines)
        second(lines)

    return take


def _keep(
    folder: RunFolder, report: RunReport, again: str, code: int, wanted: Wanted
) -> EnvironmentTrouble | None:
    summary = {**report.summary([again]), "exit": code}
    try:
        folder.finish(summary, {LOCK: lock_of(report, wanted)})
    except EnvironmentTrouble as trouble:
        return trouble
    return None


def _tell(report: RunReport, talk: Talk, *, again: str, code: int, jsonl: bool, kept: bool) -> None:
    if talk.json:
        summary: Mapping[str, Any] = {**report.summary([again]), "exit": code}
        emit(msgspec.json.format(msgspec.json.encode(summary), indent=2).decode() + "\n")
        return
    stream = sys.stderr if jsonl else sys.stdout
    block = verdict_block(
        report, terminal_of(stream, colour=talk.colour), again=again, kept=kept, verbose=talk.verbose
    )
    if jsonl:
        say(block.rstrip("\n"))
    else:
        emit(block)


@contextlib.contextmanager
def stopping() -> Iterator[list[int]]:
    """Gather signals: the first one asks to stop in good order, the second ends the process at once."""
    signals: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        if signals:
            os._exit(128 + number)
        signals.append(number)
        say("\nstopping: healing the faults, judging, keeping the run (once more: stop at once)")

    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
