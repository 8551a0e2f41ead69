"""The same files, seed and version give the same log, byte for byte."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

RUN = """
import sys
from pathlib import Path
from msa_lab.bootstrap import Wishes, Workspace, plan_for, play, scenario_for
from msa_lab.usecases.ports import Plan

workspace = Workspace(Path(sys.argv[1]))
specs = workspace.specs()
scenario, profile, topology, seed = sys.argv[2:6]
wishes = Wishes(profile=profile, topology=topology, seed=int(seed))
report = play(plan_for(workspace, specs, scenario_for(workspace, specs, scenario, {}), wishes))
print(report.log_hash, report.events)
"""

RUNS = [
    ("checkout", "payment-timeouts", "textbook", 42),
    ("checkout", "flaky-network", "choreographed", 7),
    ("checkout", "crash-storm", "textbook", 3),
    ("checkout", "broker-loss", "no-outbox", 5),
    ("orchestrator-crash", "wrong-clock", "monolith", 9),
    ("returning-customer", "bad-day", "textbook", 21),
    ("flash-sale", "crowd", "check-then-act", 11),
    ("checkout", "payment-timeouts", "shared-database", 42),
]


def log_hash(run: tuple[str, str, str, int], *, hash_seed: str) -> str:
    """Play in a process of its own and give the log's hash and length."""
    command = [sys.executable, "-c", RUN, str(ROOT), *map(str, run)]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    ended = subprocess.run(  # noqa: S603 - this Python, our own text
        command, capture_output=True, text=True, check=False, env=environment, cwd=ROOT
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


@pytest.mark.parametrize("run", RUNS, ids=lambda run: "-".join(map(str, run)))
def test_another_process_and_hash_seed_change_nothing(
    run: tuple[str, str, str, int], record_hash: Callable[[str], None]
) -> None:
    first = log_hash(run, hash_seed="0")
    second = log_hash(run, hash_seed="4242")
    record_hash(first.split()[0])

    assert first == second
    assert int(first.split()[1]) > 1000


def test_another_seed_gives_another_log() -> None:
    assert log_hash(("checkout", "none", "textbook", 1), hash_seed="0") != log_hash(
        ("checkout", "none", "textbook", 2), hash_seed="0"
    )
