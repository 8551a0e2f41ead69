"""Checks scenario and topology files without playing them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from msa_lab import bootstrap
from msa_lab.cli.messages import say, told
from msa_lab.cli.options import Talk
from msa_lab.cli.places import here
from msa_lab.cli.terminal import emit, terminal_of
from msa_lab.errors import MsaLabError, UserMistake
from msa_lab.scenario.loading import list_scenarios
from msa_lab.topology import list_topologies


def lint_scenarios(names: Sequence[str], talk: Talk) -> int:
    """Load each scenario and the topology it names; give the exit code."""
    workspace = bootstrap.Workspace(here())
    specs = workspace.specs()

    def check(name: str) -> str:
        scenario = bootstrap.scenario_for(workspace, specs, name, {})
        bootstrap.topology_for(workspace, specs, scenario.topology)
        return scenario.file

    known = list_scenarios(workspace.search("scenarios"))
    return _each(names or [str(path) for path in known.values()], check, talk)


def lint_topologies(names: Sequence[str], talk: Talk) -> int:
    """Load each topology; give the exit code."""
    workspace = bootstrap.Workspace(here())
    specs = workspace.specs()
    known = list_topologies(workspace.search("topologies"))

    def check(name: str) -> str:
        return bootstrap.topology_for(workspace, specs, name).file

    return _each(names or [str(path) for path in known.values()], check, talk)


def _each(names: Sequence[str], check: Callable[[str], str], talk: Talk) -> int:
    terminal = terminal_of(sys.stdout, colour=talk.colour)
    worst = 0
    for name in names:
        try:
            file = check(name)
        except MsaLabError as trouble:
            say(told(trouble) + "\n")
            sign = terminal.paint(terminal.glyph("bad"), "bad")
            emit(f"{sign} wrong  {name}\n")
            worst = max(worst, UserMistake.exit_code, trouble.exit_code)
        else:
            emit(f"{terminal.paint(terminal.glyph('good'), 'good')} ok     {file}\n")
    return worst
