"""The engine of the shop gives the numbers of queueing theory."""

import pytest

from msa_lab.bootstrap import simulated_world
from msa_lab.errors import UserMistake
from msa_lab.scenario.findings import Outcome, Verdict
from msa_lab.usecases.validation.model import Case, Result
from msa_lab.usecases.validation.table import cases, chosen, outcome, run, validate

pytestmark = pytest.mark.numbers

SEED = 1
LONG = {"mm1-0.9", "mm8-0.9", "two-choices-8-0.9", "two-choices-100-0.9"}
"""In heavy traffic a run must be long to prove anything."""


def verdicts(results: tuple[Result, ...]) -> list[tuple[str, float, float, float, Verdict]]:
    return [(r.name, r.exact, r.low, r.high, r.verdict) for r in results if r.verdict is not Verdict.HELD]


@pytest.mark.parametrize("case", [case for case in cases() if case.id not in LONG], ids=lambda case: case.id)
def test_the_engine_gives_the_exact_value_inside_the_interval(case: Case) -> None:
    assert verdicts(run(case, SEED, simulated_world())) == []


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in cases() if case.id in LONG], ids=lambda case: case.id)
def test_so_it_does_in_heavy_traffic(case: Case) -> None:
    assert verdicts(run(case, SEED, simulated_world())) == []


@pytest.mark.slow
def test_the_intervals_cover_as_often_as_they_say() -> None:
    results = [
        result
        for case in chosen(["mm1-0.5", "mm4-0.8", "mm88-0.9", "md1-0.8", "slowest-12", "retry-0.5-4"])
        for seed in range(1, 21)
        for result in run(case, seed, simulated_world(), 0.5)
    ]
    covered = sum(result.low <= result.exact <= result.high for result in results)

    # 200 intervals of 95 %; those of one run depend on each other, those of long waits are a little short.
    assert len(results) == 200
    assert covered / len(results) >= 0.88


def test_a_wrong_queue_is_found_out() -> None:
    """Constant work waits half as long as exponential work: the formula of one must not fit the other."""
    [constant] = run(chosen(["md1-0.8"])[0], SEED, simulated_world(), 0.5)
    exponential = run(chosen(["mm1-0.8"])[0], SEED, simulated_world(), 0.5)[0]

    assert constant.high < exponential.low - 1


def test_the_same_seed_gives_the_same_values() -> None:
    [case] = chosen(["mm1-0.5"])

    first, again = (run(case, 7, simulated_world(), 0.1) for _ in range(2))

    assert first == again
    assert first != run(case, 8, simulated_world(), 0.1)


def test_cases_are_chosen_by_id_and_by_family() -> None:
    assert [case.id for case in chosen(["slowest-12", "metastable"])] == [
        "slowest-12",
        "outage-140",
        "outage-160",
        "outage-280",
        "outage-160-no-retry",
        "outage-160-budget",
        "outage-160-lifo",
        "outage-160-deadlines",
    ]
    assert [case.id for case in chosen([])] == [case.id for case in cases()]


def test_an_unknown_case_is_a_mistake_with_a_suggestion() -> None:
    with pytest.raises(UserMistake, match=r"called 'mm1-0\.88'; did you mean 'mm1-0\.8'\?"):
        chosen(["mm1-0.88"])


def test_results_come_case_by_case() -> None:
    played = validate(simulated_world(), SEED, words=["retry-layers-3", "retry-load-3"])

    assert [(case.id, results[0].value) for case, results in played] == [
        ("retry-load-3", 3.0),
        ("retry-layers-3", 64.0),
    ]


def result(verdict: Verdict) -> Result:
    return Result("c", "n", 1.0, 1.0, 0.9, 1.1, verdict, 100, "s")


@pytest.mark.parametrize(
    ("held", "unproven", "broken", "whole"),
    [
        (9, 1, 0, Outcome.PASSED),
        (8, 2, 0, Outcome.INCONCLUSIVE),
        (40, 0, 1, Outcome.FAILED),
        (0, 0, 0, Outcome.INCONCLUSIVE),
    ],
)
def test_one_broken_value_fails_the_whole(held: int, unproven: int, broken: int, whole: Outcome) -> None:
    results = [
        *[result(Verdict.HELD)] * held,
        *[result(Verdict.UNPROVEN)] * unproven,
        *[result(Verdict.BROKEN)] * broken,
    ]

    assert outcome(results) is whole
