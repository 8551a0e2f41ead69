"""Estimates from samples."""

import math
from random import Random

import pytest

from msa_lab.scenario.findings import Verdict
from msa_lab.usecases.validation.estimating import (
    Estimate,
    quantile,
    sectioned,
    student,
    warm_up,
)
from msa_lab.usecases.validation.model import judged


@pytest.mark.parametrize(
    ("share", "freedom", "value"),
    [(0.975, 19, 2.0930), (0.9995, 19, 3.8834), (0.975, 9, 2.2622), (0.975, 2, 4.3027), (0.975, 1, 12.7062)],
)
def test_students_quantiles_are_those_of_the_tables(share: float, freedom: int, value: float) -> None:
    assert student(share, freedom) == pytest.approx(value, abs=5e-4)


def test_the_warm_up_is_cut_off_and_no_more() -> None:
    draw = Random(1)
    settled = [10 + draw.random() for _ in range(2000)]

    assert warm_up([0.0] * 300 + settled) == pytest.approx(300, abs=10)
    assert warm_up([3.0] * 500) == 0


def test_the_cut_is_never_in_the_second_half() -> None:
    assert warm_up([0.0] * 900 + [5.0] * 100) <= 500


def test_a_quantile_is_a_sample_that_so_many_do_not_exceed() -> None:
    samples = [float(n) for n in range(100, 0, -1)]

    assert quantile(0.99)(samples) == 99
    assert quantile(0.5)(samples) == 50
    assert quantile(1.0)(samples) == 100


def test_sections_give_the_known_error_of_independent_samples() -> None:
    draw = Random(4)
    estimate = sectioned([draw.gauss(5, 2) for _ in range(40_000)])

    assert estimate.value == pytest.approx(5, abs=0.04)
    assert estimate.error == pytest.approx(2 / math.sqrt(40_000), rel=0.4)


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="199 samples are too few for 20 sections"):
        sectioned([1.0] * 199)


@pytest.mark.parametrize(
    ("exact", "verdict"),
    [
        (10.0, Verdict.HELD),
        (10.2, Verdict.HELD),  # 2.093 errors of 0.1 either way
        (10.3, Verdict.UNPROVEN),  # beyond 95 %, within 99.9 %: 3.883 errors
        (10.4, Verdict.BROKEN),
        (9.6, Verdict.BROKEN),
    ],
)
def test_the_verdict_follows_the_intervals(exact: float, verdict: Verdict) -> None:
    assert judged("c", "n", Estimate(10, 0.1, 20, 1000), exact, "s").verdict is verdict


def test_a_wide_interval_proves_nothing() -> None:
    assert judged("c", "n", Estimate(10, 1.0, 20, 1000), 10.0, "s").verdict is Verdict.UNPROVEN


def test_slack_allows_for_an_exact_value_that_is_rounded_itself() -> None:
    estimate = Estimate(1.0, 0.0, 20, 1000)

    assert judged("c", "n", estimate, 0.995, "s").verdict is Verdict.BROKEN
    assert judged("c", "n", estimate, 0.995, "s", slack=0.01).verdict is Verdict.HELD
