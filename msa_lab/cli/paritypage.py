"""The page of `msalab parity`, and what is told while it plays."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from typing import Final

from msa_lab import bootstrap
from msa_lab.cli.jsontext import json_text
from msa_lab.cli.messages import put
from msa_lab.cli.options import Talk
from msa_lab.cli.playing import planned
from msa_lab.cli.runline import RunLine
from msa_lab.cli.stopping import stopping
from msa_lab.cli.terminal import Terminal, emit, printable, table, terminal_of
from msa_lab.cli.wanted import Wanted
from msa_lab.scenario.findings import Outcome, Verdict
from msa_lab.usecases.parity import Agreement, Compared, Gap, Parity, compare
from msa_lab.usecases.ports import Plan, Progress
from msa_lab.usecases.report import RunReport

_STYLES: Final = {
    Outcome.PASSED: "good",
    Outcome.FAILED: "bad",
    Outcome.INCONCLUSIVE: "unsure",
}
_SIGNS: Final[dict[Agreement, str]] = {"agree": "good", "differ": "bad", "inconclusive": "unsure"}


def print_parity(wanted: Wanted, seeds: Sequence[int], talk: Talk) -> int:
    """Play, tell, give the exit code."""
    plan = planned(dataclasses.replace(wanted, seed=seeds[0]))
    teller = Teller(plan, 2 * len(seeds), terminal_of(sys.stderr, colour=talk.colour), quiet=talk.quiet)
    with stopping() as signals:
        sides = bootstrap.both_sides(teller.begin, lambda: bool(signals))
        teller.plan_told(seeds)
        parity = compare(plan, seeds, sides, stop=lambda: bool(signals), tell=teller.end)
    code = 128 + signals[0] if parity.interrupted and signals else parity.exit_code
    if talk.json:
        summary = {**parity.summary(), "exit": code}
        emit(json_text(summary))
    else:
        emit(page(parity, terminal_of(sys.stdout, colour=talk.colour), wanted, verbose=talk.verbose))
    return code


class Teller:
    """Tells on stderr which run is on, how far it is, and how it ended."""

    def __init__(self, plan: Plan, runs: int, terminal: Terminal, *, quiet: bool) -> None:
        self._plan = plan
        self._runs = runs
        self._terminal = terminal
        self._quiet = quiet
        self._run = 0
        self._line = RunLine(terminal, quiet=quiet)

    def plan_told(self, seeds: Sequence[int]) -> None:
        """Say what will be played and how long it takes at least."""
        if self._quiet:
            return
        plan = self._plan
        chaos = f"chaos {plan.profile}" if plan.faults else "no chaos"
        least = len(seeds) * (plan.scenario.duration / 1e6 + 5)
        text = f"{plan.scenario.id}  both worlds  topology {plan.topology.id}  {chaos}"
        put(f"{self._terminal.paint('MSA Lab', 'strong')}  {printable(text)}\n")
        put(f"{self._runs} runs; those of real processes take {least:.0f} s at the least\n")

    def begin(self, world: str, plan: Plan) -> Progress:
        """Take note of a run; give who watches it."""
        self._run += 1
        head = f"[{self._run}/{self._runs}] seed {plan.seed}  {world:<7}"
        return self._line.begin(head, lambda end: f"at most {end / 1e6:.0f} s")

    def end(self, report: RunReport) -> None:
        """Tell how a run ended."""
        sagas = report.sagas
        word = _verdict(report.outcome, self._terminal)
        self._line.end(f"  {word}  {sagas['started']} sagas, {sagas['open']} open")


def page(parity: Parity, terminal: Terminal, wanted: Wanted, *, verbose: bool) -> str:
    """Give the whole page."""
    lines = [_head(parity, terminal), ""]
    for one in parity.skipped:
        text = f"not played: {one.fault} ({one.kind}); {one.world} cannot: {one.reason}"
        lines += terminal.wrap(text, f"  {terminal.glyph('warn')} ", "      ")
    if parity.pairs:
        lines += _verdicts(parity, terminal)
        lines += _expectations(parity, terminal, verbose=verbose)
        lines += _sagas(parity)
        lines += _metrics(parity)
    lines += _again(parity, wanted)
    return "\n".join([*lines, ""])


def _head(parity: Parity, terminal: Terminal) -> str:
    if parity.interrupted:
        return f"{terminal.glyph('unsure')} interrupted; {len(parity.pairs)} seeds were played in both worlds"
    agreement = parity.agreement
    sign = _SIGNS[agreement]
    said = {
        "agree": "AGREE  both worlds come to the same verdicts",
        "differ": "DIFFER  the worlds come to different verdicts",
        "inconclusive": "INCONCLUSIVE  not all could be judged; this is no agreement",
    }[agreement]
    return terminal.paint(f"{terminal.glyph(sign)} {said}", sign)


def _verdict(outcome: Outcome, terminal: Terminal) -> str:
    style = _STYLES[outcome]
    return terminal.paint(f"{terminal.glyph(style)} {outcome.value}", style)


def _verdicts(parity: Parity, terminal: Terminal) -> list[str]:
    rows = [["verdict", *parity.worlds, ""]]
    for pair in parity.pairs:
        told = [f"{terminal.glyph(_STYLES[it.outcome])} {it.outcome.value}" for it in pair.reports]
        rows.append([f"seed {pair.seed}", *told, pair.agreement])
    return [*table(rows, indent="  "), ""]


def _expectations(parity: Parity, terminal: Terminal, *, verbose: bool) -> list[str]:
    every = parity.expectations
    shown = [one for one in every if verbose or one.agreement != "agree"]
    agreeing = sum(one.agreement == "agree" for one in every)
    lines = [f"  {agreeing} of {len(every)} expectations agree" + ("" if verbose else "  (-v lists them)")]
    rows = [
        [
            f"{terminal.glyph(_SIGNS[one.agreement])} {one.id}",
            *(_counted([pair[side] for pair in one.verdicts.values()]) for side in (0, 1)),
            _remark(one),
        ]
        for one in shown
    ]
    lines += table(rows, indent="  ")
    if any(one.timed for one in shown):
        note = (
            "time: virtual in one world, this machine's in the other; a slow or busy machine makes it differ"
        )
        lines += terminal.wrap(note, "    ")
    return [*lines, ""]


def _counted(verdicts: Sequence[Verdict]) -> str:
    counts = {verdict: verdicts.count(verdict) for verdict in Verdict}
    return ", ".join(f"{count} {verdict.value}" for verdict, count in counts.items() if count)


def _remark(one: Compared) -> str:
    words: list[str] = [one.agreement]
    if one.severity == "warn":
        words.append("warn only")
    if one.timed:
        words.append("time")
    return ", ".join(words)


def _sagas(parity: Parity) -> list[str]:
    rows = [["sagas", *parity.worlds]]
    rows += [[end, *map(str, counts)] for end, counts in parity.sagas.items()]
    return [*table(rows, indent="  ", right=(1, 2)), ""]


def _metrics(parity: Parity) -> list[str]:
    first, second = parity.worlds
    rows = [["metric", first, second, "gap", "95 % interval"]]
    rows += [_gap(gap) for gap in parity.gaps]
    note = (
        "gap: of times the second to the first, less one; else the difference. Intervals are Student's t of"
        " the paired gaps over the seeds, of logarithms for times."
    )
    return [*table(rows, indent="  ", right=(1, 2, 3)), *Terminal().wrap(note, "  "), ""]


def _gap(gap: Gap) -> list[str]:
    name = gap.metric if gap.figure in ("count", "rate") else f"{gap.metric} {gap.figure}"
    values = [_value(value, gap.unit) for value in gap.values]
    if gap.gap is None:
        return [name, *values, "", "no samples"]
    told = [_difference(it, gap.unit) for it in (gap.gap, gap.low, gap.high) if it is not None]
    interval = f"{told[1]} to {told[2]}" if len(told) > 1 else "one seed has none"
    return [name, *values, told[0], interval]


def _value(value: float, unit: str) -> str:
    if unit == "duration":
        return f"{value / 1000:.1f} ms"
    return f"{value:.3f}" if unit == "rate" else f"{value:.1f}"


def _difference(value: float, unit: str) -> str:
    if unit == "duration":
        return f"{100 * value:+.0f} %"
    return f"{value:+.3f}" if unit == "rate" else f"{value:+.1f}"


def _again(parity: Parity, wanted: Wanted) -> list[str]:
    """Give the lines that play again what differed, one in each world."""
    worst = next((pair for pair in parity.pairs if pair.agreement != "agree"), None)
    if worst is None:
        return []
    plan = dataclasses.replace(parity.plan, seed=worst.seed)
    return [
        f"  look     {printable(dataclasses.replace(wanted, mode=world).again(plan))}"
        for world in parity.worlds
    ]
