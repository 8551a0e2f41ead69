"""The verdict block: what broke, where it is written, how it came to be, what to type next."""

from __future__ import annotations

import shlex
from pathlib import Path

from msa_lab.cli.terminal import Terminal, clip, printable
from msa_lab.scenario.findings import Finding, Outcome, Verdict
from msa_lab.scenario.model import NO_CHAOS
from msa_lab.telemetry.causes import Chain
from msa_lab.usecases.report import RunReport

_DEEPEST = 8
_WHOLE = 3
"""So many broken expectations are told whole; of the others only what was observed, unless verbose."""
_STYLES = {Outcome.PASSED: "good", Outcome.FAILED: "bad", Outcome.INCONCLUSIVE: "unsure"}


def verdict_block(
    report: RunReport, terminal: Terminal, *, again: str, kept: bool = True, verbose: bool = False
) -> str:
    """Give the block; `again` is the line that repeats the run, `kept` whether its files were written."""
    lines = [_head(report, terminal), ""]
    ranked = sorted(report.findings, key=_rank)
    told: dict[str, str] = {}
    broken = [it for it in ranked if it.verdict is Verdict.BROKEN and it.severity == "error"]
    for number, finding in enumerate(broken):
        if number < _WHOLE or verbose:
            lines += [*_broken(finding, report, terminal, told), ""]
        else:
            lines += [*_title(finding, terminal, "bad", "BROKEN"), *_compared(finding, terminal), ""]
    unproven = [it for it in ranked if it.verdict is Verdict.UNPROVEN and it.severity == "error"]
    if report.played.ended == "interrupted" and not verbose and unproven:
        lines.append(f"  {terminal.glyph('unsure')} {len(unproven)} not judged: the end never came")
    else:
        for finding in unproven:
            lines += [*_unproven(finding, terminal), ""]
    lines += _unusual(report, terminal)
    for finding in ranked:
        cut = finding.verdict is Verdict.UNPROVEN and report.played.ended == "interrupted"
        if finding.verdict is not Verdict.HELD and finding.severity == "warn" and not cut:
            lines += _warning(finding, terminal)
    lines += _held(report, terminal, verbose=verbose)
    lines += ["", *_next(report, terminal, again, kept=kept)]
    return "\n".join([*lines, ""])


def _rank(finding: Finding) -> int:
    """The root first: what is always and never so says more than what follows from it."""
    return {"never": 0, "always": 0, "finally": 1, "eventually": 2, "metric": 3, "evidence": 4}[finding.kind]


def _head(report: RunReport, terminal: Terminal) -> str:
    counted = [finding for finding in report.findings if finding.severity == "error"]
    total = f"{len(report.findings)} expectation{'' if len(report.findings) == 1 else 's'}"
    style = _STYLES[report.outcome]
    word = terminal.paint(f"{terminal.glyph(style)} {report.outcome.value}", style)
    if report.played.ended == "interrupted":
        return f"{word}  interrupted at T+{report.played.end / 1e6:.1f}; what was played is judged"
    if report.outcome is Outcome.FAILED:
        return f"{word}  {len(report.broken)} of {total}"
    if report.outcome is Outcome.PASSED:
        held = sum(1 for finding in report.findings if finding.verdict is Verdict.HELD)
        return f"{word}  {held} of {total} held"
    if report.played.ended == "unsteady":
        return f"{word}  the shop was not in its steady state before any fault"
    unproven = sum(1 for finding in counted if finding.verdict is Verdict.UNPROVEN)
    return f"{word}  {unproven} of {total} could not be judged; this is no pass"


def _title(finding: Finding, terminal: Terminal, style: str, word: str) -> list[str]:
    name = f"  {terminal.glyph(style)} {printable(finding.id)}"
    place = f"{finding.place.file}:{finding.place.line}"
    gap = " " * max(2, 32 - len(name))
    if len(name) + len(gap) + len(place) + len(word) + 2 > terminal.width:
        return [terminal.paint(name, style) + f"  {word}", f"      {place}"]
    return [f"{terminal.paint(name, style)}{gap}{place}  {word}"]


def _broken(finding: Finding, report: RunReport, terminal: Terminal, told: dict[str, str]) -> list[str]:
    """Tell one broken expectation; `told` are the sagas whose story stands above, and under which id."""
    lines = _title(finding, terminal, "bad", "BROKEN")
    lines += _compared(finding, terminal)
    first = finding.violations[0] if finding.violations else None
    if first is not None and first.event:
        saga = f", saga {first.saga}" if first.saga else ""
        when = "since" if finding.kind == "finally" else "at"  # what is observed of it is how it ended
        lines += terminal.wrap(f"{when} T+{first.t / 1e6:.3f}{saga}, event {first.event}", "      first     ")
    chain = report.whys.get(finding.id)
    saga = first.saga if first is not None else ""
    if saga in told:
        lines.append(f"      how it came to be: the same as above, under {told[saga]}")
    elif chain is not None and chain.links:
        if saga:
            told[saga] = finding.id
        lines += ["      how it came to be", *story(chain, terminal, indent="        ")]
        if first is not None and chain.links[-1].event.seq == first.event:
            end = f"{terminal.glyph('bad')} {finding.id}: {first.observed}"
            lines += terminal.wrap(end, f"        T+{first.t / 1e6:.3f}  ")
    return lines + reason(finding.why, _page(finding) if finding.doc else "", terminal)


