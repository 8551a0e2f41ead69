"""What the curves can be compared with: this moment, the viewer's own marks, other runs that were kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from msa_lab.errors import EnvironmentTrouble
from msa_lab.persistence import EVENTS, RunStore, StoredRun
from msa_lab.tui.feed.lines import Line, line
from msa_lab.tui.feed.sight import Sight

_MOST: Final = 60


@dataclass(frozen=True, slots=True)
class Offer:
    """A line of the choice: an instant of this run, or the log of another; neither ends the comparison."""

    line: Line
    told: str = ""
    t: int | None = None
    log: Path | None = None


def offers(sight: Sight, runs: Path | None, *, compared: bool) -> list[Offer]:
    """Offer moments, the latest mark first, and the newest runs of a folder but the one that is open."""
    found = [Offer(line(("nothing", "strong"), ("  draw this run alone", "dim")))] if compared else []
    marks = [marker for marker in reversed(sight.feed.markers) if marker.kind == "own"]
    found += [_moment(mark.t, f"the mark at T+{mark.t / 1e6:.3f}") for mark in marks]
    found.append(_moment(sight.t, f"this moment, T+{sight.t / 1e6:.3f}"))
    if runs is not None:
        store, here = RunStore(runs), sight.feed.log.path.resolve().parent.name
        for name in [name for name in store.ids() if name != here][:_MOST]:
            try:
                found.append(_run(store.load(name), sight))
            except EnvironmentTrouble:  # damaged, or gone meanwhile: nothing to compare with
                continue
    return found


def _moment(t: int, told: str) -> Offer:
    return Offer(line((told, "strong")), f"T+{t / 1e6:.3f}", t=t)


def _run(run: StoredRun, sight: Sight) -> Offer:
    summary = run.summary
    scenario = summary["scenario"]["id"]
    same = scenario == (sight.summary.get("scenario") or {}).get("id")
    told = f"{summary['topology']}, seed {summary['seed']}, {summary.get('chaos') or 'no chaos'}"
    drawn = line(
        (f"run {run.id}", "strong"), (f"  {summary['verdict']:<9}", "dim"),
        (f" {scenario}", "" if same else "dim"), f"  {told}",
    )  # fmt: skip
    return Offer(drawn, f"run {run.id}", log=run.path / EVENTS)
