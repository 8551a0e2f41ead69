"""Two worlds side by side: what counts as agreement, and how far apart figures are."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from msa_lab.bootstrap import Wishes, Workspace, plan_for, scenario_for
from msa_lab.chaos.model import FaultSpec
from msa_lab.scenario.findings import Finding, Outcome, Verdict
from msa_lab.sdk import Instant
from msa_lab.usecases.parity import Parity, both_can, compare, gap_of
from msa_lab.usecases.ports import End, Plan, Played
from msa_lab.usecases.report import RunReport

HELD, BROKEN, UNPROVEN = Verdict.HELD, Verdict.BROKEN, Verdict.UNPROVEN
PASSED, FAILED, INCONCLUSIVE = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The shipped checkout: `money` counts, `fast-enough` judges time, `mostly-succeeds` only warns."""
    workspace = Workspace(Path(__file__).parents[3])
    specs = workspace.specs()
    scenario = scenario_for(workspace, specs, "checkout", {})
    faults = (
        "broker.loss broker lose_unflushed=true at 3s for 1s",
        "net.loss order -> payment count=1 at 1s",
    )
    return plan_for(workspace, specs, scenario, Wishes(faults=faults))


class Scripted:
    """A world whose runs come out as told."""

    def __init__(self, name: str, runs: Mapping[int, tuple[Outcome, Mapping[str, Verdict]]]) -> None:
        self.name = name
        self.ended: End = "done"
        self.unhealed: tuple[str, ...] = ()
        self.median = 20_000
        self.played: list[tuple[int, list[str]]] = []
        self._runs = runs

    def cannot(self, fault: FaultSpec) -> str:
        return "nothing is lost here" if fault.kind == "broker.loss" and self.name == "real" else ""

    def play(self, plan: Plan) -> RunReport:
        self.played.append((plan.seed, [fault.kind for fault in plan.faults]))
        outcome, verdicts = self._runs[plan.seed]
        findings = tuple(self._finding(plan, name, verdict) for name, verdict in verdicts.items())
        played = Played(Instant(0), self.ended, settled=True, faults=(), unhealed=self.unhealed)
        metrics: dict[str, Any] = {
            "request.duration": {
                "count": 9,
                "avg": 1,
                "min": 1,
                "p50": self.median * plan.seed,
                "p95": 40_000,
            },
            "request.failed_rate": {"count": 9, "rate": 0.25},
            "call.failed": {"count": 3},
        }
        sagas = {"started": 5, "completed": 4, "compensated": 1, "open": 0}
        return RunReport(
            "r", "t", self.name, plan, played, outcome, findings, {}, sagas, metrics, "hash", 1, "now", 1.0
        )

    @staticmethod
    def _finding(plan: Plan, name: str, verdict: Verdict) -> Finding:
        expected = next(one for one in plan.scenario.expect if one.id == name)
        return Finding(name, expected.kind, verdict, expected.severity, expected.place, "", "", 1)


def compared(plan: Plan, first: Scripted, second: Scripted, seeds: Sequence[int] = (1, 2)) -> Parity:
    return compare(plan, seeds, (first, second), stop=lambda: False, tell=lambda _report: None)


def test_equal_verdicts_agree(plan: Plan) -> None:
    runs = {1: (PASSED, {"money": HELD}), 2: (FAILED, {"money": BROKEN})}
    parity = compared(plan, Scripted("sim", runs), Scripted("real", runs))

    assert (parity.agreement, parity.exit_code) == ("agree", 0)
    assert [pair.agreement for pair in parity.pairs] == ["agree", "agree"]
    assert parity.sagas == {"started": (10, 10), "completed": (8, 8), "compensated": (2, 2), "open": (0, 0)}


def test_one_seed_that_differs_decides(plan: Plan) -> None:
    first = Scripted("sim", {1: (PASSED, {"money": HELD}), 2: (PASSED, {"money": HELD})})
    second = Scripted("real", {1: (PASSED, {"money": HELD}), 2: (FAILED, {"money": BROKEN})})
    parity = compared(plan, first, second)

    assert (parity.agreement, parity.exit_code) == ("differ", 1)
    (money,) = parity.expectations
    assert money.verdicts == {1: (HELD, HELD), 2: (HELD, BROKEN)}
    assert (money.agreement, money.timed) == ("differ", False)


def test_two_failures_for_different_reasons_differ(plan: Plan) -> None:
    first = Scripted("sim", {1: (FAILED, {"money": BROKEN, "fast-enough": HELD})})
    second = Scripted("real", {1: (FAILED, {"money": HELD, "fast-enough": BROKEN})})
    parity = compared(plan, first, second, [1])

    assert [pair.agreement for pair in parity.pairs] == ["agree"]
    assert parity.agreement == "differ"
    assert [one.timed for one in parity.expectations] == [False, True]


def test_a_warning_that_differs_does_not_decide(plan: Plan) -> None:
    first = Scripted("sim", {1: (PASSED, {"mostly-succeeds": HELD})})
    second = Scripted("real", {1: (PASSED, {"mostly-succeeds": BROKEN})})
    parity = compared(plan, first, second, [1])

    assert parity.expectations[0].agreement == "differ"
    assert parity.exit_code == 0


