"""What `msalab runs` does."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from msa_lab.cli.jsontext import json_text
from msa_lab.cli.kept import readable, stored
from msa_lab.cli.options import Talk
from msa_lab.cli.places import runs_folder
from msa_lab.cli.terminal import Terminal, emit, printable, table, terminal_of
from msa_lab.persistence import RunStore

_STYLES = {"PASSED": "good", "FAILED": "bad", "INCONCLUSIVE": "unsure"}
_FINDINGS = {"HELD": "good", "BROKEN": "bad", "UNPROVEN": "unsure"}


def print_runs(out: str | None, talk: Talk) -> None:
    """List the runs that can be read."""
    found = readable(RunStore(runs_folder(out)))
    if talk.json:
        keys = ("run", "scenario", "topology", "seed", "chaos", "started", "verdict", "exit", "log_hash")
        listed = [{key: run.summary.get(key) for key in keys} for run in found]
        emit(json_text({"schema": "msalab/runs@1", "runs": listed}))
        return
    if not found:
        emit(f"no runs in {runs_folder(out)}\n  play one:  msalab scenario checkout --chaos\n")
        return
    terminal = terminal_of(sys.stdout, colour=talk.colour)
    head = ("run", "verdict", "scenario", "topology", "chaos", "seed", "started")
    rows = [
        (
            run.id,
            f"{terminal.glyph(_STYLES.get(run.summary['verdict'], 'unsure'))} {run.summary['verdict']}",
            _scenario(run.summary),
            str(run.summary["topology"]),
            str(run.summary["chaos"]),
            str(run.summary["seed"]),
            str(run.summary["started"]).replace("T", " ")[5:16],
        )
        for run in found
    ]
    lines = table([head, *rows], right=(5,))
    emit("\n".join([terminal.paint(lines[0], "dim"), *map(terminal.fit, lines[1:]), ""]))


def print_run(name: str | None, out: str | None, talk: Talk) -> None:
    """Show one run's result."""
    run = stored(name, out)
    summary = run.summary
    if talk.json:
        emit(json_text(summary))
        return
    terminal = terminal_of(sys.stdout, colour=talk.colour)
    style = _STYLES.get(summary["verdict"], "unsure")
    lines = [terminal.paint(f"{terminal.glyph(style)} {summary['verdict']}", style) + f"  run {run.id}", ""]
    sagas = summary.get("sagas") or {}
    lines += table(
        [
            ("scenario", f"{_scenario(summary)}  {summary['scenario'].get('file', '')}"),
            ("topology", str(summary["topology"])),
            ("chaos", str(summary["chaos"])),
            ("seed", str(summary["seed"])),
            ("started", str(summary["started"])),
            ("lasted", f"{summary.get('duration_sim')} s simulated, {summary.get('duration_wall')} s real"),
            ("sagas", ", ".join(f"{count} {word}" for word, count in sagas.items())),
            ("log", f"{summary.get('events')} events, sha256 {str(summary.get('log_hash'))[:16]}..."),
        ],
        indent="  ",
    )
    lines += ["", "expectations", *_expectations(summary["expectations"], terminal)]
    faults = summary.get("faults") or []
    if faults:
        rows = [
            (fault["id"], fault["kind"], fault["target"], f"touched {fault['touched']}") for fault in faults
        ]
        lines += ["", "faults", *table(rows, indent="  ")]
    lines += ["", f"  files    {run.path}"]
    lines += [f"  again    {line}" for line in summary.get("repeat") or []]
    emit("\n".join([*lines, ""]))


def _expectations(findings: Sequence[Mapping[str, Any]], terminal: Terminal) -> list[str]:
    lines: list[str] = []
    for finding in findings:
        verdict = finding["verdict"]
        warns = finding.get("severity") == "warn" and verdict != "HELD"
        style = "warn" if warns else _FINDINGS.get(verdict, "unsure")
        place = f"{finding['file']}:{finding['line']}"
        head = f"  {terminal.glyph(style)} {finding['id']}"
        lines.append(
            terminal.paint(printable(f"{head:<28} {verdict:<9} {place}"), "" if style == "good" else style)
        )
        if verdict != "HELD":
            lines += terminal.wrap(str(finding["observed"]), "      ")
    return lines


def remove(names: Sequence[str], out: str | None) -> None:
    """Delete runs; each must be known before any is deleted."""
    store = RunStore(runs_folder(out))
    chosen = [name if name in store.halves() else store.resolve(name).id for name in names]
    for run in dict.fromkeys(chosen):
        store.remove(run)
        emit(f"deleted {run}\n")


def prune(keep: int, out: str | None) -> None:
    """Delete all runs but the newest."""
    store = RunStore(runs_folder(out))
    old = store.ids()[keep:]
    for run in old:
        store.remove(run)
    emit(f"deleted {len(old)} run{'' if len(old) == 1 else 's'}, kept {len(store.ids())}\n")


def _scenario(summary: Mapping[str, Any]) -> str:
    scenario = summary["scenario"]
    return str(scenario.get("id", "")) if isinstance(scenario, Mapping) else str(scenario)
