"""`msalab doctor`: what of this machine matters, and what to do about it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from msa_lab import bootstrap
from msa_lab.cli.jsontext import json_text
from msa_lab.cli.options import Talk
from msa_lab.cli.places import here, runs_folder, shops_folder
from msa_lab.cli.terminal import emit, terminal_of
from msa_lab.errors import EnvironmentTrouble, MsaLabError
from msa_lab.persistence import RunStore
from msa_lab.scenario.loading import list_scenarios
from msa_lab.topology import list_topologies

_LITTLE = 200 * 2**20
_NARROW = 80


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; `level` is good, warn or bad, `way_out` what to do."""

    name: str
    level: str
    says: str
    way_out: str = ""


def examine(out: str | None, talk: Talk) -> int:
    """Print all checks; give 4 when one is bad, else 0."""
    checks = list(_checks(out))
    bad = any(check.level == "bad" for check in checks)
    if talk.json:
        listed = [
            {"name": it.name, "level": it.level, "says": it.says, "way_out": it.way_out} for it in checks
        ]
        content = {"schema": "msalab/doctor@1", "checks": listed}
        emit(json_text(content))
        return EnvironmentTrouble.exit_code if bad else 0
    terminal = terminal_of(sys.stdout, colour=talk.colour)
    lines: list[str] = []
    for check in checks:
        head = f"{terminal.glyph(check.level)} {check.name:<11} "
        lines += [terminal.paint(line, check.level) for line in terminal.wrap(check.says, head)]
        if check.way_out:
            lines += terminal.wrap(check.way_out, " " * len(head) + "-> ")
    verdict = "something is in the way" if bad else "ready:  msalab scenario checkout --chaos"
    emit("\n".join([*lines, "", verdict, ""]))
    return EnvironmentTrouble.exit_code if bad else 0


def _checks(out: str | None) -> Iterator[Check]:
    version = platform.python_version()
    known = (3, 11) <= sys.version_info[:2] <= (3, 13)
    yield Check(
        "python", "good" if known else "warn", f"{version} on {platform.system()}",
        "" if known else "3.11, 3.12 and 3.13 are tried",
    )  # fmt: skip
    yield from _workspace()
    yield from _folder(runs_folder(out))
    yield from _shops()
    yield from _screen()


def _workspace() -> Iterator[Check]:
    workspace = bootstrap.Workspace(here())
    try:
        specs = workspace.specs()
    except MsaLabError as trouble:
        yield Check("services", "bad", str(trouble))
        return
    own = sum(1 for spec in specs if not spec.outside)
    yield Check("services", "good", f"{own} services, {len(specs) - own} outside parties")
    for kind, names in (
        ("scenarios", list_scenarios(workspace.search("scenarios"))),
        ("topologies", list_topologies(workspace.search("topologies"))),
    ):
        yield Check(kind, "good" if names else "bad", f"{len(names)} found")


def _folder(root: Path) -> Iterator[Check]:
    there = root
    while not there.exists() and there != there.parent:
        there = there.parent
    try:
        with tempfile.TemporaryFile(dir=there) as probe:
            probe.write(b"x" * 4096)
        free = shutil.disk_usage(there).free
    except OSError as error:
        way_out = "choose another with --out DIR or MSALAB_RUNS=DIR"
        yield Check("runs", "bad", f"{root} cannot be written: {error.strerror or error}", way_out)
        return
    size = f"{free / 2**30:.1f} GiB free"
    if free < _LITTLE:
        yield Check("runs", "warn", f"{root}: {size}", "msalab runs prune deletes old ones")
    else:
        yield Check("runs", "good", f"{root}: {size}")
    halves = RunStore(root).halves()
    if halves:
        yield Check(
            "leftovers", "warn", f"{len(halves)} runs begun and not finished: {', '.join(halves[:5])}",
            "delete them with msalab runs rm ID, unless they are under way",
        )  # fmt: skip


def _shops() -> Iterator[Check]:
    if not hasattr(os, "fork"):
        return
    from msa_lab.persistence.shops import ShopStore  # noqa: PLC0415 - needs a Unix

    shops = ShopStore(shops_folder()).all()
    running = [shop.name for shop in shops if shop.runs]
    killed = [shop.name for shop in shops if shop.name not in running and shop.now is not None]
    if running:
        yield Check("shops", "good", f"running: {', '.join(running)}")
    if killed:
        way_out = "msalab down --all clears away what is left"
        yield Check("shops", "warn", f"their supervisors were killed: {', '.join(killed)}", way_out)


def _screen() -> Iterator[Check]:
    terminal = terminal_of(sys.stdout)
    if sys.stdout.isatty():
        colour = "colours" if terminal.colour else "no colours (NO_COLOR or TERM=dumb)"
        columns = shutil.get_terminal_size().columns
        level = "good" if columns >= _NARROW else "warn"
        yield Check(
            "terminal", level, f"{columns} columns, {colour}", "" if level == "good" else "80 are better"
        )
    else:
        yield Check("terminal", "good", "none: plain text, no colours")
    level = "good" if terminal.unicode else "warn"
    way_out = "" if terminal.unicode else "signs are shown in ASCII; PYTHONUTF8=1 changes that"
    yield Check(
        "encoding", level, f"{sys.stdout.encoding}, locale {os.environ.get('LANG', 'unset')}", way_out
    )
