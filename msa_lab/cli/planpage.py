"""The plan of a run, for `--dry-run`."""

from __future__ import annotations

from msa_lab.chaos import write_fault
from msa_lab.cli.terminal import Terminal, table
from msa_lab.cli.wanted import Wanted
from msa_lab.scenario.monitors import limit
from msa_lab.source import format_duration
from msa_lab.usecases.ports import Plan


def plan_page(plan: Plan, terminal: Terminal, wanted: Wanted) -> str:
    """Say what would be played and judged."""
    scenario = plan.scenario
    lines = [terminal.paint(f"{scenario.id}: {scenario.title}", "strong"), ""]
    lines += table(
        [
            ("file", scenario.file),
            ("topology", f"{plan.topology.id}  {plan.topology.file}"),
            ("seed", str(plan.seed)),
            (
                "lasts",
                f"{format_duration(scenario.duration)}, then at most {format_duration(scenario.settle)}",
            ),
            ("given", ", ".join(scenario.given) or "nothing"),
        ],
        indent="  ",
    )
    lines += ["", "load"]
    lines += table(
        [
            (
                f"T+{phase.start / 1e6:04.1f}",
                phase.name,
                phase.flow,
                f"{phase.rate:g}/s {phase.arrivals}",
                f"for {format_duration(phase.duration)}",
            )
            for phase in scenario.load
        ],
        indent="  ",
    )
    lines += ["", f"faults  (chaos {plan.profile})"]
    for fault in plan.faults:
        lines += terminal.wrap(write_fault(fault), "  ", "      ")
    if not plan.faults:
        lines.append("  none")
    lines += ["", "checks"]
    expected = scenario.expected(plan.profile)
    for expectation in expected:
        warn = " (warn)" if expectation.severity == "warn" else ""
        place = f"{expectation.place.file}:{expectation.place.line}"
        lines.append(f"  {expectation.id}{warn}  {terminal.paint(place, 'dim')}")
        lines += terminal.wrap(limit(expectation), "      ")
    lines += ["", f"  play it  {wanted.again(plan)}", "  (nothing was started)", ""]
    return "\n".join(lines)
