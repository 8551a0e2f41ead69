"""Plays a scenario for the command line: tells how it goes, keeps it, says how it ended."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, cast

from msa_lab import bootstrap
from msa_lab.cli.changing import as_played
from msa_lab.cli.completion import remember
from msa_lab.cli.jsontext import json_text
from msa_lab.cli.lockfile import lock_of
from msa_lab.cli.messages import say
from msa_lab.cli.narrator import Narrator
from msa_lab.cli.options import Talk
from msa_lab.cli.places import here, runs_folder
from msa_lab.cli.planpage import plan_page
from msa_lab.cli.stopping import stopping
from msa_lab.cli.terminal import ReaderGoneError, Terminal, emit, terminal_of
from msa_lab.cli.verdict import verdict_block
from msa_lab.cli.wanted import Wanted, pairs_of
from msa_lab.cli.whys import with_stories
from msa_lab.errors import EnvironmentTrouble, UserMistake
from msa_lab.persistence import LOCK, RunFolder
from msa_lab.runtime.process.refusing import told_in_a_sentence
from msa_lab.source.scalars import Trap, plain
from msa_lab.telemetry.events import LogEvent
from msa_lab.usecases.ports import Plan
from msa_lab.usecases.report import RunReport

_SAGAS = 300
_INDEX: Final = "msa_lab.tui.feed.index"
"""Found by name, as the view is: it needs none of the view's windows."""
Listeners = Mapping[Callable[[LogEvent], object], tuple[str, ...]]


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
        without=wanted.without,
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
    with told_in_a_sentence():
        made = tempfile.TemporaryDirectory(prefix="msalab-", ignore_cleanup_errors=True)
    with made as spare:
        return _play(plan, wanted, talk, Path(spare), out=out, jsonl=jsonl, animate=animate)


@dataclasses.dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: its exit code, the line that repeats it, and what kept it from being kept."""

    report: RunReport
    code: int
    again: str
    trouble: EnvironmentTrouble | None

    def block(self, terminal: Terminal, *, verbose: bool) -> str:
        """Give the verdict block."""
        kept = self.trouble is None
        return verdict_block(self.report, terminal, again=self.again, kept=kept, verbose=verbose)


def conclude(
    plan: Plan,
    wanted: Wanted,
    folder: RunFolder,
    *,
    out: str | None,
    trouble: EnvironmentTrouble | None = None,
    signals: Sequence[int] = (),
    listeners: Listeners | None = None,
    told: Callable[[RunReport], object] = lambda _: None,
    **options: Any,  # noqa: ANN401 - those of run_scenario
) -> Ended:
    """Play a plan, judge it and keep it in its folder, unless `trouble` says that this is in vain."""
    sagas: list[str] = []
    report = bootstrap.play(
        plan,
        mode=cast("bootstrap.Mode", wanted.mode),
        run=folder.run,
        reread=folder.find,
        level=cast("Literal['all', 'normal', 'key']", wanted.log),
        listeners={**(listeners or {}), _noting(sagas): ("saga.started",)},
        **{"write": folder.append, **options},
    )
    told(report)
    report = with_stories(report, folder.events)
    wanted = as_played(wanted, plan, report.played.by_hand)
    again = wanted.again(plan)
    code = 128 + signals[0] if report.played.ended == "interrupted" and signals else report.exit_code
    if trouble is None:
        report = dataclasses.replace(report, artifacts=folder.planned([LOCK]))
        trouble = _keep(folder, report, again, code, wanted)
    if trouble is not None:
        code = trouble.exit_code
        report = dataclasses.replace(report, artifacts=())
    remember(runs_folder(out), sagas=sagas, profiles=plan.scenario.profiles)
    return Ended(report, code, again, trouble)


def _play(
    plan: Plan, wanted: Wanted, talk: Talk, spare: Path, *, out: str | None, jsonl: bool, animate: bool
) -> int:
    folder, trouble = folder_for(runs_folder(out), spare)
    terminal = terminal_of(sys.stderr, colour=talk.colour, animate=animate)
    narrator = Narrator(plan, terminal, quiet=talk.quiet, mode=wanted.mode)
    narrator.begin()
    printed = _Printed() if jsonl else None
    with stopping() as stopped:
        ended = conclude(
            plan,
            wanted,
            folder,
            out=out,
            trouble=trouble,
            signals=stopped,
            listeners=narrator.listeners,
            told=narrator.end,
            write=folder.append if printed is None else _both(printed.take, folder.append),
            stop=lambda: bool(stopped),
            progress=narrator.progress,
        )
    if printed is not None and printed.trouble is not None:
        ended = dataclasses.replace(ended, code=printed.trouble.exit_code)
        say(f"error: {printed.trouble}")
    with contextlib.suppress(ReaderGoneError):
        _tell(ended, talk, jsonl=jsonl)
    if ended.trouble is not None:
        say(unkept(ended.trouble))
    else:
        with contextlib.suppress(KeyboardInterrupt):  # all is told and kept; this only saves time later
            keep_index(folder)
    return ended.code


def keep_index(folder: RunFolder, stop: Callable[[], bool] = lambda: False) -> None:
    """Keep what the live view wants to know of a long log, unless told to stop. The verdict is out by then.

    Raises:
        EnvironmentTrouble: when the log cannot be read.
    """
    importlib.import_module(_INDEX).keep_of(folder.events, stop=stop)


def unkept(trouble: EnvironmentTrouble) -> str:
    """Say why a run was not kept."""
    return f"error: {trouble}\n  (the run was played and judged, but not kept)"


def _noting(sagas: list[str]) -> Callable[[LogEvent], object]:
    """Gather the first sagas' ids, for completion."""

    def note(event: LogEvent) -> None:
        if len(sagas) < _SAGAS:
            sagas.append(event.saga)

    return note


def folder_for(root: Path, spare: Path) -> tuple[RunFolder, EnvironmentTrouble | None]:
    """Make the run's folder, in `spare` when the machine refuses: the chains of causes need the log.

    A `spare` that is not needed is removed at once, so that who kills the run leaves nothing behind.
    """
    try:
        folder = RunFolder.create(root, bootstrap.new_run_id)
    except EnvironmentTrouble as trouble:
        return RunFolder.create(spare, bootstrap.new_run_id), trouble
    spare.rmdir()
    return folder, None


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


def _tell(ended: Ended, talk: Talk, *, jsonl: bool) -> None:
    if talk.json:
        summary: Mapping[str, Any] = {**ended.report.summary([ended.again]), "exit": ended.code}
        emit(json_text(summary))
        return
    stream = sys.stderr if jsonl else sys.stdout
    block = ended.block(terminal_of(stream, colour=talk.colour), verbose=talk.verbose)
    if jsonl:
        say(block.rstrip("\n"))
    else:
        emit(block)
