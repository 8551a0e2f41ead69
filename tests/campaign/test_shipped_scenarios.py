"""Every shipped scenario with every profile holds on both ways of checking out; every lesson teaches."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import pytest

from msa_lab.bootstrap import Wishes, Workspace, plan_for, play, scenario_for
from msa_lab.scenario.findings import Outcome, Verdict
from msa_lab.scenario.loading import list_scenarios
from msa_lab.sdk.spec import ServiceSpec
from msa_lab.usecases.report import RunReport

pytestmark = pytest.mark.campaign

WORKSPACE = Workspace(Path(__file__).parents[2])
SEEDS = range(1, int(os.environ.get("CAMPAIGN_SEEDS", "50")) + 1)


@functools.cache
def shop() -> tuple[ServiceSpec, ...]:
    return WORKSPACE.specs()


def run(scenario: str, profile: str, topology: str, seed: int) -> RunReport:
    wishes = Wishes(profile=profile, topology=topology, seed=seed)
    return play(plan_for(WORKSPACE, shop(), scenario_for(WORKSPACE, shop(), scenario, {}), wishes))


def every_profile() -> list[tuple[str, str]]:
    found = []
    for name in list_scenarios(WORKSPACE.search("scenarios")):
        profiles = scenario_for(WORKSPACE, shop(), name, {}).profiles
        found += [(name, profile) for profile in ("none", *profiles)]
    return found


@pytest.mark.parametrize("topology", ["textbook", "choreographed"])
@pytest.mark.parametrize(("scenario", "profile"), every_profile())
def test_holds_on_every_seed_with_every_fault_touching_something(
    scenario: str, profile: str, topology: str
) -> None:
    troubles = []
    for seed in SEEDS:
        report = run(scenario, profile, topology, seed)
        idle = [fault.id for fault in report.played.faults if not fault.touched or not fault.healed]
        if report.outcome is not Outcome.PASSED or idle or not report.played.settled:
            wrong = [f"{f.id}: {f.observed}" for f in report.findings if f.verdict is not Verdict.HELD]
            troubles.append(f"seed {seed}: {report.outcome.value} {wrong} idle faults {idle}")

    assert troubles == []


@pytest.mark.parametrize("profile", ["payment-timeouts", "broker-loss", "crash-storm"])
def test_a_shared_database_costs_speed_and_no_money(profile: str) -> None:
    # Fewer purchases succeed while everybody's database is away, which is a warning in every topology.
    borne = {"mostly-succeeds"}
    for seed in range(1, 11):
        report = run("checkout", profile, "shared-database", seed)
        broken = {f.id for f in report.findings if f.verdict is not Verdict.HELD}
        assert (broken - borne, report.played.settled) == (set(), True)


@pytest.mark.parametrize(
    ("topology", "scenario", "profile", "expectation"),
    [
        ("no-idempotency", "checkout", "payment-timeouts", "captured-once"),
        ("no-outbox", "checkout", "broker-loss", "nothing-lost"),
        ("no-inbox", "checkout", "broker-loss", "nothing-twice"),
        ("check-then-act", "flash-sale", "crowd", "never-oversold"),
        ("no-retry", "checkout", "flaky-network", "shoppers-are-served"),
        ("shared-database", "slow-inventory", "stock-database-down", "pages-are-shown"),
        ("no-breaker", "slow-inventory", "slow-stock", "pages-stay-fast"),
    ],
)
def test_without_the_pattern_the_expectation_that_names_it_breaks(
    topology: str, scenario: str, profile: str, expectation: str
) -> None:
    broken = 0
    for seed in range(1, 11):
        report = run(scenario, profile, topology, seed)
        assert report.outcome is not Outcome.INCONCLUSIVE
        broken += expectation in [finding.id for finding in report.broken]

    assert broken >= 9