def _compared(finding: Finding, terminal: Terminal) -> list[str]:
    return [
        *terminal.wrap(finding.observed, "      observed  "),
        *terminal.wrap(finding.limit, "      wanted    "),
    ]


def reason(why: str, page: str, terminal: Terminal) -> list[str]:
    """Tell why an expectation breaks, as the scenario says, and the page to read; nothing for ''."""
    lines = terminal.wrap(why, "      why: ") if why else []
    return [*lines, f"           {terminal.paint(printable(page), 'dim')}"] if page else lines


def _page(finding: Finding) -> str:
    """Give the page's path as the reader can open it: it is named from where the scenarios' folder lies."""
    try:
        page = Path(finding.place.file).parent.parent / finding.doc
        return str(page) if page.is_file() else finding.doc
    except (OSError, ValueError):  # a path that no system knows
        return finding.doc


def story(chain: Chain, terminal: Terminal, *, indent: str) -> list[str]:
    """Tell a chain from the fault to the violation, a line an event, each a little further in."""
    stamps = [f"T+{link.event.t / 1e6:.3f}" for link in chain.links]
    width = max((len(stamp) for stamp in stamps), default=0)
    lines: list[str] = []
    for depth, (link, stamp) in enumerate(zip(chain.links, stamps, strict=True)):
        event = link.event
        arrow = f"{' ' * min(depth, _DEEPEST)}{terminal.glyph('to')} " if depth else ""
        wrapped = terminal.wrap(link.text, f"{indent}{stamp:>{width}}  {arrow}")
        hurt = event.kind.startswith("fault.") or bool(event.detail.get("fault"))
        broke = event.kind == "expectation.violated"
        style = "fault" if hurt else "bad" if broke else ""
        lines += [terminal.paint(line, style) for line in wrapped]
    return lines


def _unproven(finding: Finding, terminal: Terminal) -> list[str]:
    return [
        *_title(finding, terminal, "unsure", "UNPROVEN"),
        *_compared(finding, terminal),
        *reason(finding.why, _page(finding) if finding.doc else "", terminal),
    ]


def _unusual(report: RunReport, terminal: Terminal) -> list[str]:
    played = report.played
    lines: list[str] = []
    sign = terminal.glyph("warn")
    if played.unsteady:
        lines += terminal.wrap(f"{sign} steady state: {played.unsteady} did not hold", "  ")
    untouched = [fault.id for fault in played.faults if not fault.touched]
    if untouched:
        lines += terminal.wrap(f"{sign} faults that touched nothing: {', '.join(untouched)}", "  ", "      ")
    lines += [f"  {sign} not healed: {printable(name)}" for name in played.unhealed]
    return lines


def _warning(finding: Finding, terminal: Terminal) -> list[str]:
    head = f"  {terminal.glyph('warn')} {finding.id} (warn)  "
    wanted = finding.limit.rpartition(": ")[2] if finding.kind == "metric" else finding.limit
    wrapped = terminal.wrap(f"{finding.observed}, wanted {wanted}", head, "      ")
    return [terminal.paint(wrapped[0], "warn"), *wrapped[1:]]


def _held(report: RunReport, terminal: Terminal, *, verbose: bool) -> list[str]:
    held = [finding for finding in report.findings if finding.verdict is Verdict.HELD]
    sign = terminal.paint(terminal.glyph("good"), "good")
    if not held:
        return []
    if not verbose:
        more = "more " if len(held) < len(report.findings) else ""
        return [f"  {sign} {len(held)} {more}held  {terminal.paint('-v lists them', 'dim')}"]
    lines: list[str] = []
    for finding in held:
        warn = " (warn)" if finding.severity == "warn" else ""
        text = clip(f"{finding.id}{warn}  {finding.observed}", terminal.width - 4)
        lines.append(f"  {sign} {printable(text)}")
    return lines


def _next(report: RunReport, terminal: Terminal, again: str, *, kept: bool) -> list[str]:
    lines: list[str] = []
    if kept and report.artifacts:
        folder = report.artifacts[-1].rpartition("/")[0] or report.artifacts[-1]
        lines.append(f"  run      {report.run}   {folder}")
        lines += [f"  look     {line}" for line in looks(report)]
    lines.append(f"  again    {again}")
    if report.outcome is Outcome.PASSED and report.plan.profile != NO_CHAOS:
        lines.append("  break    msalab topology list   (then add --topology NAME: one pattern less)")
    return [printable(line) if not terminal.colour else line for line in lines]


def looks(report: RunReport) -> list[str]:
    """Give the commands that show more of a run."""
    saga = next(
        (violation.saga for finding in report.broken for violation in finding.violations if violation.saga),
        "",
    )
    if saga:
        return [shlex.join(["msalab", "saga", verb, saga, "--run", report.run]) for verb in ("why", "show")]
    if any(finding.kind == "metric" for finding in report.broken):
        return [shlex.join(["msalab", "metrics", report.run])]
    return [shlex.join(["msalab", "saga", "list", "--run", report.run])]
