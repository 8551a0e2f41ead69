"""Shipped scenarios come to the same verdict in both worlds, expectation by expectation.

A few are played always; with `VERDICT_SEEDS=1,2,3` all of them are, under each profile, on each seed.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from msa_lab.bootstrap import Mode, Wishes, Workspace, plan_for, play, scenario_for
from msa_lab.scenario.findings import Outcome, Verdict
from msa_lab.scenario.loading import list_scenarios
from msa_lab.sdk.spec import ServiceSpec

WORKSPACE = Workspace(Path(__file__).parents[2])
SAMPLE = (
    ("checkout", "payment-timeouts", 1),
    ("checkout", "crash-storm", 1),
    ("refused-card", "slow-bank", 1),
    ("poison-message", "poison", 1),
)


@functools.cache
def shop() -> tuple[ServiceSpec, ...]:
    return WORKSPACE.specs()


def wanted() -> Iterator[tuple[str, str, int]]:
    """Give scenario, profile and seed of each comparison."""
    seeds = os.environ.get("VERDICT_SEEDS", "")
    if not seeds:
        yield from SAMPLE
        return
    for seed in seeds.split(","):
        for name in list_scenarios(WORKSPACE.search("scenarios")):
            for profile in ("none", *scenario_for(WORKSPACE, shop(), name, {}).profiles):
                yield name, profile, int(seed)


def judged(mode: Mode, scenario: str, profile: str, seed: int) -> tuple[Outcome, dict[str, Verdict]]:
    """Play in a world; give the verdict, and those of the expectations that decide it."""
    wishes = Wishes(profile=profile, seed=seed)
    report = play(
        plan_for(WORKSPACE, shop(), scenario_for(WORKSPACE, shop(), scenario, {}), wishes), mode=mode
    )
    assert report.played.settled
    assert report.played.unhealed == ()
    return report.outcome, {f.id: f.verdict for f in report.findings if f.severity == "error"}


@pytest.mark.parametrize(("scenario", "profile", "seed"), list(wanted()))
def test_real_processes_come_to_the_verdict_of_the_simulation(scenario: str, profile: str, seed: int) -> None:
    assert judged("process", scenario, profile, seed) == judged("sim", scenario, profile, seed)
