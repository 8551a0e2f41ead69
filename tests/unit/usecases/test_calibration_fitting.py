"""Distributions fitted to samples whose distribution is known."""

import math
from random import Random

import pytest

from msa_lab.sdk.distributions import Constant, Exponential, LogNormal, Uniform
from msa_lab.sdk.values import Duration
from msa_lab.source.quantities import parse_distribution
from msa_lab.usecases.calibration.fitting import distance, fitted, quantile, typical, written


def test_a_quantile_lies_between_its_neighbours() -> None:
    assert quantile([10, 20, 30, 40], 0.5) == 25
    assert quantile([10, 20, 30, 40], 0.95) == pytest.approx(38.5)
    assert quantile([7], 0.95) == 7
    with pytest.raises(ValueError, match="no samples"):
        quantile([], 0.5)


def test_what_is_typical_leaves_the_strays_out() -> None:
    assert typical([*[100] * 49, 5_000]) == 100
    assert typical([]) == 0


def test_log_normal_samples_give_their_distribution_back() -> None:
    draw = Random(3)
    found = fitted([draw.lognormvariate(math.log(4_000), 0.5) for _ in range(4_000)])

    assert isinstance(found, LogNormal)
    assert found.sigma == pytest.approx(0.5, abs=0.03)
    # Without its highest fiftieth its mean is Phi(2.054 - 0.5) / 0.98 = 0.959 of what it was.
    assert found.mean == pytest.approx(0.959 * 4_000 * math.exp(0.125), rel=0.03)


def test_exponential_samples_give_an_exponential() -> None:
    draw = Random(5)
    found = fitted([draw.expovariate(1 / 3_000) for _ in range(4_000)])

    assert isinstance(found, Exponential)


def test_what_hardly_varies_is_constant() -> None:
    assert fitted([500, 501, 502, 500, 499]) == Constant(Duration(500))


def test_the_mean_can_be_given() -> None:
    draw = Random(7)
    samples = [draw.lognormvariate(math.log(1_000), 0.4) for _ in range(1_000)]

    assert fitted(samples, 250.0).mean == pytest.approx(250, rel=0.01)


def test_the_distance_of_a_uniform_sample_is_known() -> None:
    assert distance([0.25, 0.5, 0.75, 1.0], lambda x: x) == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("distribution", "text"),
    [
        (Constant(Duration(1_500)), "1.5ms"),
        (Constant(Duration(0)), "0ms"),
        (Exponential(Duration(12_598)), "exp(12.598ms)"),
        (LogNormal(Duration(4_769), 0.55), "lognormal(4.769ms, 0.55)"),
    ],
)
def test_a_distribution_is_written_as_it_is_read(
    distribution: Constant | Exponential | LogNormal, text: str
) -> None:
    assert written(distribution) == text
    assert parse_distribution(text) == distribution


def test_other_families_are_not_written() -> None:
    with pytest.raises(ValueError, match="Uniform is not fitted"):
        written(Uniform(Duration(1), Duration(2)))
