"""The table of `msalab validate`."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from typing import Final

from msa_lab import bootstrap
from msa_lab.cli.jsontext import json_text
from msa_lab.cli.options import Talk
from msa_lab.cli.terminal import Terminal, emit, terminal_of
from msa_lab.scenario.findings import Outcome, Verdict
from msa_lab.usecases.report import EXIT_CODES
from msa_lab.usecases.validation.model import Case, Result
from msa_lab.usecases.validation.table import outcome, validate

SCHEMA: Final = "msalab/validation@1"
SEED: Final = 1
_STYLES: Final = {
    Verdict.HELD: ("good", "good"),
    Verdict.BROKEN: ("bad", "bad"),
    Verdict.UNPROVEN: ("unsure", "warn"),
}


def print_validation(words: Sequence[str], seed: int | None, effort: float, talk: Talk) -> int:
    """Run the cases, print each as soon as it is there, give the exit code."""
    seed = SEED if seed is None else seed
    terminal = terminal_of(sys.stdout, colour=talk.colour)
    results: list[Result] = []
    if not talk.json and not talk.quiet:
        emit(_head())
    for case, found in validate(bootstrap.simulated_world(), seed, words=words, effort=effort):
        results += found
        if not talk.json and not talk.quiet:
            emit(_block(case, found, terminal))
    whole = outcome(results)
    if talk.json:
        emit(_json(results, seed, effort, whole))
    else:
        emit(_foot(results, seed, whole))
    return EXIT_CODES[whole]


def _head() -> str:
    return (
        "Queueing theory against the engine that plays the shop. Times are in mean service times.\n\n"
        f"  {'':20}{'value':>10}{'exact':>10}   95 % interval\n"
    )


def _block(case: Case, found: Sequence[Result], terminal: Terminal) -> str:
    lines = [f"{terminal.paint(case.id, 'strong')}  {case.title}"]
    for result in found:
        glyph, style = _STYLES[result.verdict]
        sign = terminal.paint(f"{terminal.glyph(glyph)} {result.verdict.value}", style)
        interval = f"{result.low:.4f} to {result.high:.4f}"
        lines.append(f"  {result.name:20}{result.value:10.4f}{result.exact:10.4f}   {interval:22}{sign}")
    return "\n".join(lines) + "\n"


def _foot(results: Sequence[Result], seed: int, whole: Outcome) -> str:
    count = {verdict: sum(result.verdict is verdict for result in results) for verdict in Verdict}
    return (
        f"\n{whole.value}: {count[Verdict.HELD]} of {len(results)} values hold with seed {seed}, "
        f"{count[Verdict.UNPROVEN]} unproven, {count[Verdict.BROKEN]} broken\n"
    )


def _json(results: Sequence[Result], seed: int, effort: float, whole: Outcome) -> str:
    value = {
        "schema": SCHEMA,
        "seed": seed,
        "effort": effort,
        "verdict": whole.value,
        "exit": EXIT_CODES[whole],
        "results": [dataclasses.asdict(result) for result in results],
    }
    return json_text(value)
