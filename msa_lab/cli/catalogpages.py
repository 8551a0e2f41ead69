"""What there is: scenarios, topologies, faults; listed and shown."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from msa_lab import bootstrap
from msa_lab.chaos import CATALOGUE, cast, find_kind, list_page, show_page, write_fault
from msa_lab.cli.completion import remember
from msa_lab.cli.jsontext import json_text
from msa_lab.cli.options import Talk
from msa_lab.cli.places import here, runs_folder
from msa_lab.cli.terminal import emit, table, terminal_of
from msa_lab.errors import MsaLabError
from msa_lab.scenario.loading import list_scenarios
from msa_lab.scenario.model import Scenario
from msa_lab.scenario.monitors import limit
from msa_lab.source import format_duration
from msa_lab.topology import PATTERNS, Topology, as_ascii, as_dot, as_mermaid, graph, list_topologies


def _workspace() -> bootstrap.Workspace:
    return bootstrap.Workspace(here())


def print_scenarios(talk: Talk) -> None:
    """List the scenarios; one that is written wrong is listed too."""
    workspace = _workspace()
    specs = workspace.specs()
    rows: list[tuple[str, ...]] = []
    found: list[dict[str, Any]] = []
    for name, path in list_scenarios(workspace.search("scenarios")).items():
        try:
            scenario = bootstrap.scenario_for(workspace, specs, str(path), {})
        except MsaLabError:
            rows.append((name, "written wrong; see msalab scenario lint", ""))
            found.append({"id": name, "file": str(path), "valid": False})
        else:
            rows.append((name, scenario.title, ", ".join(scenario.profiles)))
            found.append({"id": name, "valid": True, **_scenario(scenario)})
    remember(runs_folder())
    if talk.json:
        emit(json_text({"schema": "msalab/scenarios@1", "scenarios": found}, enc_hook=str))
        return
    terminal = terminal_of(sys.stdout, colour=talk.colour)
    width = max((len(name) for name, *_ in rows), default=0)
    lines: list[str] = []
    for name, title, profiles in rows:
        lines += terminal.wrap(title, f"{name:<{width}}  ")
        if profiles:
            lines += [
                terminal.paint(line, "dim") for line in terminal.wrap(f"chaos: {profiles}", " " * (width + 2))
            ]
    emit("\n".join([*lines, "", "play one:  msalab scenario NAME --chaos", ""]))


def _scenario(scenario: Scenario) -> dict[str, Any]:
    return {
        "id": scenario.id, "title": scenario.title, "tags": list(scenario.tags), "file": scenario.file,
        "topology": scenario.topology, "seed": scenario.seed, "duration": scenario.duration / 1e6,
        "profiles": list(scenario.profiles), "default_profile": scenario.chaos_default,
        "expectations": [expectation.id for expectation in scenario.expect],
    }  # fmt: skip


def print_scenario(name: str, talk: Talk) -> None:
    """Show one scenario."""
    workspace = _workspace()
    scenario = bootstrap.scenario_for(workspace, workspace.specs(), name, {})
    if talk.json:
        emit(json_text({"schema": "msalab/scenario-shown@1", **_scenario(scenario)}, enc_hook=str))
        return
    terminal = terminal_of(sys.stdout, colour=talk.colour)
    lines = [terminal.paint(f"{scenario.id}: {scenario.title}", "strong")]
    lines += terminal.wrap(scenario.why, "") if scenario.why else []
    lines += ["", f"  {scenario.file}  topology {scenario.topology}  seed {scenario.seed}", "", "load"]
    lines += [
        f"  T+{phase.start / 1e6:04.1f}  {phase.name}: {phase.flow} {phase.rate:g}/s"
        f" for {format_duration(phase.duration)}"
        for phase in scenario.load
    ]
    for profile, faults in scenario.profiles.items():
        default = "  (default)" if profile == scenario.chaos_default else ""
        lines += ["", f"chaos {profile}{default}"]
        for fault in faults:
            lines += terminal.wrap(write_fault(fault), "  ", "      ")
    lines += ["", "expects"]
    for expectation in scenario.expect:
        lines.append(f"  {expectation.id}  {terminal.paint(f'line {expectation.place.line}', 'dim')}")
        lines += terminal.wrap(limit(expectation), "      ")
    emit("\n".join([*lines, ""]))


def print_topologies(talk: Talk) -> None:
    """List the topologies with what each turns."""
    workspace = _workspace()
    specs = workspace.specs()
    terminal = terminal_of(sys.stdout, colour=talk.colour)
    found: list[dict[str, Any]] = []
    lines: list[str] = []
    names = list_topologies(workspace.search("topologies"))
    width = max((len(name) for name in names), default=0)
    for name, path in names.items():
        try:
            topology = bootstrap.topology_for(workspace, specs, str(path))
        except MsaLabError:
            found.append({"id": name, "file": str(path), "valid": False})
            lines.append(f"{name:<{width}}  written wrong; see msalab topology lint")
        else:
            turned = _turned(topology)
            found.append({"id": name, "title": topology.title, "file": topology.file, "valid": True,
                          "patterns": dict(topology.patterns)})  # fmt: skip
            says = ", ".join(f"{pattern}: {value}" for pattern, value in turned.items())
            lines += terminal.wrap(topology.title + (f"  ({says})" if says else ""), f"{name:<{width}}  ")
    remember(runs_folder())
    if talk.json:
        emit(json_text({"schema": "msalab/topologies@1", "topologies": found}, enc_hook=str))
        return
    emit("\n".join([*lines, "", "play in one:  msalab scenario checkout --chaos --topology NAME", ""]))


def _turned(topology: Topology) -> Mapping[str, str]:
    return {
        name: value
        for name, value in topology.patterns.items()
        if name in PATTERNS and value != PATTERNS[name].default
    }


def print_topology(name: str, settings: Sequence[str], talk: Talk) -> None:
    """Show one topology."""
    workspace = _workspace()
    topology = bootstrap.topology_for(workspace, workspace.specs(), name, settings)
    deployed = topology.deployments.values()
    if talk.json:
        content = {
            "schema": "msalab/topology-shown@1", "id": topology.id, "title": topology.title,
            "file": topology.file, "sha256": topology.sha256, "patterns": dict(topology.patterns),
            "services": {it.service: {"replicas": it.replicas, "concurrency": it.concurrency,
                                      "queue": it.queue} for it in deployed},
        }  # fmt: skip
        emit(json_text(content, enc_hook=str))
        return
    terminal = terminal_of(sys.stdout, colour=talk.colour)
    lines = [terminal.paint(f"{topology.id}: {topology.title}", "strong"), f"  {topology.file}", ""]
    lines += [*terminal.wrap(topology.why, ""), ""] if topology.why else []
    lines.append("patterns")
    for pattern, value in topology.patterns.items():
        turned = value != PATTERNS[pattern].default
        head = f"  {pattern:<15} {value:<15}"
        lines.append(terminal.paint(f"{head} not the textbook way", "warn") if turned else head.rstrip())
        if turned:
            lines += terminal.wrap(PATTERNS[pattern].teaches, "      ")
    lines += ["", "services"]
    rows = [("", "replicas", "at once", "queue")]
    rows += [(it.service, str(it.replicas), str(it.concurrency), str(it.queue)) for it in deployed]
    lines += table(rows, indent="  ", right=(1, 2, 3))
    emit("\n".join([*lines, ""]))


def print_graph(name: str, settings: Sequence[str], way: str) -> None:
    """Draw a topology."""
    workspace = _workspace()
    specs = workspace.specs()
    topology = bootstrap.topology_for(workspace, specs, name, settings)
    emit({"ascii": as_ascii, "mermaid": as_mermaid, "dot": as_dot}[way](graph(topology, specs)))


def print_kinds(talk: Talk) -> None:
    """List the kinds of faults."""
    if talk.json:
        kinds = [{"kind": kind.name, "title": kind.title} for kind in CATALOGUE.values()]
        emit(json_text({"schema": "msalab/faults@1", "faults": kinds}, enc_hook=str))
        return
    terminal = terminal_of(sys.stdout, colour=talk.colour)
    lines = [terminal.fit(line) for line in list_page().splitlines()]
    emit("\n".join([*lines, "", "more on one:  msalab chaos show KIND", ""]))


def print_kind(name: str, talk: Talk) -> None:
    """Show one kind of fault."""
    kind = find_kind(name)
    players = cast(_workspace().specs())
    if talk.json:
        example = kind.example.format_map(players)
        content = {"schema": "msalab/fault@1", "kind": kind.name, "title": kind.title,
                   "targets": list(kind.forms), "sim": kind.sim, "process": kind.process,
                   "example": example}  # fmt: skip
        emit(json_text(content, enc_hook=str))
        return
    terminal = terminal_of(sys.stdout, colour=talk.colour)
    lines: list[str] = []
    for line in show_page(kind, players).splitlines():
        label = re.match(r"\s*\S+\s{2,}", line)
        if label is None or len(line) <= terminal.width or "--fault" in line:
            lines.append(line)
        else:
            lines += terminal.wrap(line[label.end() :], label.group())
    emit("\n".join([*lines, ""]))