def test_what_is_inconclusive_is_no_agreement(plan: Plan) -> None:
    both = {1: (INCONCLUSIVE, {"money": UNPROVEN})}
    parity = compared(plan, Scripted("sim", both), Scripted("real", both), [1])

    assert (parity.agreement, parity.exit_code) == ("inconclusive", 5)


def test_a_difference_weighs_more_than_what_is_inconclusive(plan: Plan) -> None:
    first = Scripted("sim", {1: (PASSED, {"money": HELD}), 2: (INCONCLUSIVE, {"money": UNPROVEN})})
    second = Scripted("real", {1: (FAILED, {"money": BROKEN}), 2: (PASSED, {"money": HELD})})

    assert compared(plan, first, second).exit_code == 1


def test_what_was_not_healed_is_told_by_the_exit_code(plan: Plan) -> None:
    runs = {1: (PASSED, {"money": HELD})}
    real = Scripted("real", runs)
    real.unhealed = ("order-1",)

    assert compared(plan, Scripted("sim", runs), real, [1]).exit_code == 6


def test_no_run_begins_after_an_interrupted_one(plan: Plan) -> None:
    runs = {1: (PASSED, {"money": HELD}), 2: (PASSED, {"money": HELD})}
    first, second = Scripted("sim", runs), Scripted("real", runs)
    second.ended = "interrupted"
    parity = compared(plan, first, second)

    assert (parity.interrupted, parity.exit_code, parity.pairs) == (True, 130, ())
    assert [seed for seed, _ in first.played] == [1]


def test_a_fault_that_one_world_cannot_play_is_played_in_neither_and_named(plan: Plan) -> None:
    runs = {1: (PASSED, {"money": HELD})}
    first, second = Scripted("sim", runs), Scripted("real", runs)
    parity = compared(plan, first, second, [1])

    assert [(it.fault, it.kind, it.world, it.reason) for it in parity.skipped] == [
        ("broker.loss", "broker.loss", "real", "nothing is lost here")
    ]
    assert first.played == second.played == [(1, ["net.loss"])]
    assert both_can(plan, [first])[1] == ()


def test_the_gap_of_times_is_a_factor_with_a_t_interval_over_logarithms() -> None:
    gap = gap_of("request.duration", "p50", "duration", [(10.0, 20.0), (10.0, 10.0), (10.0, 40.0)])

    assert gap.values == pytest.approx((10.0, 23.333333))
    assert gap.gap == pytest.approx(1.0)  # the geometric mean of 2, 1 and 4 is 2
    # ln 2 +- 4.3027 * ln 2 / sqrt 3
    assert gap.low == pytest.approx(-0.64254, abs=1e-4)
    assert gap.high == pytest.approx(10.19, abs=1e-3)


def test_the_gap_of_counts_is_a_difference() -> None:
    gap = gap_of("call.failed", "count", "number", [(5.0, 6.0), (5.0, 8.0), (5.0, 7.0)])

    assert gap.gap == 2.0
    # 2 +- 4.3027 * 1 / sqrt 3
    assert (gap.low, gap.high) == pytest.approx((-0.48414, 4.48414), abs=1e-4)


def test_one_seed_has_a_gap_and_no_interval() -> None:
    gap = gap_of("request.duration", "p95", "duration", [(10.0, 15.0)])

    assert gap.gap == pytest.approx(0.5)
    assert (gap.low, gap.high) == (None, None)


def test_times_without_samples_have_no_gap() -> None:
    gap = gap_of("saga.checkout.duration", "p95", "duration", [(0.0, 15.0), (10.0, 12.0)])

    assert (gap.gap, gap.low, gap.high) == (None, None, None)


def test_the_summary_has_verdicts_and_gaps(plan: Plan) -> None:
    runs = {1: (PASSED, {"money": HELD}), 2: (PASSED, {"money": HELD})}
    slow = Scripted("real", runs)
    slow.median = 30_000
    told = compared(plan, Scripted("sim", runs), slow).summary()

    assert told["schema"] == "msalab/parity@1"
    assert (told["worlds"], told["seeds"], told["exit"]) == (["sim", "real"], [1, 2], 0)
    assert told["expectations"][0]["verdicts"] == [
        {"seed": 1, "verdicts": ["HELD", "HELD"]},
        {"seed": 2, "verdicts": ["HELD", "HELD"]},
    ]
    medians = next(
        it for it in told["metrics"] if (it["metric"], it["figure"]) == ("request.duration", "p50")
    )
    assert medians["values"] == (30_000.0, 45_000.0)
    assert medians["gap"] == pytest.approx(0.5)
    assert [(it["metric"], it["unit"], it["gap"]) for it in told["metrics"][2:]] == [
        ("request.failed_rate", "rate", 0.0),
        ("call.failed", "number", 0.0),
    ]


def test_seeds_are_played_in_both_worlds_in_turn(plan: Plan) -> None:
    runs = {1: (PASSED, {"money": HELD}), 4: (PASSED, {"money": HELD})}
    told: list[tuple[str, int]] = []
    compare(
        dataclasses.replace(plan, seed=9),
        (1, 4),
        (Scripted("sim", runs), Scripted("real", runs)),
        stop=lambda: False,
        tell=lambda report: told.append((report.mode, report.plan.seed)),
    )

    assert told == [("sim", 1), ("real", 1), ("sim", 4), ("real", 4)]
