"""A child's life in small, before the fork: it leaves nothing behind, and a whole shop is small for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from msa_lab.bootstrap import Wishes, Workspace, plan_for, scenario_for
from msa_lab.runtime.process.hurting import SharedCounts
from msa_lab.runtime.process.launch import blueprint_of
from msa_lab.runtime.process.rehearsal import rehearse
from msa_lab.telemetry.log import EventLog
from tests.process.conftest import descendants

ROOT = Path(__file__).parents[2]
MIB = 1024 * 1024
linux = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")


def opened() -> Mapping[str, str]:
    """Give this process's open files and sockets."""
    found = {}
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found[entry.name] = str(entry.readlink())
        except OSError:
            continue  # the listing's own
    return found


@linux
def test_it_touches_nothing_of_the_run_and_leaves_nothing_open(tmp_path: Path) -> None:
    workspace = Workspace(ROOT)
    specs = workspace.specs()
    plan = plan_for(workspace, specs, scenario_for(workspace, specs, "checkout", {}), Wishes())
    blueprint = blueprint_of(plan, EventLog(), tmp_path, SharedCounts((), tmp_path / "counts"))
    rehearse(blueprint)  # what is loaded the first time stays
    before, files = opened(), sorted(tmp_path.iterdir())

    rehearse(blueprint)

    assert opened() == before
    assert sorted(tmp_path.iterdir()) == files == []
    assert threading.active_count() == 1


def pss(pid: int) -> int:
    """Give a process's share of the memory, in bytes."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024


@linux
def test_a_whole_shop_with_all_its_helpers_takes_less_than_500_megabytes(tmp_path: Path) -> None:
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}

    def msalab(*arguments: str) -> str:
        with (tmp_path / "out").open("wb") as out:  # what stays running would hold a pipe open
            subprocess.run(  # noqa: S603 - this Python
                [sys.executable, "-m", "msa_lab", *arguments], cwd=tmp_path, env=env, stdout=out, check=True,
                timeout=60,
            )  # fmt: skip
        return (tmp_path / "out").read_text(encoding="utf-8")

    msalab("up")
    try:
        instances = json.loads(msalab("status", "--json"))["instances"]
        nursery, supervisor = parents(instances[0]["pid"])
        total = sum(map(pss, [supervisor, *descendants(supervisor)]))
    finally:
        msalab("down", "--all")

    assert len(instances) == 18
    assert nursery != supervisor
    assert 50 * MIB < total < 500 * 1_000_000


def parents(pid: int) -> tuple[int, int]:
    """Give the parent of a process and that one's."""

    def parent(of: int) -> int:
        return int(Path(f"/proc/{of}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[1])

    return parent(pid), parent(parent(pid))
